"""The process is killed with SIGKILL at every named point of a send; whoever starts next leaves exactly one effect."""

import multiprocessing
import os
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agent.execution import Journal, LiveBroadcaster, LocalBroadcaster, LocalSigner, NodeSender, Sender, Status
from agent.execution.records import Attempt, Intent
from agent.execution.rehearsal import Rehearsed
from agent.execution.signer import Signed, Transaction
from chains.local.accounts import AGENT_TEST_KEY
from chains.rpc import Node


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class DiesBeforeSigning(LocalSigner):
    def sign(self, transaction: Transaction) -> Signed:
        die()
        return super().sign(transaction)


class DiesAfterSigning(LocalSigner):
    def sign(self, transaction: Transaction) -> Signed:
        super().sign(transaction)
        die()
        raise AssertionError


class DiesInsideTheJournalWrite(Journal):
    def begin(self, intent: Intent, attempt: Attempt) -> int:
        # Everything is written, the commit is not.
        self._store._database.set_trace_callback(lambda statement: die() if statement == "COMMIT" else None)
        return super().begin(intent, attempt)


class DiesBeforeBroadcast(LocalBroadcaster):
    def broadcast(self, raw: bytes, transaction_hash: str, *, private: bool = False) -> Any:
        die()


class DiesAfterBroadcast(LocalBroadcaster):
    def broadcast(self, raw: bytes, transaction_hash: str, *, private: bool = False) -> Any:
        super().broadcast(raw, transaction_hash, private=private)
        die()


class DiesWhilePending(LiveBroadcaster):
    def __init__(self, node: Node) -> None:
        super().__init__(node, NodeSender(node))

    def receipt(self, transaction_hash: str) -> Any:
        die()


class DiesBeforeTheOutcome(Journal):
    def conclude(self, *args: Any, **kwargs: Any) -> None:
        die()


class DiesAfterTheOutcome(Journal):
    def conclude(self, *args: Any, **kwargs: Any) -> None:
        super().conclude(*args, **kwargs)
        die()


def run_until_death(url: str, path: Path, rehearsed: Rehearsed, parts: dict[str, Callable[..., Any]]) -> None:
    node = Node(url)
    signer = parts.get("signer", LocalSigner)(AGENT_TEST_KEY)
    with parts.get("journal", Journal)(path) as journal:
        Sender(node, signer, journal, parts.get("broadcaster", LocalBroadcaster)(node), 50.0, 10**8).send(rehearsed, "")


def kill_a_send(chain: Any, path: Path, **parts: Callable[..., Any]) -> None:
    arguments = (chain.url, path, chain.rehearsed(), parts)
    process = multiprocessing.get_context("fork").Process(target=run_until_death, args=arguments)
    process.start()
    process.join(10)
    assert process.exitcode == -signal.SIGKILL


def restart(chain: Any, path: Path) -> Status | None:
    """What a new process does first; returns how the unfinished intent ended."""
    with Journal(path) as journal:
        sender = Sender(chain.node, chain.signer, journal, LocalBroadcaster(chain.node), 50.0, 10**8)
        outcome = sender.finish_unfinished()
        assert sender.finish_unfinished() is None
    return outcome.status if outcome else None


@pytest.mark.parametrize(
    "parts",
    [{"signer": DiesBeforeSigning}, {"signer": DiesAfterSigning}, {"journal": DiesInsideTheJournalWrite}],
    ids=["before signing", "after signing", "inside the journal write"],
)
def test_before_the_journal_is_written_nothing_happened(chain: Any, tmp_path: Path, parts: dict[str, Any]) -> None:
    kill_a_send(chain, tmp_path / "journal.db", **parts)
    assert restart(chain, tmp_path / "journal.db") is None
    assert (chain.count(), chain.nonce()) == (0, 0)


@pytest.mark.parametrize(
    "parts",
    [
        {"broadcaster": DiesBeforeBroadcast},
        {"broadcaster": DiesAfterBroadcast},
        {"journal": DiesBeforeTheOutcome},
    ],
    ids=["before the broadcast", "after the broadcast", "before the outcome"],
)
def test_after_the_journal_is_written_there_is_exactly_one_effect(
    chain: Any, tmp_path: Path, parts: dict[str, Any]
) -> None:
    kill_a_send(chain, tmp_path / "journal.db", **parts)
    with Journal(tmp_path / "journal.db") as journal:
        written = journal.unfinished(chain.signer.address)
    assert written is not None
    assert restart(chain, tmp_path / "journal.db") is Status.MINED
    assert (chain.count(), chain.nonce()) == (1, 1)
    assert chain.node.call("eth_getTransactionReceipt", written.attempt.hash)["status"] == "0x1"


def test_killed_while_pending_there_is_exactly_one_effect(chain: Any, tmp_path: Path) -> None:
    chain.set_automine(False)
    kill_a_send(chain, tmp_path / "journal.db", broadcaster=DiesWhilePending)
    chain.set_automine(True)
    chain.mine()
    assert restart(chain, tmp_path / "journal.db") is Status.MINED
    assert (chain.count(), chain.nonce()) == (1, 1)


def test_after_the_outcome_nothing_is_left_to_do(chain: Any, tmp_path: Path) -> None:
    kill_a_send(chain, tmp_path / "journal.db", journal=DiesAfterTheOutcome)
    assert restart(chain, tmp_path / "journal.db") is None
    assert (chain.count(), chain.nonce()) == (1, 1)


def test_a_second_kill_during_recovery_changes_nothing(chain: Any, tmp_path: Path) -> None:
    kill_a_send(chain, tmp_path / "journal.db", broadcaster=DiesBeforeBroadcast)

    def recover(broadcaster: Callable[[Node], Any]) -> None:
        node = Node(chain.url)
        with Journal(tmp_path / "journal.db") as journal:
            Sender(node, LocalSigner(AGENT_TEST_KEY), journal, broadcaster(node), 50.0, 10**8).finish_unfinished()

    process = multiprocessing.get_context("fork").Process(target=recover, args=(DiesAfterBroadcast,))
    process.start()
    process.join(10)
    assert process.exitcode == -signal.SIGKILL
    assert restart(chain, tmp_path / "journal.db") is Status.MINED
    assert (chain.count(), chain.nonce()) == (1, 1)


def test_a_journal_restored_from_an_older_copy_sends_nothing_again(chain: Any, tmp_path: Path) -> None:
    kill_a_send(chain, tmp_path / "journal.db", broadcaster=DiesBeforeBroadcast)
    old_copy = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert restart(chain, tmp_path / "journal.db") is Status.MINED
    with Journal(tmp_path / "journal.db") as journal:
        sender = Sender(chain.node, chain.signer, journal, LocalBroadcaster(chain.node), 50.0, 10**8)
        sender.send(replace(chain.rehearsed(2)), "")
    for path in tmp_path.iterdir():
        path.unlink()
    for name, content in old_copy.items():
        (tmp_path / name).write_bytes(content)
    assert restart(chain, tmp_path / "journal.db") is Status.MINED  # its receipt is found, nothing is sent
    assert chain.count() == 2
    with Journal(tmp_path / "journal.db") as journal:
        sender = Sender(chain.node, chain.signer, journal, LocalBroadcaster(chain.node), 50.0, 10**8)
        refused = sender.send(chain.rehearsed(3), "")
    assert [str(reason.code) for reason in refused.reasons] == ["JOURNAL_BEHIND"]
    assert chain.count() == 2
