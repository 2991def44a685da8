"""The vectorised backtest: one compiled loop over rows, one set of parameters or thousands of them on all cores."""
# mypy: disable-error-code="no-any-return"

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numba import prange

import agent.research.layout as at
from agent.market.observation import Floats, Seconds
from agent.research.bars import Bars
from agent.research.compiled import compiled, compiled_parallel, compiled_row
from agent.research.layout import Amounts, Dawns, Kept, Rows
from agent.research.signals import (
    fill_forecasts,
    fill_funding_holds,
    fill_hourly_variances,
    hourly_variances,
    scale_by_open_interest,
)
from agent.research.walk import keep, until_due
from agent.research.world import carry_out, latch, latch_due, new_vault

# What a grid keeps of every set.
FINAL, MEAN, DEVIATION, WORST_FALL, TRADED, COSTS, FUNDING, PLANS, LATCHED, LIQUIDATED = range(10)
STATISTICS = 10
PIECE = 30_000  # rows of which the signals fit into a core's cache, with those before that they need


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


class Columns(NamedTuple):
    """The arrays of `Bars` that a grid reads."""

    time_s: Seconds
    spot: Floats
    mark: Floats
    high: Floats
    paid: Floats
    dawn: Dawns
    accrued: Floats
    open_interest: Floats


class Variances(NamedTuple):
    """Of `hourly_variances`: of price and carry, per interval."""

    values: Floats  # (2, intervals, rows)
    intervals: Floats  # hours


def signals_of(bars: Bars, p: Floats, first: int, last: int) -> Signals:
    """The market's part of every decision at these rows, out of them and of as many before as the live agent sees."""
    begin = max(0, first - math.ceil(p[at.WINDOW_H]) - 1)  # rows are at least an hour apart
    seen, wanted = slice(begin, last + 1), slice(first - begin, None)
    found = np.empty((4, last + 1 - begin))
    price, carry = bars.returns[0, seen], bars.returns[1, seen]
    _fill_signals(p, bars.time_s[seen], price, carry, bars.accrued[seen], bars.open_interest[seen], found)
    return Signals(found[0, wanted], found[1, wanted], found[2, wanted])


def run(bars: Bars, p: Floats, first: int, last: int) -> Run:
    """Backtest one set of parameters.

    Parameters
    ----------
    bars : the market with the history before the period
    p : of `parameter_row`
    first, last : rows of the period, both included
    """
    amounts, marks, tally = new_vault(p)
    kept, waiting, latched = nothing_kept(last - first + 1), np.zeros(at.PROPOSAL, np.int64), -1
    # One core walks a piece while the other is at the signals of later ones.
    pieces = _pieces(first, last)
    with ThreadPoolExecutor(1) as ahead:
        later = [ahead.submit(signals_of, bars, p, *piece) for piece in pieces[1:]]
        for index, piece in enumerate(pieces):
            signals = signals_of(bars, p, *piece) if index == 0 else later[index - 1].result()
            within = slice(piece[0] - first, piece[1] - first + 1)
            views = Kept(kept.equity_usd[within], kept.spot_lots[within], kept.short_lots[within])
            row = _follow(p, amounts, marks, tally, rows_of(bars, signals, *piece), min(index, 1), waiting, views)
            latched = max(latched, within.start + row if row >= 0 else -1)
    return Run(bars.time_s[first : last + 1], *kept, tally, amounts, latched)


