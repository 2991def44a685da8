"""Makes a market table of recorded series, wherever their rows are kept, or refuses with everything that is wrong.

A bar is known one hour after its open. Open interest is stamped like a bar although Bybit's looks like a snapshot at
the stamp, so it is used an hour late rather than an hour early.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from agent.config import MarketConfig
from agent.market.file_checks import Origin, Rows, check_candles, check_rates, check_stamps, check_values, to_hours_s
from agent.market.moments import hour_text
from agent.market.observation import Floats, Seconds
from agent.market.table import SETTLEMENT_INTERVALS_H, Candles, MarketTable, Series, Settlements
from agent.reasons import Code, Reason, Refusal
from agent.units import SECONDS_PER_HOUR

PRICES = ("open", "high", "low", "close")
LONGEST_INTERVAL_S = max(SETTLEMENT_INTERVALS_H) * SECONDS_PER_HOUR


@dataclass(frozen=True, slots=True)
class RecordedRows:
    """Stamps in milliseconds and columns of one series, a null as NaN; the last bar of a file may be unfinished."""

    origin: Origin
    time_ms: Seconds
    columns: dict[str, Floats]
    last_is_complete: bool


class ReadRows(Protocol):
    """Where rows come from: files of a folder, or a store."""

    def __call__(self, folder: str, symbol: str, names: Sequence[str]) -> RecordedRows:
        """The named columns of one series, `folder` being <venue>/<kind>. Raises Refusal."""


def read_market(
    config: MarketConfig, read: ReadRows, start_s: int | None = None, end_s: int | None = None
) -> MarketTable:
    """Read the series that `config` names.

    Parameters
    ----------
    config : the series as <venue>/<kind>, and the symbol
    read : gives the rows of one series
    start_s, end_s : keep, and check the values of, rows known within [start_s, end_s] (unix seconds; None: no bound).
        Put the warm-up inside. Stamps are checked over all rows. Settlements reach one interval further on both
        sides, so that the first hour knows a rate and the last hour's true funding exists.

    Raises
    ------
    Refusal : every mistake of every series, each with file and row.
    """
    reader = _Reader(read, config.symbol, start_s, end_s)
    spot = reader.candles(config.spot)
    perp = None if config.perp is None else reader.candles(config.perp)
    mark = None if config.mark is None else reader.series(config.mark, "mark", drop_last=True)
    funding = None if config.funding is None else reader.settlements(config.funding)
    open_interest = None if config.open_interest is None else reader.series(config.open_interest, "open_interest")
    if config.mark is not None and config.perp is None:
        reader.reasons.append(
            Reason(
                Code.DATA_MISSING,
                "mark prices carry no highs and lows: name the perp's candles too",
                where="market.perp",
            )
        )
    if reader.reasons or spot is None:
        raise Refusal(*reader.reasons)
    folders = [
        folder
        for folder in (config.spot, config.perp, config.mark, config.funding, config.open_interest)
        if folder is not None
    ]
    return MarketTable(
        symbol=config.symbol,
        label=f"recorded {'+'.join(folders)} {config.symbol}",
        spot=spot,
        mark=perp if perp is None or mark is None else with_mark(perp, mark),
        funding=funding,
        open_interest=open_interest,
    )


def with_mark(perp: Candles, mark: Series) -> Candles:
    """Candles that close at the mark price; the perp's extremes, widened where the mark lies outside them."""
    time_s, perp_rows, mark_rows = np.intersect1d(perp.time_s, mark.time_s, assume_unique=True, return_indices=True)
    close = mark.value[mark_rows]
    return Candles(
        mark.source, time_s, close, np.maximum(perp.high[perp_rows], close), np.minimum(perp.low[perp_rows], close)
    )


