"""The history store: months of Parquet files with a typed face, SQL through DuckDB, and rows that never change."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from agent.market.file_checks import nearest
from agent.market.moments import hour_text
from agent.market.observation import Floats
from agent.market.store.layout import ASIDE, CANDLE_KINDS, COLUMNS, Key, Kind, keys_of, months_of
from agent.market.store.month_files import only_writer, read_month, write_month
from agent.market.store.rows import (
    CandleRows,
    FundingRows,
    LendingRows,
    Milliseconds,
    OpenInterestRows,
    PoolRows,
    PriceRows,
)
from agent.reasons import Code, Reason, Refusal

SAME_NUMBER = 1e-9  # relative: another way to write down the same number is no revision


@dataclass(frozen=True, slots=True)
class Merged:
    """What became of rows that were handed in."""

    added: int
    known: int  # told again, and equal
    revised: tuple[Reason, ...]  # told otherwise than before: the first stays, the other one is put aside


@dataclass(frozen=True, slots=True)
class Extent:
    """How much there is of a series."""

    key: Key
    rows: int
    first_ms: int
    last_ms: int


def open_store(folder: Path) -> "Store":
    """A store in `folder`, which need not exist yet. Nothing is read or written before it is asked for."""
    return Store(folder)


class Store:
    """Series by venue and symbol. Reading needs no lock: a file is replaced as a whole."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def series(self) -> list[Key]:
        """Every series that is there."""
        return sorted(keys_of(self.folder))

    def funding(self, venue: str, symbol: str, from_ms: int | None = None, to_ms: int | None = None) -> FundingRows:
        """Settled funding within [from_ms, to_ms). Raises Refusal when there is no such series."""
        table = self.read(Key(Kind.FUNDING, venue, symbol), from_ms, to_ms)
        return FundingRows(stamps(table), floats(table, "rate"))

    def candles(
        self,
        venue: str,
        symbol: str,
        from_ms: int | None = None,
        to_ms: int | None = None,
        kind: Kind = Kind.PERP,
        timeframe: str = "1h",
    ) -> CandleRows:
        """Bars of perp, spot or mark prices that opened within [from_ms, to_ms)."""
        table = self.read(Key(kind, venue, symbol, timeframe), from_ms, to_ms)
        return CandleRows(
            stamps(table),
            floats(table, "open"),
            floats(table, "high"),
            floats(table, "low"),
            floats(table, "close"),
            floats(table, "volume"),
        )

    def open_interest(
        self, venue: str, symbol: str, from_ms: int | None = None, to_ms: int | None = None
    ) -> OpenInterestRows:
        """Open interest in base coin within [from_ms, to_ms)."""
        table = self.read(Key(Kind.OPEN_INTEREST, venue, symbol), from_ms, to_ms)
        return OpenInterestRows(stamps(table), floats(table, "open_interest"))

    def lending(self, venue: str, symbol: str, from_ms: int | None = None, to_ms: int | None = None) -> LendingRows:
        """Rates and indexes of a reserve within [from_ms, to_ms); the 27 decimals are in the files, and in SQL."""
        table = self.read(Key(Kind.LENDING, venue, symbol), from_ms, to_ms)
        return LendingRows(
            stamps(table),
            floats(table, "liquidity_rate"),
            floats(table, "borrow_rate"),
            floats(table, "liquidity_index"),
            floats(table, "borrow_index"),
        )

    def pool(self, venue: str, symbol: str, from_ms: int | None = None, to_ms: int | None = None) -> PoolRows:
        """Ticks and liquidity of a pool within [from_ms, to_ms)."""
        table = self.read(Key(Kind.POOL, venue, symbol), from_ms, to_ms)
        return PoolRows(stamps(table), floats(table, "close_tick").astype(np.int64), floats(table, "liquidity"))

    def price(self, venue: str, symbol: str, from_ms: int | None = None, to_ms: int | None = None) -> PriceRows:
        """A price per minute within [from_ms, to_ms)."""
        table = self.read(Key(Kind.PRICE, venue, symbol), from_ms, to_ms)
        return PriceRows(stamps(table), floats(table, "price"))

    def months(self, key: Key) -> list[Path]:
        """The files of a series, oldest first."""
        return sorted((self.folder / key.folder).glob("*.parquet"))

    def read(self, key: Key, from_ms: int | None = None, to_ms: int | None = None) -> pa.Table:
        """The rows of a series within [from_ms, to_ms), ascending. Raises Refusal when there is no such series."""
        months = self.months(key)
        if not months:
            known = ", ".join(str(one) for one in self.series() if one.kind is key.kind) or "nothing of this kind"
            raise Refusal(Reason(Code.DATA_MISSING, f"the store has no {key}; it has {known}", where=str(self.folder)))
        first = "" if from_ms is None else _month(from_ms)
        last = "9999-12" if to_ms is None else _month(to_ms)
        tables = [read_month(path, key.schema) for path in months if first <= path.stem <= last]
        if not tables:
            return key.schema.empty_table()
        table = pa.concat_tables(tables)
        time_ms = stamps(table)
        begin = 0 if from_ms is None else int(np.searchsorted(time_ms, from_ms))
        end = len(time_ms) if to_ms is None else int(np.searchsorted(time_ms, to_ms))
        return table.slice(begin, max(end - begin, 0))

    def query(self, sql: str, parameters: tuple[object, ...] = ()) -> dict[str, NDArray[Any]]:
        """Run SQL over the tables `funding`, `candles`, `open_interest`, `lending`, `pool` and `price`.

        Each has the columns of its files and `venue`, `symbol`, for candles also `kind` and `timeframe`. Times are
        UTC. A table without any file does not exist.

        Raises
        ------
        Refusal : DuckDB's own words about a mistake in the SQL.
        """
        import duckdb

        tables = {"candles" if key.kind in CANDLE_KINDS else str(key.kind): key for key in self.series()}
        with duckdb.connect() as connection:
            connection.execute("SET TimeZone = 'UTC'")
            for name, key in tables.items():
                files = (self.folder / name).joinpath(*["*"] * (len(key.folder.parts) - 1), "*.parquet").as_posix()
                quoted = files.replace("'", "''")
                connection.execute(
                    f"CREATE VIEW {name} AS SELECT * FROM "
                    f"read_parquet('{quoted}', hive_partitioning = true, hive_types_autocast = false)"
                )
            try:
                return dict(connection.execute(sql, list(parameters)).fetchnumpy())
            except duckdb.Error as error:
                raise Refusal(Reason(Code.DATA_MISSING, str(error), where="sql")) from error

    def extents(self) -> list[Extent]:
        """How much there is of every series."""
        tables = {"candles" if key.kind in CANDLE_KINDS else str(key.kind) for key in self.series()}
        extents = []
        for table in sorted(tables):
            kind = "kind, timeframe" if table == "candles" else f"'{table}' AS kind, '' AS timeframe"
            found = self.query(
                f"SELECT {kind}, venue, symbol, count(*) AS rows, epoch_ms(min(time)) AS first, "
                f"epoch_ms(max(time)) AS last FROM {table} GROUP BY ALL"
            )
            names = ("kind", "venue", "symbol", "timeframe", "rows", "first", "last")
            for kind_name, venue, symbol, timeframe, rows, first, last in zip(
                *(found[name].tolist() for name in names), strict=True
            ):
                extents.append(Extent(Key(Kind(kind_name), venue, symbol, timeframe), rows, first, last))
        return extents

    @contextmanager
    def writing(self, key: Key) -> Iterator[None]:
        """Hold a series for writing; a second process is refused instead of losing rows to this one."""
        with only_writer(self.folder / key.folder):
            yield

    def merge(self, key: Key, rows: pa.Table) -> Merged:
        """Add rows that the store does not have; call it inside `writing`.

        A row that is there already stays as it is. When the new one differs, it goes to the folder `aside` under the
        same path, and is reported.

        Raises
        ------
        Refusal : a value is missing, NaN or infinite.
        """
        rows = _clean(key, rows)
        _, first = np.unique(_slots(key, rows), return_index=True)
        merged = self._merge_distinct(key, rows.take(pa.array(first)))
        told_again = np.setdiff1d(np.arange(rows.num_rows), first)
        if len(told_again) == 0:
            return merged
        more = self.merge(key, rows.take(pa.array(told_again)))
        return Merged(merged.added, merged.known + more.known, merged.revised + more.revised)

    def _merge_distinct(self, key: Key, rows: pa.Table) -> Merged:
        added = known = 0
        revised: list[Reason] = []
        months = months_of(_slots(key, rows) * key.slot_ms)
        for month in np.unique(months).tolist():
            path = self.folder / key.folder / f"{month}.parquet"
            part = rows.filter(pa.array(months == month))
            before = read_month(path, key.schema)
            is_new = ~np.isin(_slots(key, part), _slots(key, before))
            again = part.filter(pa.array(~is_new))
            changed = again.filter(pa.array(_differs(key, before, again)))
            if changed.num_rows:
                # first, so that a process killed in between sees the difference again
                revised += _revisions(key, path.relative_to(self.folder).as_posix(), before, changed)
                self._put_aside(key, month, changed)
            if is_new.any():
                write_month(path, pa.concat_tables([before, part.filter(pa.array(is_new))]).sort_by("time"))
            added += int(is_new.sum())
            known += again.num_rows - changed.num_rows
        return Merged(added, known, tuple(revised))

    def aside(self, key: Key) -> pa.Table:
        """The rows of a series that a venue told otherwise than the first time."""
        months = sorted((self.folder / ASIDE / key.folder).glob("*.parquet"))
        return pa.concat_tables([key.schema.empty_table(), *(read_month(path, key.schema) for path in months)])

    def _put_aside(self, key: Key, month: str, changed: pa.Table) -> None:
        folder = self.folder / ASIDE / key.folder
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{month}.parquet"
        both = pa.concat_tables([read_month(path, key.schema), changed])
        order = [(name, "ascending") for name in key.schema.names]
        distinct = both.group_by(key.schema.names).aggregate([]).select(key.schema.names).cast(key.schema)
        write_month(path, distinct.sort_by(order))


