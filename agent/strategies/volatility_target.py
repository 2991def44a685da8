"""Spot only, sized so that the vault's own volatility stays at the target."""

from agent.config import Config, ForecastConfig, VolatilityTargetStrategy
from agent.decision import Scaler
from agent.market.observation import Observation, VaultState
from agent.reasons import Reason
from agent.scaling import Sizing, cash_cap, combine, drawdown_factor, gross_cap, scaler, volatility_target
from agent.strategies.book import Book
from agent.strategies.ceilings import STEP_OF_BAND
from agent.strategies.methods import with_methods
from agent.volatility import forecast_volatility, log_returns


def size(observation: Observation, config: Config, strategy: VolatilityTargetStrategy, book: Book) -> Sizing | Reason:
    """Exposure of the spot leg, or the refusal WARMING_UP.

        exposure = min(target / forecast, max_exposure, leverage and delta limits, 1 - min_idle) * drawdown factor

    and what the methods of `strategy.scaling` make of it.
    """
    forecast = price_volatility(observation, strategy.volatility)
    if isinstance(forecast, Reason):
        return forecast
    sizing, policy = strategy.sizing, config.policy
    # An unhedged leg is net delta as well as gross exposure: the tighter limit counts.
    limit = min(policy.max_gross_leverage, policy.max_net_delta)
    caps = [
        volatility_scaler(forecast, strategy.volatility.target, "price"),
        scaler("max_exposure", sizing.max_exposure, f"at most {sizing.max_exposure:.0%} of the vault by its strategy"),
        limit_scaler(limit, 1, sizing.band),
        cash_scaler(sizing.min_idle, 0.0),
    ]
    factors = [drawdown_scaler(observation.vault, strategy.drawdown.start, policy.max_drawdown)]
    if not strategy.scaling:
        return combine(caps, factors)
    worth = observation.market.history.spot
    return with_methods(
        caps, factors, observation, strategy, book, worth=worth, forecast=forecast, price_volatility=forecast
    )


def price_volatility(observation: Observation, volatility: ForecastConfig) -> float | Reason:
    """Annualised volatility of the spot price."""
    history = observation.market.history
    return forecast_volatility(history.time_s, log_returns(history.spot), volatility)


def volatility_scaler(forecast: float, target: float, of: str) -> Scaler:
    """The exposure that volatility alone would allow."""
    return scaler(
        "volatility_target",
        volatility_target(forecast, target),
        f"{of} volatility is forecast at {forecast:.1%} a year, {target:.1%} is wanted",
        forecast=forecast,
        target=target,
    )


def limit_scaler(limit: float, legs: int, band: float) -> Scaler:
    """The exposure that the policy's leverage limit allows with room for the band and the step beyond it."""
    widest = band * (1 + STEP_OF_BAND)
    return scaler(
        "gross_cap",
        gross_cap(limit, legs, widest),
        f"the policy allows {limit:g} x the vault over {legs} leg(s), with room for {widest:.1%} of drift",
        limit=limit,
        legs=legs,
        drift=widest,
    )


def cash_scaler(min_idle: float, target_margin: float) -> Scaler:
    """The exposure that the vault's cash can pay for."""
    return scaler(
        "cash_cap",
        cash_cap(min_idle, target_margin),
        f"cash pays for spot and {target_margin:.0%} margin after an idle reserve of {min_idle:.0%}",
        min_idle=min_idle,
        target_margin=target_margin,
    )


def drawdown_scaler(vault: VaultState, start: float, limit: float) -> Scaler:
    """The part of the exposure that the drawdown of the share price leaves."""
    drawdown = 1 - vault.share_price_e18 / vault.high_water_mark_e18 if vault.high_water_mark_e18 > 0 else 0.0
    return scaler(
        "drawdown",
        drawdown_factor(drawdown, start, limit),
        f"the share price is {max(0.0, drawdown):.2%} below its high; scaling runs from {start:.1%} to {limit:.1%}",
        drawdown=drawdown,
        start=start,
        limit=limit,
    )
