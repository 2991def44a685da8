"""The compiled twin of agent/strategies/ceilings.py: why the legs must become smaller, and by how much."""
# mypy: disable-error-code="no-any-return"

import math

import agent.research.layout as at
from agent.market.observation import Floats
from agent.research.compiled import compiled_row
from agent.research.compiled_levels import budget_lots, lowest_level, whole
from agent.research.layout import Amounts
from agent.strategies.book import DUST_USD

NO_CEILING = 1 << 60


@compiled_row
def cut_legs(
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
        by_target = whole(target_lots + width)
    by_balance = smaller if hedged and abs(spot_lots - short) * lot_usd > p[at.DELTA_BAND] * nav else NO_CEILING
    kept = min(by_target, by_balance)
    if kept == NO_CEILING:
        kept = largest
    by_margin = NO_CEILING
    if hedged and short > 0 and equity < short * lot_mark * p[at.LOW_MARGIN]:
        if urgent:
            at_hand = max(0.0, equity + (core if in_flight == 0.0 else 0.0))
            lots = whole(at_hand / (margin * lot_mark))
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
        budget = budget_lots(p, f, nav, spot, mark, False, not urgent)
        level = lowest_level(largest, smaller, hedged, lowest, budget)
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