def stamps(table: pa.Table) -> Milliseconds:
    """Column `time` as UTC milliseconds."""
    array: Milliseconds = table.column("time").cast(pa.int64()).to_numpy()
    return array


def floats(table: pa.Table, name: str) -> Floats:
    """A column as floats, a null as NaN."""
    array: Floats = table.column(name).cast(pa.float64()).to_numpy(zero_copy_only=False).astype(np.float64)
    return array


def _month(time_ms: int) -> str:
    return str(months_of(np.array([time_ms], dtype=np.int64))[0])


def _slots(key: Key, table: pa.Table) -> Milliseconds:
    return nearest(stamps(table), key.slot_ms)


def _clean(key: Key, rows: pa.Table) -> pa.Table:
    """The rows as the schema wants them."""
    for name in COLUMNS[key.kind]:
        column = rows.column(name)
        if pa.types.is_floating(column.type) and not pc.all(pc.is_finite(column), min_count=0).as_py():
            raise Refusal(Reason(Code.DATA_NOT_FINITE, f"{name} is NaN or infinite", where=str(key)))
        if column.null_count and not key.schema.field(name).nullable:
            raise Refusal(Reason(Code.DATA_NOT_FINITE, f"{name} is empty", where=str(key)))
    return rows.select(key.schema.names).cast(key.schema)


