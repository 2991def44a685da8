"""Where positions are liquidated: our own exactly, the market's by price bucket, exact or estimated and labelled so."""

from agent.market.liquidation.buckets import Cluster, Level, LiquidationMap, Side, clusters, map_of_levels
from agent.market.liquidation.estimate import PerpHours, Tier, estimate
from agent.market.liquidation.own import OwnPosition, buffered, liquidation_price_of

__all__ = [
    "Cluster",
    "Level",
    "LiquidationMap",
    "OwnPosition",
    "PerpHours",
    "Side",
    "Tier",
    "buffered",
    "clusters",
    "estimate",
    "liquidation_price_of",
    "map_of_levels",
]
