"""What one recorded series must satisfy by itself: stamps, values, units, and nothing that was made up."""

from datetime import UTC, datetime

import numpy as np
import pyarrow as pa

from agent.market.file_checks import (
    HOUR_MS,
    JITTER_MS,
    Origin,
    check_candles,
    check_rates,
    check_stamps,
    check_values,
    listed,
    nearest,
    to_hours_s,
)
from agent.market.history_reader import PRICES, settlement_intervals
from agent.market.moments import hour_text
from agent.market.observation import Floats
from agent.market.store.findings import Finding, facts, problems
from agent.market.store.layout import COLUMNS, Key, Kind
from agent.market.store.rows import Milliseconds
from agent.market.store.store import floats, stamps
from agent.market.table import SETTLEMENT_INTERVALS_H
from agent.reasons import Code, Reason
from agent.units import HOURS_PER_YEAR

MAX_USUAL_RATE = 3.0  # a year, median of the sizes: 300 % a year for months is a rate in per cent
MIN_RATES = 90  # a month of settlements; a single wild week proves nothing about the unit
MAX_STEP = 8.0  # open interest times or by this within a bar is another unit, not another position
STRANGE_STEP = 2.0
LISTED_HOLES = 50  # a venue's outages of six years are about thirty
PARTIAL_SHARE = 0.1  # a last bar with less of the usual volume looks cut off
# Before these days nobody could trade there; generous, because venues opened by and by.
FIRST_DAY: dict[tuple[str, Kind], datetime] = {
    ("binance", Kind.SPOT): datetime(2017, 7, 14, tzinfo=UTC),
    ("binance", Kind.PERP): datetime(2019, 9, 8, tzinfo=UTC),
    ("bybit", Kind.PERP): datetime(2018, 11, 1, tzinfo=UTC),
    ("bybit", Kind.SPOT): datetime(2021, 7, 1, tzinfo=UTC),
    ("okx", Kind.PERP): datetime(2018, 8, 1, tzinfo=UTC),
    ("deribit", Kind.PERP): datetime(2018, 8, 1, tzinfo=UTC),
    ("hyperliquid", Kind.PERP): datetime(2023, 1, 1, tzinfo=UTC),
    ("dydx", Kind.PERP): datetime(2021, 2, 1, tzinfo=UTC),
}


def check_series(key: Key, origin: Origin, rows: pa.Table) -> list[Finding]:
    """Everything that one series shows by itself.

    Parameters
    ----------
    origin : names the file and row of each row
    rows : `time` in UTC, then the columns of the key's kind; not yet believed
    """
    if rows.num_rows == 0:
        return problems([Reason(Code.DATA_MISSING, "has no rows", where=origin.name)])
    time_ms = stamps(rows)
    columns = {name: floats(rows, name) for name in COLUMNS[key.kind]}
    everything = np.arange(len(time_ms))
    bar_s = None if key.kind is Kind.FUNDING else key.slot_ms // 1_000
    found = problems([*check_stamps(origin, time_ms, bar_s), *_too_early(key, origin, time_ms)])
    in_order = not found
    if key.kind is Kind.FUNDING:
        found += problems(check_values(origin, columns, everything, ()))
        found += problems(check_rates(origin, columns["rate"], everything))
        if in_order:
            found += _settlements(origin, time_ms, columns["rate"])
    elif key.kind in (Kind.PERP, Kind.SPOT):
        found += problems(check_values(origin, columns, everything, PRICES))
        found += problems(check_candles(origin, columns, everything))
        found += _partial(origin, columns["volume"])
    elif key.kind is Kind.MARK:
        found += problems(check_values(origin, {"close": columns["close"]}, everything, ("close",)))
    else:
        positive = ("open_interest", "price", "liquidity_index", "borrow_index")
        found += problems(check_values(origin, columns, everything, positive))
        if key.kind is Kind.OPEN_INTEREST:
            found += _open_interest_steps(origin, columns["open_interest"])
    if in_order and bar_s is not None:
        found += _gaps(origin, time_ms, key.slot_ms)
    return found


def _too_early(key: Key, origin: Origin, time_ms: Milliseconds) -> list[Reason]:
    kind = Kind.SPOT if key.kind is Kind.SPOT else Kind.PERP
    first = FIRST_DAY.get((key.venue, kind))
    if first is None:
        return []
    early = time_ms < first.timestamp() * 1_000
    return listed(Code.DATA_TOO_EARLY, origin, early, f"{key.venue} had no such market before {first:%Y-%m-%d}")


