"""Every refusal to send and every ending of a send in full: what is wrong, the value, the bound, and where to look."""

from dataclasses import astuple, replace
from typing import Any

import pytest
from counting_chain import REVERTING_CODE, CountingChain

from agent.decision import Refused
from agent.execution import Journal, LiveBroadcaster, LocalBroadcaster, NodeSender, Outcome, Sender, SendRules, Status
from agent.reasons import Code
from chains.local.accounts import DEPOSITOR

ENDLESS_CODE = "0x5b5f56"


def at_once(chain: CountingChain, journal: Journal) -> Sender:
    """Sends to a node that mines on arrival."""
    return Sender(chain.node, chain.signer, journal, LocalBroadcaster(chain.node), 50.0, 10**8)


def into_the_pool(chain: CountingChain, journal: Journal) -> Sender:
    """Sends to a node that mines when it is told to."""
    chain.set_automine(False)
    broadcaster = LiveBroadcaster(chain.node, NodeSender(chain.node))
    return Sender(chain.node, chain.signer, journal, broadcaster, 50.0, 10**8, rules=SendRules(poll_s=0.01))


def said(result: Any) -> tuple[Any, ...]:
    """Code, message, value, bound and place of the one reason."""
    assert isinstance(result, (Refused, Outcome)), result
    (reason,) = result.reasons
    return astuple(reason)


def last_outcome(journal: Journal) -> tuple[Any, ...]:
    columns = "status, code, note, hash, block_number, block_hash, gas_used, gas_price_wei, revert_name"
    return journal._store.rows(f"SELECT {columns} FROM outcomes ORDER BY id DESC LIMIT 1")[0]


def burn_nonces(chain: CountingChain, count: int) -> None:
    """A stranger who has the key sends transactions of his own."""
    for _ in range(count):
        chain.node.call("eth_sendTransaction", {"from": chain.signer.address, "to": DEPOSITOR, "gas": hex(21_000)})
        chain.mine()  # the node answers before it has mined


def test_of_a_plan_whose_forerunner_has_no_outcome(chain: CountingChain, journal: Journal) -> None:
    sender = into_the_pool(chain, journal)
    waiting = sender.send(chain.rehearsed(), "")
    assert isinstance(waiting, Outcome)
    assert said(sender.send(chain.rehearsed(2), "")) == (
        Code.JOURNAL_UNFINISHED,
        f"intent 1 (plan 1, transaction {waiting.transaction_hash}) has no outcome yet; finish it first",
        None,
        None,
        "journal",
    )


def test_of_a_third_plan_after_two_equal_reverts(chain: CountingChain, journal: Journal) -> None:
    sender = at_once(chain, journal)
    chain.set_code(REVERTING_CODE)
    for number in (1, 2):
        sender.send(chain.rehearsed(number), "")
    *_, name = last_outcome(journal)
    message = f"the last two plans reverted with {name}; find out why, then accept it in the journal"
    assert said(sender.send(chain.rehearsed(3), "")) == (Code.REVERT_REPEATED, message, None, None, "journal")


@pytest.mark.parametrize(
    ("urgent", "cap", "where"),
    [(False, 50.0, "execution.max_fee_gwei"), (True, 80.0, "execution.urgent_max_fee_gwei")],
)
def test_of_a_base_fee_above_the_cap(
    chain: CountingChain, journal: Journal, urgent: bool, cap: float, where: str
) -> None:
    sender = Sender(
        chain.node, chain.signer, journal, LocalBroadcaster(chain.node), 50.0, 10**8, urgent_max_fee_gwei=80.0
    )
    rehearsed = chain.rehearsed()
    dear = replace(rehearsed, block=replace(rehearsed.block, base_fee_wei=80 * 10**9))
    message = "base fee and priority fee are above the cap, in gwei"
    assert said(sender.send(dear, "", urgent=urgent)) == (Code.FEE_ABOVE_CAP, message, 80.1, cap, where)


def test_of_a_nonce_that_somebody_else_used(chain: CountingChain, journal: Journal) -> None:
    sender = at_once(chain, journal)
    sender.send(chain.rehearsed(), "")
    burn_nonces(chain, 2)
    message = "nonce on chain 3, with pending 3, by the journal 1: somebody else uses the agent's key"
    assert said(sender.send(chain.rehearsed(2), "")) == (Code.KEY_SHARED, message, 3.0, 1.0, "journal")


def test_of_a_journal_that_never_heard_of_the_vaults_plans(chain: CountingChain, journal: Journal) -> None:
    sender = at_once(chain, journal)
    burn_nonces(chain, 2)
    advice = "the journal is new or restored from a backup; look at what was sent, then accept the nonce"
    message = f"nonce on chain 2, with pending 2, by the journal None: {advice}"
    assert said(sender.send(chain.rehearsed(), "")) == (Code.JOURNAL_BEHIND, message, 2.0, 0.0, "journal")
    journal.accept(chain.signer.address, 1, "Ada", "")
    message = f"nonce on chain 2, with pending 2, by the journal 1: {advice}"
    assert said(sender.send(chain.rehearsed(9), "")) == (Code.JOURNAL_BEHIND, message, 2.0, 1.0, "journal")


