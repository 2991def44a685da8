"""What decisions read from the market alone, for every row at once: forecasts, funding regime, open interest.

Compiled twins of agent/volatility and agent/scaling: a live function reads one window and answers once, a twin slides
the window along. tests/research compares every answer. Those that fill an array they are given leave it to the caller
where its memory comes from: asking the system for it would take as long as the work.
"""

import math

import numpy as np

from agent.market.observation import Floats, Seconds
from agent.research.compiled import compiled, compiled_funding_fold, compiled_inline, compiled_row
from agent.scaling.funding import BLOCK_S
from agent.units import HOURS_PER_YEAR, SECONDS_PER_HOUR
from agent.volatility.truncation import SETTLED_HALF_LIVES


@compiled_inline
def _is_whole(time_s: Seconds) -> bool:
    """Whether there is no hole: rows are at least an hour apart."""
    return bool(time_s[-1] - time_s[0] == (len(time_s) - 1) * SECONDS_PER_HOUR)


@compiled_row
def fill_hourly_variances(time_s: Seconds, total_returns: Floats, interval_h: float, out: Floats) -> None:
    """Squared return over the interval that ends at each row, per hour; NaN where the interval begins before row 0.

    Parameters
    ----------
    total_returns : sum of all returns up to each row, from anywhere; the logarithm of a price is one
    """
    lag = math.ceil(interval_h)
    if lag < len(time_s) and _is_whole(time_s):  # an interval is a number of rows, and none needs a search
        out[:lag] = np.nan
        before, after, later = total_returns[: len(time_s) - lag], total_returns[lag:], out[lag:]
        for i in range(len(later)):
            change = after[i] - before[i]
            later[i] = change * change / lag
        return
    start, interval_s = 0, math.ceil(interval_h * SECONDS_PER_HOUR)  # stamps are whole seconds
    for i in range(len(time_s)):
        if time_s[i] - time_s[0] < interval_s:
            out[i] = np.nan
            continue
        while time_s[start + 1] <= time_s[i] - interval_s:
            start += 1
        change = total_returns[i] - total_returns[start]
        out[i] = change * change * (SECONDS_PER_HOUR / (time_s[i] - time_s[start]))


@compiled
def hourly_variances(time_s: Seconds, total_returns: Floats, interval_h: float) -> Floats:
    """As `fill_hourly_variances`, into a new array."""
    out = np.empty(len(time_s))
    fill_hourly_variances(time_s, total_returns, interval_h, out)
    return out


@compiled_row
def fill_carry_totals(spot: Floats, mark: Floats, accrued: Floats, out: Floats) -> None:
    """What long spot and short perp earned from the first row to each, sums of agent/volatility/returns.py."""
    total = 0.0
    for i in range(len(spot)):
        if i > 0:
            total += accrued[i] - ((mark[i] - spot[i]) - (mark[i - 1] - spot[i - 1])) / spot[i - 1]
        out[i] = total


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
    oldest, summed, weight, before, leaves = first, 0.0, 0.0, time_s[first], time_s[first] + window_s
    for i in range(first, count):
        now = time_s[i]
        decay = usual_decay
        if now - before != SECONDS_PER_HOUR:
            decay = 2.0 ** ((before - now) / (half_life_h * SECONDS_PER_HOUR))
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
def fill_forecasts(
    time_s: Seconds,
    variances: Floats,
    half_life_h: float,
    calibration_h: float,
    floor: float,
    warm_up_h: float,
    window_h: float,
    out: Floats,
) -> None:
    """Annualised volatility at each row, NaN while it warms up; `calibration_h` 0 means without calibration.

    Parameters
    ----------
    variances : of `hourly_variances`; of single steps when calibrated
    """
    _fill_trailing_means(time_s, variances, half_life_h, out)
    if calibration_h > 0:
        least = floor * floor / HOURS_PER_YEAR
        misses = np.full(len(time_s), np.nan)
        for i in range(2, len(time_s)):
            if time_s[i - 1] - time_s[1] >= half_life_h * SECONDS_PER_HOUR:
                misses[i] = variances[i] / max(least, out[i - 1])
        factor = trailing_means(time_s, misses, calibration_h)
        for i in range(len(time_s)):
            out[i] = max(least, out[i]) * (1.0 if np.isnan(factor[i]) else factor[i])
    _annualise(time_s, out, floor, warm_up_h, window_h)


@compiled_row
def _annualise(time_s: Seconds, out: Floats, floor: float, warm_up_h: float, window_h: float) -> None:
    """From variances per hour to forecasts, where they have warmed up."""
    window_s, least_rows = int(window_h * SECONDS_PER_HOUR), math.ceil(max(1.0, warm_up_h))
    for i in range(len(out)):
        sigma = math.sqrt(out[i] * HOURS_PER_YEAR)
        if sigma < floor:  # NaN stays
            sigma = floor
        if i < least_rows or time_s[i - least_rows] < time_s[i] - window_s:
            sigma = np.nan
        out[i] = sigma


