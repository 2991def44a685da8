"""Which of several agents may send: a lease in PostgreSQL with a token that grows with every new leader."""

import threading
import time
from collections.abc import Callable
from contextlib import suppress

import sqlalchemy as sql

from agent.execution.outcome import Fenced
from agent.reasons import Code, Reason

_metadata = sql.MetaData()
_leases = sql.Table(
    "leader_leases",
    _metadata,
    sql.Column("name", sql.Text, primary_key=True),
    sql.Column("holder", sql.Text, nullable=False),
    sql.Column("token", sql.BigInteger, nullable=False),
    sql.Column("expires_at", sql.DateTime(timezone=True), nullable=False),
)
RENEWALS_PER_LEASE = 3
# What a send may still take after it was allowed; a lease with less left allows none.
SEND_MARGIN = 0.2


class LeaderLease:
    """A lease on one signer's vaults, judged by the database's clock and by our own monotonic one.

    A process that was frozen wakes with an old token: its own clock says that the lease has run out, and the database
    says that the token has changed. Either is enough to refuse.

    Parameters
    ----------
    url : of SQLAlchemy, PostgreSQL
    name : what is led, for example the signer's address
    holder : names this process for people, for example host and process id
    lease_s : seconds without a renewal after which another may lead
    """

    def __init__(
        self, url: str, name: str, holder: str, lease_s: float, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._engine = sql.create_engine(url, pool_pre_ping=True)
        _metadata.create_all(self._engine)
        self._name, self._holder, self._lease_s, self._monotonic = name, holder, lease_s, monotonic
        self._token: int | None = None
        self._valid_until = 0.0
        self._stop = threading.Event()
        self._renewer: threading.Thread | None = None

    @property
    def token(self) -> int | None:
        """The token of our lease; None while we do not lead."""
        return self._token

    def acquire(self) -> bool:
        """Take the lease when it is free or has run out, or renew our own; whether we lead now.

        Raises SQLAlchemyError when the database does not answer; the lease then runs out by itself.
        """
        asked = self._monotonic()
        free = (_leases.c.expires_at < sql.func.now()) | (
            (_leases.c.holder == self._holder) & (_leases.c.token == (self._token or -1))
        )
        expires = sql.func.now() + sql.func.make_interval(0, 0, 0, 0, 0, 0, self._lease_s)
        with self._engine.begin() as connection:
            row = connection.execute(
                sql.select(_leases.c.token, free.label("free")).where(_leases.c.name == self._name).with_for_update()
            ).first()
            if row is None:
                # Two that come first at once: the primary key lets one through, the other raises and asks again.
                values = {"name": self._name, "holder": self._holder, "token": 1, "expires_at": expires}
                connection.execute(_leases.insert().values(**values))
                token = 1
            elif not row.free:
                self._token = None
                return False
            else:
                token = row.token if row.token == self._token else row.token + 1
                changed = {"holder": self._holder, "token": token, "expires_at": expires}
                connection.execute(_leases.update().where(_leases.c.name == self._name).values(**changed))
        self._token, self._valid_until = token, asked + self._lease_s
        return True

    def fence(self) -> None:
        """Called right before a send. Raises Fenced unless the lease is ours and lasts through the send."""
        self._require_time()
        mine = (_leases.c.name == self._name) & (_leases.c.token == self._token)
        try:
            with self._engine.connect() as connection:
                alive = connection.scalar(sql.select(_leases.c.expires_at > sql.func.now()).where(mine))
        except sql.exc.SQLAlchemyError as error:
            raise Fenced(f"nobody can tell who holds the lease on {self._name}: {error}") from error
        if not alive:
            raise Fenced(f"another agent holds the lease on {self._name}, or nobody")
        self._require_time()  # the answer may have taken long

    def reason(self) -> Reason | None:
        """Why this process may not act now, or None while it leads."""
        try:
            self.fence()
        except Fenced as refused:
            return Reason(Code.NOT_LEADER, str(refused), where="lease")
        return None

    def keep(self, on_lost: Callable[[], None]) -> None:
        """Renew in the background, three times per lease, until another has led meanwhile; that is told, once.

        Who has lost the lease must end: the new leader has taken the journal, and a new process may take it back.
        """
        self._renewer = threading.Thread(target=self._renew, args=(on_lost,), name="leader-lease", daemon=True)
        self._renewer.start()

    def release(self) -> None:
        """Let another lead at once."""
        self._stop.set()
        if self._renewer is not None:
            self._renewer.join()
        if self._token is not None:
            mine = (_leases.c.name == self._name) & (_leases.c.token == self._token)
            # A database that is away cannot be told; the lease runs out by itself.
            with suppress(sql.exc.SQLAlchemyError), self._engine.begin() as connection:
                connection.execute(_leases.update().where(mine).values(expires_at=sql.func.now()))
            self._token = None
        self._engine.dispose()

    def _require_time(self) -> None:
        if self._token is None or self._valid_until - self._monotonic() < SEND_MARGIN * self._lease_s:
            raise Fenced(f"the lease on {self._name} has run out for {self._holder}")

    def _renew(self, on_lost: Callable[[], None]) -> None:
        ours = self._token
        while not self._stop.wait(self._lease_s / RENEWALS_PER_LEASE):
            with suppress(sql.exc.SQLAlchemyError):  # the lease runs out by itself when nobody renews it
                if not self.acquire() or self._token != ours:
                    on_lost()
                    return
