"""Rules between the values of a strategy file: each number may be right alone and wrong beside another."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from agent.config.scaling_rules import scaling_inconsistencies
from agent.reasons import Code, Reason
from agent.risk.costs import PERP_FEE_BOUND, POOL_FEE_UNITS, Costs
from agent.scaling.liquidation_price import liquidation_distance, loan_liquidation_distance

Values = Mapping[str, object]  # dotted key to value, for every key that is valid by itself


@dataclass(frozen=True, slots=True)
class Order:
    """`smaller` must be below `larger` (or equal to it, when `equal`)."""

    smaller: str
    larger: str
    why: str
    equal: bool = False


BOTH = (
    Order("strategy.drawdown.start", "policy.max_drawdown", "scaling must begin before the limit suspends the vault"),
    Order("strategy.sizing.min_trade_usd", "policy.max_trade_usd", "otherwise no trade is both big and small enough"),
    Order("policy.max_daily_loss", "policy.max_weekly_loss", "a week contains its worst day", True),
    Order("policy.max_weekly_loss", "policy.max_drawdown", "a drawdown contains its worst week", True),
    Order("execution.swap_tolerance", "policy.max_slippage", "the contract would refuse the swap's minimum out"),
    Order("execution.max_fee_gwei", "execution.urgent_max_fee_gwei", "reducing risk may cost more than routine", True),
    Order("strategy.volatility.return_interval_h", "strategy.volatility.warm_up_h", "one return is no estimate"),
)
HEDGED = (
    Order("strategy.liquidation.low_margin", "strategy.liquidation.target_margin", "a rebalance aims between them"),
    Order("strategy.liquidation.target_margin", "strategy.liquidation.high_margin", "a rebalance aims between them"),
    Order("strategy.sizing.delta_band", "policy.max_net_delta", "the agent must act before the contract refuses"),
)
CARRY = (
    Order("strategy.open_interest.start_z", "strategy.open_interest.full_z", "the factor falls between them"),
    *HEDGED,
    Order("execution.order_tolerance", "policy.max_slippage", "the contract would refuse the order's limit price"),
)
LENDING = (
    Order("strategy.lending.exit_annual", "strategy.lending.entry_annual", "it would open and close at once", True),
    Order("strategy.lending.entry_annual", "strategy.lending.full_annual", "the factor grows between them", True),
    Order("strategy.lending.exit_annual", "strategy.lending.full_annual", "the factor grows between them"),
    *HEDGED,
)
SPOT = (
    Order("strategy.sizing.max_exposure", "policy.max_gross_leverage", "the whole position is gross exposure", True),
    Order("strategy.sizing.max_exposure", "policy.max_net_delta", "the whole position is net delta", True),
)

SHORT = -1
LEGS = {"carry": 2, "lending_neutral": 2, "volatility_target": 1}
ORDERS = {"carry": CARRY, "lending_neutral": LENDING, "volatility_target": SPOT}
PERP_ONLY = ("market.perp", "market.mark", "market.funding", "market.open_interest", "vault.perp_index")
LOAN_TERMS = "vault.aave.liquidation_threshold"
IDLE_ACTS_AT = 0.5  # of sizing.min_idle: below it the agent frees cash
LEAST_SILENCE_S = 30 * 3_600
CYCLE_S = 3_600  # the agent runs once an hour, and so does the recorded oracle


def inconsistencies(values: Values) -> list[Reason]:
    """Everything that contradicts something else; `where` holds the dotted key to change.

    A rule whose numbers are absent or faulty is skipped: that mistake is reported by itself.
    """
    kind = values.get("strategy.kind")
    reasons = [reason for order in BOTH + ORDERS.get(str(kind), ()) for reason in _in_order(order, values)]
    reasons += [*_timing(values), *_band(values), *_budgets(values), *_turnover(values), *_idle(values)]
    reasons += scaling_inconsistencies(values)
    if kind == "carry":
        reasons += [*_carry_needs(values), *_gross(values), *_cash(values), *_room_to_liquidation(values)]
        reasons += _unused(values, (LOAN_TERMS,), "has its short leg on HyperCore")
    if kind == "lending_neutral":
        reasons += [*_loan_needs(values), *_gross(values), *_cash(values), *_room_to_loan_liquidation(values)]
        reasons += _unused(values, PERP_ONLY, "has its short leg at Aave")
    if kind == "volatility_target":
        reasons += [*_unused(values, (*PERP_ONLY, LOAN_TERMS), "holds spot only"), *_cash(values)]
    return reasons


def _number(values: Values, key: str) -> float | None:
    value = values.get(key)
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _in_order(order: Order, values: Values) -> Iterator[Reason]:
    smaller, larger = _number(values, order.smaller), _number(values, order.larger)
    if smaller is None or larger is None or smaller < larger or (order.equal and smaller == larger):
        return
    bound = "at most" if order.equal else "below"
    yield _contradiction(
        order.smaller, f"{smaller:g} must be {bound} {order.larger}, which is {larger:g}: {order.why}", smaller, larger
    )


def _timing(values: Values) -> Iterator[Reason]:
    cooldown = _number(values, "policy.cooldown_s")
    if cooldown is not None and cooldown > CYCLE_S:
        message = (
            f"{cooldown:g} s is longer than the hourly cycle of {CYCLE_S} s, so every other cycle would be refused"
        )
        yield _contradiction("policy.cooldown_s", message, cooldown, CYCLE_S)
    age = _number(values, "policy.max_oracle_age_s")
    if age is not None and age <= CYCLE_S:
        message = (
            f"{age:g} s must be above {CYCLE_S} s: the oracle is set once an hour, so its price would always be stale"
        )
        yield _contradiction("policy.max_oracle_age_s", message, age, CYCLE_S)
    silence = _number(values, "policy.max_silence_s")
    if silence is not None and silence < LEAST_SILENCE_S:
        message = (
            f"{silence:g} s must be at least {LEAST_SILENCE_S}: the agent signs once a day, and a day without data "
            "must not let strangers unwind the vault"
        )
        yield _contradiction("policy.max_silence_s", message, silence, LEAST_SILENCE_S)


def _band(values: Values) -> Iterator[Reason]:
    exposure, band = _number(values, "strategy.sizing.max_exposure"), _number(values, "strategy.sizing.band")
    if exposure is not None and band is not None and band > exposure / 2:
        message = (
            f"{band:g} of the vault is more than half of strategy.sizing.max_exposure, which is {exposure:g}: "
            "hardly any position would ever be opened"
        )
        yield _contradiction("strategy.sizing.band", message, band, exposure / 2)


def _carry_needs(values: Values) -> Iterator[Reason]:
    needs = {
        "market.perp": "the folder of perp candles, for the short leg",
        "market.funding": "the folder of settled funding, which is what carry earns",
        "vault.perp_index": "the HyperCore perp that the short leg trades",
    }
    if any(key.startswith("strategy.open_interest.") for key in values):
        needs["market.open_interest"] = "the folder of open interest that strategy.open_interest scales by"
    for key, what in needs.items():
        if key not in values:
            yield Reason(Code.CONFIG_MISSING, f"{key} is missing: a carry strategy needs {what}", where=key)


def _loan_needs(values: Values) -> Iterator[Reason]:
    if LOAN_TERMS not in values:
        what = "the part of the collateral's value at which Aave liquidates its short leg"
        message = f"{LOAN_TERMS} is missing: a lending_neutral strategy needs {what}"
        yield Reason(Code.CONFIG_MISSING, message, where=LOAN_TERMS)


def _unused(values: Values, keys: tuple[str, ...], why: str) -> Iterator[Reason]:
    kind = values.get("strategy.kind")
    for key in keys:
        if key in values:
            message = f"{key}: a {kind} strategy {why} and would never use it; remove the line"
            yield Reason(Code.CONFIG_OUT_OF_RANGE, message, where=key)


def _gross(values: Values) -> Iterator[Reason]:
    exposure, gross = _number(values, "strategy.sizing.max_exposure"), _number(values, "policy.max_gross_leverage")
    if exposure is not None and gross is not None and 2 * exposure > gross:
        message = f"two legs of {exposure:g} make {2 * exposure:g}, above policy.max_gross_leverage, which is {gross:g}"
        yield _contradiction("strategy.sizing.max_exposure", message, 2 * exposure, gross)


def _cash(values: Values) -> Iterator[Reason]:
    """Spot is paid in full, margin comes on top, and the idle part stays: together at most the vault.

    (1 + target_margin) max_exposure + min_idle <= 1      (target_margin is 0 without a short leg)
    """
    exposure, idle = _number(values, "strategy.sizing.max_exposure"), _number(values, "strategy.sizing.min_idle")
    hedged = LEGS.get(str(values.get("strategy.kind"))) == 2
    margin = _number(values, "strategy.liquidation.target_margin") if hedged else 0.0
    if exposure is None or idle is None or margin is None:
        return
    needed = (1 + margin) * exposure + idle
    if needed > 1 + 1e-9:
        most = math.floor((1 - idle) / (1 + margin) * 1e4) / 1e4
        formula = "(1 + strategy.liquidation.target_margin) x max_exposure" if hedged else "max_exposure"
        message = f"{formula} + min_idle is {needed:g} of the vault, above 1; max_exposure can be {most:g} at most"
        yield _contradiction("strategy.sizing.max_exposure", message, exposure, most)


def _budgets(values: Values) -> Iterator[Reason]:
    """The loss budget covers opening everything at the worst prices, and the emergency budget closing it.

    legs x max_exposure x worst loss per notional <= budget      (of the dearer leg, as the agent slices by it)
    """
    legs, exposure = LEGS.get(str(values.get("strategy.kind"))), _number(values, "strategy.sizing.max_exposure")
    swap, pool = _number(values, "execution.swap_tolerance"), _number(values, "vault.pool_fee")
    perp = values.get("strategy.kind") == "carry"
    order = _number(values, "execution.order_tolerance") if perp else 0.0
    if legs is None or exposure is None or swap is None or pool is None or order is None:
        return
    costs = Costs(swap, order, pool / POOL_FEE_UNITS, PERP_FEE_BOUND)
    worst = max(costs.spot_slippage(1.0, 1.0, buys=True), costs.perp_loss() if perp else 0.0)
    needed = legs * exposure * worst
    for key, what in (("policy.loss_budget", "opening"), ("policy.emergency_loss_budget", "closing")):
        budget = _number(values, key)
        if budget is not None and budget < needed - 1e-12:
            message = (
                f"{budget:g} is below {needed:.4g}, what {what} {legs * exposure:g} of the vault can lose at "
                f"{worst:.4g} of notional, so a week would not be enough; a smaller execution tolerance lowers it"
            )
            yield _contradiction(key, message, budget, needed)


def _turnover(values: Values) -> Iterator[Reason]:
    legs, exposure = LEGS.get(str(values.get("strategy.kind"))), _number(values, "strategy.sizing.max_exposure")
    turnover = _number(values, "policy.max_turnover")
    if legs is None or exposure is None or turnover is None or turnover >= 2 * legs * exposure - 1e-9:
        return
    message = f"{turnover:g} is below {2 * legs * exposure:g}, which opening and closing everything in a day trades"
    yield _contradiction("policy.max_turnover", message, turnover, 2 * legs * exposure)


def _idle(values: Values) -> Iterator[Reason]:
    least, kept = _number(values, "policy.min_idle"), _number(values, "strategy.sizing.min_idle")
    if least is None or kept is None or least <= IDLE_ACTS_AT * kept:
        return
    message = (
        f"{least:g} must be at most {IDLE_ACTS_AT * kept:g}, half of strategy.sizing.min_idle, below which the agent "
        "frees cash: it must act before the contract refuses"
    )
    yield _contradiction("policy.min_idle", message, least, IDLE_ACTS_AT * kept)


def _room_to_liquidation(values: Values) -> Iterator[Reason]:
    margin, leverage = _number(values, "strategy.liquidation.low_margin"), _number(values, "vault.max_perp_leverage")
    least = _number(values, "policy.min_liquidation_distance")
    if margin is None or leverage is None or least is None:
        return
    distance = liquidation_distance(margin, SHORT, int(leverage))
    if distance <= least:
        message = (
            f"{least:g} must be below {distance:.4g}, the distance at strategy.liquidation.low_margin {margin:g} with "
            f"leverage {leverage:g}: the agent must act before the contract refuses"
        )
        yield _contradiction("policy.min_liquidation_distance", message, least, distance)


def _room_to_loan_liquidation(values: Values) -> Iterator[Reason]:
    """At the lowest margin the loan is further from liquidation than either limit asks for.

    health = (1 + low_margin) x liquidation_threshold,  distance = health - 1
    """
    margin, threshold = _number(values, "strategy.liquidation.low_margin"), _number(values, LOAN_TERMS)
    if margin is None or threshold is None:
        return
    distance = loan_liquidation_distance(margin, threshold)
    for key, at_low in (("policy.min_liquidation_distance", distance), ("policy.min_health", 1 + distance)):
        least = _number(values, key)
        if least is not None and at_low <= least:
            message = (
                f"{least:g} must be below {at_low:.4g}, what it is at strategy.liquidation.low_margin {margin:g} with "
                f"{LOAN_TERMS} {threshold:g}: the agent must act before the contract refuses"
            )
            yield _contradiction(key, message, least, at_low)


def _contradiction(key: str, message: str, value: float, bound: float) -> Reason:
    return Reason(Code.CONFIG_OUT_OF_RANGE, f"{key}: {message}", value, bound, key)
