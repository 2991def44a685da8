"""The ways in which one SQLite file refuses to be a journal."""

import fcntl
from pathlib import Path

import pytest

from agent.execution import JournalError, JournalLocked
from agent.execution.sqlite_store import SqliteStore
from agent.execution.stores import UnfinishedIntent


def test_refuses_a_database_that_cannot_keep_a_write_ahead_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # its lock is a file
    with pytest.raises(JournalError, match="expected wal and synchronous 2, SQLite gives memory and 2"):
        SqliteStore(Path(":memory:"))


def test_refuses_a_lock_that_cannot_tell_who_holds_it(tmp_path: Path) -> None:
    (tmp_path / "journal.db.lock").symlink_to("/dev/full")
    with pytest.raises(JournalError, match=r"journal\.db\.lock: \[Errno 22\]"):
        SqliteStore(tmp_path / "journal.db")


def test_what_the_database_took_back_by_itself_is_told_and_not_taken_back_twice(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "journal.db")
    store.rows("CREATE TABLE once (number INTEGER UNIQUE)")
    store.rows("INSERT INTO once VALUES (1)")
    with pytest.raises(UnfinishedIntent, match="UNIQUE"), store.transaction():
        store.rows("INSERT OR ROLLBACK INTO once VALUES (2), (1)")
    assert store.rows("SELECT * FROM once") == [(1,)]
    with store.transaction():
        store.rows("INSERT INTO once VALUES (3)")
    assert store.rows("SELECT * FROM once") == [(1,), (3,)]
    store.close()


def test_a_holder_that_has_not_written_its_number_yet_is_called_unknown(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    with (tmp_path / "journal.db.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(JournalLocked, match=f"^{path} is in use by process unknown$"):
            SqliteStore(path)
