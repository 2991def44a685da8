"""Reads a folder of recorded files, Parquet or CSV, as series of the store; what cannot be read is a finding.

    <venue>/<kind>/.../<SYMBOL>[-<timeframe>].parquet     funding, perp, spot, mark, open_interest

Other files are recognised by their columns, and by the names that the on-chain recordings carry.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv, parquet

from agent.market.file_checks import Origin
from agent.market.store.clocks import local_clock, to_utc_ms
from agent.market.store.findings import Finding, problems
from agent.market.store.layout import CANDLE_KINDS, COLUMNS, HOUR_MS, TIMEFRAMES_MS, UTC_MS, Key, Kind
from agent.market.store.rows import Milliseconds
from agent.reasons import Code, Reason, Refusal

ENDINGS = (".parquet", ".csv", ".csv.gz")
MAX_EMPTY_SHARE = 0.5
TIME_NAMES = ("time", "timestamp", "block_timestamp", "")
PAIR = "pair"  # a file of several series names the pair of each row here, and its venue in `exchange`
_AAVE = re.compile(r"(?P<chain>\w+)-aave_v3-(?P<symbol>0x[0-9a-f]{40})-")
_POOL = re.compile(r"(?P<chain>\w+)-(?P<symbol>0x[0-9a-f]{40})-")
_PRICE = re.compile(r"(?P<chain>\w+)-price_(?P<base>\w+?)_(?P<quote>[a-z]+)-")

# Other names that columns of ours go by. The one-hour rate stands before the eight-hour one: it is what settles.
_ALIASES: dict[str, tuple[str, ...]] = {
    "rate": ("rate", "funding_rate", "funding rate", "fundingRate", "funding_rate_1h_deribit"),
    "close": ("close", "mark"),
    "borrow_rate": ("variable_borrow_rate",),
    "borrow_index": ("variable_borrow_index",),
    "net_amount0": ("netAmount0",),
    "net_amount1": ("netAmount1",),
    "open_tick": ("openTick",),
    "close_tick": ("closeTick",),
    "lowest_tick": ("lowestTick",),
    "highest_tick": ("highestTick",),
    "liquidity": ("currentLiquidity",),
    "open_interest": ("open_interest", "open_interest_deribit"),
    "price": ("price", "WETH"),
}


@dataclass(frozen=True, slots=True)
class Recording:
    """One series of one file: its stamps and columns as they stand there, with the row numbers of the file."""

    key: Key
    origin: Origin
    rows: pa.Table  # `time` in UTC, then the columns of the kind; values are not checked yet


@dataclass(frozen=True, slots=True)
class Recordings:
    """Everything that a folder holds."""

    series: tuple[Recording, ...]
    findings: tuple[Finding, ...]


def read_recordings(folder: Path, clocks: Mapping[str, str] | None = None) -> Recordings:
    """Every series of every file below a folder.

    Parameters
    ----------
    clocks : the time zone of files that do not say theirs, by the beginning of their path: {"multi": "Europe/London"}

    Raises
    ------
    Refusal : the folder does not exist, or holds no file of a known kind.
    """
    if not folder.is_dir():
        raise Refusal(Reason(Code.DATA_MISSING, "is not a folder", where=str(folder)))
    series: list[Recording] = []
    findings: list[Finding] = []
    paths = sorted(path for path in folder.rglob("*") if path.name.endswith(ENDINGS) and path.is_file())
    if not paths:
        raise Refusal(Reason(Code.DATA_MISSING, f"holds no file of {', '.join(ENDINGS)}", where=str(folder)))
    for path in paths:
        file = _File(path, path.relative_to(folder).as_posix(), clocks or {})
        file.read()
        series += file.series
        findings += file.findings
    return Recordings(tuple(series), tuple(findings))


class _File:
    """One file on its way to series; collects what is wrong with it."""

    def __init__(self, path: Path, name: str, clocks: Mapping[str, str]) -> None:
        self.series: list[Recording] = []
        self.findings: list[Finding] = []
        self._path = path
        self._name = name
        self._zone = next((zone for start, zone in clocks.items() if name.startswith(start)), None)

    def read(self) -> None:
        """Fill `series` and `findings`."""
        try:
            self._read()
        except (pa.ArrowException, OSError) as error:
            self._found(Code.DATA_MISSING, f"cannot be read: {error}")
        except Refusal as refusal:
            self.findings += problems(replace(reason, where=self._name) for reason in refusal.reasons)

    def _read(self) -> None:
        table = self._table()
        if len(set(table.column_names)) < table.num_columns:
            self._found(Code.DATA_DUPLICATE, f"two columns have one name: {', '.join(table.column_names)[:200]}")
            return
        time = next((name for name in TIME_NAMES if name in table.column_names), None)
        if time is None or table.num_rows == 0:
            message = "has no rows" if time else f"has no column of stamps, only {', '.join(table.column_names)[:200]}"
            # a table of parameters is no series; a file that says it is one must have rows
            self._found(Code.DATA_MISSING, message, problem=time is not None)
            return
        if {PAIR, "exchange"} <= set(table.column_names):
            self._several(table, time)
        else:
            kinds = self._kinds(table)
            for kind in kinds:
                venue, symbol, timeframe = self._place(kind)
                self._add(Key(kind, venue, symbol, timeframe), table, time, self._name, len(kinds) > 1)

    def _table(self) -> pa.Table:
        if self._path.suffix == ".parquet":
            return parquet.read_table(self._path, partitioning=None)
        exact = {
            alias: type_
            for columns in (COLUMNS[Kind.LENDING], COLUMNS[Kind.POOL])
            for name, type_ in columns.items()
            for alias in (name, *_ALIASES.get(name, ()))
        }
        return csv.read_csv(self._path, convert_options=csv.ConvertOptions(column_types=exact))

    def _kinds(self, table: pa.Table) -> list[Kind]:
        """What the file tells: by the name of its folder, else by its columns."""
        names = set(table.column_names)
        by_folder = [kind for kind in Kind if f"/{kind}/" in f"/{self._name}"]
        if by_folder:
            return by_folder[:1]
        kinds = [kind for kind in (Kind.PERP, Kind.SPOT) if {f"open_{kind}", f"close_{kind}"} <= names]
        kinds += [
            kind
            for kind in (Kind.FUNDING, Kind.OPEN_INTEREST, Kind.LENDING, Kind.POOL)
            if all(_column(table, name, kind) is not None for name in COLUMNS[kind])
        ]
        if {"open", "high", "low", "close"} <= names:
            kinds.append(Kind.PERP)
        if _PRICE.match(self._path.name):
            kinds.append(Kind.PRICE)
        if not kinds:
            self._found(Code.DATA_MISSING, f"no series in columns {', '.join(table.column_names)[:200]}", problem=False)
        return kinds

    def _place(self, kind: Kind) -> tuple[str, str, str]:
        """Venue, symbol and timeframe, from the path."""
        if kind is Kind.LENDING and (found := _AAVE.match(self._path.name)):
            return f"aave_v3-{found['chain']}", found["symbol"], ""
        if kind is Kind.POOL and (found := _POOL.match(self._path.name)):
            return f"uniswap_v3-{found['chain']}", found["symbol"], ""
        if kind is Kind.PRICE and (found := _PRICE.match(self._path.name)):
            return found["chain"], f"{found['base']}{found['quote']}".upper(), ""
        folders = self._name.split("/")
        venue = folders[0] if len(folders) > 1 else "unknown"
        symbol, _, timeframe = self._path.name.split(".")[0].partition("-")
        if kind not in CANDLE_KINDS:
            timeframe = ""
        elif timeframe not in TIMEFRAMES_MS:
            timeframe = "1h"
        return venue, symbol, timeframe

    def _several(self, table: pa.Table, time: str) -> None:
        """A file of several venues and pairs, one after the other."""
        groups = table.select(["exchange", PAIR]).group_by(["exchange", PAIR]).aggregate([]).to_pylist()
        for group in sorted(groups, key=lambda one: (one["exchange"], one[PAIR])):
            mask = pc.and_(pc.equal(table["exchange"], group["exchange"]), pc.equal(table[PAIR], group[PAIR]))
            rows = np.flatnonzero(mask.to_numpy(zero_copy_only=False))
            part = table.take(pa.array(rows))
            symbol = group[PAIR].replace("/", "")
            candles = Kind.SPOT if "/" in group[PAIR] else Kind.PERP
            step_ms = _usual_step_ms(_naive_ms(part, time))
            timeframe = next((name for name, length in TIMEFRAMES_MS.items() if length == step_ms), "1h")
            # rows of other series stand in between: numbers count within the pair
            name = f"{self._name}, {group['exchange']} {group[PAIR]}"
            self._add(Key(candles, group["exchange"], symbol, timeframe), part, time, name)
            if candles is Kind.PERP:
                self._add(Key(Kind.FUNDING, group["exchange"], symbol), part, time, name)

    def _add(self, key: Key, table: pa.Table, time: str, name: str, one_of_several: bool = False) -> None:
        stamps = self._stamps(table, time)
        if stamps is None:
            return
        columns = {}
        for column_name, type_ in COLUMNS[key.kind].items():
            column = _column(table, column_name, key.kind)
            if column is None or column.null_count == len(column):
                column = pa.chunked_array([pa.nulls(table.num_rows, type_)])
            if not (pa.types.is_integer(column.type) or pa.types.is_floating(column.type) or column.type == type_):
                self._found(Code.DATA_NOT_FINITE, f"column {column_name!r} must hold numbers, not {column.type}")
                return
            columns[column_name] = column.cast(type_)
        rows = pa.table({"time": stamps, **columns})
        required = [field.name for field in key.schema if field.name != "time" and not field.nullable]
        empty = np.ones(table.num_rows, dtype=np.bool_)
        for column_name in required:
            empty &= np.asarray(rows.column(column_name).is_null())
        share = float(empty.mean())
        if share == 1 and one_of_several:
            self._found(Code.DATA_EMPTY, f"the columns of {key.kind} are empty", problem=False)
        elif share > MAX_EMPTY_SHARE:
            message = f"share of rows that hold nothing of {key.kind}"
            self._found(Code.DATA_EMPTY, message, value=share, bound=MAX_EMPTY_SHARE)
        elif share > 0 and one_of_several:
            message = f"{int(empty.sum())} of {table.num_rows} rows hold nothing of {key.kind}"
            self._found(Code.DATA_GAP, message, problem=False)
            rows = rows.filter(pa.array(~empty))
            self.series.append(Recording(key, Origin(f"{name}, rows with {key.kind}"), rows))
        else:
            self.series.append(Recording(key, Origin(name), rows))

    def _stamps(self, table: pa.Table, time: str) -> pa.Array | None:
        """The column of stamps as UTC; None after a finding when nobody can tell which clock it is."""
        column = table.column(time)
        if not pa.types.is_timestamp(column.type) or column.null_count:
            self._found(Code.DATA_CLOCK, f"column {time!r} must hold stamps in every row, not {column.type}")
            return None
        if column.type.tz is not None:
            return column.cast(UTC_MS, safe=False)  # fractions of a millisecond tell nothing
        naive = _naive_ms(table, time)
        local = local_clock(naive)
        zone = self._zone
        if zone is None and local is not None:
            message = f"stamps without a zone that follow the summer time of {local[0]}: {local[1]}"
            self._found_once(Code.DATA_CLOCK, message, problem=True)
            return None
        if zone is None:
            # a Parquet file can say its zone, so silence is a mistake; a CSV file cannot
            is_parquet = self._path.suffix == ".parquet"
            self._found_once(Code.DATA_CLOCK, "stamps without a zone; nothing speaks against UTC", problem=is_parquet)
            if is_parquet:
                return None
        return pa.array(to_utc_ms(naive, zone or "UTC", _usual_step_ms(naive)), UTC_MS)

    def _found(
        self, code: Code, message: str, problem: bool = True, value: float | None = None, bound: float | None = None
    ) -> None:
        self.findings.append(Finding(Reason(code, message, value, bound, self._name), problem))

    def _found_once(self, code: Code, message: str, problem: bool) -> None:
        if not any(finding.reason.code is code for finding in self.findings):
            self._found(code, message, problem)


def _naive_ms(table: pa.Table, time: str) -> Milliseconds:
    column = table.column(time).drop_null().cast(pa.timestamp("ms"), safe=False)
    stamps: Milliseconds = column.cast(pa.int64()).to_numpy()
    return stamps


def _usual_step_ms(stamps_ms: Milliseconds) -> int:
    steps = np.diff(np.unique(stamps_ms))
    return int(np.median(steps)) if len(steps) else HOUR_MS


def _column(table: pa.Table, name: str, kind: Kind) -> pa.ChunkedArray | None:
    for alias in (f"{name}_{kind}", *_ALIASES.get(name, (name,))):
        if alias in table.column_names:
            return table.column(alias)
    return None
