"""Risk: the gate every proposal passes, what is left of each limit, and when a plan is due without a trade."""

from agent.risk.change import is_reducing
from agent.risk.gate import check
from agent.risk.headroom import above_minimum, below_maximum, headroom
from agent.risk.upkeep import latch_due, sign_of_life_due, upkeep

__all__ = [
    "above_minimum",
    "below_maximum",
    "check",
    "headroom",
    "is_reducing",
    "latch_due",
    "sign_of_life_due",
    "upkeep",
]
