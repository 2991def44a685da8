"""Runs one reader of `rows` over one answer, so that whatever a venue sends ends as facts or as coded rejections."""

from typing import Any

from agent.market.exchanges.door import TurnedAway, quoted
from agent.market.exchanges.facts import Facts
from agent.market.exchanges.venues import Call
from agent.reasons import Code, Reason

# What Python raises on an answer of another shape than the documented one.
OTHER_SHAPE = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError)


def read(call: Call, answer: Any, facts: Facts, depth_bps: float) -> None:
    """Fill `facts` from one answer; what cannot be used is a rejection of each quantity the answer should tell."""
    try:
        call.read(answer, facts, depth_bps)
    except TurnedAway as away:
        reject_call(call, facts, away.reason)
    except OTHER_SHAPE as error:
        message = (
            f"{facts.market.venue} {call.http}: not the documented shape ({type(error).__name__}: {quoted(str(error))})"
        )
        reject_call(call, facts, Reason(Code.SOURCE_MALFORMED, message))


def reject_call(call: Call, facts: Facts, reason: Reason) -> None:
    """Nothing that this call tells is known, except what another answer has told."""
    for quantity in sorted(call.gives):
        if not facts.tells(quantity):
            facts.reject(quantity, reason)
