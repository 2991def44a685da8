"""Realised volatility: the sum of squared returns within a window, the more of them the better."""

import math

import numpy as np

from agent.market.observation import Floats, Seconds
from agent.reasons import Reason
from agent.units import HOURS_PER_YEAR, SECONDS_PER_HOUR
from agent.volatility.checks import require_positive, require_returns, warming_up

HOURS_PER_DAY = 24


def realised_volatility(
    time_s: Seconds, step_returns: Floats, *, window_h: float, floor: float, warm_up_h: int
) -> float | Reason:
    """Annualised root of the sum of squared returns over the last `window_h` hours, by the hours they cover.

        sigma = max(floor, sqrt(8760 * sum(r_i^2) / hours covered))

    Parameters
    ----------
    time_s : n unix seconds, ascending
    step_returns : n - 1 additive returns, step i ends at time_s[i + 1]
    window_h : hours that count
    floor : annualised
    warm_up_h : steps needed for an answer

    Returns
    -------
    Volatility per year, or a Reason with code WARMING_UP.

    Raises
    ------
    ValueError : lengths do not match, a return is not finite, or a parameter is not positive.

    Source: Andersen, Bollerslev, Diebold and Labys (2003), Econometrica 71(2).
    """
    require_positive(window_h=window_h)
    require_returns(time_s, step_returns, floor=floor)
    if len(step_returns) < max(1, warm_up_h):
        return warming_up(len(step_returns), max(1, warm_up_h))
    inside = time_s[:-1] >= time_s[-1] - window_h * SECONDS_PER_HOUR
    if not inside.any():
        return warming_up(0, 1, "steps within the window")
    hours = float(np.diff(time_s)[inside].sum()) / SECONDS_PER_HOUR
    return max(floor, math.sqrt(float(np.square(step_returns[inside]).sum()) / hours * HOURS_PER_YEAR))


def daily_variances(time_s: Seconds, step_returns: Floats) -> Floats:
    """Realised variance of each of the last whole days, ending at the last row; a day with a hole is scaled to 24 h.

    Returns
    -------
    Variances, oldest first; a day of which less than half is known takes the variance of the day before it.
    """
    if len(step_returns) == 0:
        return np.empty(0)
    age_h = (time_s[-1] - time_s[1:]) / SECONDS_PER_HOUR
    days = int((time_s[-1] - time_s[0]) // (HOURS_PER_DAY * SECONDS_PER_HOUR))
    day = np.floor(age_h / HOURS_PER_DAY).astype(np.int64)
    known = day < days
    hours = np.bincount(day[known], np.diff(time_s)[known] / SECONDS_PER_HOUR, minlength=days)
    squares = np.bincount(day[known], np.square(step_returns[known]), minlength=days)
    variance = np.full(days, np.nan)
    enough = hours >= HOURS_PER_DAY / 2
    variance[enough] = squares[enough] * HOURS_PER_DAY / hours[enough]
    oldest_first = variance[::-1]
    filled = np.maximum.accumulate(np.where(np.isfinite(oldest_first), np.arange(days), -1))
    return oldest_first[filled[filled >= 0]]
