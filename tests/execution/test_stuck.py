"""A plan at its highest fee that a person was called for is not given up: bytes that no pool has go out again."""

from typing import Any

from held_plans import RULES, hold
from sender_answers import code_of

from agent.execution import Journal, Status
from agent.reasons import Code


def test_what_is_stuck_and_dropped_goes_out_again_and_still_calls_a_person(chain: Any, journal: Journal) -> None:
    sender = hold(chain, journal, max_fee_gwei=0.11)
    chain.pass_time(130 + RULES.halt_after_s)
    assert code_of(sender.finish_unfinished()) is Code.TRANSACTION_STUCK
    chain.node.call("anvil_dropAllTransactions", nullable=True)
    assert code_of(sender.finish_unfinished()) is Code.TRANSACTION_STUCK
    chain.mine()
    finished = sender.finish_unfinished()
    assert finished is not None
    assert (finished.status, chain.nonce()) == (Status.MINED, 1)
