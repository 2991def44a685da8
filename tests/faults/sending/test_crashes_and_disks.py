"""Faults 71, 73 and 74: a kill at any point, a disk that breaks, a journal that is damaged or old."""

import multiprocessing
import random
import resource
import signal
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from counting_chain import CountingChain
from sender_answers import code_of, outcome_of
from sent_plans import burn_nonces, hold, sender_on

from agent.chaos.crash import POINTS, crash
from agent.execution import Journal, JournalDamaged, JournalError, LocalBroadcaster, LocalSigner, Status
from agent.reasons import Code
from chains.local.accounts import AGENT_TEST_KEY
from chains.rpc import Node


@pytest.mark.slow
def test_fault_71_killed_at_every_point_nothing_is_lost_doubled_or_unexplained(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(Path(__file__).parents[3])
    assert crash(len(POINTS), 11, tmp_path) == 0
    assert capsys.readouterr().out.splitlines()[-1] == f"kills {len(POINTS)}, lost 0, doubled 0, unreconciled 0"


def fill_disk(journal: Journal) -> None:
    ((pages,),) = journal._store.rows("PRAGMA page_count")
    journal._store.rows(f"PRAGMA max_page_count = {pages}")


def make_read_only(journal: Journal) -> None:
    journal._store.rows("PRAGMA query_only = 1")


@pytest.mark.parametrize("harm", [fill_disk, make_read_only])
def test_fault_73_what_cannot_be_written_is_not_sent(
    chain: CountingChain, journal: Journal, harm: Callable[[Journal], None]
) -> None:
    sender = sender_on(chain, journal)
    harm(journal)
    with pytest.raises(JournalError) as error:
        sender.send(chain.rehearsed(calldata=bytes(100_000)), "")
    assert error.value.reason.code is Code.JOURNAL_UNWRITABLE
    assert (chain.count(), chain.nonce()) == (0, 0)


def send_with_a_broken_disk(url: str, path: Path, told: Any) -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    node = Node(url)
    with Journal(path) as journal:
        chain = CountingChain(node, url, LocalSigner(AGENT_TEST_KEY))
        sender = sender_on(chain, journal)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4_096, 4_096))  # every write beyond fails in the kernel
        try:
            sender.send(chain.rehearsed(calldata=bytes(300_000)), "")
        except JournalError as error:
            told.send(str(error.reason.code))


def test_fault_73_a_disk_that_breaks_while_it_writes_means_no_send(chain: CountingChain, tmp_path: Path) -> None:
    ours, theirs = multiprocessing.Pipe()
    arguments = (chain.url, tmp_path / "journal.db", theirs)
    process = multiprocessing.get_context("fork").Process(target=send_with_a_broken_disk, args=arguments)
    process.start()
    process.join(20)
    assert ours.poll()
    assert (ours.recv(), chain.nonce()) == ("JOURNAL_UNWRITABLE", 0)


def test_fault_73_a_file_system_that_cannot_be_written_is_refused_at_the_start() -> None:
    with pytest.raises(JournalError) as error:
        Journal(Path("/proc/journal.db"))
    assert error.value.reason.code is Code.JOURNAL_UNWRITABLE


def test_fault_74_a_flipped_bit_is_found_or_harmless(chain: CountingChain, tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    with Journal(path) as journal:
        hold(chain, journal)
        written = journal.unfinished(chain.signer.address)
    content, chance = path.read_bytes(), random.Random(74)
    refused: list[Code] = []
    for _ in range(300):
        position, bit = chance.randrange(len(content)), 1 << chance.randrange(8)
        path.write_bytes(content[:position] + bytes([content[position] ^ bit]) + content[position + 1 :])
        for suffix in ("-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)
        try:
            with Journal(path) as journal:
                found = journal.unfinished(chain.signer.address)
                assert found in (written, None)
        except JournalError as error:
            refused.append(error.reason.code)
    assert len(refused) > 10
    assert set(refused) <= {Code.JOURNAL_DAMAGED, Code.JOURNAL_UNWRITABLE}


@pytest.mark.parametrize("kept", [0.9, 0.5, 0.1])
def test_fault_74_a_truncated_journal_is_refused(chain: CountingChain, tmp_path: Path, kept: float) -> None:
    path = tmp_path / "journal.db"
    with Journal(path) as journal:
        hold(chain, journal)
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * kept)])
    with pytest.raises(JournalError) as error, Journal(path) as journal:
        journal.watched(chain.signer.address)
    assert error.value.reason.code in (Code.JOURNAL_DAMAGED, Code.JOURNAL_UNWRITABLE)


def test_fault_74_a_journal_of_an_older_schema_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    Journal(path).close()
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA user_version = 1")
    with pytest.raises(JournalDamaged, match="expected schema 2, found 1"):
        Journal(path)


def test_fault_74_a_journal_from_yesterdays_backup_sends_nothing_again(chain: CountingChain, tmp_path: Path) -> None:
    path, backup = tmp_path / "journal.db", tmp_path / "backup.db"
    with Journal(path) as journal:
        sender = sender_on(chain, journal, broadcaster=LocalBroadcaster(chain.node))
        outcome_of(sender.send(chain.rehearsed(1), ""))
    backup.write_bytes(path.read_bytes())
    with Journal(path) as journal:
        sender = sender_on(chain, journal, broadcaster=LocalBroadcaster(chain.node))
        for number in (2, 3):
            outcome_of(sender.send(chain.rehearsed(number), ""))
    with Journal(backup) as journal:
        sender = sender_on(chain, journal, broadcaster=LocalBroadcaster(chain.node))
        assert sender.finish_unfinished() is None
        assert code_of(sender.send(chain.rehearsed(4), "")) is Code.JOURNAL_BEHIND
    assert (chain.count(), chain.nonce()) == (3, 3)


def test_fault_74_a_new_journal_for_a_key_that_was_used_needs_a_person(chain: CountingChain, tmp_path: Path) -> None:
    burn_nonces(chain, 1)
    with Journal(tmp_path / "new.db") as journal:
        sender = sender_on(chain, journal, broadcaster=LocalBroadcaster(chain.node))
        assert code_of(sender.send(chain.rehearsed(9), "")) is Code.JOURNAL_BEHIND
        with pytest.raises(ValueError, match="name"):
            journal.accept(chain.signer.address, 1, " ", "")
        journal.accept(chain.signer.address, 1, "Ada", "a new machine")
        assert outcome_of(sender.send(chain.rehearsed(9), "")).status is Status.MINED
