"""A10: value and Greeks of a Uniswap v3 position between two prices, in closed form."""

import math

from agent.scaling.checks import finite_numbers, require_not_negative, require_positive
from agent.scaling.greeks import Greeks


@finite_numbers
def range_value(liquidity: float, price: float, lower: float, upper: float) -> float:
    """What the position is worth in quote, without fees that wait in it.

        L S (1 / sqrt(a) - 1 / sqrt(b))                    S <= a: all base
        L (2 sqrt(S) - sqrt(a) - S / sqrt(b))              a < S < b
        L (sqrt(b) - sqrt(a))                              S >= b: all quote

    Parameters
    ----------
    liquidity : L in square roots of base times quote, >= 0
    price : S, quote per base, > 0
    lower, upper : a < b, > 0

    Source: Uniswap v3 Core (2021), equations 6.29 and 6.30.

    >>> round(range_value(1_000, 2_000, 1_500, 2_500), 4)
    10712.8856
    """
    _require_range(liquidity, price, lower, upper)
    root_a, root_b = math.sqrt(lower), math.sqrt(upper)
    if price <= lower:
        return liquidity * price * (1 / root_a - 1 / root_b)
    if price >= upper:
        return liquidity * (root_b - root_a)
    return liquidity * (2 * math.sqrt(price) - root_a - price / root_b)


@finite_numbers
def range_greeks(liquidity: float, price: float, lower: float, upper: float) -> Greeks:
    """Delta and gamma of the position; it has no vega of its own.

        delta = L (1 / sqrt(S) - 1 / sqrt(b)) inside,  L (1 / sqrt(a) - 1 / sqrt(b)) below,  0 above
        gamma = -L / (2 S^(3/2)) inside, 0 outside

    Delta is the base that the position holds, so shorting just that leaves no first-order risk. Gamma is negative: it
    sells what rises and buys what falls, which is what its fees pay for.

    Parameters
    ----------
    liquidity, price, lower, upper : as of `range_value`

    >>> range_greeks(1_000, 3_000, 1_500, 2_500)
    Greeks(delta=0.0, gamma=0.0, vega=0.0)
    """
    _require_range(liquidity, price, lower, upper)
    root_b = math.sqrt(upper)
    if price >= upper:
        return Greeks(0.0)
    if price <= lower:
        return Greeks(liquidity * (1 / math.sqrt(lower) - 1 / root_b))
    return Greeks(liquidity * (1 / math.sqrt(price) - 1 / root_b), -liquidity / (2 * price * math.sqrt(price)))


def _require_range(liquidity: float, price: float, lower: float, upper: float) -> None:
    require_not_negative(liquidity=liquidity)
    require_positive(price=price, lower=lower)
    if not upper > lower:
        raise ValueError(f"upper {upper} must be above lower {lower}")