def settlement_intervals(time_s: Seconds) -> tuple[list[int], list[int]]:
    """The interval of each settlement in hours, learnt from the distance to the settlement before.

    A longer distance is a new interval only if the next distance confirms it; otherwise it is a hole, and the interval
    before it still holds. Venues announce a change ahead of time, so looking one stamp ahead tells nothing about rates.
    The first settlement takes the distance that follows it.

    Returns
    -------
    Intervals (hours), and the rows whose distance fits no interval.
    """
    steps = [int(step) for step in np.diff(time_s) // SECONDS_PER_HOUR]
    current = next((step for step in steps if step in SETTLEMENT_INTERVALS_H), 0)
    if current == 0:
        return [], [0]
    intervals, strange = [current], []
    for row, step in enumerate(steps, start=1):
        confirmed = row < len(steps) and steps[row] >= step
        if step in SETTLEMENT_INTERVALS_H and (step < current or confirmed):
            current = step
        elif step < current:
            strange.append(row)
        intervals.append(current)
    return intervals, strange


class _Reader:
    """Reads one series after the other and collects everything wrong, so that one run shows it all."""

    def __init__(self, read: ReadRows, symbol: str, start_s: int | None, end_s: int | None) -> None:
        self.reasons: list[Reason] = []
        self._read = read
        self._symbol = symbol
        self._start_s = start_s
        self._end_s = end_s

    def candles(self, folder: str) -> Candles | None:
        read = self._rows(folder, (*PRICES, "volume"))
        if read is None:
            return None
        columns = read.columns
        known_s = to_hours_s(read.time_ms) + SECONDS_PER_HOUR
        rows = self._wanted(read.origin, known_s if read.last_is_complete else known_s[:-1])
        wrong = [
            *check_stamps(read.origin, read.time_ms, SECONDS_PER_HOUR),
            *check_values(read.origin, columns, rows, PRICES),
            *check_candles(read.origin, columns, rows),
        ]
        self.reasons += wrong
        if wrong or len(rows) == 0:
            return None
        # an hour without a trade has no price of its own: exchanges write the last one there during an outage
        rows = rows[columns["volume"][rows] > 0]
        return Candles(folder, known_s[rows], columns["close"][rows], columns["high"][rows], columns["low"][rows])

    def series(self, folder: str, column: str, drop_last: bool = False) -> Series | None:
        read = self._rows(folder, (column,))
        if read is None:
            return None
        columns = read.columns
        known_s = to_hours_s(read.time_ms) + SECONDS_PER_HOUR
        rows = self._wanted(read.origin, known_s[:-1] if drop_last and not read.last_is_complete else known_s)
        wrong = [
            *check_stamps(read.origin, read.time_ms, SECONDS_PER_HOUR),
            *check_values(read.origin, columns, rows, (column,)),
        ]
        self.reasons += wrong
        return None if wrong or len(rows) == 0 else Series(folder, known_s[rows], columns[column][rows])

    def settlements(self, folder: str) -> Settlements | None:
        read = self._rows(folder, ("rate",))
        if read is None:
            return None
        time_s, rate = to_hours_s(read.time_ms), read.columns["rate"]
        rows = self._wanted(read.origin, time_s, LONGEST_INTERVAL_S)
        wrong = [
            *check_stamps(read.origin, read.time_ms, bar_s=None),
            *check_values(read.origin, read.columns, rows, ()),
            *check_rates(read.origin, rate, rows),
        ]
        intervals, strange = settlement_intervals(time_s) if not wrong else ([], [])
        wrong += [
            Reason(
                Code.DATA_INTERVAL,
                f"no settlement interval of {SETTLEMENT_INTERVALS_H} hours leads here",
                where=read.origin.row(row),
            )
            for row in strange
        ]
        self.reasons += wrong
        if wrong or len(rows) == 0:
            return None
        return Settlements(folder, time_s[rows], rate[rows], np.array(intervals, dtype=np.float64)[rows])

    def _rows(self, folder: str, names: Sequence[str]) -> RecordedRows | None:
        try:
            return self._read(folder, self._symbol, names)
        except Refusal as refusal:
            self.reasons += refusal.reasons
            return None

    def _wanted(self, origin: Origin, known_s: Seconds, margin_s: int = 0) -> Rows:
        wanted = np.ones(len(known_s), dtype=np.bool_)
        if self._start_s is not None:
            wanted &= known_s >= self._start_s - margin_s
        if self._end_s is not None:
            wanted &= known_s <= self._end_s + margin_s
        rows = np.flatnonzero(wanted)
        if len(rows) == 0:
            known = f"; the file knows {hour_text(known_s[0])} to {hour_text(known_s[-1])}" if len(known_s) else ""
            self.reasons.append(
                Reason(Code.DATA_MISSING, f"no complete row within the period asked for{known}", where=origin.name)
            )
        return rows
