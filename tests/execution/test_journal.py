import multiprocessing
import os
import signal
import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from eth_utils.crypto import keccak

from agent.execution.journal import Journal, JournalError, JournalLocked, UnfinishedIntent
from agent.execution.records import Attempt, Intent, Status
from agent.reasons import Code

RAW = b"signed bytes"
INTENT = Intent("0xSigner", 31337, "0xVault", 7, b"calldata", "because", bytes(32), 100, 1_750_000_000)
ATTEMPT = Attempt(RAW, "0x" + keccak(RAW).hex(), 3, 500_000, 2 * 10**9, 10**8)


def another_attempt(nonce: int) -> Attempt:
    raw = RAW + bytes([nonce])
    return replace(ATTEMPT, raw=raw, hash="0x" + keccak(raw).hex(), nonce=nonce)


def test_what_was_begun_is_there_after_reopening_with_the_same_bytes(tmp_path: Path) -> None:
    with Journal(tmp_path / "journal.db") as journal:
        intent_id = journal.begin(INTENT, ATTEMPT)
    with Journal(tmp_path / "journal.db") as journal:
        found = journal.unfinished("0xSigner")
    assert found is not None
    assert (found.intent_id, found.intent, found.attempt) == (intent_id, INTENT, ATTEMPT)


def test_a_second_intent_waits_for_the_first(tmp_path: Path) -> None:
    with Journal(tmp_path / "journal.db") as journal:
        first = journal.begin(INTENT, ATTEMPT)
        with pytest.raises(UnfinishedIntent):
            journal.begin(INTENT, another_attempt(4))
        journal.begin(replace(INTENT, signer="0xOther"), another_attempt(5))
        journal.conclude(first, Status.UNKNOWN, "no answer")
        with pytest.raises(UnfinishedIntent):
            journal.begin(INTENT, another_attempt(4))
        journal.conclude(first, Status.MINED, "", block_number=101, gas_used=1, gas_price_wei=1)
        journal.begin(INTENT, another_attempt(4))


def test_the_next_nonce_counts_only_what_the_chain_took(tmp_path: Path) -> None:
    with Journal(tmp_path / "journal.db") as journal:
        assert journal.next_nonce("0xSigner") is None
        journal.conclude(journal.begin(INTENT, ATTEMPT), Status.MINED, "")
        assert journal.next_nonce("0xSigner") == 4
        journal.conclude(journal.begin(INTENT, another_attempt(4)), Status.REFUSED, "insufficient funds")
        assert journal.next_nonce("0xSigner") == 4
        journal.conclude(journal.begin(INTENT, another_attempt(5)), Status.REVERTED, "")
        assert journal.next_nonce("0xSigner") == 6


