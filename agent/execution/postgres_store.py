"""The journal in PostgreSQL, for an agent whose standby runs on another machine."""

import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from agent.execution.stores import JournalError, JournalLocked, Rows, UnfinishedIntent, prepare, schema

SCHEMA_VERSION = 2

_SCHEMA = (
    *schema("BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY", "BYTEA"),
    "CREATE TABLE journal_schema (version INTEGER NOT NULL)",
    f"INSERT INTO journal_schema (version) VALUES ({SCHEMA_VERSION})",
)
_LOCK = int.from_bytes(b"ballast", "big")  # of the database: one journal in each
_HOLDER = (
    "SELECT a.application_name, a.pid FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid"
    " WHERE l.locktype = 'advisory' AND l.granted AND l.database = (SELECT oid FROM pg_database"
    " WHERE datname = current_database()) AND l.classid::bigint = ? AND l.objid::bigint = ? AND l.objsubid = 1"
)
_CONNECT_TIMEOUT_S = 5
_STATEMENT_TIMEOUT_MS = 10_000
_TAKEOVER_TRIES = 20


class PostgresStore:
    """One database of a PostgreSQL server. The session holds an advisory lock, which ends with it.

    Parameters
    ----------
    url : postgresql://user@host/database; a password is better kept in the password file that libpq reads
    takeover : end the session of whoever holds the journal. Only for the holder of the leader lease: the other's next
        write then fails, and nothing is sent without a write

    Raises
    ------
    JournalLocked : another process has it; the message names host and process id
    JournalDamaged : the tables are of another schema
    JournalError : no connection, or a server that does not write to its disk before it answers
    """

    def __init__(self, url: str, *, takeover: bool = False) -> None:
        import psycopg

        url = url.replace("+psycopg://", "://", 1)  # as SQLAlchemy writes it
        parts = urlsplit(url)
        self.name = f"{parts.scheme}://{parts.hostname or ''}{parts.path}"
        self._errors = psycopg.Error
        self._unique = psycopg.errors.UniqueViolation
        with self._refusing():
            self._connection = psycopg.connect(
                url,
                autocommit=True,
                connect_timeout=_CONNECT_TIMEOUT_S,
                application_name=f"ballast {socket.gethostname()} process {os.getpid()}",
                options=f"-c statement_timeout={_STATEMENT_TIMEOUT_MS}",
            )
        try:
            self._take_lock(takeover)
            self._prepare()
        except BaseException:
            self._connection.close()
            raise

    def rows(self, statement: str, parameters: Sequence[Any] = ()) -> Rows:
        """Carries out one statement and returns what it answers."""
        with self._refusing():
            cursor = self._connection.execute(statement.replace("?", "%s"), tuple(parameters))
            return cursor.fetchall() if cursor.description is not None else []

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing, on the disk when the block ends."""
        with self._refusing(), self._connection.transaction():
            yield

    def close(self) -> None:
        """Ends the session and lets another process have the journal."""
        self._connection.close()

    def _take_lock(self, takeover: bool) -> None:
        for attempt in range(_TAKEOVER_TRIES if takeover else 1):
            if self.rows("SELECT pg_try_advisory_lock(?)", (_LOCK,)) == [(True,)]:
                return
            holders = self.rows(_HOLDER, (_LOCK >> 32, _LOCK & 0xFFFFFFFF))
            if takeover:
                for _, pid in holders:
                    self.rows("SELECT pg_terminate_backend(?)", (pid,))
                self.rows("SELECT pg_sleep(?)", (0.05 * (attempt > 0),))
        names = ", ".join(str(name) for name, _ in holders) or "a session that is not shown"
        raise JournalLocked(f"{self.name} is in use by {names}")

    def _prepare(self) -> None:
        for setting in ("fsync", "synchronous_commit"):
            ((value,),) = self.rows(f"SHOW {setting}")
            if value == "off":
                raise JournalError(f"{self.name}: the server has {setting} off, so a crash of it loses what was sent")
        ((tables,),) = self.rows(
            "SELECT COUNT(*) FROM pg_tables WHERE schemaname = current_schema()"
            " AND tablename IN ('intents', 'attempts', 'outcomes', 'journal_schema')"
        )
        versions = self.rows("SELECT version FROM journal_schema") if tables == 4 else []
        prepare(self, tables, versions[0][0] if versions else None, _SCHEMA, SCHEMA_VERSION)

    @contextmanager
    def _refusing(self) -> Iterator[None]:
        try:
            yield
        except self._unique as error:
            raise UnfinishedIntent(f"{self.name}: {error}") from error
        except self._errors as error:
            raise JournalError(f"{self.name}: {error}") from error
