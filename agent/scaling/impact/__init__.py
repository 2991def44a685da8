"""A13: what a trade is expected to cost, and how large it may be for a cost that is accepted."""

from agent.scaling.impact.almgren_2005 import AlmgrenImpact, almgren_impact
from agent.scaling.impact.depth_walk import Walk, depth_walk
from agent.scaling.impact.square_root import participation_cap, quantity_for_cost, square_root_impact

__all__ = [
    "AlmgrenImpact",
    "Walk",
    "almgren_impact",
    "depth_walk",
    "participation_cap",
    "quantity_for_cost",
    "square_root_impact",
]
