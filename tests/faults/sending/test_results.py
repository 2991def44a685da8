"""Faults 59 to 61: reverts, receipts and gas, or how a transaction is said to have ended."""

import time
from contextlib import ExitStack

from counting_chain import COUNTER_CODE, REVERTING_CODE, CountingChain
from lying_proxy import LyingProxy, about
from sender_answers import code_of, outcome_of
from sent_plans import finish, sender_on

from agent.execution import Journal, LiveBroadcaster, LocalBroadcaster, Status
from agent.reasons import Code
from chains.providers import ProviderPool
from chains.rpc import Node


def test_fault_59_two_equal_reverts_halt_until_a_person_accepts_them(chain: CountingChain, journal: Journal) -> None:
    sender = sender_on(chain, journal, broadcaster=LocalBroadcaster(chain.node))
    chain.set_code(REVERTING_CODE)
    for number in (1, 2):
        assert outcome_of(sender.send(chain.rehearsed(number), "")).status is Status.REVERTED
    refused = sender.send(chain.rehearsed(3), "")
    assert (code_of(refused), chain.nonce()) == (Code.REVERT_REPEATED, 2)
    chain.set_code(COUNTER_CODE)
    assert code_of(sender.send(chain.rehearsed(3), "")) is Code.REVERT_REPEATED
    journal.accept(chain.signer.address, chain.nonce(), "Ada", "the pool was empty")
    assert outcome_of(sender.send(chain.rehearsed(3), "")).status is Status.MINED


def test_fault_60_a_receipt_that_one_provider_of_three_knows_confirms_nothing(
    chain: CountingChain, journal: Journal
) -> None:
    with ExitStack() as stack:
        proxies = [LyingProxy(chain.url) for _ in range(3)]
        for one in proxies:
            stack.callback(one.close)
        pool = stack.enter_context(
            ProviderPool([one.url for one in proxies], chain_id=31337, deadline_s=30, max_head_age_s=None)
        )
        sender = sender_on(chain, journal, node=pool, broadcaster=LiveBroadcaster(pool, pool))
        for one in proxies[1:]:
            one.tell = about("eth_getTransactionReceipt", lambda receipt: None)
        proxies[1].down = True
        sent = outcome_of(sender.send(chain.rehearsed(), ""))
        assert sent.status is Status.UNKNOWN
        proxies[1].down = False
        proxies[1].tell = about("eth_getTransactionReceipt", lambda receipt: receipt and {**receipt, "status": "0x0"})
        for _ in range(3):
            assert code_of(finish(sender)) is Code.RECEIPT_UNCONFIRMED
        proxies[1].be_truthful()
        until = time.monotonic() + 60  # a provider that was away is given a rest first
        while (found := finish(sender)).status is Status.UNKNOWN and time.monotonic() < until:
            time.sleep(0.1)
        assert (found.status, chain.count()) == (Status.MINED, 1)


def test_fault_61_no_estimate_is_asked_for_and_a_plan_that_burns_its_bound_halts(
    chain: CountingChain, journal: Journal, proxy: LyingProxy
) -> None:
    proxy.tell = about("eth_estimateGas", lambda _: hex(21_000))
    node = Node(proxy.url)
    sender = sender_on(chain, journal, node=node, broadcaster=LocalBroadcaster(node))
    assert outcome_of(sender.send(chain.rehearsed(), "")).status is Status.MINED
    assert "eth_estimateGas" not in {one["method"] for one in proxy.requests}
    chain.set_code("0x5b5f56")  # runs until its gas is gone
    burnt = outcome_of(sender.send(chain.rehearsed(2), ""))
    assert (burnt.status, [reason.code for reason in burnt.halting]) == (Status.REVERTED, [Code.GAS_EXHAUSTED])
    assert (burnt.gas_used, chain.count()) == (500_000, 1)
    node.close()
