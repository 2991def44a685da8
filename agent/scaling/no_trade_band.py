"""Trade only when the position is worth the cost of moving it."""

import math
from typing import Literal


def no_trade_band(
    current: float, target: float, half_width: float, towards: Literal["edge", "optimum"] = "edge"
) -> float:
    """Position to hold: the current one inside the band, else the band's near edge or the optimum.

        inside = [target - half_width, target + half_width]

    The width does not shrink with the target: a band relative to the target would make a small position follow every
    twitch of it, where the cost of a trade is the same and its worth the least.

    Parameters
    ----------
    current, target, half_width : in the same unit, half_width >= 0
    towards : where to trade to when outside

    Returns
    -------
    The position after trading; equal to `current` when nothing is to be done.

    Raises
    ------
    ValueError : half_width is negative, or one of the three is not finite.

    Source: Carver (2015), Systematic Trading, chapter 11 (position inertia); pysystemtrade's buffering.

    >>> no_trade_band(8, 10, 1), no_trade_band(9.5, 10, 1), no_trade_band(12, 10, 1)
    (9, 9.5, 11)
    """
    if not (math.isfinite(current) and math.isfinite(target) and 0 <= half_width < math.inf):
        raise ValueError(f"current {current}, target {target} or half_width {half_width} is out of range")
    if abs(current - target) <= half_width:
        return current
    if towards == "optimum":
        return target
    return target - half_width if current < target else target + half_width
