"""Resting orders away from the middle, and which of them a path of prices would have filled."""

from collections.abc import Sequence
from dataclasses import dataclass

from agent.scaling.checks import finite_numbers, require_not_negative, require_positive


@dataclass(frozen=True, slots=True)
class MakerOrder:
    """One resting order; a negative quantity sells."""

    price: float
    quantity: float


@dataclass(frozen=True, slots=True)
class Fill:
    """One fill: the bar, the order's price, and what was filled, signed."""

    bar: int
    price: float
    quantity: float
    fee: float  # quote; negative is a rebate


@finite_numbers
def maker_ladder(
    middle: float, quantity: float, levels: Sequence[float], weights: Sequence[float] | None = None
) -> tuple[MakerOrder, ...]:
    """Resting orders on one side of the middle.

        price_i = middle (1 - side * level_i),   quantity_i = quantity * weight_i / sum(weights)

    Parameters
    ----------
    middle : > 0
    quantity : signed, not 0: a positive one buys below the middle, a negative one sells above it
    levels : distances as parts of the price, each > 0 and below 1, e.g. of `ladder_levels`
    weights : each > 0; equal when left out

    >>> [round(order.price, 6) for order in maker_ladder(100.0, -3.0, [0.01, 0.02])]
    [101.0, 102.0]
    """
    require_positive(middle=middle, quantity=abs(quantity))
    shares = [1.0] * len(levels) if weights is None else list(weights)
    if len(shares) != len(levels) or len(levels) == 0:
        raise ValueError(f"as many weights as levels and at least one, got {len(shares)} and {len(levels)}")
    side, most = (1 if quantity > 0 else -1), max(shares)
    for level, share in zip(levels, shares, strict=True):
        require_positive(level=level, weight=share)
        if level >= 1:
            raise ValueError(f"level must be below 1, got {level}")
    total = sum(share / most for share in shares)
    return tuple(
        MakerOrder(middle * (1 - side * level), quantity * (share / most) / total)
        for level, share in zip(levels, shares, strict=True)
    )


@finite_numbers
def simulate_fills(
    orders: Sequence[MakerOrder],
    high: Sequence[float],
    low: Sequence[float],
    volume: Sequence[float],
    *,
    share_of_volume: float = 0.1,
    fee: float = 0.0,
) -> tuple[Fill, ...]:
    """Which orders bars of prices would have filled, told carefully.

    A price must trade through the order, not only touch it: whoever rests last in the queue is filled when the level is
    gone. Each bar fills all orders together at most `share_of_volume` of its volume, the best price first.

    Parameters
    ----------
    orders : resting from before the first bar
    high, low, volume : n bars, low <= high, volume in base >= 0
    share_of_volume : in (0, 1]
    fee : part of the notional; negative for a rebate, above -1 and below 1

    Returns
    -------
    Fills in the order of time; what is missing was never reached.

    >>> simulate_fills([MakerOrder(99.0, 1.0)], [100.0, 100.0], [99.0, 98.9], [50.0, 50.0])
    (Fill(bar=1, price=99.0, quantity=1.0, fee=0.0),)
    """
    if not len(high) == len(low) == len(volume):
        raise ValueError(f"bars must be equally long, got {len(high)}, {len(low)} and {len(volume)}")
    if not 0 < share_of_volume <= 1 or not -1 < fee < 1:
        raise ValueError(f"share_of_volume {share_of_volume} or fee {fee} is out of range")
    # Best first: the highest of those that buy, the lowest of those that sell.
    queue = sorted(orders, key=lambda order: -order.price if order.quantity > 0 else order.price)
    left = [order.quantity for order in queue]
    fills: list[Fill] = []
    for bar, (top, bottom, traded) in enumerate(zip(high, low, volume, strict=True)):
        require_not_negative(volume=traded, range=top - bottom)
        room = share_of_volume * traded
        for number, order in enumerate(queue):
            through = bottom < order.price if order.quantity > 0 else top > order.price
            size = min(abs(left[number]), room)
            if not through or size == 0:
                continue
            filled = size if order.quantity > 0 else -size
            left[number] -= filled
            room -= size
            fills.append(Fill(bar, order.price, filled, fee * size * order.price))
    return tuple(fills)
