"""Faults 66 to 69: who may sign and send, and what somebody else does with the key."""

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from counting_chain import CountingChain, wait_for_pending
from lying_proxy import LyingProxy
from sender_answers import code_of, outcome_of
from sent_plans import RULES, attempts_in, burn_nonces, finish, hold, sender_on

from agent.execution import Fenced, Journal, LiveBroadcaster, LocalBroadcaster, LocalSigner, NodeSender, Status
from agent.execution.answers import Client
from agent.execution.signer import SigningRefused, Transaction, signed_by
from agent.reasons import Code
from chains.local.accounts import AGENT_TEST_KEY, DEPOSITOR
from chains.rpc import Node


def test_fault_66_a_process_that_does_not_lead_sends_nothing_new_and_nothing_again(
    chain: CountingChain, journal: Journal
) -> None:
    leads = True

    def fence() -> None:
        if not leads:
            raise Fenced("another agent leads")

    sender = hold(chain, journal, fence=fence)
    assert sender.key_problem() is None, "what waits is ours"
    chain.node.call("anvil_dropAllTransactions", nullable=True)
    leads = False
    with pytest.raises(Fenced) as fenced:
        sender.finish_unfinished()
    assert fenced.value.reason.code is Code.FENCED
    chain.pass_time(121)
    with pytest.raises(Fenced):
        sender.finish_unfinished()
    chain.mine()
    assert (chain.count(), chain.nonce(), len(attempts_in(journal))) == (0, 0, 1)
    leads = True
    finish(sender)
    chain.mine()
    assert finish(sender).status is Status.CANCELLED
    leads = False
    with pytest.raises(Fenced):
        sender.send(chain.rehearsed(2), "")
    assert (journal.unfinished(chain.signer.address), chain.nonce()) == (None, 1)


def test_fault_67_three_nonces_burnt_by_a_stranger_halt_at_once_and_only_a_person_lifts_it(
    chain: CountingChain, journal: Journal
) -> None:
    sender = sender_on(chain, journal, broadcaster=LocalBroadcaster(chain.node))
    outcome_of(sender.send(chain.rehearsed(), ""))
    assert sender.key_problem() is None
    burn_nonces(chain, 3)
    started = time.monotonic()
    problem = sender.key_problem()
    assert problem is not None, "without waiting for the next plan"
    assert problem.code is Code.KEY_SHARED
    for _ in range(2):
        assert code_of(sender.send(chain.rehearsed(2), "")) is Code.KEY_SHARED
    assert (time.monotonic() - started < 60, chain.nonce(), chain.count()) == (True, 4, 1)
    journal.accept(chain.signer.address, 4, "Ada", "I moved dust by hand")
    assert outcome_of(sender.send(chain.rehearsed(2), "")).status is Status.MINED


def test_fault_67_a_nonce_burnt_under_a_waiting_plan_halts_within_a_minute(
    chain: CountingChain, journal: Journal
) -> None:
    chain.set_automine(False)
    sender = sender_on(chain, journal, rules=replace(RULES, wait_s=20, poll_s=0.05))
    thief = threading.Thread(target=steal_nonces, args=(chain.url,))
    thief.start()
    started = time.monotonic()
    lost = outcome_of(sender.send(chain.rehearsed(), ""))
    thief.join()
    assert ([reason.code for reason in lost.halting], lost.status) == ([Code.KEY_SHARED], Status.REFUSED)
    assert (time.monotonic() - started < 60, chain.count()) == (True, 0)
    assert code_of(sender.send(chain.rehearsed(), "")) is Code.KEY_SHARED


def steal_nonces(url: str) -> None:
    """Waits for the agent's transaction, throws it out of the pool and uses up its nonce and two more."""
    node = Node(url)
    wait_for_pending(node)
    node.call("anvil_dropAllTransactions", nullable=True)
    burn_nonces(CountingChain(node, url, LocalSigner(AGENT_TEST_KEY)), 3)
    node.close()


def test_fault_67_bytes_that_were_refused_and_mined_after_all_are_healed_and_not_blamed_on_anybody(
    chain: CountingChain, journal: Journal, proxy: LyingProxy
) -> None:
    node = Node(proxy.url)
    honest = LiveBroadcaster(chain.node, NodeSender(node), clients={node.name: Client.ANVIL})
    proxy.body = lambda asked: (
        b'{"jsonrpc":"2.0","id":%d,"error":{"code":-32003,"message":"insufficient funds for gas * price + value"}}'
        % asked["id"]
    )
    sender = sender_on(chain, journal, broadcaster=honest)
    assert code_of(sender.send(chain.rehearsed(), "")) is Code.GAS_RESERVE
    raw = attempts_in(journal)[0][4]
    chain.node.call("eth_sendRawTransaction", "0x" + raw.hex())  # the lying node had passed it on
    proxy.be_truthful()
    journal.accept(chain.signer.address, 0, "Ada", "new journal")
    assert outcome_of(sender.send(chain.rehearsed(2), "")).status in (Status.MINED, Status.UNKNOWN)
    sender.finish_unfinished()
    assert (chain.count(), chain.nonce()) == (2, 2)
    node.close()


class Broken(LocalSigner):
    """Signs as it is told to go wrong."""

    def __init__(self, wrong: Callable[[Transaction], Any]) -> None:
        super().__init__(AGENT_TEST_KEY)
        self._wrong = wrong

    def sign(self, transaction: Transaction) -> Any:
        return self._wrong(transaction)


def of_another_address(transaction: Transaction) -> Any:
    other = LocalSigner("0x" + "47" * 32).sign(transaction)
    from eth_account.typed_transactions.typed_transaction import TypedTransaction
    from hexbytes import HexBytes

    fields = TypedTransaction.from_bytes(HexBytes(other.raw)).as_dict()
    return signed_by(LocalSigner(AGENT_TEST_KEY).address, transaction, fields["r"], fields["s"], fields["v"])


def with_high_s(transaction: Transaction) -> Any:
    order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
    return signed_by(LocalSigner(AGENT_TEST_KEY).address, transaction, 1, order - 1, 0)


@pytest.mark.parametrize("wrong", [of_another_address, with_high_s])
def test_fault_68_a_signature_that_is_not_the_agents_canonical_one_never_leaves(
    chain: CountingChain, journal: Journal, wrong: Callable[[Transaction], Any]
) -> None:
    sender = sender_on(chain, journal, signer=Broken(wrong))
    with pytest.raises(SigningRefused) as refused:
        sender.send(chain.rehearsed(), "")
    assert refused.value.reason.code is Code.SIGNER_FAILED
    assert (journal.unfinished(chain.signer.address), chain.nonce()) == (None, 0)


def test_fault_69_code_on_the_agents_account_halts(chain: CountingChain, journal: Journal) -> None:
    sender = sender_on(chain, journal)
    chain.node.call("anvil_setCode", chain.signer.address, "0xef0100" + DEPOSITOR[2:], nullable=True)
    refused = sender.send(chain.rehearsed(), "")
    chain.node.call("anvil_setCode", chain.signer.address, "0x", nullable=True)
    assert (code_of(refused), chain.nonce()) == (Code.SIGNER_DELEGATED, 0)
    assert DEPOSITOR[2:].lower() in str(refused)
