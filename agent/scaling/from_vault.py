"""Methods of `strategy.scaling` that follow from what the vault holds now: steps, schedules, cushions, costs."""

from agent.config import (
    AlmgrenChrissMethod,
    BandMethod,
    CppiMethod,
    DcaMethod,
    DepthMethod,
    ImpactMethod,
    LinearMethod,
)
from agent.decision import Scaler
from agent.reasons import Code, Reason
from agent.scaling.cppi import cppi_exposure
from agent.scaling.dca import instalments_due, is_instalment_cycle, quantity_due, quantity_limit
from agent.scaling.depth import depth_factor
from agent.scaling.hedge_band import cost_variance_band, relative_band
from agent.scaling.impact import participation_cap, quantity_for_cost
from agent.scaling.linear import base_increment, linear_step, quote_increment
from agent.scaling.pipeline import scaler
from agent.scaling.situation import Situation, rolling_mean
from agent.scaling.slicing import schedule_step
from agent.units import DAYS_PER_YEAR, SECONDS_PER_HOUR

CYCLE_H = 1.0


def linear(rule: LinearMethod, situation: Situation) -> Scaler | Reason:
    """A limit one step of whole increments above what is held; a reduction is never slowed down."""
    increment = rule.increment
    if rule.unit == "quote":
        increment = quote_increment(rule.increment, situation.net_asset_value)
    elif rule.unit == "base":
        increment = base_increment(rule.increment, situation.price, situation.net_asset_value)
    held, target = situation.held, situation.exposure
    limit = target if target <= held else linear_step(held, target, increment, situation.least_step)
    return scaler(
        "linear",
        limit,
        f"{held:.4f} is held and {target:.4f} wanted: by increments of {increment:.4f}, as many as are worth a trade",
        held=held,
        target=target,
        increment=increment,
        least_step=situation.least_step,
    )


def almgren_chriss(rule: AlmgrenChrissMethod, situation: Situation) -> Scaler | Reason:
    """A limit one step of the optimal schedule without an end above what is held."""
    held, target = situation.held, situation.exposure
    limit = target if target <= held else schedule_step(held, target, rule.half_life_h, CYCLE_H, situation.least_step)
    return scaler(
        "almgren_chriss",
        limit,
        f"{held:.4f} is held and {target:.4f} wanted: a part of what is left each hour, with a half-life of "
        f"{rule.half_life_h:g} h",
        held=held,
        target=target,
        half_life_h=rule.half_life_h,
        least_step=situation.least_step,
    )


def dca(rule: DcaMethod, situation: Situation) -> Scaler | Reason:
    """A limit that rises by one instalment per interval and is never below what is held."""
    dear, above = False, 0.0
    if rule.skip_above is not None:
        rows = situation.rows(rule.average_h)
        if isinstance(rows, Reason):
            return rows
        mean = rolling_mean(situation.history.time_s, situation.worth, rule.average_h)[-1]
        above = float(situation.worth[-1] / mean) - 1.0
        dear = above > rule.skip_above
    start_s, interval_s = rule.start_s(), rule.interval_h * SECONDS_PER_HOUR
    schedule = (situation.time_s, start_s, interval_s, rule.instalments)
    count = instalments_due(*schedule)
    nav, price = situation.net_asset_value, situation.price
    held = situation.held * nav / price
    due = _quantity_due(rule, situation, count)
    limit = quantity_limit(
        held,
        held if due is None else due,
        rule.amount_usd / price,
        first_cycle=is_instalment_cycle(*schedule, round(CYCLE_H * SECONDS_PER_HOUR)),
        missed=rule.missed,
        dear=dear,
    )
    skipped = f"; skipped, the price is {above:.1%} above its average" if dear else ""
    return scaler(
        "dca",
        limit * price / nav,
        f"{count} of {rule.instalments} instalments of {rule.amount_usd:,.0f} USD are due, {held:,.4f} coins of "
        f"{limit:,.4f} are held; what was missed is {'lost' if rule.missed == 'lost' else 'caught up'}{skipped}",
        due=count,
        amount_usd=rule.amount_usd,
        held_base=held,
        limit_base=limit,
        above_average=above,
    )


