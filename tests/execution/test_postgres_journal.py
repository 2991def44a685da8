"""The journal in PostgreSQL keeps the same promises, and a new leader can take it from one that does not let go."""

import multiprocessing
import os
import re
import signal
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sql
from eth_utils.crypto import keccak

from agent.execution import Journal, JournalDamaged, JournalError, JournalLocked, LocalBroadcaster, Sender, open_journal
from agent.execution.journal import UnfinishedIntent
from agent.execution.records import Attempt, Intent, Kind, Status

RAW = b"signed bytes"
INTENT = Intent(
    "0xSigner", 31337, "0xVault", 7, b"calldata", "because", bytes(32), 100, 1_750_000_000, 1_750_000_120, True
)
ATTEMPT = Attempt(RAW, "0x" + keccak(RAW).hex(), 3, 500_000, 2 * 10**9, 10**8, Kind.PLAN, 1_750_000_000)


@pytest.fixture
def url(postgres: str) -> str:
    """A database of its own, because there is one journal in each."""
    server = sql.create_engine(postgres, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(sql.text("DROP DATABASE IF EXISTS journal WITH (FORCE)"))
        connection.execute(sql.text("CREATE DATABASE journal"))
    server.dispose()
    return postgres.replace("/postgres?", "/journal?")


def test_what_was_begun_is_there_after_reopening_with_the_same_bytes(url: str) -> None:
    with open_journal(url) as journal:
        intent_id = journal.begin(INTENT, ATTEMPT)
        with pytest.raises(UnfinishedIntent):
            journal.begin(INTENT, ATTEMPT)
    with open_journal(url) as journal:
        found = journal.unfinished("0xSigner")
        assert found is not None
        assert (found.intent_id, found.intent, found.attempt) == (intent_id, INTENT, ATTEMPT)
        journal.conclude(intent_id, Status.MINED, "", block_number=101, gas_used=1, gas_price_wei=2**80)
        assert (journal.unfinished("0xSigner"), journal.next_nonce("0xSigner"), journal.last_plan("0xVault")) == (
            None,
            4,
            7,
        )


def test_a_sender_works_on_it_as_on_a_file(url: str, chain: Any) -> None:
    with open_journal(url) as journal:
        sender = Sender(chain.node, chain.signer, journal, LocalBroadcaster(chain.node), 50.0, 10**8)
        for number in (1, 2):
            outcome = sender.send(chain.rehearsed(number), "")
            assert outcome.status is Status.MINED  # type: ignore[union-attr]
            sender.record_effect(outcome, [])  # type: ignore[arg-type]
    assert chain.count() == 2


def hold(url: str, ready: Any) -> None:
    with open_journal(url):
        ready.send(os.getpid())
        ready.recv()


def holder_of(url: str) -> tuple[multiprocessing.Process, int]:
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("fork").Process(target=hold, args=(url, theirs))
    process.start()
    return process, ours.recv()  # type: ignore[return-value]


def test_a_second_process_is_refused_and_told_who_holds_the_journal(url: str) -> None:
    process, pid = holder_of(url)
    try:
        with pytest.raises(JournalLocked, match=rf"in use by ballast \S+ process {pid}$"):
            open_journal(url)
    finally:
        os.kill(pid, signal.SIGKILL)
        process.join()


def test_a_new_leader_takes_the_journal_from_a_frozen_one_whose_next_write_fails(url: str) -> None:
    with open_journal(url) as frozen:
        frozen.begin(INTENT, ATTEMPT)
        with open_journal(url, takeover=True) as leader:
            found = leader.unfinished("0xSigner")
            assert found is not None
            leader.conclude(found.intent_id, Status.MINED, "")
            with pytest.raises(JournalError):
                frozen.begin(replace(INTENT, plan_number=8), ATTEMPT)
            assert leader.unfinished("0xSigner") is None


def test_bytes_that_changed_in_the_database_are_never_handed_out(url: str) -> None:
    with open_journal(url) as journal:
        journal.begin(INTENT, ATTEMPT)
    engine = sql.create_engine(url)
    with engine.begin() as connection:
        connection.execute(sql.text("UPDATE attempts SET nonce = 4"))
    with open_journal(url) as journal, pytest.raises(JournalDamaged):
        journal.unfinished("0xSigner")
    with engine.begin() as connection:
        connection.execute(sql.text("UPDATE journal_schema SET version = 1"))
    engine.dispose()
    with pytest.raises(JournalDamaged, match="expected schema 2, found 1"):
        open_journal(url)


def test_a_server_that_does_not_write_before_it_answers_is_refused(url: str) -> None:
    engine = sql.create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sql.text("ALTER DATABASE journal SET synchronous_commit = off"))
    engine.dispose()
    with pytest.raises(JournalError, match="synchronous_commit off"):
        open_journal(url)


def test_a_server_that_is_away_is_an_error_without_the_password() -> None:
    with pytest.raises(JournalError) as error:
        open_journal("postgresql://agent:hunter2hunter2@127.0.0.1:1/journal")
    assert not re.search("hunter2", str(error.value))


def test_a_path_is_a_file(tmp_path: Any) -> None:
    with open_journal(str(tmp_path / "journal.db")) as journal:
        assert isinstance(journal, Journal)
        assert journal.name.endswith("journal.db")
