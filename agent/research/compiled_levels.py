"""The compiled twin of agent/strategies/levels.py: how far one plan may go with what its budgets leave."""
# mypy: disable-error-code="no-any-return"

import math

import agent.research.layout as at
from agent.market.observation import Floats
from agent.research.compiled import compiled_inline, compiled_row
from agent.strategies.book import LOSS_ROOM, TRADE_ROOM
from agent.units import BPS


@compiled_inline
def whole(value: float) -> int:
    """Towards zero, as Python's int()."""
    return int(value)


@compiled_row
def budget_lots(p: Floats, f: Floats, nav: float, spot: float, mark: float, widens: bool, room: bool) -> int:
    """Lots that one plan may trade; without `room` only by what it may lose."""
    worst = max(p[at.BUYING], p[at.SELLING])
    if p[at.HEDGED] > 0:
        worst = max(worst, p[at.PERP_LOSS])
    dearest = max(spot, mark) * p[at.LOT_BASE]
    left = p[at.LOSS_BUDGET_BPS] - math.ceil(f[at.LOSS]) if widens else p[at.EMERGENCY_BPS] - math.ceil(f[at.EMERGENCY])
    loss = min(p[at.PLAN_LOSS_BPS] / BPS * nav, left / BPS * nav)
    lots = max(0, whole(loss * LOSS_ROOM / (worst * dearest)))
    if room:
        lots = min(lots, whole(p[at.POLICY_TRADE_USD] * TRADE_ROOM / dearest))
    if widens:
        turnover = (p[at.TURNOVER_BPS] - math.ceil(f[at.TURNOVER])) / BPS * nav
        lots = min(lots, max(0, whole(turnover * TRADE_ROOM / dearest)))
    return lots


@compiled_row
def lowest_level(tall: int, low: int, both: bool, goal: int, budget: int) -> int:
    """As agent/strategies/levels.py lowest_level for one leg or two."""
    level = -(budget - tall)
    if both and level < low:
        level = -((budget - tall - low) // 2)
    return max(goal, level)


@compiled_row
def highest_level(short: int, tall: int, both: bool, goal: int, budget: int) -> int:
    """As highest_level."""
    level = budget + short
    if both and level > tall:
        level = (budget + short + tall) // 2
    return min(goal, level)
