"""Faults 51 to 57 and 79: what a node and a pool do to a transaction that is not mined yet."""

from dataclasses import replace
from itertools import pairwise

import pytest
from counting_chain import CountingChain
from lying_proxy import LyingProxy
from sender_answers import code_of, live, outcome_of
from sent_plans import GWEI, RULES, attempts_in, finish, hold, sender_on

from agent.decision import Refused
from agent.execution import Journal, LiveBroadcaster, LocalBroadcaster, NodeSender, SendRules, Status
from agent.execution.answers import Client, Verdict, read_answer
from agent.execution.records import Kind
from agent.reasons import Code
from chains.rpc import Node, RpcError


def test_fault_51_an_answer_that_never_came_means_the_same_bytes_and_one_effect(
    chain: CountingChain, journal: Journal, proxy: LyingProxy
) -> None:
    chain.set_automine(False)
    node = Node(proxy.url, timeout_s=3)
    sender = sender_on(chain, journal, broadcaster=LiveBroadcaster(chain.node, NodeSender(node)))
    proxy.delay_s = 4
    assert code_of(sender.send(chain.rehearsed(), "")) is Code.OUTCOME_UNKNOWN
    proxy.delay_s = 0
    chain.node.call("anvil_dropAllTransactions", nullable=True)
    finish(sender)
    chain.mine()
    assert (finish(sender).status, chain.count(), chain.nonce()) == (Status.MINED, 1, 1)
    assert len(attempts_in(journal)) == 1
    node.close()


def test_fault_52_a_node_that_has_the_bytes_already_has_them(chain: CountingChain, journal: Journal) -> None:
    sender = hold(chain, journal)
    unfinished = journal.unfinished(chain.signer.address)
    assert unfinished is not None
    again = live(chain.node).broadcast(unfinished.attempt.raw, unfinished.attempt.hash, private=False)
    assert (again.answer.verdict, again.answer.code) == (Verdict.IN_POOL, Code.ALREADY_KNOWN)
    chain.mine()
    late = live(chain.node).broadcast(unfinished.attempt.raw, unfinished.attempt.hash, private=False)
    assert (late.answer.verdict, late.answer.code) == (Verdict.UNKNOWN, Code.NONCE_USED)
    assert (finish(sender).status, chain.count()) == (Status.MINED, 1)


@pytest.mark.parametrize("client", [*Client, None])
def test_fault_53_an_unknown_transaction_is_no_known_transaction(client: Client | None) -> None:
    answer = read_answer(client, RpcError(-32000, "eth_sendRawTransaction: unknown transaction"))
    assert (answer.verdict, answer.code) == (Verdict.UNKNOWN, Code.ANSWER_UNCLASSED)


def test_fault_54_a_replacement_pays_an_eighth_more_on_both_fees_and_keeps_its_nonce(
    chain: CountingChain, journal: Journal
) -> None:
    sender = hold(chain, journal)
    for _ in range(3):
        chain.pass_time(RULES.replace_after_s)
        assert code_of(finish(sender)) is Code.FEE_BUMPED
    attempts = attempts_in(journal)
    assert {nonce for _, nonce, *_ in attempts} == {0}
    for (_, _, old_max, old_tip, _), (_, _, new_max, new_tip, _) in pairwise(attempts):
        assert int(new_max) * 1000 >= int(old_max) * 1125
        assert int(new_tip) * 1000 >= int(old_tip) * 1125
    chain.node.call("evm_mine")
    assert (finish(sender).status, chain.count(), chain.nonce()) == (Status.MINED, 1, 1)