def test_of_a_chain_that_ends_before_the_journal(chain: CountingChain, journal: Journal) -> None:
    journal.accept(chain.signer.address, 4, "Ada", "")
    message = (
        "nonce on chain 0, with pending 0, by the journal 4: "
        "the node's chain ends before what the journal knows to be mined"
    )
    assert said(at_once(chain, journal).send(chain.rehearsed(), "")) == (
        Code.CHAIN_BEHIND,
        message,
        0.0,
        4.0,
        "journal",
    )


@pytest.mark.parametrize(
    ("code", "whose"), [("0xef0100" + DEPOSITOR[2:], DEPOSITOR.lower()), ("0x5f5ffd", "a contract")]
)
def test_of_an_account_that_somebody_may_act_for(chain: CountingChain, journal: Journal, code: str, whose: str) -> None:
    chain.node.call("anvil_setCode", chain.signer.address, code, nullable=True)
    found = at_once(chain, journal).send(chain.rehearsed(), "")
    chain.node.call("anvil_setCode", chain.signer.address, "0x", nullable=True)
    message = f"the agent's account lets {whose} act for it"
    assert said(found) == (Code.SIGNER_DELEGATED, message, None, None, "signer")


def test_of_a_plan_that_was_mined_the_journal_keeps_the_whole_receipt(chain: CountingChain, journal: Journal) -> None:
    sent = at_once(chain, journal).send(chain.rehearsed(), "")
    assert isinstance(sent, Outcome)
    assert (sent.status, sent.reasons) == (Status.MINED, ())
    receipt = chain.node.call("eth_getTransactionReceipt", sent.transaction_hash)
    price, used = int(receipt["effectiveGasPrice"], 16), int(receipt["gasUsed"], 16)
    block = (int(receipt["blockNumber"], 16), receipt["blockHash"])
    assert last_outcome(journal) == ("mined", "", "", sent.transaction_hash, *block, used, str(price), None)
    assert (sent.block_number, sent.gas_used, sent.gas_price_wei) == (block[0], used, price)


def test_of_a_plan_that_burnt_all_its_gas(chain: CountingChain, journal: Journal) -> None:
    chain.set_code(ENDLESS_CODE)
    burnt = at_once(chain, journal).send(chain.rehearsed(), "")
    assert isinstance(burnt, Outcome)
    message = f"reverted in block {burnt.block_number} with all its gas used up"
    assert said(burnt) == (Code.GAS_EXHAUSTED, message, 500_000.0, 500_000.0, "plan")
    status, code, note, *_, name = last_outcome(journal)
    assert (status, code, note, name) == ("reverted", "GAS_EXHAUSTED", str(burnt.reasons[0]), "out of gas")


def test_of_a_plan_that_was_cancelled(chain: CountingChain, journal: Journal) -> None:
    sender = into_the_pool(chain, journal)
    sender.send(chain.rehearsed(7), "")
    chain.pass_time(121)
    sender.finish_unfinished()
    chain.mine()
    assert said(sender.finish_unfinished()) == (
        Code.PLAN_CANCELLED,
        "plan 7 was cancelled in time",
        None,
        None,
        "",
    )
    assert last_outcome(journal)[:2] == ("cancelled", "PLAN_CANCELLED")


def test_of_a_plan_whose_nonce_a_stranger_took(chain: CountingChain, journal: Journal) -> None:
    sender = into_the_pool(chain, journal)
    sender.send(chain.rehearsed(), "")
    chain.node.call("anvil_dropAllTransactions", nullable=True)
    burn_nonces(chain, 1)
    taken = sender.finish_unfinished()
    assert taken is not None
    message = "somebody else uses the agent's key, or the journal is not this chain's"
    assert said(taken) == (Code.KEY_SHARED, message, 1.0, 0.0, "journal")
    assert last_outcome(journal)[:3] == ("refused", "KEY_SHARED", str(taken.reasons[0]))


def test_of_a_plan_in_the_pool(chain: CountingChain, journal: Journal) -> None:
    sender = into_the_pool(chain, journal)
    name = chain.node.name
    message = f"no receipt yet: taken by {name}"
    assert said(sender.send(chain.rehearsed(), "")) == (Code.OUTCOME_UNKNOWN, message, None, None, "")
    assert last_outcome(journal)[:3] == ("unknown", "OUTCOME_UNKNOWN", f"OUTCOME_UNKNOWN: {message}")
    chain.pass_time(31)
    message = f"attempt 2 with higher fees: taken by {name}"
    assert said(sender.finish_unfinished()) == (Code.FEE_BUMPED, message, None, None, "")
