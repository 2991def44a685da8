"""The compiled twin of agent/strategies: exposure and next step of one vault, on numbers instead of records.

It follows agent/strategies/step.py, ceilings.py and cash.py rule by rule and owns none of them: whatever changes there
changes here, and tests/research/test_runners_agree.py fails until it does.
"""
# mypy: disable-error-code="no-any-return"

import math

import agent.research.layout as at
from agent.market.observation import Floats, Seconds
from agent.research.compiled import compiled_inline, compiled_row
from agent.strategies.book import DUST_USD, LOSS_ROOM, TRADE_ROOM
from agent.strategies.cash import WITHDRAWABLE_ROOM
from agent.strategies.ceilings import STEP_OF_BAND
from agent.units import BPS, DAYS_PER_YEAR

Amounts = Seconds  # int64 arrays in the layouts of agent/research/layout.py
NO_CEILING = 1 << 60
SURELY = 0.999  # of a bound on whole lots, so that rounding them cannot matter


@compiled_inline
def liquidation_distance(margin_ratio: float, maintenance: float) -> float:
    """As agent/scaling/liquidation_price.py, of a short; `maintenance` is 1 / (2 x maximum leverage)."""
    return (margin_ratio - maintenance) / (1.0 + maintenance)


@compiled_inline
def exposure(
    p: Floats, s: Amounts, f: Floats, nav: float, spot: float, mark: float, forecast: float, sigma: float, factor: float
) -> float:
    """Target of each leg as a multiple of net asset value.

    Parameters
    ----------
    forecast : annualised volatility of what is held
    sigma : annualised volatility of the price
    factor : of funding and open interest together
    """
    if nav <= 0.0 or s[at.MODE] == at.REDUCE_ONLY:
        return 0.0
    if p[at.HEDGED] > 0:
        factor = factor * _liquidation_factor(p, s, nav, spot, mark, sigma / math.sqrt(DAYS_PER_YEAR))
    if f[at.SHARE] < f[at.HIGH] * (1.0 - p[at.DRAWDOWN_START]):
        drawdown = 1.0 - f[at.SHARE] / f[at.HIGH]
        factor = factor * max(0.0, (p[at.MAX_DRAWDOWN] - drawdown) / (p[at.MAX_DRAWDOWN] - p[at.DRAWDOWN_START]))
    return min(p[at.TARGET] / forecast, p[at.CAP]) * factor


@compiled_inline
def _liquidation_factor(p: Floats, s: Amounts, nav: float, spot: float, mark: float, daily_sigma: float) -> float:
    nearest = p[at.DISTANCE_AT_TARGET]
    lots = s[at.SHORT]
    if lots > 0 and max(s[at.SPOT], lots) * (spot * p[at.LOT_BASE]) > DUST_USD:
        cash = (s[at.EQUITY] + s[at.CORE] + s[at.TO_VENUE] + s[at.TO_VAULT]) / at.USD
        reachable = cash + max(0.0, s[at.IDLE] / at.USD - p[at.MIN_IDLE] * nav)
        notional = lots * (mark * p[at.LOT_BASE])
        if reachable < p[at.TARGET_MARGIN] * notional:
            nearest = min(nearest, liquidation_distance(reachable / notional, p[at.MAINTENANCE]))
    wanted = daily_sigma * p[at.WANTED_SIGMA]
    return 1.0 if nearest >= wanted else max(0.0, nearest / wanted)


@compiled_inline
def next_step(
    p: Floats, s: Amounts, f: Floats, nav: float, spot: float, mark: float, target: float, out: Amounts
) -> None:
    """Write the next proposal towards `target` into `out`, which has to be all zero."""
    hedged = p[at.HEDGED] > 0
    lot_usd = spot * p[at.LOT_BASE]
    spot_lots, short = s[at.SPOT], s[at.SHORT]
    largest = max(spot_lots, short) if hedged else spot_lots
    idle = s[at.IDLE] / at.USD
    holds = largest * lot_usd > DUST_USD
    drained = idle < p[at.MIN_IDLE] * nav * 0.5

    wanted_usd = max(0.0, target * nav)
    if wanted_usd < p[at.MIN_TRADE_USD]:
        wanted_usd = 0.0
    near = abs(largest * lot_usd - wanted_usd) <= p[at.BAND] * nav and (wanted_usd > 0.0 or largest == 0)
    calm = near and not (drained and holds)
    if calm and not hedged:
        return  # nothing forces a cut, and inside the band nothing widens
    if calm and s[at.TO_VENUE] + s[at.TO_VAULT] + s[at.CORE] == 0 and holds:
        # as most hours are: hedged, with margin between its bounds, and no cash away from home
        equity = s[at.EQUITY] / at.USD
        if (
            abs(spot_lots - short) * lot_usd <= p[at.DELTA_BAND] * nav
            and short * (mark * p[at.LOT_BASE]) * p[at.LOW_MARGIN] <= equity
            and equity * spot <= max(short * lot_usd, wanted_usd) * mark * p[at.HIGH_MARGIN] * SURELY
            and not drained
        ):
            return
    _act(p, s, f, nav, spot, mark, wanted_usd, calm, drained, holds, out)


