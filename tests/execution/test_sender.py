import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from counting_chain import wait_for_pending
from lying_proxy import LyingProxy
from sender_answers import code_of, live, outcome_of

from agent.decision import Refused
from agent.execution import (
    Journal,
    JournalError,
    LocalBroadcaster,
    Sender,
    SendRules,
    Status,
)
from agent.execution.signer import Signed, SigningRefused, Transaction
from agent.reasons import Code
from chains.rpc import Node, RpcUnavailable

PRIORITY_FEE_WEI = 10**8
MAX_FEE_GWEI = 50.0


def sender_on(chain: Any, journal: Journal, broadcaster: Any = None) -> Sender:
    return Sender(
        chain.node, chain.signer, journal, broadcaster or LocalBroadcaster(chain.node), MAX_FEE_GWEI, PRIORITY_FEE_WEI
    )


def hangs_up_after(method: str) -> Any:
    """The node acts, and its answer never arrives."""

    def tell(entry: Any, result: Any) -> Any:
        if entry["method"] == method:
            raise ConnectionAbortedError(method)
        return result

    return tell


def test_a_plan_is_sent_once_and_its_outcome_written(chain: Any, journal: Journal) -> None:
    sender = sender_on(chain, journal)
    outcome = outcome_of(sender.send(chain.rehearsed(), "first"))
    assert (outcome.status, outcome.reasons, chain.count()) == (Status.MINED, (), 1)
    assert outcome.block_number == chain.node.head().number
    assert sender.finish_unfinished() is None
    assert outcome_of(sender.send(chain.rehearsed(2), "second")).status is Status.MINED
    assert chain.count() == 2


def test_the_block_gets_the_time_the_caller_gives(chain: Any, journal: Journal) -> None:
    wanted = chain.node.head().timestamp + 12
    sender, rehearsed = sender_on(chain, journal, LocalBroadcaster(chain.node, lambda: wanted)), chain.rehearsed()
    before = chain.node.round_trips
    outcome_of(sender.send(rehearsed, ""))
    assert chain.node.round_trips - before == 2, "the time is set in the round trip of the bytes"
    assert chain.node.head().timestamp == wanted


def test_a_live_chain_is_asked_until_the_receipt_is_there(chain: Any, journal: Journal) -> None:
    chain.set_automine(False)
    miner_node = Node(chain.url)

    def mine_later() -> None:
        wait_for_pending(miner_node)
        time.sleep(0.2)
        miner_node.call("evm_mine")

    miner = threading.Thread(target=mine_later)
    miner.start()
    rules = SendRules(wait_s=30, poll_s=0.02)
    fees = (MAX_FEE_GWEI, PRIORITY_FEE_WEI)
    sender = Sender(chain.node, chain.signer, journal, live(chain.node), *fees, rules=rules)
    outcome = outcome_of(sender.send(chain.rehearsed(), ""))
    miner.join()
    miner_node.close()
    assert (outcome.status, chain.count()) == (Status.MINED, 1)


def test_the_bytes_are_in_the_journal_before_they_go_out(chain: Any, journal: Journal) -> None:
    seen: list[bytes] = []

    class Watching(LocalBroadcaster):
        def broadcast(self, raw: bytes, transaction_hash: str, *, private: bool = False) -> Any:
            written = journal.unfinished(chain.signer.address)
            assert written is not None
            assert (written.attempt.raw, written.attempt.hash) == (raw, transaction_hash)
            seen.append(raw)
            return super().broadcast(raw, transaction_hash)

    outcome_of(sender_on(chain, journal, Watching(chain.node)).send(chain.rehearsed(), ""))
    assert len(seen) == 1