@compiled
def folded(rates: Floats, decays: Floats, round_trip_cost: float) -> tuple[bool, float, float]:
    """As `fold_of_arrays` of agent/scaling/funding.py, whose text it compiles."""
    answer: tuple[bool, float, float] = compiled_funding_fold(rates, decays, round_trip_cost, np.empty(len(rates)))
    return answer


@compiled
def funding_holds(time_s: Seconds, funding: Floats, round_trip_cost: float, memory_h: float) -> Floats:
    """As `fill_funding_holds`, into a new array."""
    out = np.empty(len(funding))
    fill_funding_holds(time_s, funding, round_trip_cost, memory_h, out, np.empty(len(funding)))
    return out


@compiled
def fill_funding_holds(
    time_s: Seconds, funding: Floats, round_trip_cost: float, memory_h: float, out: Floats, decays: Floats
) -> None:
    """1 at every row at which `agent.scaling.funding_regime` would say that a short is worth holding, else 0.

    Parameters
    ----------
    decays : room for one number per row
    """
    _fill_decays(time_s, memory_h, decays)
    # A fold takes in two blocks and answers for the later one; backwards, so that the right answer is written last.
    end = len(funding)
    while end > 0:
        block = time_s[end - 1] // BLOCK_S
        first = np.searchsorted(time_s, (block - 1) * BLOCK_S)
        compiled_funding_fold(funding[first:end], decays[first:end], round_trip_cost, out[first:end])
        end = np.searchsorted(time_s, block * BLOCK_S)


@compiled_row
def _fill_decays(time_s: Seconds, half_life_h: float, out: Floats) -> None:
    hourly, before = 2.0 ** (-1.0 / half_life_h), time_s[0]
    if _is_whole(time_s):
        out[0], out[1:] = 1.0, hourly
        return
    for i in range(len(out)):
        elapsed = time_s[i] - before
        out[i] = hourly if elapsed == SECONDS_PER_HOUR else 2.0 ** (-(elapsed / SECONDS_PER_HOUR) / half_life_h)
        before = time_s[i]


@compiled_row
def scale_by_open_interest(
    time_s: Seconds,
    open_interest: Floats,
    window_h: float,
    smoothing_h: float,
    start_z: float,
    full_z: float,
    floor: float,
    out: Floats,
) -> None:
    """Multiply every row by its crowding factor, NaN while less than half of the window is known."""
    window_s, smoothing_s = int(window_h * SECONDS_PER_HOUR), int((smoothing_h - 1.0) * SECONDS_PER_HOUR)
    known_s = time_s[0] + math.ceil(window_h * SECONDS_PER_HOUR / 2.0)
    slope, ratio, of_rows, of_recent = (1.0 - floor) / (full_z - start_z), 1.0, 1, 1
    # around a value of their own size, so that squares lose nothing; anew from time to time, so that it stays near
    centre, summed, squares, recent = open_interest[0], 0.0, 0.0, 0.0
    oldest, newest, leaves_s, settles_s = 0, 0, time_s[0] + window_s, time_s[0] + smoothing_s
    for i in range(len(time_s)):
        now, away = time_s[i], open_interest[i] - centre
        summed, squares, recent = summed + away, squares + away * away, recent + away
        while leaves_s < now:
            away = open_interest[oldest] - centre
            summed, squares = summed - away, squares - away * away
            oldest += 1
            leaves_s = time_s[oldest] + window_s
        while settles_s < now:
            recent -= open_interest[newest] - centre
            newest += 1
            settles_s = time_s[newest] + smoothing_s
        if i % 8192 == 0:
            centre, summed, squares, recent = open_interest[i], 0.0, 0.0, 0.0
            for j in range(oldest, i + 1):
                away = open_interest[j] - centre
                summed, squares = summed + away, squares + away * away
                recent += away if j >= newest else 0.0
        if now < known_s:
            out[i] = np.nan
            continue
        # excess and variance are times the rows of the window, and its square
        rows, recent_rows = i - oldest + 1, i - newest + 1
        if rows != of_rows or recent_rows != of_recent:  # without a hole never
            of_rows, of_recent, ratio = rows, recent_rows, rows / recent_rows
        excess = recent * ratio - summed
        variance = max(0.0, rows * squares - summed * summed)
        if start_z >= 0.0 and (excess <= 0.0 or excess * excess <= start_z * start_z * variance):
            continue  # a factor of 1, as in most hours, and without root and division
        z = 0.0 if variance == 0.0 else excess / math.sqrt(variance)
        out[i] *= 1.0 - min(1.0 - floor, max(0.0, (z - start_z) * slope))