def _differs(key: Key, before: pa.Table, again: pa.Table) -> NDArray[np.bool_]:
    """For each row of `again`, whether a number differs from that of `before`; unknown contradicts nothing."""
    rows = np.searchsorted(_slots(key, before), _slots(key, again))
    differs = np.zeros(again.num_rows, dtype=np.bool_)
    for name in COLUMNS[key.kind]:
        old, new = floats(before, name)[rows], floats(again, name)
        known = ~np.isnan(old) & ~np.isnan(new)
        differs |= known & ~np.isclose(old, new, rtol=SAME_NUMBER, atol=1e-15)
    return differs


def _revisions(key: Key, file: str, before: pa.Table, changed: pa.Table) -> list[Reason]:
    reasons = []
    rows = np.searchsorted(_slots(key, before), _slots(key, changed))
    for name in COLUMNS[key.kind]:
        old, new = floats(before, name)[rows], floats(changed, name)
        for place in np.flatnonzero((old != new) & ~np.isnan(old) & ~np.isnan(new)).tolist():
            at = hour_text(stamps(changed)[place] // 1_000)
            message = f"{name} of {at} is told otherwise; the first stays, this one is put aside"
            where = f"{file} row {rows[place]}"
            reasons.append(Reason(Code.DATA_REVISED, message, float(new[place]), float(old[place]), where))
    return reasons
