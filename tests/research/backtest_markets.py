"""Synthetic markets with holes for the backtests."""

from dataclasses import replace

import numpy as np

from agent.market.source import HistorySource
from agent.market.synthetic import synthetic_market
from agent.market.table import MarketTable

START = 1_672_531_200  # 2023-01-01
HOUR = 3_600


def market(seed: int, hours: int, has_perp: bool, funding_scale: float = 1.0) -> MarketTable:
    """A synthetic market with holes; its funding scaled, so that a short period sees regimes come and go."""
    table = synthetic_market(seed, START, hours, "ETHUSDT", has_perp)
    gap = np.ones(len(table.spot.time_s), dtype=bool)
    gap[hours // 3 : hours // 3 + 3] = False
    holed = replace(
        table.spot,
        time_s=table.spot.time_s[gap],
        close=table.spot.close[gap],
        high=table.spot.high[gap],
        low=table.spot.low[gap],
    )
    if table.funding is None:
        return replace(table, spot=holed)
    wave = np.sin(np.arange(len(table.funding.rate)) / 9.0) * 2e-4 * funding_scale
    return replace(table, spot=holed, funding=replace(table.funding, rate=table.funding.rate * funding_scale + wave))


def source(table: MarketTable, window_h: int) -> HistorySource:
    return HistorySource(table, window_h)
