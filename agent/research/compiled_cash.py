"""The compiled twin of agent/strategies/cash.py: cash between the vault and its short leg."""
# mypy: disable-error-code="no-any-return"

import agent.research.layout as at
from agent.market.observation import Floats
from agent.research.compiled import compiled_inline, compiled_row
from agent.research.compiled_levels import whole
from agent.research.layout import Amounts
from agent.strategies.book import DUST_USD
from agent.strategies.cash import WITHDRAWABLE_ROOM


@compiled_row
def top_up(
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
        out[at.DEPOSIT] = whole(deposit * at.USD)
        return True
    return False


@compiled_row
def settle_cash(
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
    most = free if short == 0 else whole(free * WITHDRAWABLE_ROOM)
    units = min(most, whole((equity - needed) * at.USD))
    if units >= p[at.MIN_TRADE_USD] * at.USD:
        out[at.FROM_PERP] = units


@compiled_inline
def withdrawable(s: Amounts, lot_base: float, mark: float) -> int:
    """What HyperCore lets go of a perp account: all above a tenth of the position, millionths of a USD."""
    return max(0, s[at.EQUITY] - whole(0.1 * (s[at.SHORT] * lot_base * mark) * at.USD))
