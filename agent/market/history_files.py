"""Reads recorded series from Parquet files into a market table, or refuses with everything that is wrong.

    <data folder>/<venue>/<kind>/<SYMBOL>-1h.parquet      spot, perp, mark, open_interest
    <data folder>/<venue>/funding/<SYMBOL>.parquet        funding

Column `time` is UTC in milliseconds: the open of a bar, the moment of a settlement. A bar is known one hour after its
open. Open interest is stamped like a bar although Bybit's looks like a snapshot at the stamp, so it is used an hour
late rather than an hour early. The last bar of a file is left out: only a bar that follows proves it complete.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from agent.config import MarketConfig
from agent.market.file_checks import Rows, check_candles, check_rates, check_stamps, check_values, to_hours_s
from agent.market.moments import hour_text
from agent.market.observation import Floats, Seconds
from agent.market.table import SETTLEMENT_INTERVALS_H, Candles, MarketTable, Series, Settlements
from agent.reasons import Code, Reason, Refusal
from agent.units import SECONDS_PER_HOUR

PRICES = ("open", "high", "low", "close")
LONGEST_INTERVAL_S = max(SETTLEMENT_INTERVALS_H) * SECONDS_PER_HOUR


def load_market(
    config: MarketConfig, data_folder: Path, start_s: int | None = None, end_s: int | None = None
) -> MarketTable:
    """Read the series that `config` names.

    Parameters
    ----------
    config : folders below `data_folder`, and the symbol
    data_folder : the folder of recordings
    start_s, end_s : keep, and check the values of, rows known within [start_s, end_s] (unix seconds; None: no bound).
        Put the warm-up inside. Stamps are checked over the whole file. Settlements reach one interval further on
        both sides, so that the first hour knows a rate and the last hour's true funding exists.

    Raises
    ------
    Refusal : every mistake of every file, each with file and row.
    """
    reader = _Reader(data_folder, config.symbol, start_s, end_s)
    spot = reader.candles(config.spot)
    perp = None if config.perp is None else reader.candles(config.perp)
    mark = None if config.mark is None else reader.series(config.mark, "mark", drop_last=True)
    funding = None if config.funding is None else reader.settlements(config.funding)
    open_interest = None if config.open_interest is None else reader.series(config.open_interest, "open_interest")
    if config.mark is not None and config.perp is None:
        reader.refuse(
            Code.DATA_MISSING, "mark prices carry no highs and lows: name the perp's candles too", "market.perp"
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
    """Reads one file after the other and collects everything wrong, so that one run shows it all."""

    def __init__(self, data_folder: Path, symbol: str, start_s: int | None, end_s: int | None) -> None:
        self.reasons: list[Reason] = []
        self._data_folder = data_folder
        self._symbol = symbol
        self._start_s = start_s
        self._end_s = end_s

    def refuse(self, code: Code, message: str, where: str) -> None:
        self.reasons.append(Reason(code, message, where=where))

    def candles(self, folder: str) -> Candles | None:
        file = f"{folder}/{self._symbol}-1h.parquet"
        read = self._read(file, (*PRICES, "volume"))
        if read is None:
            return None
        time_ms, columns = read
        known_s = to_hours_s(time_ms) + SECONDS_PER_HOUR
        rows = self._wanted(file, known_s[:-1])
        wrong = [
            *check_stamps(file, time_ms, hourly=True),
            *check_values(file, columns, rows, PRICES),
            *check_candles(file, columns, rows),
        ]
        self.reasons += wrong
        if wrong or len(rows) == 0:
            return None
        # an hour without a trade has no price of its own: exchanges write the last one there during an outage
        rows = rows[columns["volume"][rows] > 0]
        return Candles(folder, known_s[rows], columns["close"][rows], columns["high"][rows], columns["low"][rows])

    def series(self, folder: str, column: str, drop_last: bool = False) -> Series | None:
        file = f"{folder}/{self._symbol}-1h.parquet"
        read = self._read(file, (column,))
        if read is None:
            return None
        time_ms, columns = read
        known_s = to_hours_s(time_ms) + SECONDS_PER_HOUR
        rows = self._wanted(file, known_s[:-1] if drop_last else known_s)
        wrong = [*check_stamps(file, time_ms, hourly=True), *check_values(file, columns, rows, (column,))]
        self.reasons += wrong
        return None if wrong or len(rows) == 0 else Series(folder, known_s[rows], columns[column][rows])

    def settlements(self, folder: str) -> Settlements | None:
        file = f"{folder}/{self._symbol}.parquet"
        read = self._read(file, ("rate",))
        if read is None:
            return None
        time_ms, columns = read
        time_s, rate = to_hours_s(time_ms), columns["rate"]
        rows = self._wanted(file, time_s, LONGEST_INTERVAL_S)
        wrong = [
            *check_stamps(file, time_ms, hourly=False),
            *check_values(file, columns, rows, ()),
            *check_rates(file, rate, rows),
        ]
        intervals, strange = settlement_intervals(time_s) if not wrong else ([], [])
        wrong += [
            Reason(
                Code.DATA_INTERVAL,
                f"no settlement interval of {SETTLEMENT_INTERVALS_H} hours leads here",
                where=f"{file} row {row}",
            )
            for row in strange
        ]
        self.reasons += wrong
        if wrong or len(rows) == 0:
            return None
        return Settlements(folder, time_s[rows], rate[rows], np.array(intervals, dtype=np.float64)[rows])

    def _wanted(self, file: str, known_s: Seconds, margin_s: int = 0) -> Rows:
        wanted = np.ones(len(known_s), dtype=np.bool_)
        if self._start_s is not None:
            wanted &= known_s >= self._start_s - margin_s
        if self._end_s is not None:
            wanted &= known_s <= self._end_s + margin_s
        rows = np.flatnonzero(wanted)
        if len(rows) == 0:
            known = f"; the file knows {hour_text(known_s[0])} to {hour_text(known_s[-1])}" if len(known_s) else ""
            self.refuse(Code.DATA_MISSING, f"no complete row within the period asked for{known}", file)
        return rows

    def _read(self, file: str, names: Sequence[str]) -> tuple[Seconds, dict[str, Floats]] | None:
        """Stamps in milliseconds and the named columns, a null as NaN; None after a reason was added."""
        path = self._data_folder / file
        if not path.resolve().is_relative_to(self._data_folder.resolve()):
            self.refuse(Code.DATA_MISSING, "lies outside the data folder", file)
            return None
        if not path.is_file():
            self.refuse(Code.DATA_MISSING, f"no such file; {self._what_exists(path)}", file)
            return None
        try:
            table = parquet.read_table(path)
        except (pa.ArrowException, OSError) as error:
            self.refuse(Code.DATA_MISSING, f"not a readable Parquet file: {error}", file)
            return None
        before = len(self.reasons)
        self._check_schema(file, table, names)
        if len(self.reasons) > before:
            return None
        columns = {
            name: table.column(name).cast(pa.float64()).to_numpy(zero_copy_only=False).astype(np.float64)
            for name in names
        }
        return table.column("time").cast(pa.int64()).to_numpy(), columns

    def _check_schema(self, file: str, table: pa.Table, names: Sequence[str]) -> None:
        for name in ("time", *names):
            if name not in table.column_names:
                self.refuse(Code.DATA_MISSING, f"no column {name!r}, only {', '.join(table.column_names)}", file)
            elif name == "time":
                self._check_clock(file, table)
            elif not (
                pa.types.is_floating(table.schema.field(name).type)
                or pa.types.is_integer(table.schema.field(name).type)
            ):
                kind = table.schema.field(name).type
                self.refuse(Code.DATA_NOT_FINITE, f"column {name!r} must hold numbers, not {kind}", file)
        if table.num_rows == 0:
            self.refuse(Code.DATA_MISSING, "the file has no rows", file)

    def _check_clock(self, file: str, table: pa.Table) -> None:
        kind = table.schema.field("time").type
        if not pa.types.is_timestamp(kind) or kind.unit != "ms" or kind.tz not in ("UTC", "+00:00"):
            # a naive clock may be anybody's local time and then loses an hour in summer
            self.refuse(Code.DATA_INTERVAL, f"column 'time' must be timestamp[ms, tz=UTC], not {kind}", file)
        elif table.column("time").null_count:
            row = int(np.flatnonzero(table.column("time").is_null().to_numpy(zero_copy_only=False))[0])
            self.refuse(Code.DATA_NOT_FINITE, "the stamp is empty", f"{file} row {row}")

    def _what_exists(self, path: Path) -> str:
        """The nearest folder that exists, and what it holds, for whoever has to find the spelling mistake."""
        folder = path.parent
        while not folder.is_dir() and folder != self._data_folder:
            folder = folder.parent
        if not folder.is_dir():
            return f"the data folder {self._data_folder} does not exist"
        names = sorted(entry.name for entry in folder.iterdir())
        shown = folder.relative_to(self._data_folder).as_posix()
        return f"{'the data folder' if shown == '.' else shown} holds {', '.join(names) or 'nothing'}"