def _pieces(first: int, last: int) -> list[tuple[int, int]]:
    """Equal parts of a period; each begins with the last row of the one before, where its world moves on from."""
    edges = np.linspace(first, last, 2 + (last - first) // PIECE).astype(int).tolist()
    return list(pairwise(edges))


def rows_of(bars: Bars, signals: Signals, first: int, last: int) -> Rows:
    """The rows of a period, both ends included, with the signals of these rows."""
    within = slice(first, last + 1)
    return Rows(
        bars.time_s[within],
        bars.spot[within],
        bars.mark[within],
        bars.high[within],
        bars.paid[within],
        bars.dawn[within],
        signals.forecast,
        signals.sigma,
        signals.factor,
    )


@compiled
def nothing_kept(count: int) -> Kept:
    """Room for what a run keeps of so many rows."""
    return Kept(np.empty(count), np.empty(count, np.int64), np.empty(count, np.int64))


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
    intervals = np.unique(np.where(rows[:, at.CALIBRATION_H] > 0, 1.0, rows[:, at.INTERVAL_H]))
    variances = np.array(
        [[hourly_variances(bars.time_s, one, interval) for interval in intervals] for one in bars.returns]
    )
    out = np.zeros((len(rows), STATISTICS))
    columns = Columns(
        bars.time_s, bars.spot, bars.mark, bars.high, bars.paid, bars.dawn, bars.accrued, bars.open_interest
    )
    _follow_all(rows, columns, Variances(variances, intervals), first, last, out)
    return out


@compiled
def _fill_forecast(p: Floats, time_s: Seconds, variances: Floats, out: Floats) -> None:
    fill_forecasts(
        time_s,
        variances,
        p[at.HALF_LIFE_H],
        p[at.CALIBRATION_H],
        p[at.FLOOR],
        p[at.WARM_UP_H],
        p[at.WINDOW_H],
        out,
    )


@compiled
def _fill_signals(
    p: Floats, time_s: Seconds, price: Floats, carry: Floats, accrued: Floats, open_interest: Floats, out: Floats
) -> None:
    """From returns of price and carry to forecast, volatility of the price and factor; the fourth row is room."""
    forecast, sigma, factor, room = out[0], out[1], out[2], out[3]
    interval = 1.0 if p[at.CALIBRATION_H] > 0 else p[at.INTERVAL_H]
    fill_hourly_variances(time_s, price, interval, room)
    _fill_forecast(p, time_s, room, sigma)
    if p[at.HEDGED] > 0:
        fill_hourly_variances(time_s, carry, interval, room)
        _fill_forecast(p, time_s, room, forecast)
        _fill_factor(p, time_s, accrued, open_interest, factor, room)
    else:
        forecast[:], factor[:] = sigma, 1.0


@compiled
def _fill_factor(p: Floats, time_s: Seconds, accrued: Floats, open_interest: Floats, out: Floats, room: Floats) -> None:
    """Funding and open interest together."""
    fill_funding_holds(time_s, accrued, p[at.ROUND_TRIP_COST], p[at.MEMORY_H], out, room)
    if p[at.OI_WINDOW_H] > 0:
        scale_by_open_interest(
            time_s,
            open_interest,
            p[at.OI_WINDOW_H],
            p[at.OI_SMOOTHING_H],
            p[at.OI_START_Z],
            p[at.OI_FULL_Z],
            p[at.OI_FLOOR],
            out,
        )


@compiled
def _follow(
    p: Floats, s: Amounts, f: Floats, tally: Floats, rows: Rows, start: int, waiting: Amounts, kept: Kept
) -> int:
    """One vault from row `start` on by its compiled twin; the row at which a loss limit stopped it, or -1.

    Parameters
    ----------
    waiting : a proposal that the first of these rows carries out; afterwards one for the row that follows the last
    """
    out, last = np.zeros(at.PROPOSAL, np.int64), len(rows.time_s) - 1
    row, latched = start, -1
    while row <= last:
        row, acts = until_due(p, s, f, tally, rows, row, last, waiting, kept, out)
        if latch_due(p, s, f):
            latch(p, s)
            latched = row
        elif acts and p[at.DELAY] > 0.0:
            waiting[:] = out
        elif acts:
            carry_out(p, s, f, tally, rows.spot[row], rows.mark[row], out)
        keep(p, s, rows.spot[row], row, kept)
        row += 1
    return latched


@compiled_row
def _summarise(p: Floats, s: Amounts, tally: Floats, rows: Rows, kept: Kept, latched: int, out: Floats) -> None:
    """The statistics of one backtest, of its value at the start of every day."""
    days, summed, squares, worst, day_value, peak = 0, 0.0, 0.0, 0.0, 1.0, 1.0
    for row in range(len(rows.dawn)):
        if rows.dawn[row] > 0:
            share = max(kept.equity_usd[row] / p[at.NAV_USD], 1e-12)
            change = math.log(share / day_value)
            days, summed, squares, day_value = days + 1, summed + change, squares + change * change, share
            peak = max(peak, share)
            worst = max(worst, 1.0 - share / peak)
    out[FINAL] = kept.equity_usd[-1] / p[at.NAV_USD]
    if days > 1:
        mean = summed / days
        out[MEAN] = mean
        out[DEVIATION] = np.sqrt(max(0.0, squares / days - mean * mean) * days / (days - 1))
    out[WORST_FALL] = worst
    out[TRADED] = tally[at.TRADED_USD]
    out[COSTS] = tally[at.SPOT_COST_USD] + tally[at.PERP_COST_USD] + tally[at.GAS_USD] + tally[at.INTEREST_USD]
    out[FUNDING] = tally[at.FUNDING_USD]
    out[PLANS] = s[at.PLANS]
    out[LATCHED] = latched + 1
    out[LIQUIDATED] = s[at.LIQUIDATIONS]


@compiled
def _one_set(p: Floats, columns: Columns, variances: Variances, first: int, last: int, out: Floats) -> None:
    """One backtest of a grid, from its parameters to its statistics."""
    time_s = columns.time_s
    interval = 1.0 if p[at.CALIBRATION_H] > 0 else p[at.INTERVAL_H]
    which = np.searchsorted(variances.intervals, interval)
    block = np.empty((4, len(time_s)))
    sigma, forecast, factor, room = block[0], block[1], block[2], block[3]
    _fill_forecast(p, time_s, variances.values[0, which], sigma)
    if p[at.HEDGED] > 0:
        _fill_forecast(p, time_s, variances.values[1, which], forecast)
        _fill_factor(p, time_s, columns.accrued, columns.open_interest, factor, room)
    else:
        forecast[:], factor[:] = sigma, 1.0
    within = slice(first, last + 1)
    rows = Rows(
        time_s[within], columns.spot[within], columns.mark[within], columns.high[within], columns.paid[within],
        columns.dawn[within], forecast[within], sigma[within], factor[within],
    )  # fmt: skip
    kept = nothing_kept(last - first + 1)
    s = np.zeros(at.AMOUNTS, np.int64)
    s[at.IDLE] = int(p[at.NAV_USD] * at.USD)
    f = np.zeros(at.MARKS)
    f[: at.WEEK + 1] = p[at.NAV_USD] * at.USD
    tally = np.zeros(at.TALLIES)
    waiting = np.zeros(at.PROPOSAL, np.int64)
    latched = _follow(p, s, f, tally, rows, 0, waiting, kept)
    _summarise(p, s, tally, rows, kept, latched, out)


@compiled_parallel
def _follow_all(sets: Floats, columns: Columns, variances: Variances, first: int, last: int, out: Floats) -> None:
    # Nothing but a call: numba would turn what allocates or assigns slices here into parallel loops of its own.
    for index in prange(len(sets)):
        _one_set(sets[index], columns, variances, first, last, out[index])
