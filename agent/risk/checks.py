"""The limits, one function each: the number, its bound from the policy, and a Reason when it is broken."""

import math

from agent.decision import Decision
from agent.market.observation import Mode, Observation
from agent.policy import ContractCap, ContractLimits
from agent.reasons import Code, Reason
from agent.risk.change import Change
from agent.units import BPS


def finite_numbers(decision: Decision, change: Change) -> Reason | None:
    """Every number that the other checks compare; a NaN would pass all of them."""
    numbers = {
        "gross exposure": change.after.gross_usd(),
        "net delta": change.after.net_usd(),
        "liquidation distance": change.after.liquidation_distance or 0.0,
        "health": change.after.health or 0.0,
        "value on the perp venue": change.after.perp_value_usd,
        "traded notional": change.traded_usd,
        "worst loss": change.loss_usd,
        "idle cash": change.idle_after_usd,
        "target": 0.0 if decision.target is None else decision.target.exposure,
    }
    wrong = [name for name, number in numbers.items() if not math.isfinite(number)]
    return Reason(Code.DATA_NOT_FINITE, f"not a finite number: {', '.join(wrong)}") if wrong else None


def mode(observation: Observation, change: Change) -> Reason | None:
    """HALTED carries out no plan, REDUCE_ONLY none that widens."""
    if observation.vault.mode is Mode.HALTED:
        return Reason(Code.HALTED, "the vault is halted", where="vault.mode")
    if observation.vault.mode is Mode.REDUCE_ONLY and not change.reducing:
        return Reason(Code.REDUCE_ONLY, "the vault may only reduce", where="vault.mode")
    return None


def effect_pending(observation: Observation) -> Reason | None:
    """The perp adapter takes no action while an earlier one may still have its effect."""
    perp = observation.vault.perp
    if perp is None or perp.pending_until <= observation.time:
        return None
    return Reason(
        Code.EFFECT_PENDING, "an earlier action may still take effect", float(observation.time), perp.pending_until
    )


def oracle_age(observation: Observation, limits: ContractLimits) -> Reason | None:
    """No plan on an old price."""
    age_s = observation.time - observation.vault.oracle_updated_at
    bound = limits.max_oracle_age_seconds
    return _above(Code.ORACLE_STALE, "age of the oracle's price in seconds", age_s, bound, "max_oracle_age_s")


def cooldown(observation: Observation, change: Change, limits: ContractLimits) -> Reason | None:
    """Time since the last plan; a reducing one need not wait."""
    elapsed_s = observation.time - observation.vault.last_plan_at
    if change.reducing or elapsed_s >= limits.cooldown_seconds:
        return None
    where = "policy.cooldown_s"
    return Reason(Code.COOLDOWN, "seconds since the last plan", float(elapsed_s), limits.cooldown_seconds, where)


def trade_notional(change: Change, limits: ContractLimits) -> Reason | None:
    """Notional of one plan; a reducing one is not bounded."""
    if change.reducing:
        return None
    bound = limits.max_trade_notional / 10**6
    return _above(Code.TRADE_TOO_LARGE, "notional of the plan in USD", change.traded_usd, bound, "max_trade_usd")


def gross_leverage(change: Change, limits: ContractLimits) -> Reason | None:
    """Sum of the legs' notionals against net asset value at the start."""
    if change.reducing and change.after.gross_usd() <= change.before.gross_usd():
        return None
    value = _part(change.after.gross_usd(), change.nav_usd)
    bound = limits.max_gross_leverage_bps / BPS
    return _above(Code.GROSS_LEVERAGE, "gross exposure / NAV after the plan", value, bound, "max_gross_leverage")


def net_delta(change: Change, limits: ContractLimits) -> Reason | None:
    """Absolute net notional against net asset value at the start."""
    if change.reducing and change.after.net_usd() <= change.before.net_usd():
        return None
    value = _part(change.after.net_usd(), change.nav_usd)
    bound = limits.max_net_delta_bps / BPS
    return _above(Code.NET_DELTA, "|net delta| / NAV after the plan", value, bound, "max_net_delta")


def liquidation(change: Change, limits: ContractLimits) -> Reason | None:
    """Distance of the mark to the liquidation price after the plan."""
    after, before = change.after.liquidation_distance, change.before.liquidation_distance
    bound = limits.min_liquidation_distance_bps / BPS
    if after is None or after >= bound or (change.reducing and before is not None and after >= before):
        return None
    where = "policy.min_liquidation_distance"
    return Reason(Code.LIQUIDATION_TOO_CLOSE, "distance to liquidation after the plan", after, bound, where)


def health(change: Change, limits: ContractLimits) -> Reason | None:
    """What secures the short leg against what its venue asks for, after the plan."""
    after, before = change.after.health, change.before.health
    bound = limits.min_health_bps / BPS
    if after is None or after >= bound or (change.reducing and before is not None and after >= before):
        return None
    return Reason(
        Code.HEALTH_TOO_LOW,
        "what secures the short leg / what its venue asks for, after the plan",
        after,
        bound,
        "policy.min_health",
    )


def venue_caps(change: Change, cap: ContractCap) -> Reason | None:
    """What each venue holds after the plan, where it grew."""
    before = change.before.venues()
    for name, value in change.after.venues().items():
        if value > before[name] and (reason := _capped(Code.VENUE_CAP, f"USD at the {name} venue", value, change, cap)):
            return reason
    return None


