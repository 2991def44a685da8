"""Exponentially weighted volatility that corrects itself by how it has done: forecast times realised over forecast."""

import math

import numpy as np

from agent.market.observation import Floats, Seconds
from agent.reasons import Reason
from agent.units import HOURS_PER_YEAR, SECONDS_PER_HOUR
from agent.volatility.checks import require_returns, warming_up
from agent.volatility.truncation import SETTLED_HALF_LIVES
from agent.volatility.windows import rows_until


def calibrated_ewma_volatility(
    time_s: Seconds,
    step_returns: Floats,
    *,
    half_life_h: float,
    calibration_half_life_h: float,
    floor: float,
    warm_up_h: int,
) -> float | Reason:
    """Annualised volatility by a fast average, times a slow average of its own misses, or the refusal WARMING_UP.

        h_j     = r_j^2 / hours_j                                        variance per hour of step j
        v_j     = max(floor^2 / 8760, mean of h over 6 half-lives up to t_j with weights 2^(-(t_j - t) / half_life))
        k       = mean of h_j / v_(j-1) over 6 calibration half-lives with weights 2^(-(T - t_j) / calibration)
        sigma   = max(floor, sqrt(8760 * v_T * k))

    A fast average follows volatility but is low on average before it rises and high after, so what it sizes does not
    come out at the target over a quarter. k is the part of the variance that the last weeks showed it to miss: integral
    control beside the average's proportional control. It needs no model of the market and no second data source.

    Parameters
    ----------
    time_s : n unix seconds, ascending
    step_returns : n - 1 additive returns, step i ends at time_s[i + 1]
    half_life_h : of the average that follows volatility, hours
    calibration_half_life_h : of the average of the misses, hours; several times half_life_h
    floor : annualised; no forecast is below it
    warm_up_h : steps needed for an answer

    Returns
    -------
    Volatility per year, or a Reason with code WARMING_UP. Misses count from the moment the average is half settled.

    Raises
    ------
    ValueError : lengths do not match, a return is not finite, or a parameter is not a positive number.
    """
    require_returns(
        time_s, step_returns, half_life_h=half_life_h, calibration_half_life_h=calibration_half_life_h, floor=floor
    )
    if len(step_returns) < max(1, warm_up_h):
        return warming_up(len(step_returns), max(1, warm_up_h))
    end_h = (time_s[1:] - time_s[-1]) / SECONDS_PER_HOUR  # 0 at the last row, negative before
    hourly = step_returns * step_returns / (np.diff(time_s) / SECONDS_PER_HOUR)
    average = _trailing_mean(time_s[1:], hourly, half_life_h)
    variance = np.maximum(average, floor * floor / HOURS_PER_YEAR)

    counted = (end_h[:-1] - end_h[0] >= half_life_h) & (end_h[1:] > -SETTLED_HALF_LIVES * calibration_half_life_h)
    miss = 1.0
    if counted.any():
        weights = np.exp2(end_h[1:][counted] / calibration_half_life_h)
        miss = float(weights @ (hourly[1:][counted] / variance[:-1][counted]) / weights.sum())
    return max(floor, math.sqrt(float(variance[-1]) * miss * HOURS_PER_YEAR))


def _trailing_mean(time_s: Seconds, values: Floats, half_life_h: float) -> Floats:
    """Exponentially weighted mean of each value and those before it, back to six half-lives (exclusive)."""
    # Blocks keep the weights within what a float holds; each block looks back over the window of its first value.
    half_life_s = half_life_h * SECONDS_PER_HOUR
    window_s = SETTLED_HALF_LIVES * half_life_s
    begins = rows_until(time_s, window_s)
    means = np.empty(len(values))
    start = 0
    while start < len(values):
        stop = int(np.searchsorted(time_s, time_s[start] + 20 * window_s, side="right"))
        reach = int(begins[start])
        weights = np.exp2((time_s[reach:stop] - time_s[start]) / half_life_s)
        weighted = np.concatenate(([0.0], np.cumsum(weights * values[reach:stop])))
        total = np.concatenate(([0.0], np.cumsum(weights)))
        last, first = slice(start - reach + 1, stop - reach + 1), begins[start:stop] - reach
        means[start:stop] = (weighted[last] - weighted[first]) / (total[last] - total[first])
        start = stop
    return means
