"""What becomes of a plan when the node is silent, behind, forgetful, or somebody else has taken the nonce."""

import threading
import time
from typing import Any

from counting_chain import wait_for_pending
from held_plans import hold, sender_on
from lying_proxy import LyingProxy, about
from sender_answers import code_of

from agent.execution import Journal, LiveBroadcaster, LocalBroadcaster, NodeSender, Outcome, Sender, SendRules, Status
from agent.execution.answers import Client
from agent.reasons import Code
from chains.local.accounts import DEPOSITOR
from chains.rpc import Node


def taken_by_a_stranger(chain: Any, journal: Journal, node: Node) -> Sender:
    """A plan that waits in the pool, until another transaction of the same key takes its nonce."""
    rules = SendRules(finality_blocks=3, poll_s=0.01)
    chain.set_automine(False)
    sender = Sender(node, chain.signer, journal, LiveBroadcaster(node, NodeSender(node)), 50.0, 10**8, rules=rules)
    assert code_of(sender.send(chain.rehearsed(), "")) is Code.OUTCOME_UNKNOWN
    chain.node.call("anvil_dropAllTransactions", nullable=True)
    request = {"from": chain.signer.address, "to": DEPOSITOR, "gas": hex(21_000)}
    chain.node.call("eth_sendTransaction", request)
    chain.mine()
    return sender


def test_a_nonce_that_a_stranger_took_is_told_once_and_looked_at_until_it_is_final(
    chain: Any, journal: Journal
) -> None:
    sender = taken_by_a_stranger(chain, journal, chain.node)
    told = sender.finish_unfinished()
    assert (code_of(told), told.status if told else None) == (Code.KEY_SHARED, Status.REFUSED)
    assert sender.finish_unfinished() is None
    assert len(journal.watched(chain.signer.address)) == 1
    for _ in range(3):
        chain.mine()
    assert sender.finish_unfinished() is None
    assert journal.watched(chain.signer.address) == []
    assert (chain.count(), chain.nonce()) == (0, 1)


def test_a_node_that_forgot_the_final_block_leaves_a_lost_nonce_under_watch(
    chain: Any, journal: Journal, proxy: LyingProxy
) -> None:
    node = Node(proxy.url)
    sender = taken_by_a_stranger(chain, journal, node)
    for _ in range(3):
        chain.mine()

    def no_old_state(entry: dict[str, Any]) -> dict[str, Any]:
        old = entry["method"] == "eth_getTransactionCount" and entry["params"][1] != "latest"
        return entry | {"params": [entry["params"][0], "0xffffff"]} if old else entry

    proxy.ask = no_old_state
    assert code_of(sender.finish_unfinished()) is Code.KEY_SHARED
    assert len(journal.watched(chain.signer.address)) == 1
    proxy.be_truthful()
    assert sender.finish_unfinished() is None
    assert journal.watched(chain.signer.address) == []
    node.close()


def test_a_nonce_that_is_free_again_at_the_second_look_was_never_lost(
    chain: Any, journal: Journal, proxy: LyingProxy
) -> None:
    node = Node(proxy.url)
    sender = hold(chain, journal, node=node)
    lies = ["0x1"]
    proxy.tell = about("eth_getTransactionCount", lambda true: lies.pop() if lies else true)
    assert code_of(sender.finish_unfinished()) is Code.RECEIPT_UNCONFIRMED
    chain.mine()
    finished = sender.finish_unfinished()
    assert finished is not None
    assert (finished.status, chain.count()) == (Status.MINED, 1)
    node.close()


def test_a_mined_plan_that_a_node_loses_sight_of_for_a_moment_is_mined_all_the_same(
    chain: Any, journal: Journal, proxy: LyingProxy
) -> None:
    node = Node(proxy.url)
    rules = SendRules(finality_blocks=3, wait_s=10.0, poll_s=0.01)
    broadcaster = LiveBroadcaster(node, NodeSender(node), clients={node.name: Client.ANVIL})
    sender = Sender(node, chain.signer, journal, broadcaster, 50.0, 10**8, rules=rules)
    sent = sender.send(chain.rehearsed(), "")
    assert isinstance(sent, Outcome)
    assert sent.status is Status.MINED

    def lost(entry: dict[str, Any]) -> dict[str, Any]:
        if entry["method"] == "eth_getTransactionCount":
            return entry | {"params": [entry["params"][0], "0x0"]}
        return entry | {"params": ["0x" + "00" * 32]} if entry["method"] == "eth_getTransactionByHash" else entry

    proxy.ask = lost
    seen = sender.finish_unfinished()
    assert seen is not None
    assert (seen.status, code_of(seen), chain.count()) == (Status.MINED, Code.NONCE_USED, 1)
    proxy.be_truthful()
    assert sender.finish_unfinished() is None
    node.close()


def test_a_chain_that_went_back_behind_the_journal_gets_nothing(chain: Any, journal: Journal) -> None:
    before = chain.node.call("evm_snapshot")
    sender = sender_on(chain, journal)
    sender.send(chain.rehearsed(), "")
    sender.finish_unfinished()
    chain.set_automine(False)
    sender.send(chain.rehearsed(2), "")
    chain.node.call("evm_revert", before)
    assert code_of(sender.finish_unfinished()) is Code.CHAIN_BEHIND
    chain.mine()
    assert chain.count() == 0


def test_a_chain_that_falls_silent_right_after_the_send_leaves_the_outcome_open(
    chain: Any, journal: Journal, proxy: LyingProxy
) -> None:
    node = Node(proxy.url)
    broadcaster = LocalBroadcaster(chain.node)
    rules = SendRules(confirmation_blocks=1, finality_blocks=1, poll_s=0.01)
    sender = Sender(node, chain.signer, journal, broadcaster, 50.0, 10**8, rules=rules)
    proxy.tell = about("eth_getBlockByNumber", lambda _: None)
    assert code_of(sender.send(chain.rehearsed(), "")) is Code.OUTCOME_UNKNOWN
    proxy.be_truthful()
    chain.mine()
    finished = sender.finish_unfinished()
    assert finished is not None
    assert (finished.status, chain.count()) == (Status.MINED, 1)
    node.close()


def test_a_wait_outlasts_a_node_that_is_away_for_a_moment(chain: Any, journal: Journal, proxy: LyingProxy) -> None:
    node = Node(proxy.url)
    chain.set_automine(False)
    broadcaster = LiveBroadcaster(chain.node, NodeSender(chain.node))
    rules = SendRules(wait_s=30, poll_s=0.05)
    sender = Sender(node, chain.signer, journal, broadcaster, 50.0, 10**8, rules=rules)

    def come_and_go() -> None:
        miner = Node(chain.url)
        wait_for_pending(miner)
        proxy.down = True
        time.sleep(0.4)
        miner.call("evm_mine")
        miner.close()
        proxy.down = False

    moment = threading.Thread(target=come_and_go)
    moment.start()
    sent = sender.send(chain.rehearsed(), "")
    moment.join()
    assert isinstance(sent, Outcome)
    assert (sent.status, chain.count()) == (Status.MINED, 1)
    node.close()
