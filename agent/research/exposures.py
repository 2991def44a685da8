"""The volatility-target family in multiples of the capital: exposure up to a cap above one, band, cost, interest.

Where the kernel follows a vault to the last lot, this follows an idea: what a forecast and a band would do to
volatility, turnover and cost, for thousands of parameter sets at once.
"""

import math
from dataclasses import dataclass

import numpy as np
from numba import prange

from agent.market.observation import Floats, Seconds
from agent.research.compiled import compiled_inline, compiled_parallel, compiled_row
from agent.research.signals import fill_forecasts, hourly_variances, trailing_means
from agent.scaling import no_trade_band
from agent.units import HOURS_PER_YEAR, SECONDS_PER_HOUR
from agent.volatility.truncation import SETTLED_HALF_LIVES

# Columns of a parameter set and of its result.
HALF_LIFE_H, TARGET, CAP, BAND, COST, BORROW_ANNUAL = range(6)
FINAL, DEVIATION, WORST_FALL, TURNOVER = range(4)
SECONDS_PER_DAY = 24 * SECONDS_PER_HOUR


@dataclass(frozen=True, slots=True)
class Quarter:
    """Realised volatility of one calendar quarter, of hourly returns, annualised."""

    name: str
    hours: int
    realised: float


@dataclass(frozen=True, slots=True)
class Targeting:
    """How well a rule held its target on one market."""

    quarters: tuple[Quarter, ...]
    median_miss: float  # of |realised / target - 1| per quarter
    worst_miss: float
    turnover_saved: float  # against following the same forecast every hour
    tracking_error: float  # against the same, a year
    turnover_per_year: float


def held_exposures(wanted: Floats, band_of_target: float) -> Floats:
    """The exposures of a strategy that trades to the near edge of a band around what it wants.

    Each row is `agent.scaling.no_trade_band` with a half-width of `band_of_target` times the target.
    """
    held = np.empty(len(wanted))
    current = 0.0
    for row, target in enumerate(wanted.tolist()):
        current = no_trade_band(current, target, band_of_target * target)
        held[row] = current
    return held


def measure_targeting(
    time_s: Seconds, close: Floats, forecast: Floats, *, target: float, cap: float, band_of_target: float, from_s: int
) -> Targeting:
    """Per calendar quarter, how far realised volatility came out from the target; and what the band saved.

    Parameters
    ----------
    time_s, close : hourly rows; a return across a hole belongs to its last hour
    forecast : annualised, known at the row; NaN before the period
    from_s : first row that counts; quarters of fewer than 60 days are left out
    """
    first = int(np.searchsorted(time_s, from_s))
    if np.isnan(forecast[first:]).any():
        raise ValueError("the forecast is still warming up within the period")
    wanted = np.minimum(cap, target / forecast[first:])
    held = held_exposures(wanted, band_of_target)
    returns = np.diff(close[first:]) / close[first:-1]
    earned, followed = held[:-1] * returns, wanted[:-1] * returns
    month = time_s[first + 1 :].astype("M8[s]").astype("M8[M]").astype(np.int64)
    quarters = []
    for quarter in np.unique(month // 3):
        inside = month // 3 == quarter
        if inside.sum() > 60 * 24:
            name = f"{1970 + quarter // 4} Q{quarter % 4 + 1}"
            realised = float(earned[inside].std(ddof=1)) * math.sqrt(HOURS_PER_YEAR)
            quarters.append(Quarter(name, int(inside.sum()), realised))
    misses = np.array([abs(quarter.realised / target - 1) for quarter in quarters])
    if len(misses) == 0:
        raise ValueError("no quarter of at least 60 days lies in the period")
    every_hour = float(np.abs(np.diff(wanted)).sum())
    traded = float(np.abs(np.diff(held)).sum())
    return Targeting(
        quarters=tuple(quarters),
        median_miss=float(np.median(misses)),
        worst_miss=float(misses.max()),
        turnover_saved=1 - traded / every_hour,
        tracking_error=float((earned - followed).std(ddof=1)) * math.sqrt(HOURS_PER_YEAR),
        turnover_per_year=traded / (len(returns) / HOURS_PER_YEAR),
    )


def forecast_path(
    time_s: Seconds, close: Floats, *, half_life_h: float, calibration_h: float, floor: float, warm_up_h: float
) -> Floats:
    """What `ewma` (calibration 0) or `calibrated_ewma` of agent/volatility would have said at every row."""
    variances = hourly_variances(time_s, np.log(close), 1.0)
    window = SETTLED_HALF_LIVES * (half_life_h + calibration_h) + warm_up_h
    out = np.empty(len(time_s))
    fill_forecasts(time_s, variances, half_life_h, calibration_h, floor, warm_up_h, window, out)
    return out


def target_grid(time_s: Seconds, close: Floats, sets: Floats, first: int) -> Floats:
    """Follow many volatility targets from row `first` on: rows of (half-life, target, cap, band, cost, interest).

    Returns
    -------
    Per set: final value of 1, annualised deviation of hourly returns, worst fall from a high, sum of |trades|.
    """
    returns = np.diff(close, prepend=close[:1]) / np.concatenate((close[:1], close[:-1]))
    out = np.zeros((len(sets), 4))
    _grid(time_s, hourly_variances(time_s, np.log(close), 1.0), returns, sets, first, out)
    return out


@compiled_parallel
def _grid(time_s: Seconds, variances: Floats, returns: Floats, sets: Floats, first: int, out: Floats) -> None:
    for index in prange(len(sets)):
        _follow(sets[index], trailing_means(time_s, variances, sets[index, HALF_LIFE_H]), returns, first, out[index])


@compiled_row
def _follow(p: Floats, variance: Floats, returns: Floats, first: int, out: Floats) -> None:
    scale = p[TARGET] / math.sqrt(HOURS_PER_YEAR)
    cap, band, cost = p[CAP], p[BAND], p[COST]
    interest = p[BORROW_ANNUAL] / HOURS_PER_YEAR
    value, held, high, worst, traded, squares = 1.0, 0.0, 1.0, 0.0, 0.0, 0.0
    for i in range(first, len(returns)):
        earned = held * returns[i] - interest * max(0.0, held - 1.0)
        squares += earned * earned
        value *= 1.0 + earned
        wanted = min(cap, scale / math.sqrt(variance[i]))
        trade = _to_edge(held, wanted, band * wanted) - held
        if trade != 0.0:
            value -= value * cost * abs(trade)
            traded += abs(trade)
            held += trade
        high = max(high, value)
        worst = max(worst, 1.0 - value / high)
    out[FINAL] = value
    out[DEVIATION] = math.sqrt(squares / (len(returns) - first) * HOURS_PER_YEAR)
    out[WORST_FALL], out[TURNOVER] = worst, traded


@compiled_inline
def _to_edge(current: float, target: float, half_width: float) -> float:
    """As agent/scaling/no_trade_band.py."""
    return min(max(current, target - half_width), target + half_width)
