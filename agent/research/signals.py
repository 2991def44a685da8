"""What decisions read from the market alone, for every row at once: forecasts, funding regime, open interest.

Compiled twins of agent/volatility and agent/scaling: a live function reads one window and answers once, a twin slides
the window along. tests/research compares every answer.
"""

import math

import numpy as np

from agent.market.observation import Floats, Seconds
from agent.research.compiled import compiled, compiled_funding_step, compiled_row
from agent.scaling.funding import BLOCK_S
from agent.units import HOURS_PER_YEAR, SECONDS_PER_HOUR
from agent.volatility.truncation import SETTLED_HALF_LIVES


@compiled
def hourly_variances(time_s: Seconds, step_returns: Floats, interval_h: float) -> Floats:
    """Squared return over the interval that ends at each row, per hour; NaN where the interval begins before row 0.

    Parameters
    ----------
    step_returns : n values, the first of which is ignored; entry i is the return of the step that ends at row i
    """
    count = len(time_s)
    out = np.full(count, np.nan)
    total = np.zeros(count)
    for i in range(1, count):
        total[i] = total[i - 1] + step_returns[i]
    start = 0
    interval_s = interval_h * SECONDS_PER_HOUR
    per_hour = 1.0 / interval_h
    for i in range(count):
        if time_s[i] - time_s[0] < interval_s:
            continue
        while start + 1 < count and time_s[start + 1] <= time_s[i] - interval_s:
            start += 1
        change, elapsed = total[i] - total[start], time_s[i] - time_s[start]
        # a division takes as long as all the rest, and without a hole it is always the same one
        out[i] = change * change * (per_hour if elapsed == interval_s else SECONDS_PER_HOUR / elapsed)
    return out


@compiled
def carry_steps(spot: Floats, mark: Floats, accrued: Floats) -> Floats:
    """What long spot and short perp earned over the step that ends at each row, as agent/volatility/returns.py."""
    out = np.zeros(len(spot))
    for i in range(1, len(spot)):
        out[i] = accrued[i] - ((mark[i] - spot[i]) - (mark[i - 1] - spot[i - 1])) / spot[i - 1]
    return out


@compiled
def log_steps(price: Floats) -> Floats:
    """Log return of the step that ends at each row; zero at the first."""
    out = np.zeros(len(price))
    before = math.log(price[0])
    for i in range(1, len(price)):
        now = math.log(price[i])
        out[i] = now - before
        before = now
    return out


@compiled
def trailing_means(time_s: Seconds, values: Floats, half_life_h: float) -> Floats:
    """Exponentially weighted mean over six half-lives up to each row; NaN before the first value that is a number."""
    out = np.empty(len(time_s))
    _fill_trailing_means(time_s, values, half_life_h, out)
    return out


@compiled_row
def _fill_trailing_means(time_s: Seconds, values: Floats, half_life_h: float, out: Floats) -> None:
    count = len(time_s)
    window_s = math.ceil(SETTLED_HALF_LIVES * half_life_h * SECONDS_PER_HOUR)  # stamps are whole seconds
    usual_decay = 2.0 ** (-1.0 / half_life_h)
    # without a hole a row leaves when it is so old; its weight by then is always the same
    usual_lag_s = math.ceil(window_s / SECONDS_PER_HOUR) * SECONDS_PER_HOUR
    usual_weight = 2.0 ** (-usual_lag_s / (half_life_h * SECONDS_PER_HOUR))
    first = 0
    while first < count and np.isnan(values[first]):
        out[first] = np.nan
        first += 1
    if first == count:
        return
    oldest, summed, weight, before, leaves = first, 0.0, 0.0, 0, time_s[first] + window_s
    for i in range(first, count):
        now = time_s[i]
        decay = usual_decay
        if now - before != SECONDS_PER_HOUR:
            decay = 2.0 ** ((before - now) / (half_life_h * SECONDS_PER_HOUR)) if i > first else 0.0
        summed = summed * decay + values[i]
        weight = weight * decay + 1.0
        while leaves <= now:
            lag = now - time_s[oldest]
            left = usual_weight if lag == usual_lag_s else 2.0 ** (-lag / (half_life_h * SECONDS_PER_HOUR))
            summed -= left * values[oldest]
            weight -= left
            oldest += 1
            leaves = time_s[oldest] + window_s
        out[i] = max(0.0, summed) / weight
        before = now