def test_nothing_goes_out_when_the_journal_cannot_be_written(chain: Any, journal: Journal) -> None:
    ((pages,),) = journal._store.rows("PRAGMA page_count")
    journal._store.rows(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(JournalError):
        sender_on(chain, journal).send(chain.rehearsed(calldata=bytes(100_000)), "")
    assert (chain.count(), chain.nonce()) == (0, 0)


def test_nothing_goes_out_when_the_signer_refuses(chain: Any, journal: Journal) -> None:
    class Refusing:
        address = chain.signer.address

        def sign(self, transaction: Transaction) -> Signed:
            raise SigningRefused("the key is away")

    sender = Sender(chain.node, Refusing(), journal, LocalBroadcaster(chain.node), MAX_FEE_GWEI, PRIORITY_FEE_WEI)
    with pytest.raises(SigningRefused):
        sender.send(chain.rehearsed(), "")
    assert (journal.unfinished(chain.signer.address), chain.nonce()) == (None, 0)


def test_a_reverted_transaction_is_final_and_named(chain: Any, journal: Journal) -> None:
    chain.set_code("0x5f5ffd")
    sender = sender_on(chain, journal)
    outcome = outcome_of(sender.send(chain.rehearsed(), ""))
    assert (outcome.status, code_of(outcome)) == (Status.REVERTED, Code.TRANSACTION_REVERTED)
    assert sender.finish_unfinished() is None
    assert (chain.count(), chain.nonce()) == (0, 1)


def test_an_answer_that_got_lost_is_found_by_its_hash(chain: Any, journal: Journal, proxy: LyingProxy) -> None:
    proxy.tell = hangs_up_after("eth_sendRawTransactionSync")
    node = Node(proxy.url)
    sender = Sender(node, chain.signer, journal, LocalBroadcaster(node), MAX_FEE_GWEI, PRIORITY_FEE_WEI)
    outcome = outcome_of(sender.send(chain.rehearsed(), ""))
    node.close()
    assert (outcome.status, chain.count()) == (Status.MINED, 1)


def test_a_lost_answer_and_no_receipt_is_unknown_until_the_same_bytes_are_seen_mined(
    chain: Any, journal: Journal, proxy: LyingProxy
) -> None:
    chain.set_automine(False)
    proxy.tell = hangs_up_after("eth_sendRawTransaction")
    node = Node(proxy.url)
    sender = Sender(node, chain.signer, journal, live(node), MAX_FEE_GWEI, PRIORITY_FEE_WEI)
    assert code_of(sender.send(chain.rehearsed(), "")) is Code.OUTCOME_UNKNOWN
    assert code_of(sender.send(chain.rehearsed(2), "")) is Code.JOURNAL_UNFINISHED
    node.close()
    chain.mine()
    finished = sender_on(chain, journal).finish_unfinished()
    assert finished is not None
    assert (finished.status, chain.count(), chain.nonce()) == (Status.MINED, 1, 1)


def test_what_is_in_the_pool_is_waited_for_and_not_sent_again(chain: Any, journal: Journal) -> None:
    chain.set_automine(False)
    sender = sender_on(chain, journal, live(chain.node))
    assert outcome_of(sender.send(chain.rehearsed(), "")).status is Status.UNKNOWN
    again = sender.finish_unfinished()
    assert again is not None
    assert again.status is Status.UNKNOWN
    assert again.reasons[0].message == "in the pool, not in a block"
    assert len(journal._store.rows("SELECT id FROM attempts")) == 1
    chain.mine()
    finished = sender.finish_unfinished()
    assert finished is not None
    assert (finished.status, chain.count(), chain.nonce()) == (Status.MINED, 1, 1)


def test_a_transaction_dropped_from_the_pool_goes_out_again_with_the_same_bytes(chain: Any, journal: Journal) -> None:
    chain.set_automine(False)
    sender = sender_on(chain, journal, live(chain.node))
    first = outcome_of(sender.send(chain.rehearsed(), ""))
    chain.node.call("anvil_dropAllTransactions", nullable=True)
    chain.set_automine(True)
    finished = sender_on(chain, journal).finish_unfinished()
    assert finished is not None
    assert (finished.status, finished.transaction_hash) == (Status.MINED, first.transaction_hash)
    assert chain.count() == 1


def test_a_node_that_cannot_be_reached_leaves_nothing_in_the_journal(chain: Any, journal: Journal) -> None:
    away = Node("http://127.0.0.1:1")
    sender = Sender(away, chain.signer, journal, LocalBroadcaster(away), MAX_FEE_GWEI, PRIORITY_FEE_WEI)
    with pytest.raises(RpcUnavailable):
        sender.send(chain.rehearsed(), "")
    assert journal.unfinished(chain.signer.address) is None


def test_insufficient_funds_are_a_certain_refusal(chain: Any, journal: Journal) -> None:
    chain.node.call("anvil_setBalance", chain.signer.address, "0x0", nullable=True)
    outcome = outcome_of(sender_on(chain, journal).send(chain.rehearsed(), ""))
    assert (outcome.status, code_of(outcome)) == (Status.REFUSED, Code.GAS_RESERVE)
    assert journal.unfinished(chain.signer.address) is None
    chain.node.call("anvil_setBalance", chain.signer.address, hex(10**20), nullable=True)
    assert outcome_of(sender_on(chain, journal).send(chain.rehearsed(), "")).status is Status.MINED


def test_bytes_that_were_out_before_are_never_written_off_by_a_refusal(chain: Any, journal: Journal) -> None:
    chain.set_automine(False)
    sender_on(chain, journal, live(chain.node)).send(chain.rehearsed(), "")
    chain.node.call("anvil_dropAllTransactions", nullable=True)
    chain.set_automine(True)
    chain.node.call("anvil_setBalance", chain.signer.address, "0x0", nullable=True)
    sender = sender_on(chain, journal)
    refused = sender.finish_unfinished()
    assert refused is not None
    assert refused.status is Status.UNKNOWN
    chain.node.call("anvil_setBalance", chain.signer.address, hex(10**20), nullable=True)
    finished = sender.finish_unfinished()
    assert finished is not None
    assert (finished.status, chain.count()) == (Status.MINED, 1)


def test_a_base_fee_above_the_cap_waits(chain: Any, journal: Journal) -> None:
    rehearsed = chain.rehearsed()
    rehearsed = replace(rehearsed, block=replace(rehearsed.block, base_fee_wei=50 * 10**9))
    result = sender_on(chain, journal).send(rehearsed, "")
    assert isinstance(result, Refused)
    assert (code_of(result), chain.nonce()) == (Code.FEE_ABOVE_CAP, 0)


def use_key_elsewhere(chain: Any, journal: Journal) -> None:
    """Another process with the same key sends a transaction that this journal never hears of."""
    path = Path(journal.name).with_name("elsewhere.db")
    with Journal(path) as elsewhere:
        elsewhere.accept(chain.signer.address, chain.nonce(), "a thief", "")
        outcome_of(sender_on(chain, elsewhere).send(chain.rehearsed(2), ""))


def test_a_nonce_that_jumped_stops_every_send(chain: Any, journal: Journal) -> None:
    sender = sender_on(chain, journal)
    outcome_of(sender.send(chain.rehearsed(), ""))
    use_key_elsewhere(chain, journal)
    result = sender.send(chain.rehearsed(2), "")
    assert isinstance(result, Refused)
    assert (code_of(result), chain.count()) == (Code.KEY_SHARED, 2)


def test_a_pending_transaction_of_somebody_else_stops_every_send(chain: Any, journal: Journal) -> None:
    chain.set_automine(False)
    request = {"from": chain.signer.address, "to": chain.signer.address, "gas": hex(21_000)}
    chain.node.call("eth_sendTransaction", request)
    journal.accept(chain.signer.address, 0, "the operator", "a new journal")
    assert code_of(sender_on(chain, journal).send(chain.rehearsed(), "")) is Code.KEY_SHARED


def test_an_unfinished_intent_whose_nonce_somebody_else_took_is_never_sent(chain: Any, journal: Journal) -> None:
    chain.set_automine(False)
    sender_on(chain, journal, live(chain.node)).send(chain.rehearsed(), "")
    chain.node.call("anvil_dropAllTransactions", nullable=True)
    chain.set_automine(True)
    use_key_elsewhere(chain, journal)
    finished = sender_on(chain, journal).finish_unfinished()
    assert finished is not None
    assert (finished.status, code_of(finished)) == (Status.REFUSED, Code.KEY_SHARED)
    assert chain.count() == 1


def test_a_chain_behind_the_journal_gets_nothing(chain: Any, journal: Journal) -> None:
    sender = sender_on(chain, journal)
    before = chain.node.call("evm_snapshot")
    outcome_of(sender.send(chain.rehearsed(), ""))
    chain.node.call("evm_revert", before)
    assert code_of(sender.send(chain.rehearsed(), "")) is Code.CHAIN_BEHIND


def test_a_send_takes_two_round_trips(chain: Any, journal: Journal) -> None:
    sender, rehearsed = sender_on(chain, journal), chain.rehearsed()
    before = chain.node.round_trips
    outcome_of(sender.send(rehearsed, ""))
    assert chain.node.round_trips - before == 2  # nonces; bytes and receipt
