"""What becomes of a plan that is stuck, dropped, too cheap or reverted."""

import time
from typing import Any

import pytest
from counting_chain import COUNTER
from held_plans import RULES, hold
from lying_proxy import LyingProxy
from sender_answers import code_of

from agent.execution import Journal, LiveBroadcaster, LocalBroadcaster, NodeSender, Outcome, Sender, SendRules, Status
from agent.reasons import Code
from chains.local.accounts import DEPOSITOR
from chains.rpc import Node, RpcError

GWEI = 10**9


def test_at_the_routine_cap_a_plan_waits_for_its_deadline_and_is_still_sent_again_when_dropped(
    chain: Any, journal: Journal
) -> None:
    sender = hold(chain, journal, max_fee_gwei=0.11)
    chain.pass_time(31)
    assert code_of(sender.finish_unfinished()) is Code.FEE_ABOVE_CAP
    chain.pass_time(60)
    chain.node.call("anvil_dropAllTransactions", nullable=True)
    assert code_of(sender.finish_unfinished()) is Code.POOL_DROPPED
    chain.pass_time(60)
    assert code_of(sender.finish_unfinished()) is Code.FEE_ABOVE_CAP
    chain.node.call("anvil_dropAllTransactions", nullable=True)
    assert code_of(sender.finish_unfinished()) is Code.POOL_DROPPED
    chain.mine()
    finished = sender.finish_unfinished()
    assert finished is not None
    assert (finished.status, chain.count()) == (Status.MINED, 1)


def test_bytes_that_no_pool_takes_any_more_are_replaced_at_once(chain: Any, journal: Journal) -> None:
    sender = hold(chain, journal)
    chain.node.call("anvil_dropAllTransactions", nullable=True)
    chain.node.call("anvil_setNextBlockBaseFeePerGas", hex(5 * GWEI), nullable=True)
    chain.pass_time(10)
    assert code_of(sender.finish_unfinished()) is Code.FEE_TOO_LOW, "young bytes wait for a lower base fee"
    chain.node.call("anvil_setNextBlockBaseFeePerGas", hex(5 * GWEI), nullable=True)
    chain.pass_time(25)
    assert code_of(sender.finish_unfinished()) is Code.FEE_BUMPED
    chain.mine()
    finished = sender.finish_unfinished()
    assert finished is not None
    assert (finished.status, chain.count(), chain.nonce()) == (Status.MINED, 1, 1)
    chain.node.call("anvil_setNextBlockBaseFeePerGas", hex(7), nullable=True)
    chain.mine()


def test_bytes_that_just_went_out_are_given_time_to_show(chain: Any, journal: Journal, proxy: LyingProxy) -> None:
    node = Node(proxy.url)
    chain.set_automine(False)
    rules = SendRules(poll_s=0.01, resend_s=0.5)
    sender = Sender(node, chain.signer, journal, LiveBroadcaster(node, NodeSender(node)), 50.0, 10**8, rules=rules)
    sender.send(chain.rehearsed(), "")
    chain.node.call("anvil_dropAllTransactions", nullable=True)
    assert code_of(sender.finish_unfinished()) is Code.OUTCOME_UNKNOWN
    time.sleep(0.5)
    assert code_of(sender.finish_unfinished()) is Code.POOL_DROPPED
    assert [one["method"] for one in proxy.requests].count("eth_sendRawTransaction") == 2
    node.close()


def test_a_stuck_plan_that_would_revert_by_now_is_cancelled_instead_of_made_dearer(
    chain: Any, journal: Journal
) -> None:
    sender = hold(chain, journal)
    chain.set_code("0x5f5ffd")
    chain.pass_time(31)
    sender.finish_unfinished()
    assert [kind for (kind,) in journal._store.rows("SELECT kind FROM attempts ORDER BY id")] == ["plan", "cancel"]
    chain.mine()
    finished = sender.finish_unfinished()
    assert finished is not None
    assert (finished.status, chain.nonce()) == (Status.CANCELLED, 1)


def test_what_a_killed_vault_has_under_way_is_cancelled_at_once(chain: Any, journal: Journal) -> None:
    chain.set_automine(False)
    killed: set[str] = set()
    broadcaster = LiveBroadcaster(chain.node, NodeSender(chain.node))
    sender = Sender(
        chain.node, chain.signer, journal, broadcaster, 50.0, 10**8, rules=RULES, killed=lambda vault: vault in killed
    )
    sender.send(chain.rehearsed(), "")
    killed.add(COUNTER)
    sender.finish_unfinished()
    chain.mine()
    finished = sender.finish_unfinished()
    assert finished is not None
    assert (finished.status, chain.count(), chain.nonce()) == (Status.CANCELLED, 0, 1)


def test_what_cannot_be_tried_again_is_not_sent_again(chain: Any, journal: Journal, proxy: LyingProxy) -> None:
    node = Node(proxy.url)
    sender = hold(chain, journal, node=node)
    chain.node.call("anvil_dropAllTransactions", nullable=True)

    def of_no_block(entry: dict[str, Any]) -> dict[str, Any]:
        return entry | {"params": [entry["params"][0], "0xffffff"]} if entry["method"] == "eth_call" else entry

    proxy.ask = of_no_block
    with pytest.raises(RpcError):
        sender.finish_unfinished()
    chain.mine()
    assert (chain.count(), chain.nonce()) == (0, 0)
    node.close()