@compiled_row
def _act(
    p: Floats,
    s: Amounts,
    f: Floats,
    nav: float,
    spot: float,
    mark: float,
    wanted_usd: float,
    calm: bool,
    drained: bool,
    holds: bool,
    out: Amounts,
) -> None:
    """The rules in their order, where something may be due."""
    hedged = p[at.HEDGED] > 0
    spot_lots, short = s[at.SPOT], s[at.SHORT]
    largest = max(spot_lots, short) if hedged else spot_lots
    idle = s[at.IDLE] / at.USD
    lot_usd = spot * p[at.LOT_BASE]
    target_lots, width = wanted_usd / lot_usd, p[at.BAND] * nav / lot_usd
    smallest = max(p[at.MIN_TRADE_USD], STEP_OF_BAND * p[at.BAND] * nav)
    spare = max(0.0, idle - p[at.MIN_IDLE] * nav)
    lot_mark = mark * p[at.LOT_BASE]
    equity, core = s[at.EQUITY] / at.USD, s[at.CORE] / at.USD
    in_flight = (s[at.TO_VENUE] + s[at.TO_VAULT]) / at.USD
    low_margin_reached = hedged and short > 0 and equity < short * lot_mark * p[at.LOW_MARGIN]
    apart = abs(spot_lots - short) * lot_usd > p[at.DELTA_BAND] * nav if hedged else False
    quiet = calm and not apart and not low_margin_reached

    urgent = False
    if hedged and short > 0:
        distance = liquidation_distance(equity / (short * lot_mark), p[at.MAINTENANCE])
        urgent = distance < p[at.MIN_DISTANCE]
    cut_goal, cut_due, freed = largest, False, 0.0
    if not quiet:
        cut_goal, cut_due, freed = _cut(
            p, s, f, nav, spot, mark, target_lots, width, smallest, urgent, drained, holds, out
        )
    if low_margin_reached and holds:
        kept = min(short, cut_goal) if cut_due else short
        if _top_up(p, s, nav, lot_mark, kept, spare + freed, urgent, out):
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
    wanted = np_int(target_lots)
    if needs_margin and in_flight == 0.0:
        missing = wanted * lot_mark * p[at.TARGET_MARGIN] - equity - core
        cost = max(0, wanted - spot_lots) * (lot_usd * (1.0 + p[at.BUYING]))
        deposit = min(missing, spare - cost)
        if deposit >= p[at.MIN_TRADE_USD]:
            out[at.DEPOSIT] = np_int(deposit * at.USD)
            return
    _settle(p, s, lot_mark, wanted, drained, holds, mark, out)


@compiled_inline
def np_int(value: float) -> int:
    """Towards zero, as Python's int()."""
    return int(value)


@compiled_row
def _budget(p: Floats, f: Floats, nav: float, spot: float, mark: float, widens: bool, room: bool) -> int:
    """Lots that one plan may trade; without `room` only by what it may lose."""
    worst = max(p[at.BUYING], p[at.SELLING])
    if p[at.HEDGED] > 0:
        worst = max(worst, p[at.PERP_LOSS])
    dearest = max(spot, mark) * p[at.LOT_BASE]
    left = p[at.LOSS_BUDGET_BPS] - math.ceil(f[at.LOSS]) if widens else p[at.EMERGENCY_BPS] - math.ceil(f[at.EMERGENCY])
    loss = min(p[at.PLAN_LOSS_BPS] / BPS * nav, left / BPS * nav)
    lots = max(0, np_int(loss * LOSS_ROOM / (worst * dearest)))
    if room:
        lots = min(lots, np_int(p[at.POLICY_TRADE_USD] * TRADE_ROOM / dearest))
    if widens:
        turnover = (p[at.TURNOVER_BPS] - math.ceil(f[at.TURNOVER])) / BPS * nav
        lots = min(lots, max(0, np_int(turnover * TRADE_ROOM / dearest)))
    return lots


