"""A13: a large trade as many small ones, by time, by cost against risk, or as resting orders."""

from agent.scaling.slicing.almgren_chriss import Schedule, almgren_chriss, risk_aversion_for, schedule_step
from agent.scaling.slicing.maker_ladder import Fill, MakerOrder, maker_ladder, simulate_fills
from agent.scaling.slicing.twap import TwapSlice, twap

__all__ = [
    "Fill",
    "MakerOrder",
    "Schedule",
    "TwapSlice",
    "almgren_chriss",
    "maker_ladder",
    "risk_aversion_for",
    "schedule_step",
    "simulate_fills",
    "twap",
]
