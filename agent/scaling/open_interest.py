"""Scale exposure down when open interest is crowded."""

import math

import numpy as np

from agent.market.observation import Floats, Seconds
from agent.reasons import Code, Reason
from agent.units import SECONDS_PER_HOUR


def open_interest_z(time_s: Seconds, open_interest: Floats, window_h: int, smoothing_h: int = 1) -> float | Reason:
    """How many standard deviations present open interest is above its mean over the window.

        z = (mean of x over the last smoothing_h hours - mean(x)) / std(x)

    Parameters
    ----------
    time_s : n unix seconds, ascending
    open_interest : m <= n values in base coin, > 0, aligned with the last m times
    window_h : hours of the window
    smoothing_h : hours that count as the present; more follow crowds rather than single hours

    Returns
    -------
    z-score (0 when open interest did not move), or a Reason with code WARMING_UP when the history reaches back less
    than half of the window: a z-score of a few days says nothing about crowding.
    """
    times = time_s[len(time_s) - len(open_interest) :]
    covered = 0.0 if len(times) == 0 else float(times[-1] - times[0]) / SECONDS_PER_HOUR
    if covered < window_h / 2:
        return Reason(
            Code.WARMING_UP,
            f"{covered:g} hours of open interest, at least half of the window of {window_h} is needed",
            covered,
            window_h / 2,
            "strategy.open_interest.window_h",
        )
    window = open_interest[np.searchsorted(times, times[-1] - window_h * SECONDS_PER_HOUR) :]
    deviation = float(window.std())
    present = open_interest[np.searchsorted(times, times[-1] - (smoothing_h - 1) * SECONDS_PER_HOUR) :]
    return 0.0 if deviation == 0 else (float(present.mean()) - float(window.mean())) / deviation


def open_interest_factor(z: float, start_z: float, full_z: float, floor: float) -> float:
    """Factor that falls linearly from 1 at `start_z` to `floor` at `full_z` and stays there.

        factor = 1 - (1 - floor) * clip((z - start) / (full - start), 0, 1)

    Crowded positions unwind together: funding flips, the basis gaps and profitable shorts are auto-deleveraged.

    Parameters
    ----------
    z : standard deviations
    start_z, full_z : start_z < full_z
    floor : in [0, 1]

    Returns
    -------
    Factor in [floor, 1].

    Raises
    ------
    ValueError : z is not finite, the thresholds are not in order, or the floor is out of range.

    >>> open_interest_factor(2.25, 1.5, 3.0, 0.5)
    0.75
    """
    if not (math.isfinite(z) and start_z < full_z and 0 <= floor <= 1):
        raise ValueError(f"z {z}, start_z {start_z}, full_z {full_z} or floor {floor} is out of range")
    return 1 - (1 - floor) * min(1.0, max(0.0, (z - start_z) / (full_z - start_z)))
