"""The vectorised backtest: one compiled loop over rows, one set of parameters or thousands of them on all cores."""
# mypy: disable-error-code="no-any-return"

import math
from dataclasses import dataclass

import numpy as np
from numba import prange

import agent.research.layout as at
from agent.market.observation import Floats, Seconds
from agent.research.bars import Bars
from agent.research.compiled import compiled, compiled_inline, compiled_parallel, compiled_row
from agent.research.compiled_gate import approves
from agent.research.compiled_step import Amounts, exposure, next_step
from agent.research.signals import (
    carry_steps,
    forecasts,
    funding_holds,
    hourly_variances,
    log_steps,
    open_interest_factors,
)
from agent.research.world import Dawns, carry_out, latch, latch_due, net_assets, new_vault, pass_row

# What a grid keeps of every set.
FINAL, MEAN, DEVIATION, WORST_FALL, TRADED, COSTS, FUNDING, PLANS, LATCHED, LIQUIDATED = range(10)
STATISTICS = 10


@dataclass(frozen=True, slots=True)
class Run:
    """One backtest, row by row; all arrays have the length of the period."""

    time_s: Seconds
    equity_usd: Floats  # net asset value after the row's plan
    spot_lots: Amounts
    short_lots: Amounts
    tally: Floats  # in the order of agent/research/layout.py
    amounts: Amounts  # the vault at the end
    latched_row: int  # where a loss limit stopped the strategy, or -1


@dataclass(frozen=True, slots=True)
class Signals:
    """What decisions read from the market alone, at every row."""

    forecast: Floats  # volatility of what is held; NaN while it warms up
    sigma: Floats  # volatility of the price
    factor: Floats  # of funding and open interest


def signals_of(bars: Bars, p: Floats) -> Signals:
    """The market's part of every decision."""
    steps = log_steps(bars.spot)
    sigma = _forecast(bars.time_s, steps, p)
    if p[at.HEDGED] == 0:
        return Signals(sigma, sigma, np.ones(len(bars)))
    carried = carry_steps(bars.spot, bars.mark, bars.accrued)
    factor = funding_holds(bars.time_s, bars.accrued, p[at.ROUND_TRIP_COST], p[at.MEMORY_H])
    if p[at.OI_WINDOW_H] > 0:
        crowd = (p[at.OI_WINDOW_H], p[at.OI_SMOOTHING_H], p[at.OI_START_Z], p[at.OI_FULL_Z], p[at.OI_FLOOR])
        factor *= open_interest_factors(bars.time_s, bars.open_interest, *crowd)
    return Signals(_forecast(bars.time_s, carried, p), sigma, factor)


def run(bars: Bars, p: Floats, first: int, last: int) -> Run:
    """Backtest one set of parameters.

    Parameters
    ----------
    bars : the market with the history before the period
    p : of `parameter_row`
    first, last : rows of the period, both included
    """
    signals = signals_of(bars, p)
    count = last - first + 1
    equity, spot, short = np.empty(count), np.empty(count, np.int64), np.empty(count, np.int64)
    amounts, marks, tally = new_vault(p)
    statistics = np.zeros(STATISTICS)
    market = (bars.time_s, bars.spot, bars.mark, bars.high, bars.paid, bars.dawn)
    _walk(
        p, amounts, marks, tally, *market, signals.forecast, signals.sigma, signals.factor,
        first, last, True, equity, spot, short, statistics,
        np.zeros(at.PROPOSAL, np.int64), np.zeros(at.PROPOSAL, np.int64),
    )  # fmt: skip
    return Run(bars.time_s[first : last + 1], equity, spot, short, tally, amounts, int(statistics[LATCHED]) - 1)


