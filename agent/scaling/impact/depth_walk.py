"""What a market order would pay when it walks through the order book as it stands."""

from collections.abc import Sequence
from dataclasses import dataclass

from agent.scaling.checks import finite_numbers, require_positive


@dataclass(frozen=True, slots=True)
class Walk:
    """A market order against a book."""

    filled: float  # base; less than asked when the book is too thin
    average_price: float
    last_price: float
    slippage: float  # of the average from the best price, as a part of it, >= 0


@finite_numbers
def depth_walk(levels: Sequence[tuple[float, float]], quantity: float) -> Walk:
    """Walk from the best price outwards until the quantity is filled or the book ends.

    Parameters
    ----------
    levels : (price, quantity) pairs, each > 0, best first: asks ascend for a buy, bids descend for a sale
    quantity : base, > 0

    Raises
    ------
    ValueError : no level, a price or quantity that is not positive, or levels out of order.

    >>> walk = depth_walk([(100.0, 1.0), (102.0, 2.0)], 2.0)
    >>> walk.filled, round(walk.average_price, 9), round(walk.slippage, 9)
    (2.0, 101.0, 0.01)
    """
    require_positive(quantity=quantity)
    if len(levels) == 0:
        raise ValueError("a book needs at least one level")
    prices = [price for price, _ in levels]
    if prices not in (sorted(prices), sorted(prices, reverse=True)):
        raise ValueError("levels must be ordered from the best price outwards")
    left, paid, last, best = quantity, 0.0, prices[0], prices[0]
    for price, resting in levels:
        require_positive(price=price, resting=resting)
        taken = min(left, resting)
        if taken == 0:
            break
        left, paid, last = left - taken, paid + taken * (price / best), price
    filled = quantity - left
    relative = paid / filled
    return Walk(filled, relative * best, last, abs(relative - 1))
