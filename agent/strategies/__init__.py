"""Strategies: from an observation to a decision, without I/O, clock or random numbers."""

from agent.strategies.decide import decide

__all__ = ["decide"]
