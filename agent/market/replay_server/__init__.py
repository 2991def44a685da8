"""A stand-in for eight exchanges: answers in their own wire formats, on a virtual clock, with faults on demand."""

from agent.market.replay_server.clock import VirtualClock
from agent.market.replay_server.faults import Fault, FaultKind
from agent.market.replay_server.histories import Histories, recorded_histories, synthetic_histories
from agent.market.replay_server.server import ReplayServer

__all__ = [
    "Fault",
    "FaultKind",
    "Histories",
    "ReplayServer",
    "VirtualClock",
    "recorded_histories",
    "synthetic_histories",
]
