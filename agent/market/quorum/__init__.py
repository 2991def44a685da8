"""Agreement between sources: one number per quantity, or the reason why there is none."""

from agent.market.quorum.agree import Round, agree
from agent.market.quorum.memory import Memory
from agent.market.quorum.rules import Rules

__all__ = ["Memory", "Round", "Rules", "agree"]
