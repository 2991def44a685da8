"""Fault 58: a reorganisation takes a plan back, and there is one effect or none."""

from dataclasses import replace

import pytest
from counting_chain import COUNTER_CODE, REVERTING_CODE, CountingChain
from sender_answers import code_of
from sent_plans import RULES, attempts_in, burn_nonces, finish, sender_on

from agent.execution import Journal, Sender, Status
from agent.reasons import Code

# Where a reorganisation may catch a plan: in the pool; in a block; with the blocks it needs on top; and two of them.
PHASES = ("pending", "in a block", "confirmed", "two plans")
DEEP = replace(RULES, confirmation_blocks=2, finality_blocks=12)


def codes_in(journal: Journal) -> list[str]:
    """Every code that the journal holds, oldest first."""
    return [str(code) for (code,) in journal._store.rows("SELECT code FROM outcomes ORDER BY id")]


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("depth", range(1, 13))
def test_fault_58_after_a_reorganisation_there_is_exactly_one_effect(
    chain: CountingChain, journal: Journal, depth: int, phase: str
) -> None:
    for _ in range(13):
        chain.mine()
    plans = 2 if phase == "two plans" else 1
    sender = sender_on(chain, journal, rules=DEEP)
    chain.set_automine(False)
    for number in range(1, plans + 1):
        sender.send(chain.rehearsed(number, gas_limit=300_000), "")
        for _ in range({"pending": 0, "in a block": 1, "confirmed": 3, "two plans": 3}[phase]):
            chain.mine()
        if phase in ("confirmed", "two plans"):
            assert finish(sender).status is Status.MINED
    chain.node.call("anvil_reorg", depth, [], nullable=True)
    for _ in range(40):
        sender.finish_unfinished()
        chain.mine()
    assert (chain.count(), chain.nonce()) == (plans, plans)
    assert sender.finish_unfinished() is None
    assert journal.watched(chain.signer.address) == [], "all of it is final"
    known = {raw for *_, raw in attempts_in(journal)}
    assert len(known) == plans, "the same bytes, never others"


def taken_back(chain: CountingChain, journal: Journal) -> Sender:
    """A sender whose plan was mined, and is on the chain no more."""
    for _ in range(5):
        chain.mine()
    sender = sender_on(chain, journal, rules=DEEP)
    chain.set_automine(False)
    sender.send(chain.rehearsed(), "")
    for _ in range(3):
        chain.mine()
    assert finish(sender).status is Status.MINED
    chain.node.call("anvil_reorg", 4, [], nullable=True)
    return sender


def test_fault_58_a_plan_that_the_new_chain_would_refuse_is_cancelled(chain: CountingChain, journal: Journal) -> None:
    sender = taken_back(chain, journal)
    chain.set_code(REVERTING_CODE)
    for _ in range(20):
        sender.finish_unfinished()
        chain.mine()
    chain.set_code(COUNTER_CODE)
    assert (chain.count(), chain.nonce()) == (0, 1)
    assert {"REORGED", "PLAN_CANCELLED"} < set(codes_in(journal))


def test_fault_58_a_stranger_who_takes_the_nonce_on_the_new_chain_halts(chain: CountingChain, journal: Journal) -> None:
    sender = taken_back(chain, journal)
    burn_nonces(chain, 1)
    lost = finish(sender)
    assert ([reason.code for reason in lost.halting], chain.count()) == ([Code.KEY_SHARED], 0)
    assert code_of(sender.send(chain.rehearsed(1), "")) is Code.KEY_SHARED