def run_grid(bars: Bars, rows: Floats, first: int, last: int) -> Floats:
    """Backtest many sets of parameters of one strategy on all cores.

    Parameters
    ----------
    rows : one `parameter_row` per set, all with the same interval of returns

    Returns
    -------
    One row of statistics per set: final share price, mean and deviation of daily log returns, worst fall from a high,
    each at the start of a day, notional traded and costs in USD, funding in USD,
    plans, 1 + the row of a latch or 0, liquidations.
    """
    steps = log_steps(bars.spot)
    carried = carry_steps(bars.spot, bars.mark, bars.accrued)
    variances = np.empty((2, 0, 0))
    intervals = np.unique(np.where(rows[:, at.CALIBRATION_H] > 0, 1.0, rows[:, at.INTERVAL_H]))
    variances = np.stack(
        [
            np.stack([hourly_variances(bars.time_s, returns, interval) for interval in intervals])
            for returns in (steps, carried)
        ]
    )
    out = np.zeros((len(rows), STATISTICS))
    market = (bars.time_s, bars.spot, bars.mark, bars.high, bars.paid, bars.dawn, bars.accrued, bars.open_interest)
    _walk_grid(rows, *market, variances, intervals, first, last, out)
    return out


def _forecast(time_s: Seconds, steps: Floats, p: Floats) -> Floats:
    interval = 1.0 if p[at.CALIBRATION_H] > 0 else p[at.INTERVAL_H]
    variances = hourly_variances(time_s, steps, interval)
    return np.asarray(_forecast_row(p, time_s, variances))


@compiled
def _forecast_row(p: Floats, time_s: Seconds, variances: Floats) -> Floats:
    return forecasts(
        time_s,
        variances,
        p[at.HALF_LIFE_H],
        p[at.CALIBRATION_H],
        p[at.INTERVAL_H],
        p[at.FLOOR],
        p[at.WARM_UP_H],
        p[at.WINDOW_H],
    )


@compiled_inline
def proposes(
    p: Floats,
    s: Amounts,
    f: Floats,
    nav: float,
    spot: float,
    mark: float,
    forecast: float,
    sigma: float,
    factor: float,
    out: Amounts,
) -> bool:
    """Write the proposal of one row into `out`; False when there is none or nothing may be decided."""
    if s[at.MODE] == at.HALTED:
        return False
    if s[at.MODE] == at.ACTIVE and (np.isnan(forecast) or np.isnan(sigma) or np.isnan(factor)):
        return False
    for field in range(at.PROPOSAL):  # a slice would be a new array at every row
        out[field] = 0
    for field in range(at.PROPOSAL):  # a slice would be a new array at every row
        out[field] = 0
    target = exposure(p, s, f, nav, spot, mark, forecast, sigma, factor)
    next_step(p, s, f, nav, spot, mark, target, out)
    if out[at.SPOT_DELTA] != 0 or out[at.SHORT_DELTA] != 0:
        return True
    return p[at.HEDGED] > 0 and out[at.DEPOSIT] + out[at.TO_PERP] + out[at.FROM_PERP] + out[at.WITHDRAW] > 0


@compiled_row
def _walk(
    p: Floats,
    s: Amounts,
    f: Floats,
    tally: Floats,
    time_s: Seconds,
    spot: Floats,
    mark: Floats,
    high: Floats,
    paid: Floats,
    dawn: Dawns,
    forecast: Floats,
    sigma: Floats,
    factor: Floats,
    first: int,
    last: int,
    keep: bool,
    equity: Floats,
    spot_lots: Amounts,
    short_lots: Amounts,
    statistics: Floats,
    out: Amounts,
    waiting: Amounts,
) -> None:
    """Row by row: the world moves, a waiting fill or a latch acts, the strategy decides, the gate looks, it is done."""
    pending = False
    days, summed, squares, worst = 0, 0.0, 0.0, 0.0
    day_value, peak, per_share = 1.0, 1.0, 1.0 / (p[at.NAV_USD] * at.USD)
    for i in range(first, last + 1):
        if i > first:
            pass_row(p, s, f, tally, time_s[i], time_s[i - 1], spot[i], mark[i], mark[i - 1], high[i], paid[i], dawn[i])
        if pending:
            carry_out(p, s, f, tally, spot[i], mark[i], waiting)
            pending = False
        units = net_assets(p, s, spot[i])
        if latch_due(p, s, f):
            latch(p, s)
            statistics[LATCHED] = i - first + 1
        elif proposes(p, s, f, units / at.USD, spot[i], mark[i], forecast[i], sigma[i], factor[i], out) and approves(
            p, s, f, units / at.USD, spot[i], mark[i], out
        ):
            if p[at.DELAY] > 0.0:
                for field in range(at.PROPOSAL):
                    waiting[field] = out[field]
                pending = True
            else:
                carry_out(p, s, f, tally, spot[i], mark[i], out)
                units = net_assets(p, s, spot[i])
        if keep:
            equity[i - first] = units / at.USD
            spot_lots[i - first] = s[at.SPOT]
            short_lots[i - first] = s[at.SHORT]
        elif dawn[i] > 0:
            share = max(units * per_share, 1e-12)
            change = math.log(share / day_value)
            days, summed, squares, day_value = days + 1, summed + change, squares + change * change, share
            peak = max(peak, share)
            worst = max(worst, 1.0 - share / peak)
    statistics[FINAL] = net_assets(p, s, spot[last]) / (p[at.NAV_USD] * at.USD)
    if days > 1:
        mean = summed / days
        statistics[MEAN] = mean
        statistics[DEVIATION] = np.sqrt(max(0.0, squares / days - mean * mean) * days / (days - 1))
    statistics[WORST_FALL] = worst
    statistics[TRADED] = tally[at.TRADED_USD]
    statistics[COSTS] = tally[at.SPOT_COST_USD] + tally[at.PERP_COST_USD] + tally[at.GAS_USD] + tally[at.INTEREST_USD]
    statistics[FUNDING] = tally[at.FUNDING_USD]
    statistics[PLANS] = s[at.PLANS]
    statistics[LIQUIDATED] = s[at.LIQUIDATIONS]


