"""What a process stands on: a disk that may refuse, a signer that may be silent, a lease that may pass to another."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from agent.execution.outcome import Fenced
from agent.execution.signer import LocalSigner, Signed, SigningRefused, Transaction
from agent.execution.sqlite_store import SqliteStore
from agent.execution.stores import JournalError, Rows
from agent.reasons import Code, Reason
from agent.simulation.world import World
from chains.local.accounts import AGENT_TEST_KEY

LEASE_S = 30


class SimulatedDisk:
    """The real SQLite journal on a disk that may refuse, in a process that may end before or after every write."""

    def __init__(self, path: Path, world: World, on_commit: Callable[[], None]) -> None:
        self.name = "journal"
        self._on_commit = on_commit
        self._store = SqliteStore(path)
        self._world = world
        self._open = True

    def rows(self, statement: str, parameters: Sequence[Any] = ()) -> Rows:
        """One statement."""
        return self._store.rows(statement, parameters)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing."""
        if self._world.strikes(self._world.weather.disk):
            raise JournalError("journal: database or disk is full")
        with self._store.transaction():
            yield
            self._world.point("before the commit")
        self._on_commit()
        self._world.point("after the commit")

    def close(self) -> None:
        """Also what the kernel does for a process that ended: what was not committed is gone."""
        if self._open:
            self._open = False
            self._store.close()


class SimulatedSigner:
    """The real signer, which may not answer."""

    def __init__(self, world: World) -> None:
        self._signer = LocalSigner(AGENT_TEST_KEY)
        self._world = world

    @property
    def address(self) -> str:
        """Of the agent."""
        return self._signer.address

    def sign(self, transaction: Transaction) -> Signed:
        """Signs, or does not."""
        self._world.point("asked to sign")
        if self._world.strikes(self._world.weather.signer):
            raise SigningRefused("the signer does not answer")
        signed = self._signer.sign(transaction)
        self._world.point("signed")
        return signed


class SimulatedLease:
    """Who leads, as the database of the lease tells it; the token grows with every new leader."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.token = 0
        self._until_s = 0

    def acquire(self, token: int | None) -> int | None:
        """The token of whoever leads from now on: renewed, or new when the lease is free; None when it is not."""
        if token != self.token and self._world.now_s < self._until_s:
            return None
        if token != self.token:
            self.token += 1
        self._until_s = self._world.now_s + LEASE_S
        return self.token

    def fence(self, token: int) -> None:
        """Raises Fenced unless this token leads."""
        if token != self.token or self._world.now_s >= self._until_s:
            raise Fenced("another agent holds the lease, or it has run out")

    def reason(self, token: int) -> Reason | None:
        """Why this process may not act, or None."""
        try:
            self.fence(token)
        except Fenced as refused:
            return Reason(Code.NOT_LEADER, str(refused), where="lease")
        return None