@compiled_row
def _lowest(tall: int, low: int, both: bool, goal: int, budget: int) -> int:
    """As agent/strategies/levels.py lowest_level for one leg or two."""
    level = -(budget - tall)
    if both and level < low:
        level = -((budget - tall - low) // 2)
    return max(goal, level)


@compiled_row
def _highest(short: int, tall: int, both: bool, goal: int, budget: int) -> int:
    """As highest_level."""
    level = budget + short
    if both and level > tall:
        level = (budget + short + tall) // 2
    return min(goal, level)


@compiled_row
def _cut(
    p: Floats,
    s: Amounts,
    f: Floats,
    nav: float,
    spot: float,
    mark: float,
    target_lots: float,
    width: float,
    smallest: float,
    urgent: bool,
    drained: bool,
    holds: bool,
    out: Amounts,
) -> tuple[int, bool, float]:
    """The lowest ceiling that is worth its trade: lots kept in the end, whether a cut is due, cash it frees."""
    hedged = p[at.HEDGED] > 0
    lot_usd, lot_mark = spot * p[at.LOT_BASE], mark * p[at.LOT_BASE]
    proceeds = lot_usd * (1.0 - p[at.SELLING])
    spot_lots, short = s[at.SPOT], s[at.SHORT]
    largest = max(spot_lots, short) if hedged else spot_lots
    smaller = min(spot_lots, short) if hedged else spot_lots
    idle = s[at.IDLE] / at.USD
    equity, core = s[at.EQUITY] / at.USD, s[at.CORE] / at.USD
    in_flight = (s[at.TO_VENUE] + s[at.TO_VAULT]) / at.USD
    margin = p[at.TARGET_MARGIN]

    # 0 target, 1 balance, 2 margin, 3 reserve
    by_target, target_forced = NO_CEILING, False
    if target_lots == 0.0:
        by_target, target_forced = 0, True
    elif largest - target_lots > width:
        by_target = np_int(target_lots + width)
    by_balance = smaller if hedged and abs(spot_lots - short) * lot_usd > p[at.DELTA_BAND] * nav else NO_CEILING
    kept = min(by_target, by_balance)
    if kept == NO_CEILING:
        kept = largest
    by_margin = NO_CEILING
    if hedged and short > 0 and equity < short * lot_mark * p[at.LOW_MARGIN]:
        if urgent:
            at_hand = max(0.0, equity + (core if in_flight == 0.0 else 0.0))
            lots = np_int(at_hand / (margin * lot_mark))
            by_margin = lots if lots < short else NO_CEILING
        else:
            sold = max(0, spot_lots - kept) * proceeds
            reachable = equity + core + in_flight + max(0.0, idle - p[at.MIN_IDLE] * nav) + sold
            left = min(kept, short)
            if reachable < left * lot_mark * p[at.LOW_MARGIN]:
                missing = left * lot_mark * margin - reachable
                by_margin = max(0, left - math.ceil(missing / (lot_mark * margin + proceeds)))
    by_reserve = NO_CEILING
    if drained and holds and in_flight == 0.0:
        ratio = margin if hedged else 0.0
        spare_margin = equity - max(0, short) * lot_mark * ratio
        if max(core, spare_margin) < p[at.MIN_TRADE_USD]:
            reserve = p[at.MIN_IDLE] * nav
            with_margin = (reserve - idle + max(0.0, -spare_margin)) / (proceeds + ratio * lot_mark)
            alone = (reserve - idle) / proceeds
            lots = max((reserve - max(0.0, idle)) / proceeds, min(with_margin, alone))
            by_reserve = max(0, largest - math.ceil(lots))

    done = 0
    waits = False
    for _ in range(4):
        # the lowest not yet looked at; of equal ones the first in the order above
        which, lowest = -1, NO_CEILING
        for index in range(4):
            lots = by_target if index == 0 else by_balance if index == 1 else by_margin if index == 2 else by_reserve
            if lots < lowest and not done & (1 << index):
                which, lowest = index, lots
        if which < 0:
            break
        done |= 1 << which
        if lowest >= largest:
            continue
        forced = which == 1 or which == 2 or (which == 0 and target_forced)
        budget = _budget(p, f, nav, spot, mark, False, not urgent)
        level = _lowest(largest, smaller, hedged, lowest, budget)
        sold = spot_lots - min(spot_lots, level)
        closed = short - min(short, level) if hedged else 0
        least = DUST_USD if forced else smallest
        if max(sold, closed) * lot_usd > least:
            out[at.SPOT_DELTA], out[at.SHORT_DELTA] = -sold, -closed
            return lowest, True, sold * proceeds
        sold = spot_lots - min(spot_lots, lowest)
        closed = short - min(short, lowest) if hedged else 0
        waits = waits or max(sold, closed) * lot_usd > least
    return largest, waits, 0.0


@compiled_row
def _top_up(
    p: Floats, s: Amounts, nav: float, lot_mark: float, kept: int, available: float, urgent: bool, out: Amounts
) -> bool:
    equity, core = s[at.EQUITY] / at.USD, s[at.CORE] / at.USD
    if s[at.TO_VENUE] + s[at.TO_VAULT] > 0 or equity >= kept * lot_mark * p[at.LOW_MARGIN]:
        return False
    deposit = min(kept * lot_mark * p[at.TARGET_MARGIN] - equity - core, available)
    if deposit < p[at.MIN_TRADE_USD]:
        deposit = 0.0
    if core > DUST_USD and ((urgent and core >= p[at.MIN_TRADE_USD]) or core >= deposit):
        out[at.TO_PERP] = s[at.CORE]
        return True
    if deposit > 0:
        out[at.DEPOSIT] = np_int(deposit * at.USD)
        return True
    return False


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
    goal = largest if abs(largest - target_lots) <= width else np_int(target_lots)
    if goal <= largest or (goal - smaller) * lot_usd < smallest:
        return False, False
    equity, core = s[at.EQUITY] / at.USD, s[at.CORE] / at.USD
    in_flight = s[at.TO_VENUE] + s[at.TO_VAULT]
    by_margin = goal
    if hedged:
        at_hand = max(0.0, equity + (core if in_flight == 0 else 0.0))
        by_margin = np_int(at_hand / (p[at.TARGET_MARGIN] * lot_mark))
    by_cash = spot_lots + np_int(spare / (lot_usd * (1.0 + p[at.BUYING])))
    reachable = min(goal, by_margin, by_cash)
    if reachable <= largest or (reachable - smaller) * lot_usd < smallest:
        return False, by_margin < goal
    level = _highest(smaller, largest, hedged, reachable, _budget(p, f, nav, spot, mark, True, True))
    if level <= largest or (level - smaller) * lot_usd < smallest:
        return False, False
    out[at.SPOT_DELTA] = level - spot_lots
    if hedged:
        out[at.SHORT_DELTA] = level - short
        if equity < level * lot_mark * p[at.TARGET_MARGIN] and s[at.CORE] > 0 and in_flight == 0:
            out[at.TO_PERP] = s[at.CORE]
    return True, False


@compiled_row
def _settle(
    p: Floats, s: Amounts, lot_mark: float, wanted: int, drained: bool, holds: bool, mark: float, out: Amounts
) -> None:
    """Brings home what the position does not need."""
    if s[at.TO_VENUE] + s[at.TO_VAULT] > 0:
        return
    equity, core, short = s[at.EQUITY] / at.USD, s[at.CORE] / at.USD, s[at.SHORT]
    held = short if holds else 0
    counted = held if drained else max(held, wanted)
    needed = counted * lot_mark * p[at.TARGET_MARGIN]
    bound = counted * lot_mark * p[at.HIGH_MARGIN]
    if core >= p[at.MIN_TRADE_USD]:
        if equity + core <= (needed if drained else (needed + bound) / 2.0):
            out[at.TO_PERP] = s[at.CORE]
        else:
            out[at.WITHDRAW] = s[at.CORE]
        return
    if not drained and equity <= bound:
        return
    free = withdrawable(s, p[at.LOT_BASE], mark)
    most = free if short == 0 else np_int(free * WITHDRAWABLE_ROOM)
    units = min(most, np_int((equity - needed) * at.USD))
    if units >= p[at.MIN_TRADE_USD] * at.USD:
        out[at.FROM_PERP] = units


@compiled_inline
def withdrawable(s: Amounts, lot_base: float, mark: float) -> int:
    """What HyperCore lets go of a perp account: all above a tenth of the position, millionths of a USD."""
    return max(0, s[at.EQUITY] - np_int(0.1 * (s[at.SHORT] * lot_base * mark) * at.USD))
