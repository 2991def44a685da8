"""What was meant, what was sent and what came of it, on disk before anything is sent (SQLite, one writer)."""

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from eth_utils.crypto import keccak

from agent.execution.records import Attempt, Intent, Open, Status

SCHEMA_VERSION = 1

_SCHEMA = f"""
CREATE TABLE intents (
    id INTEGER PRIMARY KEY,
    signer TEXT NOT NULL,
    chain_id INTEGER NOT NULL,
    vault TEXT NOT NULL,
    plan_number INTEGER NOT NULL,
    plan_digest TEXT NOT NULL,
    calldata BLOB NOT NULL,
    reason TEXT NOT NULL,
    state_hash BLOB NOT NULL,
    block_number INTEGER NOT NULL,
    block_time INTEGER NOT NULL,
    finished INTEGER NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX one_unfinished_intent_per_signer ON intents (signer) WHERE finished = 0;
CREATE TABLE attempts (
    id INTEGER PRIMARY KEY,
    intent_id INTEGER NOT NULL REFERENCES intents (id),
    raw BLOB NOT NULL,
    hash TEXT NOT NULL,
    nonce INTEGER NOT NULL,
    gas_limit INTEGER NOT NULL,
    max_fee_wei TEXT NOT NULL,
    priority_fee_wei TEXT NOT NULL
);
CREATE TABLE outcomes (
    id INTEGER PRIMARY KEY,
    intent_id INTEGER NOT NULL REFERENCES intents (id),
    status TEXT NOT NULL,
    block_number INTEGER,
    gas_used INTEGER,
    gas_price_wei TEXT,
    note TEXT NOT NULL,
    effect TEXT
);
PRAGMA user_version = {SCHEMA_VERSION};
"""


class JournalError(Exception):
    """The journal cannot be trusted or written; nothing may be sent."""


class JournalLocked(JournalError):
    """Another process holds the journal."""


class UnfinishedIntent(JournalError):
    """The signer already has an intent whose outcome is not known."""


