"""What recorded rows must satisfy before a number from them is believed; every check returns all its reasons.

Row numbers count from 0. A kind of mistake that fills a file is listed for its first rows, then counted.
"""

from bisect import bisect_right
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agent.market.observation import Floats, Seconds
from agent.reasons import Code, Reason
from agent.units import SECONDS_PER_HOUR

Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]

LISTED_ROWS = 10
JITTER_MS = 1_000
MAX_LATE_SHARE = 0.01  # Hyperliquid settled 11 of 9,415 times late, once by 24 minutes, when its chain stood still
MAX_FUNDING_RATE = 0.10  # venues cap at 0.75 % to 4 % per settlement; more means per cent, or a yearly rate
MAX_FROZEN_HOURS = 5  # longer runs of one price without a trade are filled in, not recorded
HOUR_MS = SECONDS_PER_HOUR * 1_000


@dataclass(frozen=True, slots=True)
class Origin:
    """Where rows come from, for messages: one file, or files that follow each other as (first row, file)."""

    name: str
    parts: tuple[tuple[int, str], ...] = ()

    def row(self, row: int) -> str:
        """The place of a row: its file, and its number there."""
        if not self.parts:
            return f"{self.name} row {row}"
        first, file = self.parts[bisect_right(self.parts, row, key=lambda part: part[0]) - 1]
        return f"{file} row {row - first}"


def check_stamps(origin: Origin, time_ms: Seconds, bar_s: int | None) -> list[Reason]:
    """Stamps of all rows: on the hour or the bar's open within a second, ascending, each once, at the promised step.

    Parameters
    ----------
    bar_s : seconds of one bar; None for settlements, which come hourly or rarer and may, seldom, be late
    """
    unit_ms = (SECONDS_PER_HOUR if bar_s is None else bar_s) * 1_000
    slots = nearest(time_ms, unit_ms)
    offset_ms = time_ms - slots * unit_ms
    step = np.diff(slots, prepend=slots[0] - 1)
    off = np.abs(offset_ms) > JITTER_MS
    late = off & (offset_ms > 0)
    if bar_s is None and late.mean() <= MAX_LATE_SHARE:
        off &= ~late
    unit = "hour" if unit_ms == HOUR_MS else f"{unit_ms // 60_000} minutes"
    reasons = [
        *listed(
            Code.DATA_INTERVAL,
            origin,
            off,
            f"the stamp is not on the {unit}",
            offset_ms / 1_000,
            JITTER_MS / 1_000,
        ),
        *listed(Code.DATA_DUPLICATE, origin, step == 0, f"the {unit} of the row before comes again"),
        *listed(Code.DATA_OUT_OF_ORDER, origin, step < 0, "the stamp is before that of the row before"),
    ]
    usual = float(np.median(step[1:])) if len(step) > 1 else 1.0
    if bar_s is not None and not reasons and usual != 1:
        reasons.append(
            Reason(
                Code.DATA_INTERVAL, f"the bars are not those promised; {unit}s from bar to bar", usual, 1.0, origin.name
            )
        )
    return reasons


def check_values(origin: Origin, columns: dict[str, Floats], rows: Rows, positive: tuple[str, ...]) -> list[Reason]:
    """Every value finite; those named in `positive` above zero (zero is how some feeds write 'missing')."""
    reasons: list[Reason] = []
    for name, values in columns.items():
        reasons += listed(
            Code.DATA_NOT_FINITE, origin, _within(~np.isfinite(values), rows), f"{name} is empty, NaN or infinite"
        )
        if name in positive:
            reasons += listed(
                Code.DATA_NOT_POSITIVE, origin, _within(values <= 0, rows), f"{name} must be above zero", values, 0.0
            )
    return reasons


def check_candles(origin: Origin, columns: dict[str, Floats], rows: Rows) -> list[Reason]:
    """Bars that agree with themselves, and that trade: a price repeated without volume was filled in."""
    high, low, volume = columns["high"], columns["low"], columns["volume"]
    reasons = [
        *listed(Code.DATA_NOT_POSITIVE, origin, _within(volume < 0, rows), "volume is negative", volume, 0.0),
        *listed(
            Code.DATA_INCONSISTENT,
            origin,
            _within((high < low) & (high > 0), rows),
            "high is below low",
            high - low,
            0.0,
        ),
    ]
    for name in ("open", "close"):
        price = columns[name]
        room = np.minimum(price - low, high - price)
        outside = (room < 0) & (high >= low) & (price > 0)  # other mistakes have their own reason
        reasons += listed(
            Code.DATA_INCONSISTENT,
            origin,
            _within(outside, rows),
            f"{name} lies outside the bar's low and high by",
            room,
            0.0,
        )
    run = _frozen_run(columns)
    return reasons + listed(
        Code.DATA_STALE,
        origin,
        _within(run == MAX_FROZEN_HOURS + 1, rows),
        "the same price without a trade, hour after hour: filled in, not recorded",
        run.astype(np.float64),
        MAX_FROZEN_HOURS,
    )


def check_rates(origin: Origin, rate: Floats, rows: Rows) -> list[Reason]:
    """Decimal rates for one settlement: anything above 10 % is in another unit."""
    return listed(
        Code.DATA_UNIT,
        origin,
        _within(np.abs(rate) > MAX_FUNDING_RATE, rows),
        "not a decimal rate for one settlement (per cent, or per year?)",
        rate,
        MAX_FUNDING_RATE,
    )


def to_hours_s(time_ms: Seconds) -> Seconds:
    """The nearest hour in unix seconds; settlements are stamped up to some 50 ms late."""
    return nearest(time_ms, HOUR_MS) * SECONDS_PER_HOUR


def nearest(time_ms: Seconds, unit_ms: int) -> Seconds:
    """The number of the unit (an hour, a bar) whose beginning is nearest to each stamp."""
    return (time_ms + unit_ms // 2) // unit_ms


def listed(
    code: Code,
    origin: Origin,
    mask: Mask,
    message: str,
    values: NDArray[np.float64] | None = None,
    bound: float | None = None,
) -> list[Reason]:
    """A reason for each row of the mask, the first ten by their place and the rest by their number."""
    rows = [int(row) for row in np.flatnonzero(mask)]
    reasons = [
        Reason(code, message, None if values is None else float(values[row]), bound, origin.row(row))
        for row in rows[:LISTED_ROWS]
    ]
    if len(rows) > LISTED_ROWS:
        reasons.append(Reason(code, f"and {len(rows) - LISTED_ROWS} more rows like these", where=origin.name))
    return reasons


def _frozen_run(columns: dict[str, Floats]) -> Seconds:
    """For each row, how many bars in a row up to here had the same four prices and no volume."""
    prices = np.stack([columns[name] for name in ("open", "high", "low", "close")])
    same = np.all(prices[:, 1:] == prices[:, :-1], axis=0)
    idle = columns["volume"] == 0
    # a run begins at every bar that traded or whose price moved; its length is the distance to that beginning
    begins = np.concatenate(([True], ~(same & idle[1:] & idle[:-1])))
    index = np.arange(len(idle))
    return np.where(idle, index - np.maximum.accumulate(np.where(begins, index, 0)) + 1, 0)


def _within(mask: Mask, rows: Rows) -> Mask:
    wanted = np.zeros_like(mask)
    wanted[rows] = True
    return mask & wanted
