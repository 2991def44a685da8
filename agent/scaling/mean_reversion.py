"""A8: larger the further a price is below its average, up to a cap, and nothing beyond the stop."""

import math

from agent.market.observation import Floats
from agent.scaling.checks import finite_numbers, require_positive


@finite_numbers
def z_score(values: Floats) -> float:
    """How many standard deviations the last value is above the mean of all of them; 0 when they do not move.

        z = (x_n - mean(x)) / std(x)

    Raises ValueError without any value.
    """
    if len(values) == 0:
        raise ValueError("a z-score needs at least one value")
    scale = float(abs(values).max())
    if scale == 0:
        return 0.0
    relative = values / scale
    deviation = float(relative.std())
    # What is left of a constant after rounding is no movement.
    if deviation <= 1e-12 * math.sqrt(len(values)):
        return 0.0
    return (float(relative[-1]) - float(relative.mean())) / deviation


@finite_numbers
def mean_reversion_share(z: float, full_z: float, stop_z: float) -> float:
    """Part of the full size at a distance from the average.

        share = 0                       when z >= 0 or z <= -stop_z
                min(1, -z / full_z)     otherwise

    Buying more of what falls is right until it is not: the hard cap bounds the size, and the stop says when a distance
    is no longer noise but another price.

    Parameters
    ----------
    z : standard deviations above the average, any sign
    full_z : at which the size is full, > 0
    stop_z : at which everything is given up, > full_z

    Returns
    -------
    In [0, 1].

    >>> mean_reversion_share(-1.0, 2.0, 4.0), mean_reversion_share(-3.0, 2.0, 4.0), mean_reversion_share(-4.5, 2.0, 4.0)
    (0.5, 1.0, 0.0)
    """
    require_positive(full_z=full_z)
    if not stop_z > full_z:
        raise ValueError(f"stop_z {stop_z} must be above full_z {full_z}")
    return 0.0 if z >= 0 or z <= -stop_z else min(1.0, -z / full_z)
