"""The compiled twin of what agent/strategies/carry.py and volatility_target.py size: the exposure of one vault."""
# mypy: disable-error-code="no-any-return"

import math

import agent.research.layout as at
from agent.market.observation import Floats
from agent.research.compiled import compiled_inline
from agent.strategies.book import DUST_USD
from agent.units import DAYS_PER_YEAR

PER_DAY = 1.0 / math.sqrt(DAYS_PER_YEAR)  # of a volatility; a product is a third of a division


@compiled_inline
def liquidation_distance(margin_ratio: float, maintenance: float) -> float:
    """As agent/scaling/liquidation_price.py, of a short; `maintenance` is 1 / (2 x maximum leverage)."""
    return (margin_ratio - maintenance) / (1.0 + maintenance)


@compiled_inline
def exposure(
    p: Floats,
    spot_lots: int,
    short: int,
    idle: float,
    cash: float,
    nav: float,
    share: float,
    high: float,
    spot: float,
    mark: float,
    forecast: float,
    sigma: float,
    factor: float,
) -> float:
    """Target of each leg as a multiple of net asset value, of a vault that may widen.

    Parameters
    ----------
    idle, cash, nav : USD; `cash` is all of the vault's on its way to the venue, on it and on its way back
    share, high : net asset value of a share and its highest, in one unit
    forecast : annualised volatility of what is held
    sigma : annualised volatility of the price
    factor : of funding and open interest together
    """
    if p[at.HEDGED] > 0:
        nearest = p[at.DISTANCE_AT_TARGET]
        if short > 0 and max(spot_lots, short) * (spot * p[at.LOT_BASE]) > DUST_USD:
            reachable = cash + max(0.0, idle - p[at.MIN_IDLE] * nav)
            notional = short * (mark * p[at.LOT_BASE])
            if reachable < p[at.TARGET_MARGIN] * notional:
                nearest = min(nearest, liquidation_distance(reachable / notional, p[at.MAINTENANCE]))
        wanted = sigma * PER_DAY * p[at.WANTED_SIGMA]
        if nearest < wanted:
            factor = factor * max(0.0, nearest / wanted)
    if share < high * (1.0 - p[at.DRAWDOWN_START]):
        drawdown = 1.0 - share / high
        factor = factor * max(0.0, (p[at.MAX_DRAWDOWN] - drawdown) / (p[at.MAX_DRAWDOWN] - p[at.DRAWDOWN_START]))
    return min(p[at.TARGET] / forecast, p[at.CAP]) * factor
