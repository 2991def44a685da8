"""The compiled twin of agent/risk/gate.py: whether a proposal breaks a limit of the policy."""
# mypy: disable-error-code="no-any-return"

import math

import agent.research.layout as at
from agent.market.observation import Floats
from agent.research.compiled import compiled_row
from agent.research.compiled_exposure import liquidation_distance
from agent.research.layout import Amounts
from agent.units import BPS


@compiled_row
def approves(p: Floats, s: Amounts, f: Floats, nav: float, spot: float, mark: float, out: Amounts) -> bool:
    """True when no check of the gate would refuse; the vault's loss limits are latched before and not looked at."""
    hedged = p[at.HEDGED] > 0
    bought, opened = out[at.SPOT_DELTA], out[at.SHORT_DELTA]
    spot_lots, short = s[at.SPOT], s[at.SHORT]
    reducing = 0 <= spot_lots + bought <= spot_lots and 0 <= short + opened <= short
    spot_usd, short_usd = spot_lots * p[at.LOT_BASE] * spot, short * p[at.LOT_BASE] * spot
    spot_after, short_after = (spot_lots + bought) * p[at.LOT_BASE] * spot, (short + opened) * p[at.LOT_BASE] * spot
    slip = p[at.BUYING] if bought > 0 else p[at.SELLING]
    spot_traded = abs(bought) * p[at.LOT_BASE] * spot
    short_traded = abs(opened) * p[at.LOT_BASE] * mark
    loss = (spot_traded * slip if bought != 0 else 0.0) + short_traded * p[at.PERP_LOSS]
    part = loss / nav

    if slip * BPS > p[at.SLIPPAGE_BPS] and bought != 0:
        return False
    if opened != 0 and p[at.ORDER_TOLERANCE] * BPS > p[at.SLIPPAGE_BPS]:
        return False
    if part > p[at.PLAN_LOSS_BPS] / BPS:
        return False
    net, net_before = abs(spot_after - short_after), abs(spot_usd - short_usd)
    if net / nav > p[at.DELTA_BPS] / BPS and not (reducing and net <= net_before):
        return False
    deposit = out[at.DEPOSIT] / at.USD
    if hedged and not _margin_holds(p, s, mark, out, reducing, short_traded):
        return False
    if not _caps_hold(p, s, nav, spot_usd, spot_after, short_usd, short_after, deposit):
        return False
    if reducing:
        return math.ceil(f[at.EMERGENCY]) / BPS + part <= p[at.EMERGENCY_BPS] / BPS
    traded = spot_traded + short_traded
    if traded > p[at.MAX_TRADE_USD] or (spot_after + short_after) / nav > p[at.GROSS_BPS] / BPS:
        return False
    if math.ceil(f[at.TURNOVER]) / BPS + traded / nav > p[at.TURNOVER_BPS] / BPS:
        return False
    if math.ceil(f[at.LOSS]) / BPS + part > p[at.LOSS_BUDGET_BPS] / BPS:
        return False
    idle = s[at.IDLE] / at.USD
    paid = (spot_traded if bought > 0 else -spot_traded) + (spot_traded * slip if bought != 0 else 0.0)
    idle_after = idle - paid - deposit
    return idle_after >= idle or idle_after / nav >= p[at.POLICY_IDLE_BPS] / BPS


@compiled_row
def _margin_holds(p: Floats, s: Amounts, mark: float, out: Amounts, reducing: bool, short_traded: float) -> bool:
    """Distance to liquidation and health after the plan, which a reducing one may only not make worse."""
    short, after = s[at.SHORT], s[at.SHORT] + out[at.SHORT_DELTA]
    if after == 0:
        return True
    equity = s[at.EQUITY] / at.USD
    moved = (out[at.TO_PERP] - out[at.FROM_PERP]) / at.USD - short_traded * p[at.PERP_LOSS]
    ratio = (equity + moved) / (after * p[at.LOT_BASE] * mark)
    before = equity / (short * p[at.LOT_BASE] * mark) if short > 0 else 0.0
    distance = liquidation_distance(ratio, p[at.MAINTENANCE])
    if distance < p[at.DISTANCE_BPS] / BPS and not (
        reducing and short > 0 and distance >= liquidation_distance(before, p[at.MAINTENANCE])
    ):
        return False
    health = max(0.0, ratio) / p[at.MAINTENANCE]
    was = max(0.0, before) / p[at.MAINTENANCE]
    return health >= p[at.HEALTH_BPS] / BPS or (reducing and short > 0 and health >= was)


@compiled_row
def _caps_hold(
    p: Floats,
    s: Amounts,
    nav: float,
    spot_usd: float,
    spot_after: float,
    short_usd: float,
    short_after: float,
    deposit: float,
) -> bool:
    """What each venue and the base token hold, where it grows."""
    cap = min(p[at.VENUE_CAP_USD], nav * p[at.VENUE_CAP_BPS] / BPS)
    if spot_after > spot_usd and spot_after > cap:
        return False
    if p[at.HEDGED] > 0:
        held = (max(0, s[at.EQUITY]) + s[at.CORE] + s[at.TO_VENUE] + s[at.TO_VAULT]) / at.USD
        before, after = max(short_usd, held), max(short_after, held + deposit)
        if after > before and after > cap:
            return False
    gross, total = spot_usd + short_usd, spot_after + short_after
    return total <= gross or total <= min(p[at.ASSET_CAP_USD], nav * p[at.ASSET_CAP_BPS] / BPS)
