"""Long spot, short perp: earns funding while the legs' price risks cancel."""

import math

from agent.config import CarryStrategy, Config, LiquidationConfig, SizingConfig
from agent.decision import Scaler
from agent.market.observation import Floats, History, Observation
from agent.reasons import Code, Reason
from agent.risk.short_leg import distance_at
from agent.scaling import (
    Sizing,
    combine,
    funding_regime,
    liquidation_factor,
    open_interest_factor,
    open_interest_z,
    scaler,
    worth_of_carry,
)
from agent.strategies.book import Book
from agent.strategies.ceilings import spare_cash
from agent.strategies.methods import with_methods
from agent.strategies.volatility_target import (
    cash_scaler,
    drawdown_scaler,
    limit_scaler,
    price_volatility,
    volatility_scaler,
)
from agent.units import DAYS_PER_YEAR
from agent.volatility import carry_returns, forecast_volatility


def size(observation: Observation, config: Config, strategy: CarryStrategy, book: Book) -> Sizing | Reason:
    """Exposure of each leg, or the refusal that stands in the way.

        exposure = min(target / forecast, max_exposure, leverage limit / 2, (1 - min_idle) / (1 + target_margin))
                   * funding * open interest * liquidation * drawdown

    and what the methods of `strategy.scaling` make of it.

    The forecast is of the carry's own profit and loss, not of the price: price risk cancels between the legs. Price
    volatility enters through the distance to liquidation.
    """
    sizing, policy = strategy.sizing, config.policy
    returns = _carry_returns(observation.market.history)
    if isinstance(returns, Reason):
        return returns
    forecast = forecast_volatility(observation.market.history.time_s, returns, strategy.volatility)
    yearly_sigma = price_volatility(observation, strategy.volatility)
    if isinstance(forecast, Reason):
        return forecast
    if isinstance(yearly_sigma, Reason):
        return yearly_sigma
    factors = [_funding(observation.market.history, strategy)]
    if strategy.open_interest is not None:
        factors.append(_open_interest(observation.market.history, strategy))
    factors.append(
        liquidation_scaler(observation, strategy.liquidation, sizing, book, yearly_sigma / math.sqrt(DAYS_PER_YEAR))
    )
    factors.append(drawdown_scaler(observation.vault, strategy.drawdown.start, policy.max_drawdown))
    for factor in factors:
        if isinstance(factor, Reason):
            return factor
    caps = [
        volatility_scaler(forecast, strategy.volatility.target, "carry"),
        scaler("max_exposure", sizing.max_exposure, f"at most {sizing.max_exposure:.0%} of the vault by its strategy"),
        limit_scaler(policy.max_gross_leverage, 2, sizing.band),
        cash_scaler(sizing.min_idle, strategy.liquidation.target_margin),
    ]
    known = [factor for factor in factors if isinstance(factor, Scaler)]
    if not strategy.scaling:
        return combine(caps, known)
    worth = worth_of_carry(returns)
    return with_methods(
        caps, known, observation, strategy, book, worth=worth, forecast=forecast, price_volatility=yearly_sigma
    )


def _carry_returns(history: History) -> Floats | Reason:
    if history.perp is None or history.funding is None:
        return _unknown("perp and funding history")
    return carry_returns(history.spot, history.perp, history.funding)


def _funding(history: History, strategy: CarryStrategy) -> Scaler | Reason:
    if history.funding is None:
        return _unknown("funding history")
    rule = strategy.funding
    regime = funding_regime(
        history.time_s, history.funding, round_trip_cost=rule.round_trip_cost, memory_h=rule.memory_h
    )
    if isinstance(regime, Reason):
        return regime
    state = "is worth holding" if regime.worth_holding else "is not worth holding"
    return scaler(
        "funding",
        1.0 if regime.worth_holding else 0.0,
        f"a short {state}: expected are {regime.expected:+.2%} in {rule.memory_h:g} h, the other side would have been "
        f"better by {regime.regret:.2%}, a round trip costs {rule.round_trip_cost:.2%}",
        expected=regime.expected,
        regret=regime.regret,
        round_trip_cost=rule.round_trip_cost,
        memory_h=rule.memory_h,
    )


def _open_interest(history: History, strategy: CarryStrategy) -> Scaler | Reason:
    rule = strategy.open_interest
    if history.open_interest is None or rule is None:
        return _unknown("open interest history")
    z = open_interest_z(history.time_s, history.open_interest, rule.window_h, rule.smoothing_h)
    if isinstance(z, Reason):
        return z
    return scaler(
        "open_interest",
        open_interest_factor(z, rule.start_z, rule.full_z, rule.floor),
        f"open interest is {z:.1f} standard deviations from its mean of {rule.window_h} h",
        z=z,
        start_z=rule.start_z,
        full_z=rule.full_z,
        floor=rule.floor,
    )


def liquidation_scaler(
    observation: Observation, rule: LiquidationConfig, sizing: SizingConfig, book: Book, daily_sigma: float
) -> Scaler | Reason:
    """Scales down when the short leg's liquidation is too few daily standard deviations away.

    The distance that counts for the position held includes cash that may still become margin.

    Counting only what has arrived would cut the position in the hours between a deposit and its arrival, and widen it
    again after. What must not wait for cash is cut by the step, when liquidation is nearer than the policy allows.
    """
    leg = observation.vault.short_leg
    if leg is None:
        return _unknown("short leg")
    at_target = distance_at(leg, rule.target_margin, -1)
    now = None
    if book.perp_lots > 0 and book.holds_position():
        reachable = book.equity + book.venue_cash + book.in_flight + spare_cash(book, sizing)
        ratio = min(rule.target_margin, reachable / book.margin_wanted(book.perp_lots, 1.0))
        now = distance_at(leg, ratio, -1)
    nearest = at_target if now is None else min(at_target, now)
    return scaler(
        "liquidation_distance",
        liquidation_factor(at_target, now, daily_sigma, rule.wanted_sigma),
        f"liquidation is {nearest:.0%} or {nearest / daily_sigma:.1f} daily deviations away, "
        f"{rule.wanted_sigma:g} are wanted",
        distance=nearest,
        daily_sigma=daily_sigma,
        wanted_sigma=rule.wanted_sigma,
    )


def _unknown(what: str) -> Reason:
    return Reason(Code.DATA_MISSING, f"{what}: unknown")