class Journal:
    """The journal of one agent, held by one process at a time.

    Every write is one transaction that has reached the disk (write-ahead log, synchronous=FULL) when the call returns.

    Parameters
    ----------
    path : the database file; made when absent, its folder must exist

    Raises
    ------
    JournalLocked : another process has it; the message names its process id
    JournalError : the file is damaged, of another schema, or the disk refuses
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = _take_lock(path)
        try:
            with _refusing(path):
                # The scheduler may run each cycle in another thread, never two at once.
                self._database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            try:
                with _refusing(path):
                    self._prepare()
            except BaseException:
                self._database.close()
                raise
        except BaseException:
            os.close(self._lock)
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the file and lets another process have it."""
        self._database.close()
        os.close(self._lock)

    def begin(self, intent: Intent, attempt: Attempt) -> int:
        """Writes an intent and its signed bytes together, and returns the intent's id; only then may they be sent.

        Raises
        ------
        UnfinishedIntent : the signer has one already
        JournalError : not written; do not send
        """
        with _refusing(self.path), self._transaction() as database:
            try:
                intent_id = database.execute(
                    "INSERT INTO intents (signer, chain_id, vault, plan_number, plan_digest, calldata, reason,"
                    " state_hash, block_number, block_time) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (
                        intent.signer,
                        intent.chain_id,
                        intent.vault,
                        intent.plan_number,
                        intent.digest(),
                        intent.calldata,
                        intent.reason,
                        intent.state_hash,
                        intent.block_number,
                        intent.block_time,
                    ),
                ).lastrowid
            except sqlite3.IntegrityError as error:
                raise UnfinishedIntent(f"{self.path}: {intent.signer} has an unfinished intent") from error
            database.execute(
                "INSERT INTO attempts (intent_id, raw, hash, nonce, gas_limit, max_fee_wei, priority_fee_wei)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    intent_id,
                    attempt.raw,
                    attempt.hash,
                    attempt.nonce,
                    attempt.gas_limit,
                    str(attempt.max_fee_wei),
                    str(attempt.priority_fee_wei),
                ),
            )
        if intent_id is None:
            raise JournalError(f"{self.path}: the intent got no id")
        return intent_id

    def conclude(
        self,
        intent_id: int,
        status: Status,
        note: str,
        *,
        block_number: int | None = None,
        gas_used: int | None = None,
        gas_price_wei: int | None = None,
    ) -> None:
        """Appends an outcome; every status but unknown ends the intent."""
        with _refusing(self.path), self._transaction() as database:
            database.execute(
                "INSERT INTO outcomes (intent_id, status, block_number, gas_used, gas_price_wei, note)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                (
                    intent_id,
                    status.value,
                    block_number,
                    gas_used,
                    None if gas_price_wei is None else str(gas_price_wei),
                    note,
                ),
            )
            if status is not Status.UNKNOWN:
                database.execute("UPDATE intents SET finished = 1 WHERE id = ?", (intent_id,))

    def record_effect(self, intent_id: int, effect: str) -> None:
        """Adds what was read back to the intent's last outcome."""
        with _refusing(self.path), self._transaction() as database:
            changed = database.execute(
                "UPDATE outcomes SET effect = ? WHERE id = (SELECT MAX(id) FROM outcomes WHERE intent_id = ?)",
                (effect, intent_id),
            ).rowcount
            if changed != 1:
                raise JournalError(f"{self.path}: intent {intent_id} has no outcome to add an effect to")

    def unfinished(self, signer: str) -> Open | None:
        """The signer's intent without an end, if there is one.

        Raises
        ------
        JournalError : its bytes no longer have the digest they were written with
        """
        with _refusing(self.path):
            row = self._database.execute(
                "SELECT i.id, i.signer, i.chain_id, i.vault, i.plan_number, i.calldata, i.reason, i.state_hash,"
                " i.block_number, i.block_time, i.plan_digest, a.raw, a.hash, a.nonce, a.gas_limit, a.max_fee_wei,"
                " a.priority_fee_wei FROM intents i JOIN attempts a ON a.intent_id = i.id"
                " WHERE i.finished = 0 AND i.signer = ?",
                (signer,),
            ).fetchone()
        if row is None:
            return None
        intent = Intent(*row[1:10])
        raw, transaction_hash, nonce, gas_limit, max_fee, priority_fee = row[11:]
        attempt = Attempt(raw, transaction_hash, nonce, gas_limit, int(max_fee), int(priority_fee))
        if intent.digest() != row[10] or "0x" + keccak(attempt.raw).hex() != attempt.hash:
            raise JournalError(f"{self.path}: the bytes of intent {row[0]} do not have their digest any more")
        return Open(row[0], intent, attempt)

    def next_nonce(self, signer: str) -> int | None:
        """One above the last nonce the chain took from this signer, or None when the journal knows of none."""
        with _refusing(self.path):
            (last,) = self._database.execute(
                "SELECT MAX(a.nonce) FROM attempts a JOIN intents i ON i.id = a.intent_id"
                " JOIN outcomes o ON o.intent_id = i.id WHERE i.signer = ? AND o.status IN (?, ?)",
                (signer, Status.MINED.value, Status.REVERTED.value),
            ).fetchone()
        return None if last is None else int(last) + 1

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield self._database
            self._database.execute("COMMIT")
        except BaseException:
            if self._database.in_transaction:
                self._database.execute("ROLLBACK")
            raise

    def _prepare(self) -> None:
        database = self._database
        (mode,) = database.execute("PRAGMA journal_mode = WAL").fetchone()
        database.execute("PRAGMA synchronous = FULL")
        database.execute("PRAGMA foreign_keys = ON")
        (synchronous,) = database.execute("PRAGMA synchronous").fetchone()
        if (mode, synchronous) != ("wal", 2):
            raise JournalError(f"{self.path}: expected wal and synchronous 2, SQLite gives {mode} and {synchronous}")
        (verdict,) = database.execute("PRAGMA quick_check(1)").fetchone()
        if verdict != "ok":
            raise JournalError(f"{self.path} is damaged: {verdict}")
        (version,) = database.execute("PRAGMA user_version").fetchone()
        (tables,) = database.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
        if version == 0 and tables == 0:
            with self._transaction():
                for statement in _SCHEMA.split(";"):
                    database.execute(statement)
        elif version != SCHEMA_VERSION:
            raise JournalError(f"{self.path}: expected schema {SCHEMA_VERSION}, the file has {version}")


@contextmanager
def _refusing(path: Path) -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as error:
        raise JournalError(f"{path}: {error}") from error


def _take_lock(path: Path) -> int:
    """An advisory lock that the kernel drops however its holder ends; the file tells the holder's process id."""
    lock_path = path.with_name(path.name + ".lock")
    try:
        lock = os.open(lock_path, os.O_RDWR | os.O_CREAT, 0o600)
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