def test_fault_55_a_fee_above_the_routine_cap_waits_but_a_plan_that_reduces_risk_goes(
    chain: CountingChain, journal: Journal
) -> None:
    rehearsed = chain.rehearsed()
    dear = replace(rehearsed, block=replace(rehearsed.block, base_fee_wei=60 * GWEI))
    sender = sender_on(chain, journal, broadcaster=LocalBroadcaster(chain.node))
    refused = sender.send(dear, "")
    assert isinstance(refused, Refused)
    (reason,) = refused.reasons
    assert (reason.code, reason.bound, reason.where) == (Code.FEE_ABOVE_CAP, 50.0, "execution.max_fee_gwei")
    assert chain.nonce() == 0
    too_dear = replace(rehearsed, block=replace(rehearsed.block, base_fee_wei=201 * GWEI))
    assert code_of(sender.send(too_dear, "", urgent=True)) is Code.FEE_ABOVE_CAP
    assert outcome_of(sender.send(dear, "", urgent=True)).status is Status.MINED
    assert int(attempts_in(journal)[0][2]) > 60 * GWEI


def test_fault_56_a_plan_whose_time_is_over_is_cancelled_with_its_own_nonce(
    chain: CountingChain, journal: Journal
) -> None:
    sender = hold(chain, journal)
    chain.pass_time(121)
    finish(sender)
    assert [kind for kind, *_ in attempts_in(journal)] == [Kind.PLAN, Kind.CANCEL]
    chain.mine()
    finished = finish(sender)
    assert (finished.status, code_of(finished)) == (Status.CANCELLED, Code.PLAN_CANCELLED)
    assert (chain.count(), chain.nonce()) == (0, 1)
    chain.set_automine(True)
    at_once = sender_on(chain, journal, broadcaster=LocalBroadcaster(chain.node))  # waits for the block
    assert outcome_of(at_once.send(chain.rehearsed(2), "")).status is Status.MINED


def test_fault_56_what_is_stuck_at_the_highest_fee_halts_and_is_still_found_when_it_is_mined(
    chain: CountingChain, journal: Journal
) -> None:
    sender = hold(chain, journal, max_fee_gwei=0.11, urgent_max_fee_gwei=0.11)
    chain.pass_time(121)
    assert code_of(finish(sender)) is Code.FEE_ABOVE_CAP
    chain.pass_time(RULES.halt_after_s)
    stuck = finish(sender)
    assert ([reason.code for reason in stuck.halting], stuck.status) == ([Code.TRANSACTION_STUCK], Status.UNKNOWN)
    assert code_of(sender.send(chain.rehearsed(2), "")) is Code.JOURNAL_UNFINISHED
    chain.mine()
    assert (finish(sender).status, chain.nonce()) == (Status.MINED, 1)


def test_fault_57_what_the_pool_dropped_goes_out_again_with_the_same_bytes(
    chain: CountingChain, journal: Journal, proxy: LyingProxy
) -> None:
    sender = hold(chain, journal, node=Node(proxy.url))
    for _ in range(3):
        chain.node.call("anvil_dropAllTransactions", nullable=True)
        assert code_of(finish(sender)) is Code.POOL_DROPPED
    chain.mine()
    assert (finish(sender).status, chain.count(), chain.nonce()) == (Status.MINED, 1, 1)
    sent = [one["params"][0] for one in proxy.requests if one["method"] == "eth_sendRawTransaction"]
    assert (len(sent), len(set(sent)), len(attempts_in(journal))) == (4, 1, 1)


@pytest.mark.parametrize("urgent", [False, True])
def test_fault_79_a_kill_cancels_what_is_on_its_way(chain: CountingChain, journal: Journal, urgent: bool) -> None:
    killed = [False]
    sender = sender_on(chain, journal, rules=SendRules(poll_s=0.01), killed=lambda vault: killed[0])
    chain.set_automine(False)
    assert outcome_of(sender.send(chain.rehearsed(), "", urgent=urgent)).status is Status.UNKNOWN
    killed[0] = True
    sender.finish_unfinished()
    kinds = [kind for kind, *_ in attempts_in(journal)]
    chain.mine()
    ended = sender.finish_unfinished()
    assert ended is not None
    if urgent and kinds == ["plan"]:
        assert (ended.status, chain.count()) == (Status.MINED, 1), "what reduces risk may come to its end"
    else:
        assert kinds == ["plan", "cancel"]
        assert (ended.status, chain.count(), chain.nonce()) == (Status.CANCELLED, 0, 1)
