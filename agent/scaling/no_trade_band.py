"""Trade only when the position is worth the cost of moving it."""

from typing import Literal


def no_trade_band(current: float, target: float, band: float, towards: Literal["edge", "optimum"] = "edge") -> float:
    """Position to hold: the current one inside the band, else the band's near edge or the optimum.

        inside = [target - w, target + w],  w = band * |target|

    Costs proportional to the trade make the near edge the best place to stop (the last part of the way to the
    optimum gains less than it costs), so the edge is the default.

    Parameters
    ----------
    current, target : in the same unit
    band : half-width relative to the target, >= 0
    towards : where to trade to when outside

    Returns
    -------
    The position after trading; equal to `current` when nothing is to be done.

    Raises
    ------
    ValueError : band is negative or not a number.

    Source: Carver (2015), Systematic Trading, chapter 11 (position inertia); pysystemtrade's buffering.

    >>> no_trade_band(8, 10, 0.1), no_trade_band(9.5, 10, 0.1), no_trade_band(12, 10, 0.1)
    (9.0, 9.5, 11.0)
    """
    if not band >= 0:
        raise ValueError(f"band must not be negative, got {band}")
    half_width = band * abs(target)
    if abs(current - target) <= half_width:
        return current
    if towards == "optimum":
        return target
    return target - half_width if current < target else target + half_width
