"""A journal that is not the one that was opened is written no more, and nothing is sent without."""

import os
import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from agent.execution.journal import Journal
from agent.execution.records import Attempt, Intent, Status
from agent.execution.stores import JournalDamaged
from agent.reasons import Code

INTENT = Intent("0xSigner", 31337, "0xVault", 7, b"calldata", "because", bytes(32), 100, 1_750_000_000)
ATTEMPT = Attempt(b"signed bytes", "0x" + "ab" * 32, 3, 500_000, 2 * 10**9, 10**8)


def removed(path: Path, _: Path) -> None:
    path.unlink()


def replaced(path: Path, backup: Path) -> None:
    backup.replace(path)


def restored_in_place(path: Path, backup: Path) -> None:
    shutil.copyfile(backup, path)


def restored_with_its_times(path: Path, backup: Path) -> None:
    os.utime(backup, (1, 1))
    shutil.copy2(backup, path)


def without_its_log(path: Path, _: Path) -> None:
    path.with_name(path.name + "-wal").unlink()


def without_its_lock(path: Path, _: Path) -> None:
    path.with_name(path.name + ".lock").unlink()


def moved_with_its_folder(path: Path, _: Path) -> None:
    path.parent.rename(path.parent.with_name("moved"))


def written_by_hand(path: Path, _: Path) -> None:
    database = sqlite3.connect(path)
    database.execute("DELETE FROM outcomes")
    database.commit()
    database.close()


@pytest.mark.parametrize(
    "what",
    [
        removed,
        replaced,
        restored_in_place,
        restored_with_its_times,
        without_its_log,
        without_its_lock,
        moved_with_its_folder,
        written_by_hand,
    ],
)
def test_nothing_is_begun_in_a_journal_that_was_removed_or_replaced(
    tmp_path: Path, what: Callable[[Path, Path], None]
) -> None:
    folder = tmp_path / "state"
    folder.mkdir()
    path = folder / "journal.sqlite"
    with Journal(path) as before:
        before.conclude(before.begin(INTENT, ATTEMPT), Status.MINED, "")
    backup = Path(shutil.copyfile(path, tmp_path / "backup"))
    with Journal(path) as journal:
        second = replace(ATTEMPT, nonce=4)
        journal.conclude(journal.begin(replace(INTENT, plan_number=8), second), Status.MINED, "")
        assert journal.last_plan("0xVault") == 8
        what(path, backup)
        for _ in range(2):
            with pytest.raises(JournalDamaged) as refused:
                journal.begin(replace(INTENT, plan_number=9), replace(ATTEMPT, nonce=5))
            assert refused.value.reason.code is Code.JOURNAL_DAMAGED
            assert str(folder) in str(refused.value)
        with pytest.raises(JournalDamaged):
            journal.next_nonce("0xSigner")


def test_what_went_into_a_journal_that_went_away_meanwhile_was_not_written(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"

    def write(journal: Journal) -> None:
        with journal._store.transaction():
            journal._store.rows(
                "INSERT INTO acceptances (signer, nonce, last_intent, person, note) VALUES ('', 1, 0, '', '')"
            )
            path.unlink()

    with Journal(path) as journal, pytest.raises(JournalDamaged):
        write(journal)


def test_whoever_only_reads_a_journal_and_whatever_it_grows_to_disturbs_nothing(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    with Journal(path) as journal:
        size = path.stat().st_size
        for number in range(60):
            intent = replace(INTENT, plan_number=number, calldata=bytes(100_000))
            journal.conclude(journal.begin(intent, replace(ATTEMPT, nonce=number)), Status.MINED, "")
            reader = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
            assert reader.execute("SELECT COUNT(*) FROM intents").fetchone() == (number + 1,)
            reader.close()
        assert path.stat().st_size > size, "the log was never brought into the file, so nothing was tried"
        assert journal.last_plan("0xVault") == 59
