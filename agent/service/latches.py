"""What stops a vault until a person says otherwise, in a database, so that no restart forgets it."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import sqlalchemy as sql

from agent.market.observation import VaultState
from agent.reasons import Code, Reason
from agent.risk.controls import SECONDS_PER_DAY, SentPlan
from agent.service.database_file import DatabaseFile
from agent.watch.secrets import NOTHING_KNOWN, Redactor

EVERY_VAULT = "*"
_metadata = sql.MetaData()
_latches = sql.Table(
    "latches",
    _metadata,
    sql.Column("id", sql.Integer, primary_key=True),
    sql.Column("vault", sql.Text, nullable=False),
    sql.Column("code", sql.Text, nullable=False),
    sql.Column("message", sql.Text, nullable=False),
    sql.Column("value", sql.Float),
    sql.Column("bound", sql.Float),
    sql.Column("place", sql.Text, nullable=False),
    sql.Column("set_at", sql.Integer, nullable=False),
    sql.Column("set_by", sql.Text, nullable=False),
    sql.Column("cleared_at", sql.Integer),
    sql.Column("cleared_by", sql.Text),
)
_sent = sql.Table(
    "sent_plans",
    _metadata,
    sql.Column("vault", sql.Text, primary_key=True),
    sql.Column("plan_number", sql.Integer, primary_key=True),
    sql.Column("at_s", sql.Integer, primary_key=True),  # a plan that failed is followed by one with the same number
    sql.Column("traded_usd", sql.Float, nullable=False),
)
_baselines = sql.Table(
    "plan_baselines",
    _metadata,
    sql.Column("vault", sql.Text, primary_key=True),
    sql.Column("plans", sql.Integer, nullable=False),
)
_dry_runs = sql.Table(
    "dry_runs",
    _metadata,
    sql.Column("id", sql.Integer, primary_key=True),
    sql.Column("config_hash", sql.Text, nullable=False),
    sql.Column("block_time", sql.BigInteger, nullable=False),
    sql.Column("note", sql.Text, nullable=False),
)
_values = sql.Table(
    "net_asset_values",
    _metadata,
    sql.Column("vault", sql.Text, primary_key=True),
    sql.Column("nav_usd", sql.Float, nullable=False),
    sql.Column("below_peak_usd", sql.Float, nullable=False),
    sql.Column("at_s", sql.Integer, nullable=False),
)


# Built once: a cycle asks a dozen times, and building a statement takes longer than carrying it out.
_VAULT: sql.BindParameter[str] = sql.bindparam("of")
_SINCE: sql.BindParameter[int] = sql.bindparam("since")
_ACTIVE = (
    sql.select(_latches)
    .where(_latches.c.vault.in_((_VAULT, EVERY_VAULT)) & _latches.c.cleared_at.is_(None))
    .order_by(_latches.c.id)
)
_PLANS_SINCE = sql.select(_sent).where((_sent.c.vault == _VAULT) & (_sent.c.at_s > _SINCE)).order_by(_sent.c.at_s)
_LAST_CLEARED = sql.select(sql.func.max(_latches.c.cleared_at)).where(_latches.c.vault == _VAULT)
_BASELINE = sql.select(_baselines.c.plans).where(_baselines.c.vault == _VAULT)
_COUNTED: sql.BindParameter[int] = sql.bindparam("plan_number")
_OF_NUMBER = sql.select(_sent.c.at_s).where((_sent.c.vault == _VAULT) & (_sent.c.plan_number == _COUNTED))
_OF_MOMENT = _OF_NUMBER.where(_sent.c.at_s == sql.bindparam("at_s"))
_NEW_PLAN = _sent.insert()
_NEW_VALUE = (
    _values.update()
    .where(_values.c.vault == _VAULT)
    .values({name: sql.bindparam(name) for name in ("nav_usd", "below_peak_usd", "at_s")})
)
_OF_OTHERS = sql.select(sql.func.sum(_values.c.nav_usd), sql.func.sum(_values.c.below_peak_usd)).where(
    (_values.c.at_s > _SINCE) & (_values.c.vault != _VAULT)
)


@dataclass(frozen=True, slots=True)
class Latch:
    """One latch that is set."""

    id: int
    vault: str
    reason: Reason
    set_at: int
    set_by: str


@dataclass(frozen=True, slots=True)
class Value:
    """What a vault is worth, and how far that is below its own high-water mark, at one moment (unix seconds)."""

    nav_usd: float
    below_peak_usd: float
    at_s: int

    @classmethod
    def of(cls, vault: VaultState, at_s: int) -> Self:
        """As the vault was read at `at_s`."""
        nav, below = vault.asset.to_float(vault.total_assets), 0.0
        if vault.share_price_e18 > 0:
            below = nav * max(0, vault.high_water_mark_e18 - vault.share_price_e18) / vault.share_price_e18
        return cls(nav, below, at_s)


class Latches:
    """The service's memory: latches, plans sent, what each vault is worth, which configurations were tried.

    Parameters
    ----------
    url : of SQLAlchemy, `sqlite:///path` or `postgresql+psycopg://...`
    redact : hides secrets in reasons, which may quote what others said

    Every method raises SQLAlchemyError or OSError when the database cannot be read or written; whoever asks whether
    something may be done must take that as a no.
    """

    def __init__(self, url: str, redact: Redactor = NOTHING_KNOWN) -> None:
        self._redact = redact
        self._engine = sql.create_engine(url, pool_pre_ping=True)
        is_sqlite = self._engine.dialect.name == "sqlite"
        if is_sqlite:
            sql.event.listen(self._engine, "connect", _in_one_file)
        _metadata.create_all(self._engine)
        path = self._engine.url.database
        self._file = DatabaseFile(Path(path)) if is_sqlite and path else None

    def close(self) -> None:
        """Close all connections."""
        self._engine.dispose()
        if self._file is not None:
            self._file.close()

    def _reading(self) -> sql.Connection:
        self._require_file()
        return self._engine.connect()

    def _writing(self) -> AbstractContextManager[sql.Connection]:
        self._require_file()
        return self._engine.begin()

    def _require_file(self) -> None:
        if self._file is not None:
            self._file.require_same()

    def set(self, vault: str, reason: Reason, at_s: int, by: str) -> None:
        """Latch a vault (`EVERY_VAULT` for all) for a reason; a latch that is set for the same code stays as it is."""
        reason = self._redact.reason(reason)
        with self._writing() as connection:
            same = (_latches.c.vault == vault) & (_latches.c.code == reason.code) & _latches.c.cleared_at.is_(None)
            if connection.execute(sql.select(_latches.c.id).where(same)).first() is not None:
                return
            connection.execute(
                _latches.insert().values(
                    vault=vault,
                    code=str(reason.code),
                    message=reason.message,
                    value=reason.value,
                    bound=reason.bound,
                    place=reason.where,
                    set_at=at_s,
                    set_by=by,
                )
            )

    def clear(self, vault: str, at_s: int, by: str) -> int:
        """A person enables a vault again; returns how many latches that cleared.

        History stays, but the counters begin anew: repeated execution counts from here, and when the vault was latched
        for plans that nobody intended, those it has carried out by now are taken as known.
        """
        with self._writing() as connection:
            unintended = _latches.c.code == Code.SENT_AGAINST_INTENDED
            open_ones = sql.select(_latches.c.vault).where(unintended & _latches.c.cleared_at.is_(None))
            mine = (_baselines.c.vault == vault) & _baselines.c.vault.in_(open_ones)
            connection.execute(_baselines.delete().where(mine))
            mine = (_latches.c.vault == vault) & _latches.c.cleared_at.is_(None)
            return connection.execute(_latches.update().where(mine).values(cleared_at=at_s, cleared_by=by)).rowcount

    def active(self, vault: str) -> tuple[Latch, ...]:
        """What stops this vault now, latches of every vault included, oldest first."""
        with self._reading() as connection:
            rows = connection.execute(_ACTIVE, {"of": vault}).all()
        return tuple(
            Latch(
                row.id,
                row.vault,
                Reason(Code(row.code), row.message, row.value, row.bound, row.place),
                row.set_at,
                row.set_by,
            )
            for row in rows
        )

    def record_plan(self, vault: str, number: int, plan: SentPlan) -> None:
        """Remember a plan that is about to be sent; the same number counts again at another time."""
        with self._writing() as connection:
            key = {"plan_number": number, "at_s": plan.at_s}
            if connection.execute(_OF_MOMENT, {"of": vault, **key}).first() is None:
                connection.execute(_NEW_PLAN, {"vault": vault, **key, "traded_usd": plan.traded_usd})

    def plans_since(self, vault: str, since_s: int) -> Sequence[SentPlan]:
        """Plans sent after a moment (unix seconds), oldest first."""
        with self._reading() as connection:
            rows = connection.execute(_PLANS_SINCE, {"of": vault, "since": since_s}).all()
        return [SentPlan(row.at_s, row.traded_usd) for row in rows]

    def counted(self, vault: str, number: int) -> bool:
        """Whether a plan of this number was ever counted."""
        with self._reading() as connection:
            return connection.execute(_OF_NUMBER, {"of": vault, "plan_number": number}).first() is not None

    def record_dry_run(self, config_hash: str, block_time: int, note: str) -> None:
        """Keep that this configuration went through a whole cycle without sending."""
        values = {"config_hash": config_hash, "block_time": block_time, "note": self._redact(note)}
        with self._writing() as connection:
            connection.execute(_dry_runs.insert().values(**values))

    def dry_run_of(self, config_hash: str) -> int | None:
        """Block time of the configuration's last dry run (unix seconds), or None without one."""
        last = sql.select(sql.func.max(_dry_runs.c.block_time)).where(_dry_runs.c.config_hash == config_hash)
        with self._reading() as connection:
            at: int | None = connection.scalar(last)
        return at

    def last_cleared(self, vault: str) -> int:
        """When a person last enabled the vault (unix seconds); 0 for never."""
        with self._reading() as connection:
            return connection.scalar(_LAST_CLEARED, {"of": vault}) or 0

    def baseline(self, vault: str, found: int) -> int:
        """Plans that the vault had carried out before this journal knew of any; `found` the first time it is asked."""
        with self._writing() as connection:
            known = connection.scalar(_BASELINE, {"of": vault})
            if known is None:
                connection.execute(_baselines.insert().values(vault=vault, plans=found))
                return found
            return int(known)

    def record_value(self, vault: str, value: Value) -> None:
        """Remember what a vault is worth."""
        values = {"nav_usd": value.nav_usd, "below_peak_usd": value.below_peak_usd, "at_s": value.at_s}
        with self._writing() as connection:
            if connection.execute(_NEW_VALUE, {"of": vault, **values}).rowcount == 0:
                connection.execute(_values.insert().values(vault=vault, **values))

    def totals(self, vault: str, value: Value) -> tuple[float, float]:
        """What all vaults are worth and how far they are below their marks: this one now, the others as remembered.

        A vault that nobody looked at for a day is left out: it is no part of the service any more.
        """
        with self._reading() as connection:
            nav, below = connection.execute(_OF_OTHERS, {"of": vault, "since": value.at_s - SECONDS_PER_DAY}).one()
        return value.nav_usd + (nav or 0.0), value.below_peak_usd + (below or 0.0)

    def last_value(self, vault: str) -> Value | None:
        """What a vault was last worth, or None when nobody ever looked."""
        with self._reading() as connection:
            row = connection.execute(sql.select(_values).where(_values.c.vault == vault)).first()
        return None if row is None else Value(row.nav_usd, row.below_peak_usd, row.at_s)


def _in_one_file(connection: Any, _: object) -> None:
    """No write-ahead log: what a person latches is in the one file that every process looks at, and on the disk.

    The rollback journal stays where it is between writes, emptied: to make and remove it takes as long as to write it.
    """
    connection.execute("PRAGMA journal_mode = PERSIST")
    connection.execute("PRAGMA synchronous = EXTRA")
