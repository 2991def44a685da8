"""The compiled twin of agent/strategies/step.py: the next step of one vault, on numbers instead of records.

It and its neighbours (exposure, ceilings, levels, cash) follow the live files rule by rule and own none of the rules:
whatever changes there changes here, and tests/research/test_runners_agree.py fails until it does.
"""
# mypy: disable-error-code="no-any-return"

import agent.research.layout as at
from agent.market.observation import Floats
from agent.research.compiled import compiled_inline, compiled_row
from agent.research.compiled_cash import settle_cash, top_up
from agent.research.compiled_ceilings import cut_legs
from agent.research.compiled_exposure import liquidation_distance
from agent.research.compiled_levels import budget_lots, highest_level, whole
from agent.research.layout import Amounts
from agent.strategies.book import DUST_USD
from agent.strategies.ceilings import STEP_OF_BAND

SURELY = 0.999  # of a bound on whole lots, so that rounding them cannot matter


@compiled_inline
def is_calm(
    p: Floats,
    spot_lots: int,
    short: int,
    idle: float,
    equity: float,
    nav: float,
    spot: float,
    mark: float,
    target: float,
) -> bool:
    """Whether surely nothing is to be done, without cash away from vault and perp account; as most hours are.

    Parameters
    ----------
    idle, equity, nav : USD; `equity` of the perp account
    """
    hedged = p[at.HEDGED] > 0
    lot_usd = spot * p[at.LOT_BASE]
    wanted_usd = target * nav
    held_usd = (max(spot_lots, short) if hedged else spot_lots) * lot_usd
    if wanted_usd <= 0.0 or wanted_usd < p[at.MIN_TRADE_USD]:
        return spot_lots == 0 and short == 0 and equity == 0.0
    # inside the band nothing widens, and no reserve needs filling
    if not (abs(held_usd - wanted_usd) <= p[at.BAND] * nav and idle >= p[at.MIN_IDLE] * nav * 0.5):
        return False
    if not hedged:
        return True
    # balanced, and margin between its bounds
    return (
        held_usd > DUST_USD
        and abs(spot_lots - short) * lot_usd <= p[at.DELTA_BAND] * nav
        and short * (mark * p[at.LOT_BASE]) * p[at.LOW_MARGIN] <= equity
        and equity * spot <= max(short * lot_usd, wanted_usd) * mark * p[at.HIGH_MARGIN] * SURELY
    )


