"""Scale exposure down when liquidation is too few daily moves away."""

import math


def liquidation_factor(
    distance_at_target: float, distance_now: float | None, daily_sigma: float, wanted_sigma: float
) -> float:
    """Full size only when the nearer of two liquidation distances is far enough in daily standard deviations.

        factor = clip(min(distance_at_target, distance_now) / (daily_sigma * wanted_sigma), 0, 1)

    Parameters
    ----------
    distance_at_target : fraction of the price, at the margin the strategy keeps
    distance_now : fraction of the price for the position held, None without one
    daily_sigma : standard deviation of a day's price move, decimal, > 0
    wanted_sigma : how many of them there should be, > 0

    Returns
    -------
    Factor in [0, 1].

    Raises
    ------
    ValueError : a distance is not finite, or a sigma is not positive.

    >>> liquidation_factor(0.36, None, 0.04, 6.0), round(liquidation_factor(0.36, 0.12, 0.04, 6.0), 6)
    (1.0, 0.5)
    """
    nearer = distance_at_target if distance_now is None else min(distance_at_target, distance_now)
    if not (math.isfinite(nearer) and 0 < daily_sigma * wanted_sigma < math.inf and daily_sigma > 0):
        raise ValueError(f"distance {nearer}, daily sigma {daily_sigma} or wanted sigma {wanted_sigma} is out of range")
    return min(1.0, max(0.0, nearer / (daily_sigma * wanted_sigma)))
