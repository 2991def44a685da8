"""The ledger on disk: every cycle with its decision, refusals, plan, fills, flows, attribution and headroom."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import sqlalchemy as sql

from agent.decision import Scaler
from agent.ledger import tables
from agent.ledger.files import whole_file
from agent.ledger.records import CycleRecord
from agent.ledger.rows import rows_of, scaler_from
from agent.reasons import Code, Reason, Refusal

if TYPE_CHECKING:
    from pandas import DataFrame


@dataclass(frozen=True, slots=True)
class DecisionRow:
    """A decision as a reviewer reads it."""

    cycle: int
    time_s: int
    exposure_target: float | None
    traded_usd: float
    scalers: tuple[Scaler, ...]
    note: str
    plan: int | None
    tx_hash: str | None


class Ledger:
    """Buffered writer and reader of one SQLite file. Use as a context manager, or call `close`.

    What is still in the buffer when the process dies is lost: the journal, not the ledger, is what recovery reads.
    """

    def __init__(self, engine: sql.Engine, flush_every: int) -> None:
        self._engine = engine
        self._flush_every = flush_every
        self._rows: dict[sql.Table, list[dict[str, object]]] = {table: [] for table in tables.metadata.sorted_tables}
        with engine.connect() as connection:
            self._last: int | None = connection.scalar(sql.select(sql.func.max(tables.cycles.c.cycle)))

    @classmethod
    def open(cls, path: Path, *, flush_every: int = 250) -> "Ledger":
        """Open the ledger at `path`, or start one there. `flush_every` cycles are committed together.

        Raises ValueError for a ledger of another version, and Refusal when the disk takes none.
        """
        if flush_every < 1:
            raise ValueError(f"flush_every must be at least 1 cycle, got {flush_every}")
        engine = sql.create_engine(f"sqlite:///{path}")
        sql.event.listen(engine, "connect", _set_pragmas)
        with _on_disk(engine) as connection:
            version = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
            if version == 0:
                tables.metadata.create_all(connection)
                connection.exec_driver_sql(f"PRAGMA user_version = {tables.SCHEMA_VERSION}")
            elif version != tables.SCHEMA_VERSION:
                raise ValueError(f"{path.name} is a ledger of version {version}, expected {tables.SCHEMA_VERSION}")
        return cls(engine, flush_every)

    @property
    def last_cycle(self) -> int | None:
        """Number of the last cycle recorded, None in an empty ledger."""
        return self._last

    def record_cycle(self, record: CycleRecord) -> None:
        """Add one cycle. Raises ValueError when its number is not above the last one's."""
        if self._last is not None and record.number <= self._last:
            raise ValueError(f"cycle {record.number} is already in the ledger, the last is {self._last}")
        for table, rows in rows_of(record):
            self._rows[table].extend(rows)
        self._last = record.number
        if len(self._rows[tables.cycles]) >= self._flush_every:
            self.flush()

    def flush(self) -> None:
        """Commit everything recorded so far, in one transaction."""
        if not self._rows[tables.cycles]:
            return
        with _on_disk(self._engine) as connection:
            for table, rows in self._rows.items():
                if rows:
                    connection.execute(table.insert(), rows)
        for rows in self._rows.values():
            rows.clear()

    def cycles_table(self) -> "DataFrame":
        """One row per cycle with everything the report needs; `headroom_<limit>` columns follow the fixed ones."""
        import pandas as pd

        query = (
            sql.select(
                tables.cycles,
                *(column for column in tables.attributions.columns if column.name != "cycle"),
                tables.decisions.c.exposure_target,
                tables.decisions.c.traded_usd,
                tables.decisions.c.note,
                tables.plans.c.plan,
                tables.plans.c.tx_hash,
            )
            .join_from(tables.cycles, tables.attributions)
            .join(tables.decisions, tables.decisions.c.cycle == tables.cycles.c.cycle)
            .join(tables.plans, tables.plans.c.cycle == tables.cycles.c.cycle, isouter=True)
            .order_by(tables.cycles.c.cycle)
        )
        codes = sql.select(tables.refusals.c.cycle, tables.refusals.c.code)
        frame = self._frame(query).set_index("cycle")
        headroom = self._frame(sql.select(tables.headroom)).pivot(index="cycle", columns="limit", values="headroom")
        refused = self._frame(codes).groupby("cycle")["code"].agg(",".join)
        frame["refusals"] = refused.reindex(frame.index).fillna("")
        frame["plan"] = frame["plan"].astype("Int64")
        return pd.concat([frame, headroom.add_prefix("headroom_")], axis=1).reset_index()

    def write_cycles(self, path: Path) -> Path:
        """Write `cycles_table` as Parquet, whole or not at all; returns `path`."""
        frame = self.cycles_table()
        with whole_file(path) as temporary:
            frame.to_parquet(temporary, index=False)
        return path

    def largest_decisions(self, count: int = 10) -> list[DecisionRow]:
        """The decisions that traded most, largest first."""
        query = (
            sql.select(tables.decisions, tables.cycles.c.time_s, tables.plans.c.plan, tables.plans.c.tx_hash)
            .join_from(tables.decisions, tables.cycles)
            .join(tables.plans, tables.plans.c.cycle == tables.decisions.c.cycle, isouter=True)
            .where(tables.decisions.c.traded_usd > 0)
            .order_by(tables.decisions.c.traded_usd.desc(), tables.decisions.c.cycle)
            .limit(count)
        )
        self.flush()
        with self._engine.connect() as connection:
            return [
                DecisionRow(
                    row.cycle,
                    row.time_s,
                    row.exposure_target,
                    row.traded_usd,
                    tuple(scaler_from(item) for item in row.scalers),
                    row.note,
                    row.plan,
                    row.tx_hash,
                )
                for row in connection.execute(query)
            ]

    def close(self) -> None:
        """Commit and close the file."""
        self.flush()
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _frame(self, query: sql.Select[Any]) -> "DataFrame":
        import pandas as pd

        self.flush()
        with self._engine.connect() as connection:
            result = connection.execute(query)
            return pd.DataFrame(result.all(), columns=list(result.keys()))


@contextmanager
def _on_disk(engine: sql.Engine) -> Iterator[sql.Connection]:
    """A transaction; a disk that is full or cannot be written is a refusal that names the file."""
    try:
        with engine.begin() as connection:
            yield connection
    except sql.exc.OperationalError as error:
        place = str(engine.url.database)
        raise Refusal(Reason(Code.FILE_UNUSABLE, f"the ledger cannot be written: {error.orig}", where=place)) from error


def _set_pragmas(connection: Any, _: object) -> None:
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA foreign_keys = ON")
