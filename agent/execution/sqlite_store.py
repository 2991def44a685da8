"""The journal in one file: SQLite with a write-ahead log that reaches the disk, held by a lock the kernel drops."""

import fcntl
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from agent.execution.same_file import SameFiles
from agent.execution.stores import JournalDamaged, JournalError, JournalLocked, Rows, UnfinishedIntent, prepare, schema

SCHEMA_VERSION = 2

_SCHEMA = (*schema("INTEGER PRIMARY KEY", "BLOB"), f"PRAGMA user_version = {SCHEMA_VERSION}")
_DAMAGE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


class SqliteStore:
    """One SQLite file.

    SQLite would go on reading and writing a file that was removed, replaced or overwritten, and nothing of that would
    be there after a restart. So before every statement it is looked whether the files are the ones that were opened.

    Parameters
    ----------
    path : made when absent, its folder must exist

    Raises
    ------
    JournalLocked : another process has it; the message names its process id
    JournalDamaged : the file is no journal, of another schema, or not what was written
    JournalError : the disk refuses
    """

    def __init__(self, path: Path) -> None:
        self.name = str(path)
        self._files: SameFiles | None = None
        self._lock = _take_lock(path)
        try:
            with self._refusing():
                # The scheduler may run each cycle in another thread, never two at once.
                self._database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            try:
                with self._refusing():
                    self._prepare()
                    write_ahead = path.with_name(path.name + "-wal")
                    self._files = SameFiles((path, write_ahead, _lock_path(path)), only_ours=(path, write_ahead))
            except BaseException:
                self._database.close()
                raise
        except BaseException:
            os.close(self._lock)
            raise

    def rows(self, statement: str, parameters: Sequence[Any] = ()) -> Rows:
        """Carries out one statement and returns what it answers."""
        with self._refusing():
            self._require_same_files()
            try:
                return self._database.execute(statement, parameters).fetchall()
            finally:
                if self._files is not None and not self._database.in_transaction:
                    self._files.written()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing, on the disk when the block ends."""
        self.rows("BEGIN IMMEDIATE")
        try:
            yield
            self.rows("COMMIT")
            with self._refusing():
                self._require_same_files()  # what went into a file that is gone was not written
        except BaseException:
            if self._database.in_transaction:
                self.rows("ROLLBACK")
            raise

    def close(self) -> None:
        """Closes the file and lets another process have it."""
        self._database.close()
        os.close(self._lock)

    def _prepare(self) -> None:
        database = self._database
        (mode,) = database.execute("PRAGMA journal_mode = WAL").fetchone()
        database.execute("PRAGMA synchronous = FULL")
        database.execute("PRAGMA foreign_keys = ON")
        (synchronous,) = database.execute("PRAGMA synchronous").fetchone()
        if (mode, synchronous) != ("wal", 2):
            raise JournalError(f"{self.name}: expected wal and synchronous 2, SQLite gives {mode} and {synchronous}")
        (verdict,) = database.execute("PRAGMA integrity_check(1)").fetchone()
        if verdict != "ok":
            raise JournalDamaged(f"{self.name} is damaged: {verdict}")
        (version,) = database.execute("PRAGMA user_version").fetchone()
        (tables,) = database.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
        prepare(self, tables, version or None, _SCHEMA, SCHEMA_VERSION)

    def _require_same_files(self) -> None:
        if self._files is None or self._database.in_transaction:
            return
        problem = self._files.problem()
        if problem is not None:
            raise JournalDamaged(f"{problem}; nothing may be sent until a person has looked at it")

    @contextmanager
    def _refusing(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            code = getattr(error, "sqlite_errorcode", 0)
            if code == sqlite3.SQLITE_CONSTRAINT_UNIQUE:
                raise UnfinishedIntent(f"{self.name}: {error}") from error
            kind = JournalDamaged if code & 0xFF in _DAMAGE else JournalError  # the low byte is the kind of an error
            raise kind(f"{self.name}: {error}") from error
        except OSError as error:
            raise JournalDamaged(f"{self.name} is gone: {error}") from error
        except UnicodeDecodeError as error:  # of SQLite's own message, when it quotes what was damaged
            raise JournalDamaged(f"{self.name} is damaged: text that is none") from error


def _lock_path(path: Path) -> Path:
    return path.with_name(path.name + ".lock")


def _take_lock(path: Path) -> int:
    """An advisory lock that the kernel drops however its holder ends; the file tells the holder's process id."""
    lock_path = _lock_path(path)
    try:
        lock = os.open(lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise JournalError(f"{lock_path}: {error}") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.ftruncate(lock, 0)
        os.pwrite(lock, str(os.getpid()).encode(), 0)
    except BlockingIOError as error:
        holder = os.pread(lock, 20, 0).decode(errors="replace") or "unknown"
        os.close(lock)
        raise JournalLocked(f"{path} is in use by process {holder}") from error
    except OSError as error:
        os.close(lock)
        raise JournalError(f"{lock_path}: {error}") from error
    return lock