def _quantity_due(rule: DcaMethod, situation: Situation, count: int) -> float | None:
    """Coins that the instalments due bought at the prices of their time; None when the history begins after the first.

    It reaches back over the whole schedule and two days, so None comes long after the last instalment: then what is
    held is what there is.
    """
    times, start_s = situation.history.time_s, rule.start_s()
    if count == 0 or len(times) == 0 or int(times[0]) > start_s:
        return 0.0 if count == 0 else None
    at = [start_s + number * rule.interval_h * SECONDS_PER_HOUR for number in range(count)]
    rows = times.searchsorted(at, side="right") - 1
    return quantity_due(rule.amount_usd, situation.history.spot[rows].tolist())


def cppi(rule: CppiMethod, situation: Situation) -> Scaler | Reason:
    """A cap: a multiple of what the share price is above its floor."""
    share = situation.share_of_high
    return scaler(
        "cppi",
        cppi_exposure(share, rule.floor, rule.multiplier) / share if share > rule.floor else 0.0,
        f"the share price is at {share:.2%} of its high and the floor at {rule.floor:.0%}; "
        f"{rule.multiplier:g} times the cushion",
        share_of_high=share,
        floor=rule.floor,
        multiplier=rule.multiplier,
    )


def depth(rule: DepthMethod, situation: Situation) -> Scaler | Reason:
    """A factor by what rests in the order books near the middle."""
    known = situation.book_depth_usd
    if known is None and rule.assumed_usd is None:
        message = "order book depth: unknown; a recorded market has none, so name what to assume"
        return Reason(Code.DATA_MISSING, message, where="strategy.scaling")
    counted = known if known is not None else rule.assumed_usd or 0.0
    return scaler(
        "depth",
        depth_factor(counted, rule.thin_usd, rule.full_usd, rule.floor),
        f"{counted:,.0f} USD {'rest' if known is not None else 'are assumed to rest'} near the middle; "
        f"full size from {rule.full_usd:,.0f}",
        depth_usd=counted,
        assumed=known is None,
        thin_usd=rule.thin_usd,
        full_usd=rule.full_usd,
        floor=rule.floor,
    )


def impact(rule: ImpactMethod, situation: Situation) -> Scaler | Reason:
    """A limit: what is held and one trade whose expected impact and part of the volume are accepted."""
    daily_volatility = situation.price_volatility / DAYS_PER_YEAR**0.5
    by_cost = quantity_for_cost(rule.max_cost, rule.daily_volume_usd, daily_volatility, rule.coefficient)
    by_volume = participation_cap(rule.daily_volume_usd, rule.participation, CYCLE_H)
    most = min(by_cost, by_volume)
    return scaler(
        "impact",
        situation.held + most / situation.net_asset_value,
        f"an hour may trade {most:,.0f} USD a leg: {by_cost:,.0f} for an impact of {rule.max_cost * 1e4:.1f} bp, "
        f"{by_volume:,.0f} for {rule.participation:.1%} of the volume",
        held=situation.held,
        by_cost_usd=by_cost,
        by_volume_usd=by_volume,
        daily_volatility=daily_volatility,
    )


def band(rule: BandMethod, situation: Situation) -> Scaler | Reason:
    """Half-width of the no-trade band, never above `sizing.band`, which the limits leave room for."""
    if rule.rule == "cost_variance":
        drift = situation.exposure * situation.price_volatility
        wanted = cost_variance_band(rule.cost or 0.0, drift, situation.forecast, rule.risk_aversion or 1.0)
        why = f"cost and variance are least together at {wanted:.2%}"
    elif rule.rule == "relative":
        wanted = relative_band(situation.exposure, rule.width or 0.0)
        why = f"{rule.width or 0.0:.0%} of a target of {situation.exposure:.4f}"
    else:
        wanted, why = rule.width or 0.0, "fixed"
    width = min(situation.widest_band, max(rule.least, wanted))
    return scaler(
        "band",
        width,
        f"trades beyond {width:.2%} of the vault from the target: {why}, within {rule.least:.2%} and "
        f"{situation.widest_band:.2%}",
        wanted=wanted,
        least=rule.least,
        widest=situation.widest_band,
    )