def asset_cap(change: Change, cap: ContractCap) -> Reason | None:
    """What all legs of the base token come to after the plan, where they grew."""
    value = change.after.gross_usd()
    if value <= change.before.gross_usd():
        return None
    return _capped(Code.ASSET_CAP, "USD of the base token", value, change, cap)


def slippage(change: Change, limits: ContractLimits) -> Reason | None:
    """Worst fill of each leg against its reference price."""
    bound = limits.max_slippage_bps / BPS
    if change.spot_slippage >= change.perp_slippage:
        return _above(Code.SLIPPAGE, "worst spot fill against the oracle", change.spot_slippage, bound, "max_slippage")
    return _above(
        Code.SLIPPAGE,
        "worst fill of the short leg against its reference price",
        change.perp_slippage,
        bound,
        "max_slippage",
    )


def plan_loss(change: Change, limits: ContractLimits) -> Reason | None:
    """Worst execution loss against net asset value; a reducing plan is not exempt."""
    value = _part(change.loss_usd, change.nav_usd)
    bound = limits.max_loss_per_plan_bps / BPS
    return _above(Code.PLAN_LOSS, "worst loss of the plan / NAV", value, bound, "max_loss_per_plan")


def turnover(observation: Observation, change: Change, limits: ContractLimits) -> Reason | None:
    """Notional still in the bucket with this plan; a reducing one counts and is not bounded."""
    if change.reducing:
        return None
    value = observation.vault.turnover_used_bps / BPS + _part(change.traded_usd, change.nav_usd)
    bound = limits.max_turnover_bps / BPS
    return _above(Code.TURNOVER, "notional in the bucket with this plan / NAV", value, bound, "max_turnover")


def loss_budget(observation: Observation, change: Change, limits: ContractLimits) -> Reason | None:
    """Worst losses still in the bucket with this plan; a reducing plan has a budget of its own."""
    part = _part(change.loss_usd, change.nav_usd)
    if change.reducing:
        value, bound = observation.vault.emergency_loss_used_bps / BPS + part, limits.emergency_loss_budget_bps / BPS
        what = "worst losses of reducing plans in the budget / NAV"
        return _above(Code.EMERGENCY_LOSS_BUDGET, what, value, bound, "emergency_loss_budget")
    value, bound = observation.vault.loss_used_bps / BPS + part, limits.loss_budget_bps / BPS
    return _above(Code.LOSS_BUDGET, "worst losses in the budget with this plan / NAV", value, bound, "loss_budget")


def min_idle(change: Change, limits: ContractLimits) -> Reason | None:
    """Cash that a plan leaves in the vault, unless it found less and takes none of it."""
    if change.reducing or change.idle_after_usd >= change.idle_before_usd:
        return None
    value = change.idle_after_usd / change.nav_usd if change.nav_usd > 0 else 0.0
    bound = limits.min_idle_bps / BPS
    if value >= bound:
        return None
    return Reason(Code.MIN_IDLE, "idle cash / NAV after the plan", value, bound, "policy.min_idle")


def daily_loss(observation: Observation, change: Change, limits: ContractLimits) -> Reason | None:
    """Fall of the share price since the start of the UTC day; stops everything that widens."""
    start, bound_bps = observation.vault.day_start_price_e18, limits.max_daily_loss_bps
    return _fall(Code.DAILY_LOSS, "loss since the start of the day", observation, change, start, bound_bps)


def weekly_loss(observation: Observation, change: Change, limits: ContractLimits) -> Reason | None:
    """Fall of the share price since Monday; stops everything that widens."""
    start, bound_bps = observation.vault.week_start_price_e18, limits.max_weekly_loss_bps
    return _fall(Code.WEEKLY_LOSS, "loss since the start of the week", observation, change, start, bound_bps)


def drawdown(observation: Observation, change: Change, limits: ContractLimits) -> Reason | None:
    """Fall of the share price from its highest; stops everything that widens."""
    high, bound_bps = observation.vault.high_water_mark_e18, limits.max_drawdown_bps
    return _fall(Code.DRAWDOWN, "drawdown from the highest share price", observation, change, high, bound_bps)


def _fall(code: Code, what: str, observation: Observation, change: Change, start: int, bound_bps: int) -> Reason | None:
    if change.reducing:
        return None
    where = f"policy.max_{code.lower()}"
    if start <= 0:
        return Reason(code, f"{what} is unknown: its start price is {start}", where=where)
    fall = start - observation.vault.share_price_e18
    if fall * BPS <= bound_bps * start:
        return None
    return Reason(code, what, fall / start, bound_bps / BPS, where)


def _capped(code: Code, what: str, value: float, change: Change, cap: ContractCap) -> Reason | None:
    absolute, relative = cap.amount / 10**6, change.nav_usd * cap.bps / BPS
    key = f"{code.lower()}_usd" if absolute < relative else code.lower()
    return _above(code, what, value, min(absolute, relative), key)


def _above(code: Code, what: str, value: float, bound: float, key: str) -> Reason | None:
    return Reason(code, what, float(value), float(bound), f"policy.{key}") if value > bound else None


def _part(amount: float, nav: float) -> float:
    # A part of nothing is without bound, and nothing is no part of anything: as the contract has it.
    if amount == 0:
        return 0.0
    return amount / nav if nav > 0 else math.inf