@compiled
def forecasts(
    time_s: Seconds,
    variances: Floats,
    half_life_h: float,
    calibration_h: float,
    interval_h: float,
    floor: float,
    warm_up_h: float,
    window_h: float,
) -> Floats:
    """Annualised volatility at each row, NaN while it warms up; `calibration_h` 0 means without calibration.

    Parameters
    ----------
    variances : of `hourly_variances`, over `interval_h` or, calibrated, over single steps
    """
    count = len(time_s)
    out = trailing_means(time_s, variances, half_life_h)
    if calibration_h > 0:
        least = floor * floor / HOURS_PER_YEAR
        misses = np.full(count, np.nan)
        for i in range(2, count):
            if time_s[i - 1] - time_s[1] >= half_life_h * SECONDS_PER_HOUR:
                misses[i] = variances[i] / max(least, out[i - 1])
        factor = trailing_means(time_s, misses, calibration_h)
        for i in range(count):
            out[i] = max(least, out[i]) * (1.0 if np.isnan(factor[i]) else factor[i])
    oldest = 0
    for i in range(count):
        while time_s[oldest] < time_s[i] - window_h * SECONDS_PER_HOUR:
            oldest += 1
        if i - oldest < warm_up_h or i - oldest < 1:
            out[i] = np.nan
        elif not np.isnan(out[i]):
            out[i] = max(floor, math.sqrt(out[i] * HOURS_PER_YEAR))
    return out


@compiled
def funding_holds(time_s: Seconds, funding: Floats, round_trip_cost: float, memory_h: float) -> Floats:
    """1 at every row at which `agent.scaling.funding_regime` would say that a short is worth holding, else 0.

    Two folds side by side: one began two blocks ago and speaks, the other takes over when the next block begins.
    """
    out = np.zeros(len(funding))
    block, before = np.int64(-1), time_s[0]
    hourly_decay = 2.0 ** (-1.0 / memory_h)
    holding, regret, expected = False, 0.0, 0.0
    next_holding, next_regret, next_expected = False, 0.0, 0.0
    block_ends = time_s[0]
    for i in range(len(funding)):
        elapsed = time_s[i] - before
        decay = hourly_decay if elapsed == SECONDS_PER_HOUR else 2.0 ** (-(elapsed / SECONDS_PER_HOUR) / memory_h)
        if time_s[i] >= block_ends:
            if block >= 0:
                holding, regret, expected = next_holding, next_regret, next_expected
            next_holding, next_regret, next_expected = False, 0.0, 0.0
            block = time_s[i] // BLOCK_S
            block_ends = (block + 1) * BLOCK_S
        holding, regret, expected = compiled_funding_step(holding, regret, expected, funding[i], decay, round_trip_cost)
        next_holding, next_regret, next_expected = compiled_funding_step(
            next_holding, next_regret, next_expected, funding[i], decay, round_trip_cost
        )
        before = time_s[i]
        out[i] = 1.0 if holding else 0.0
    return out


@compiled
def open_interest_factors(
    time_s: Seconds,
    open_interest: Floats,
    window_h: float,
    smoothing_h: float,
    start_z: float,
    full_z: float,
    floor: float,
) -> Floats:
    """The crowding factor at every row, NaN while less than half of the window is known."""
    count = len(time_s)
    out = np.full(count, np.nan)
    # around a value of their own size, so that squares lose nothing; anew from time to time, so that it stays near
    centre, summed, squares, recent = open_interest[0], 0.0, 0.0, 0.0
    oldest, newest = 0, 0
    for i in range(count):
        away = open_interest[i] - centre
        summed, squares, recent = summed + away, squares + away * away, recent + away
        while time_s[oldest] < time_s[i] - window_h * SECONDS_PER_HOUR:
            away = open_interest[oldest] - centre
            summed, squares = summed - away, squares - away * away
            oldest += 1
        while time_s[newest] < time_s[i] - (smoothing_h - 1.0) * SECONDS_PER_HOUR:
            recent -= open_interest[newest] - centre
            newest += 1
        rows = i - oldest + 1
        if i % 8192 == 0:
            centre, summed, squares, recent = open_interest[i], 0.0, 0.0, 0.0
            for j in range(oldest, i + 1):
                away = open_interest[j] - centre
                summed, squares = summed + away, squares + away * away
                recent += away if j >= newest else 0.0
        if (time_s[i] - time_s[0]) / SECONDS_PER_HOUR < window_h / 2:
            continue
        mean = summed / rows
        deviation = math.sqrt(max(0.0, squares / rows - mean * mean))
        z = 0.0 if deviation == 0.0 else (recent / (i - newest + 1) - mean) / deviation
        out[i] = 1.0 - (1.0 - floor) * min(1.0, max(0.0, (z - start_z) / (full_z - start_z)))
    return out