@compiled
def _one_set(
    p: Floats,
    time_s: Seconds,
    spot: Floats,
    mark: Floats,
    high: Floats,
    paid: Floats,
    dawn: Dawns,
    accrued: Floats,
    open_interest: Floats,
    variances: Floats,
    intervals: Floats,
    first: int,
    last: int,
    out: Floats,
) -> None:
    """One backtest of a grid, from its parameters to its statistics."""
    interval = 1.0 if p[at.CALIBRATION_H] > 0 else p[at.INTERVAL_H]
    which = np.searchsorted(intervals, interval)
    sigma = _forecast_row(p, time_s, variances[0, which])
    forecast = sigma
    factor = np.ones(len(time_s))
    if p[at.HEDGED] > 0:
        forecast = _forecast_row(p, time_s, variances[1, which])
        factor = funding_holds(time_s, accrued, p[at.ROUND_TRIP_COST], p[at.MEMORY_H])
        if p[at.OI_WINDOW_H] > 0:
            factor = factor * open_interest_factors(
                time_s,
                open_interest,
                p[at.OI_WINDOW_H],
                p[at.OI_SMOOTHING_H],
                p[at.OI_START_Z],
                p[at.OI_FULL_Z],
                p[at.OI_FLOOR],
            )
    s = np.zeros(at.AMOUNTS, np.int64)
    s[at.IDLE] = int(p[at.NAV_USD] * at.USD)
    f = np.zeros(at.MARKS)
    f[: at.WEEK + 1] = p[at.NAV_USD] * at.USD
    tally = np.zeros(at.TALLIES)
    nothing, none = np.empty(0), np.empty(0, np.int64)
    _walk(
        p, s, f, tally, time_s, spot, mark, high, paid, dawn, forecast, sigma, factor,
        first, last, False, nothing, none, none, out,
        np.zeros(at.PROPOSAL, np.int64), np.zeros(at.PROPOSAL, np.int64),
    )  # fmt: skip


@compiled_parallel
def _walk_grid(
    rows: Floats,
    time_s: Seconds,
    spot: Floats,
    mark: Floats,
    high: Floats,
    paid: Floats,
    dawn: Dawns,
    accrued: Floats,
    open_interest: Floats,
    variances: Floats,
    intervals: Floats,
    first: int,
    last: int,
    out: Floats,
) -> None:
    # Nothing but a call: numba would turn what allocates or assigns slices here into parallel loops of its own.
    for index in prange(len(rows)):
        _one_set(
            rows[index], time_s, spot, mark, high, paid, dawn, accrued, open_interest,
            variances, intervals, first, last, out[index],
        )  # fmt: skip