def test_a_cancellation_that_is_stuck_is_replaced_too(chain: Any, journal: Journal) -> None:
    sender = hold(chain, journal)
    chain.pass_time(121)
    sender.finish_unfinished()
    chain.pass_time(31)
    assert code_of(sender.finish_unfinished()) is Code.FEE_BUMPED
    rows = journal._store.rows("SELECT kind, max_fee_wei FROM attempts ORDER BY id")
    assert [kind for kind, _ in rows] == ["plan", "cancel", "cancel"]
    chain.mine()
    finished = sender.finish_unfinished()
    assert finished is not None
    assert (finished.status, chain.count(), chain.nonce()) == (Status.CANCELLED, 0, 1)


def reverted(chain: Any, journal: Journal, node: Node) -> str:
    chain.set_code("0x5f5ffd")
    sender = Sender(node, chain.signer, journal, LocalBroadcaster(chain.node), 50.0, 10**8, rules=RULES)
    sent = sender.send(chain.rehearsed(), "")
    assert isinstance(sent, Outcome)
    assert sent.status is Status.REVERTED
    assert code_of(sent) is Code.TRANSACTION_REVERTED
    assert journal._store.rows("SELECT revert_name FROM outcomes") == [("unknown",)]
    return sent.reasons[0].message


def instead_of_a_call(**changes: Any) -> Any:
    return lambda entry: {**entry, **changes} if entry["method"] == "eth_call" else entry


def test_a_revert_that_does_not_repeat_itself_is_still_a_revert(
    chain: Any, journal: Journal, proxy: LyingProxy
) -> None:
    proxy.ask = instead_of_a_call(params=[{"to": DEPOSITOR}, "latest"])
    node = Node(proxy.url)
    assert "it would go through" in reverted(chain, journal, node)
    node.close()


def test_a_revert_whose_reason_nobody_tells_is_still_a_revert(chain: Any, journal: Journal, proxy: LyingProxy) -> None:
    proxy.ask = instead_of_a_call(method="eth_getTransactionReceipt", params=["0x" + "00" * 32])
    node = Node(proxy.url)
    assert "could not be had: " in reverted(chain, journal, node)
    node.close()


def test_waiting_at_the_cap_tells_fee_and_cap_in_gwei(chain: Any, journal: Journal) -> None:
    sender = hold(chain, journal, max_fee_gwei=0.11)
    chain.pass_time(31)
    waiting = sender.finish_unfinished()
    assert waiting is not None
    reason = waiting.reasons[0]
    assert (reason.code, reason.value, reason.bound) == (Code.FEE_ABOVE_CAP, pytest.approx(0.1), 0.11)
    assert (reason.message, reason.where) == ("waiting at the cap; fee and cap in gwei", "execution.max_fee_gwei")


def test_what_is_stuck_tells_fee_and_cap_in_gwei(chain: Any, journal: Journal) -> None:
    sender = hold(chain, journal, max_fee_gwei=0.11)
    chain.pass_time(110 + RULES.halt_after_s)
    assert code_of(sender.finish_unfinished()) is Code.FEE_ABOVE_CAP
    chain.pass_time(20)
    stuck = sender.finish_unfinished()
    assert stuck is not None
    reason = stuck.reasons[0]
    assert (reason.code, reason.value, reason.bound) == (Code.TRANSACTION_STUCK, pytest.approx(0.1), 0.11)
    assert reason.message == "neither the plan nor its cancellation gets into a block; fee and cap in gwei"
    assert reason.where == "execution.urgent_max_fee_gwei"


def test_what_goes_over_the_wire_for_a_plan_and_for_a_look_at_it(
    chain: Any, journal: Journal, proxy: LyingProxy
) -> None:
    """Nodes other than anvil are strict about every word."""
    node = Node(proxy.url)
    rehearsed, agent = chain.rehearsed(), chain.signer.address
    sender = hold(chain, journal, node=node)
    asked = [(one["method"], one["params"]) for one in proxy.requests]
    assert asked[:3] == [
        ("eth_getTransactionCount", [agent, "latest"]),
        ("eth_getTransactionCount", [agent, "pending"]),
        ("eth_getCode", [agent, "latest"]),
    ]
    (opened,) = journal.watched(agent)
    assert asked[3] == ("eth_sendRawTransaction", ["0x" + opened.attempt.raw.hex()])
    chain.node.call("anvil_dropAllTransactions", nullable=True)
    proxy.requests.clear()
    sender.finish_unfinished()
    asked = [(one["method"], one["params"]) for one in proxy.requests]
    assert asked[0] == ("eth_getTransactionCount", [agent, "latest"])
    call = {"from": agent, "to": COUNTER, "data": "0x" + rehearsed.calldata.hex(), "gas": hex(rehearsed.gas_limit)}
    assert [params for method, params in asked if method == "eth_call"] == [[call, "latest"]]
    node.close()


def test_a_revert_is_explained_by_the_same_call_in_the_state_after_its_block(
    chain: Any, journal: Journal, proxy: LyingProxy
) -> None:
    node = Node(proxy.url)
    chain.set_code("0x5f5ffd")
    rehearsed = chain.rehearsed()
    sent = Sender(node, chain.signer, journal, LocalBroadcaster(node), 50.0, 10**8).send(rehearsed, "")
    assert isinstance(sent, Outcome)
    assert sent.block_number is not None
    call = {"from": chain.signer.address, "to": COUNTER, "data": "0x" + rehearsed.calldata.hex()}
    asked = [one["params"] for one in proxy.requests if one["method"] == "eth_call"]
    assert asked == [[call, hex(sent.block_number)]]
    node.close()
