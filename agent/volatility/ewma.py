"""Exponentially weighted volatility on a clock that may have holes."""

import math

import numpy as np

from agent.market.observation import Floats, Seconds
from agent.reasons import Reason
from agent.units import HOURS_PER_YEAR, SECONDS_PER_HOUR
from agent.volatility.checks import require_returns, warming_up
from agent.volatility.truncation import SETTLED_HALF_LIVES


def ewma_volatility(
    time_s: Seconds,
    step_returns: Floats,
    *,
    half_life_h: float,
    return_interval_h: int,
    floor: float,
    warm_up_h: int,
) -> float | Reason:
    """Annualised volatility, recent returns weighing more, or the refusal WARMING_UP.

        r_j     = sum of the steps in (t_i, t_j],  t_i the last row at or before t_j - interval
        h_j     = r_j^2 / (t_j - t_i)                           variance per hour
        sigma   = max(floor, sqrt(8760 * sum(w_j h_j) / sum(w_j))),  w_j = 2^(-(T - t_j) / half_life), 6 half-lives back

    Every row ends one return, so returns over more than one step overlap. Overlap leaves the mean of the estimate
    where it is and makes it less noisy than one return per day at an arbitrary hour; it does not add independent
    days, so the half-life should be many times the interval. Returns are not demeaned: over these intervals the
    mean is small against the deviation, and leaving it in errs towards less exposure. A hole is never filled: the
    return across it is divided by the hours it really spans.

    With one step per hour and an interval of one hour this is the recursion
    s_t = decay * s_(t-1) + (1 - decay) * r_t^2 with decay = 2^(-1 / half_life), without the weight of its seed.

    Parameters
    ----------
    time_s : n unix seconds, ascending
    step_returns : n - 1 additive returns, step i ends at time_s[i + 1]
    half_life_h : hours after which a return weighs half
    return_interval_h : hours over which returns are measured; noise that reverts sooner is not risk
    floor : the forecast is never below this, annualised; a quiet market must not lead to unbounded size
    warm_up_h : hours of data (steps, not calendar) needed for an answer

    Returns
    -------
    Volatility per year, or a Reason with code WARMING_UP.

    Raises
    ------
    ValueError : lengths do not match, a return is not finite, or a parameter is not positive.

    Source: RiskMetrics Technical Document (1996), section 5.2; annualised over 365 x 24 h.
    """
    require_returns(time_s, step_returns, half_life_h=half_life_h, return_interval_h=return_interval_h, floor=floor)
    if len(step_returns) < warm_up_h:
        return warming_up(len(step_returns), warm_up_h)

    interval_s = return_interval_h * SECONDS_PER_HOUR
    oldest_s = time_s[-1] - SETTLED_HALF_LIVES * half_life_h * SECONDS_PER_HOUR
    # the first row that has a whole interval before it and still weighs
    first = int(max(np.searchsorted(time_s, time_s[0] + interval_s), np.searchsorted(time_s, oldest_s, side="right")))
    if first == len(time_s):
        return warming_up(len(step_returns), max(warm_up_h, return_interval_h))
    end_s = time_s[first:]
    start = np.searchsorted(time_s, end_s - interval_s, side="right") - 1

    cumulative = np.concatenate(([0.0], np.cumsum(step_returns)))
    returns = cumulative[first:] - cumulative[start]
    hours = (end_s - time_s[start]) / SECONDS_PER_HOUR
    weights = np.exp2((end_s - time_s[-1]) / (half_life_h * SECONDS_PER_HOUR))
    variance_per_hour = float(weights @ (returns * returns / hours) / weights.sum())
    return max(floor, math.sqrt(variance_per_hour * HOURS_PER_YEAR))