@compiled_row
def next_step(
    p: Floats, s: Amounts, f: Floats, nav: float, spot: float, mark: float, target: float, out: Amounts
) -> None:
    """Write the next proposal towards `target` into `out`, which has to be all zero: the rules in their order."""
    hedged = p[at.HEDGED] > 0
    spot_lots, short = s[at.SPOT], s[at.SHORT]
    largest = max(spot_lots, short) if hedged else spot_lots
    idle = s[at.IDLE] / at.USD
    lot_usd = spot * p[at.LOT_BASE]
    holds = largest * lot_usd > DUST_USD
    drained = idle < p[at.MIN_IDLE] * nav * 0.5
    wanted_usd = max(0.0, target * nav)
    if wanted_usd < p[at.MIN_TRADE_USD]:
        wanted_usd = 0.0
    target_lots, width = wanted_usd / lot_usd, p[at.BAND] * nav / lot_usd
    smallest = max(p[at.MIN_TRADE_USD], STEP_OF_BAND * p[at.BAND] * nav)
    spare = max(0.0, idle - p[at.MIN_IDLE] * nav)
    lot_mark = mark * p[at.LOT_BASE]
    equity, core = s[at.EQUITY] / at.USD, s[at.CORE] / at.USD
    in_flight = (s[at.TO_VENUE] + s[at.TO_VAULT]) / at.USD
    low_margin_reached = hedged and short > 0 and equity < short * lot_mark * p[at.LOW_MARGIN]
    apart = abs(spot_lots - short) * lot_usd > p[at.DELTA_BAND] * nav if hedged else False
    near = abs(largest * lot_usd - wanted_usd) <= p[at.BAND] * nav and (wanted_usd > 0.0 or largest == 0)
    cuts = not near or (drained and holds) or apart or low_margin_reached

    urgent = False
    if hedged and short > 0:
        distance = liquidation_distance(equity / (short * lot_mark), p[at.MAINTENANCE])
        urgent = distance < p[at.MIN_DISTANCE]
    cut_goal, cut_due, freed = largest, False, 0.0
    if cuts:
        cut_goal, cut_due, freed = cut_legs(
            p, s, f, nav, spot, mark, target_lots, width, smallest, urgent, drained, holds, out
        )
    if low_margin_reached and holds:
        kept = min(short, cut_goal) if cut_due else short
        if top_up(p, s, nav, lot_mark, kept, spare + freed, urgent, out):
            return
    if out[at.SPOT_DELTA] != 0 or out[at.SHORT_DELTA] != 0:
        return
    needs_margin = False
    if not cut_due:
        done, needs_margin = _widen(p, s, f, nav, spot, mark, target_lots, width, smallest, spare, out)
        if done:
            return
    if not hedged:
        return
    wanted = whole(target_lots)
    if needs_margin and in_flight == 0.0:
        missing = wanted * lot_mark * p[at.TARGET_MARGIN] - equity - core
        cost = max(0, wanted - spot_lots) * (lot_usd * (1.0 + p[at.BUYING]))
        deposit = min(missing, spare - cost)
        if deposit >= p[at.MIN_TRADE_USD]:
            out[at.DEPOSIT] = whole(deposit * at.USD)
            return
    settle_cash(p, s, lot_mark, wanted, drained, holds, mark, out)


@compiled_row
def _widen(
    p: Floats,
    s: Amounts,
    f: Floats,
    nav: float,
    spot: float,
    mark: float,
    target_lots: float,
    width: float,
    smallest: float,
    spare: float,
    out: Amounts,
) -> tuple[bool, bool]:
    """Whether a widening was written, and whether it only lacks margin."""
    hedged = p[at.HEDGED] > 0
    lot_usd, lot_mark = spot * p[at.LOT_BASE], mark * p[at.LOT_BASE]
    spot_lots, short = s[at.SPOT], s[at.SHORT]
    largest = max(spot_lots, short) if hedged else spot_lots
    smaller = min(spot_lots, short) if hedged else spot_lots
    goal = largest if abs(largest - target_lots) <= width else whole(target_lots)
    if goal <= largest or (goal - smaller) * lot_usd < smallest:
        return False, False
    equity, core = s[at.EQUITY] / at.USD, s[at.CORE] / at.USD
    in_flight = s[at.TO_VENUE] + s[at.TO_VAULT]
    by_margin = goal
    if hedged:
        at_hand = max(0.0, equity + (core if in_flight == 0 else 0.0))
        by_margin = whole(at_hand / (p[at.TARGET_MARGIN] * lot_mark))
    by_cash = spot_lots + whole(spare / (lot_usd * (1.0 + p[at.BUYING])))
    reachable = min(goal, by_margin, by_cash)
    if reachable <= largest or (reachable - smaller) * lot_usd < smallest:
        return False, by_margin < goal
    level = highest_level(smaller, largest, hedged, reachable, budget_lots(p, f, nav, spot, mark, True, True))
    if level <= largest or (level - smaller) * lot_usd < smallest:
        return False, False
    out[at.SPOT_DELTA] = level - spot_lots
    if hedged:
        out[at.SHORT_DELTA] = level - short
        if equity < level * lot_mark * p[at.TARGET_MARGIN] and s[at.CORE] > 0 and in_flight == 0:
            out[at.TO_PERP] = s[at.CORE]
    return True, False