def _settlements(origin: Origin, time_ms: Milliseconds, rate: Floats) -> list[Finding]:
    """Intervals and their changes, holes, jitter, and a usual rate that no market pays for months."""
    late_ms = time_ms - nearest(time_ms, HOUR_MS) * HOUR_MS
    found = []
    if late_ms.any():
        count = int(np.count_nonzero(np.abs(late_ms) > JITTER_MS))
        message = (
            f"stamps up to {np.abs(late_ms).max() / 1_000:g} s beside the hour, {count} of them more than a second"
        )
        found += facts([Reason(Code.DATA_JITTER, f"{message}; the nearest hour counts", where=origin.name)])
    hours_s = to_hours_s(time_ms)
    intervals, strange = settlement_intervals(hours_s)
    message = f"no settlement interval of {SETTLEMENT_INTERVALS_H} hours leads here"
    found += problems(Reason(Code.DATA_INTERVAL, message, where=origin.row(row)) for row in strange)
    if not intervals:
        return found
    interval_h = np.array(intervals, dtype=np.int64)
    for row in np.flatnonzero(np.diff(interval_h)) + 1:
        before_h, now_h = interval_h[row - 1 : row + 1]
        message = f"settles every {now_h} h from {hour_text(time_ms[row] // 1_000)}, every {before_h} h before"
        found += facts([Reason(Code.DATA_INTERVAL, message, where=origin.row(int(row)))])
    step_h = np.diff(hours_s, prepend=hours_s[0] - interval_h[0] * 3_600) // 3_600
    holes = []
    for row in np.flatnonzero(step_h > interval_h):
        missing = int(step_h[row] // interval_h[row]) - 1
        message = f"{missing} settlement{'s' if missing > 1 else ''} missing before {hour_text(time_ms[row] // 1_000)}"
        holes.append(Reason(Code.DATA_GAP, message, where=origin.row(int(row))))
    found += facts(_first(holes, origin))
    if len(rate) >= MIN_RATES:
        usual = float(np.nanmedian(np.abs(rate) / interval_h)) * HOURS_PER_YEAR
        if usual > MAX_USUAL_RATE:
            message = "half of the rates are beyond this in a year: per cent instead of decimal?"
            found += problems([Reason(Code.DATA_UNIT, message, usual, MAX_USUAL_RATE, origin.name)])
    return found


def _gaps(origin: Origin, time_ms: Milliseconds, step_ms: int) -> list[Finding]:
    """Bars that are not there, each hole by its name."""
    steps = np.diff(nearest(time_ms, step_ms))
    reasons = []
    for row in np.flatnonzero(steps > 1):
        message = (
            f"{int(steps[row]) - 1} x {step_ms // 60_000} minutes missing between "
            f"{hour_text(time_ms[row] // 1_000)} and {hour_text(time_ms[row + 1] // 1_000)}"
        )
        reasons.append(Reason(Code.DATA_GAP, message, where=origin.row(int(row) + 1)))
    return facts(_first(reasons, origin))


def _first(reasons: list[Reason], origin: Origin) -> list[Reason]:
    """The first holes by name, the rest by their number."""
    more = len(reasons) - LISTED_HOLES
    rest = [Reason(Code.DATA_GAP, f"and {more} more holes like these", where=origin.name)] if more > 0 else []
    return reasons[:LISTED_HOLES] + rest


def _partial(origin: Origin, volume: Floats) -> list[Finding]:
    """A last bar with hardly any volume; whether it is complete only a bar after it could tell."""
    before = volume[-25:-1]
    if len(before) < 24 or not np.isfinite(volume[-25:]).all():
        return []
    share = float(volume[-1] / np.median(before)) if np.median(before) > 0 else 1.0
    if share >= PARTIAL_SHARE:
        return []
    message = "the last bar has only this share of the volume of the day before it, and is left out"
    return facts([Reason(Code.DATA_PARTIAL, message, share, PARTIAL_SHARE, origin.row(len(volume) - 1))])


def _open_interest_steps(origin: Origin, value: Floats) -> list[Finding]:
    """A jump that is a change of unit is a problem; one that is merely hard to believe is told."""
    with np.errstate(divide="ignore", invalid="ignore"):
        step = np.exp(np.abs(np.diff(np.log(np.where(value > 0, value, np.nan)), prepend=np.nan)))
    unit = listed(
        Code.DATA_UNIT, origin, step >= MAX_STEP, "open interest changes by this factor in one step", step, MAX_STEP
    )
    strange = (step >= STRANGE_STEP) & (step < MAX_STEP)
    message = "open interest changes by this factor in one step: an artefact of the feed?"
    return problems(unit) + facts(listed(Code.DATA_INCONSISTENT, origin, strange, message, step, STRANGE_STEP))