def test_an_effect_is_added_to_the_last_outcome(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    with Journal(path) as journal:
        intent_id = journal.begin(INTENT, ATTEMPT)
        with pytest.raises(JournalError, match="no outcome"):
            journal.record_effect(intent_id, "complete")
        journal.conclude(intent_id, Status.UNKNOWN, "no answer")
        journal.conclude(intent_id, Status.MINED, "")
        journal.record_effect(intent_id, "complete")
    rows = sqlite3.connect(path).execute("SELECT status, effect FROM outcomes ORDER BY id").fetchall()
    assert rows == [("unknown", None), ("mined", "complete")]


def hold_journal(path: Path, ready: "multiprocessing.connection.Connection") -> None:
    with Journal(path):
        ready.send(os.getpid())
        ready.recv()


def test_a_second_process_is_refused_and_told_who_holds_the_journal(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    ours, theirs = multiprocessing.Pipe()
    holder = multiprocessing.get_context("fork").Process(target=hold_journal, args=(path, theirs))
    holder.start()
    try:
        pid = ours.recv()
        with pytest.raises(JournalLocked, match=f"in use by process {pid}$"):
            Journal(path)
    finally:
        os.kill(holder.pid or 0, signal.SIGKILL)
        holder.join()
    Journal(path).close()  # a killed holder leaves no lock behind


def test_a_full_disk_is_an_error_and_leaves_no_half_written_intent(tmp_path: Path) -> None:
    with Journal(tmp_path / "journal.db") as journal:
        (pages,) = journal._store.rows("PRAGMA page_count")[0]
        journal._store.rows(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(JournalError, match="full"):
            journal.begin(replace(INTENT, calldata=bytes(1_000_000)), ATTEMPT)
        assert journal.unfinished("0xSigner") is None


def test_refuses_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="absent"):
        Journal(tmp_path / "absent" / "journal.db")


def test_refuses_a_damaged_file(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    with Journal(path) as journal:
        journal.begin(INTENT, ATTEMPT)
    content = bytearray(path.read_bytes())
    content[4096 : 4096 + 64] = b"\xff" * 64
    path.write_bytes(content)
    with pytest.raises(JournalError):
        Journal(path)


def test_refuses_a_file_that_is_no_journal(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    path.write_bytes(b"not a database, " * 100)
    with pytest.raises(JournalError):
        Journal(path)


def test_refuses_another_schema(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    Journal(path).close()
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA user_version = 99")
    with pytest.raises(JournalError, match="expected schema 2, found 99"):
        Journal(path)


@pytest.mark.parametrize("change", ["calldata = x'00'", "calldata = zeroblob(8)"])
def test_never_hands_out_bytes_that_changed_on_disk(tmp_path: Path, change: str) -> None:
    path = tmp_path / "journal.db"
    with Journal(path) as journal:
        journal.begin(INTENT, ATTEMPT)
    with sqlite3.connect(path) as database:
        database.execute(f"UPDATE intents SET {change}")
    with Journal(path) as journal, pytest.raises(JournalError, match="digest"):
        journal.unfinished("0xSigner")


def test_never_hands_out_signed_bytes_that_changed_on_disk(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    with Journal(path) as journal:
        journal.begin(INTENT, ATTEMPT)
    with sqlite3.connect(path) as database:
        database.execute("UPDATE attempts SET raw = x'00'")
    with Journal(path) as journal, pytest.raises(JournalError, match="digest"):
        journal.unfinished("0xSigner")


def test_writes_are_durable_when_they_return(tmp_path: Path) -> None:
    with Journal(tmp_path / "journal.db") as journal:
        (mode,) = journal._store.rows("PRAGMA journal_mode")[0]
        (synchronous,) = journal._store.rows("PRAGMA synchronous")[0]
    assert (mode, synchronous) == ("wal", 2)


def test_further_bytes_of_an_intent_keep_its_nonce(tmp_path: Path) -> None:
    with Journal(tmp_path / "journal.db") as journal:
        intent_id = journal.begin(INTENT, ATTEMPT)
        with pytest.raises(ValueError, match="nonce"):
            journal.add_attempt(intent_id, another_attempt(4))
        dearer = replace(another_attempt(3), max_fee_wei=3 * 10**9)
        journal.add_attempt(intent_id, dearer)
        found = journal.unfinished("0xSigner")
    assert found is not None
    assert found.attempts == (ATTEMPT, dearer)


def test_plans_carried_out_are_those_whose_last_word_is_mined(tmp_path: Path) -> None:
    with Journal(tmp_path / "journal.db") as journal:
        for number, statuses in enumerate(
            ([Status.MINED], [Status.REVERTED], [Status.MINED, Status.UNKNOWN, Status.CANCELLED], [Status.MINED] * 2)
        ):
            intent_id = journal.begin(replace(INTENT, plan_number=number), another_attempt(number))
            for status in statuses:
                journal.conclude(intent_id, status, "")
        assert (journal.plans_carried_out("0xVault"), journal.last_plan("0xVault")) == (2, 3)
        assert journal.next_nonce("0xSigner") == 4


def test_an_intent_whose_bytes_are_gone_is_damage(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    with Journal(path) as journal:
        journal.begin(INTENT, ATTEMPT)
    with sqlite3.connect(path) as database:
        database.execute("DELETE FROM attempts")
    with Journal(path) as journal, pytest.raises(JournalError, match="gone"):
        journal.unfinished("0xSigner")


def test_what_settles_is_watched_until_it_is_final(tmp_path: Path) -> None:
    with Journal(tmp_path / "journal.db") as journal:
        intent_id = journal.begin(INTENT, ATTEMPT)
        journal.conclude(intent_id, Status.MINED, "", block_number=9, block_hash="0xab", final=False)
        assert journal.unfinished("0xSigner") is None
        (watched,) = journal.watched("0xSigner")
        assert watched.block_hash == "0xab"
        journal.begin(replace(INTENT, plan_number=8), another_attempt(4))
        assert [one.attempt.nonce for one in journal.watched("0xSigner")] == [3, 4]
        journal.settle(intent_id)
        assert [one.attempt.nonce for one in journal.watched("0xSigner")] == [4]


def test_the_newest_plan_is_the_one_that_was_begun_last_whatever_came_of_it(tmp_path: Path) -> None:
    with Journal(tmp_path / "journal.db") as journal:
        assert journal.newest_plan("0xVault") is None
        journal.conclude(journal.begin(INTENT, ATTEMPT), Status.MINED, "")
        journal.conclude(journal.begin(replace(INTENT, plan_number=8), another_attempt(4)), Status.REFUSED, "")
        assert journal.newest_plan("0xVault") == 8
        assert journal.newest_plan("0xOther") is None


@pytest.mark.parametrize("nobody", ["", "  "])
def test_nobody_may_accept_anything(tmp_path: Path, nobody: str) -> None:
    with Journal(tmp_path / "journal.db") as journal:
        with pytest.raises(ValueError, match="a name is needed"):
            journal.accept("0xSigner", 5, nobody, "looked")
        assert journal.next_nonce("0xSigner") is None
        journal.accept("0xSigner", 5, "ann", "looked")
        assert journal.next_nonce("0xSigner") == 5
        assert journal._store.rows("SELECT person, note FROM acceptances") == [("ann", "looked")]


def test_an_accepted_nonce_holds_for_its_signer_until_the_chain_took_a_later_one(tmp_path: Path) -> None:
    with Journal(tmp_path / "journal.db") as journal:
        journal.accept("0xSigner", 5, "ann", "")
        journal.accept("0xOther", 50, "ann", "")
        journal.conclude(journal.begin(INTENT, another_attempt(5)), Status.MINED, "")
        assert journal.next_nonce("0xSigner") == 6


def test_the_nonce_that_was_accepted_last_counts_because_a_reorganisation_may_take_one_back(tmp_path: Path) -> None:
    with Journal(tmp_path / "journal.db") as journal:
        journal.conclude(journal.begin(INTENT, another_attempt(4)), Status.MINED, "")
        journal.accept("0xSigner", 6, "ann", "a stranger's")
        assert journal.next_nonce("0xSigner") == 6
        journal.accept("0xSigner", 5, "ann", "the chain lost it")
        assert journal.next_nonce("0xSigner") == 5
        journal.accept("0xSigner", 3, "ann", "what was mined for us counts all the same")
        assert journal.next_nonce("0xSigner") == 5


def test_everything_an_outcome_tells_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    with Journal(path) as journal:
        intent_id = journal.begin(INTENT, ATTEMPT)
        journal.conclude(
            intent_id,
            Status.REVERTED,
            "why",
            code=Code.TRANSACTION_REVERTED,
            transaction_hash="0xaa",
            block_number=101,
            block_hash="0xbb",
            gas_used=21_000,
            gas_price_wei=2**80,
            revert_name="Cooldown",
        )
        journal.conclude(intent_id, Status.UNKNOWN, "no answer")
    database = sqlite3.connect(path)
    columns = "status, code, note, hash, block_number, block_hash, gas_used, gas_price_wei, revert_name"
    assert database.execute(f"SELECT {columns} FROM outcomes ORDER BY id").fetchall() == [
        ("reverted", "TRANSACTION_REVERTED", "why", "0xaa", 101, "0xbb", 21_000, str(2**80), "Cooldown"),
        ("unknown", "", "no answer", None, None, None, None, None, None),
    ]
    assert database.execute("SELECT plan_digest, nonce FROM intents").fetchall() == [(INTENT.digest(), ATTEMPT.nonce)]
    database.close()


class TestRepeatedRevert:
    def revert(self, journal: Journal, name: str, number: int, **changes: Any) -> None:
        intent_id = journal.begin(replace(INTENT, plan_number=number, **changes), another_attempt(number))
        journal.conclude(intent_id, Status.REVERTED, "", revert_name=name)

    def test_is_the_name_of_the_same_error_twice_in_a_row(self, tmp_path: Path) -> None:
        with Journal(tmp_path / "journal.db") as journal:
            self.revert(journal, "Cooldown", 1)
            assert journal.repeated_revert("0xVault") is None
            self.revert(journal, "Cooldown", 2, vault="0xOther")
            assert journal.repeated_revert("0xVault") is None
            self.revert(journal, "Cooldown", 3)
            assert journal.repeated_revert("0xVault") == "Cooldown"
            self.revert(journal, "NetDelta", 4)
            assert journal.repeated_revert("0xVault") is None

    def test_a_plan_between_that_went_through_ends_it(self, tmp_path: Path) -> None:
        with Journal(tmp_path / "journal.db") as journal:
            self.revert(journal, "Cooldown", 1)
            journal.conclude(journal.begin(INTENT, another_attempt(2)), Status.MINED, "")
            self.revert(journal, "Cooldown", 3)
            assert journal.repeated_revert("0xVault") is None

    def test_is_lifted_by_a_person_for_this_signer_only(self, tmp_path: Path) -> None:
        with Journal(tmp_path / "journal.db") as journal:
            self.revert(journal, "Cooldown", 1)
            self.revert(journal, "Cooldown", 2)
            journal.accept("0xOther", 3, "ann", "")
            assert journal.repeated_revert("0xVault") == "Cooldown"
            journal.accept("0xSigner", 3, "ann", "")
            assert journal.repeated_revert("0xVault") is None


def test_what_was_written_off_is_found_by_its_nonces(tmp_path: Path) -> None:
    with Journal(tmp_path / "journal.db") as journal:
        ids = []
        for nonce in (3, 4, 5):
            ids.append(journal.begin(INTENT, another_attempt(nonce)))
            journal.conclude(ids[-1], Status.REFUSED, "")
        journal.begin(INTENT, another_attempt(4))
        assert [one.intent_id for one in journal.written_off("0xSigner", 3, 5)] == ids[:2]
        assert [one.intent_id for one in journal.written_off("0xSigner", 4, 5)] == ids[1:2]
        assert journal.written_off("0xOther", 3, 5) == []


def test_plans_of_other_vaults_and_signers_do_not_count(tmp_path: Path) -> None:
    with Journal(tmp_path / "journal.db") as journal:
        journal.conclude(journal.begin(INTENT, ATTEMPT), Status.MINED, "")
        assert (journal.plans_carried_out("0xOther"), journal.last_plan("0xOther")) == (0, None)
        assert journal.next_nonce("0xOther") is None
        assert journal.watched("0xOther") == []
