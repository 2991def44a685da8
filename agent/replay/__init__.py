"""Replays: a market hour by hour over a fresh local chain, through the agent's real cycle."""

from agent.market.period import parse_period
from agent.replay.run import replay
from agent.replay.stage import Stage, open_stage

__all__ = ["Stage", "open_stage", "parse_period", "replay"]
