"""Chooses the market of a run: recorded files or a store when a folder is given, else the seeded synthetic one."""

import os
from dataclasses import dataclass
from pathlib import Path

from agent.config import CarryStrategy, Config, VolatilityTargetStrategy
from agent.market.source import HistorySource
from agent.reasons import Code, Reason, Refusal
from agent.scaling import method_hours
from agent.scaling.funding import LONGEST_FOLD_H
from agent.units import SECONDS_PER_HOUR
from agent.volatility import forecast_hours
from agent.volatility.truncation import LONGEST_HOLE_H

DATA_VARIABLE = "BALLAST_DATA"
SYNTHETIC_START_PRICES = {"BTCUSDT": 30_000.0, "ETHUSDT": 2_000.0, "AVAXUSDT": 20.0}


@dataclass(frozen=True, slots=True)
class ChosenMarket:
    """A market source, and whether it is made up."""

    source: HistorySource
    synthetic: bool


def data_folder(option: Path | None) -> Path | None:
    """The folder of `--data`, else of BALLAST_DATA, else None. Raises Refusal when it is not a folder."""
    named = option or (Path(os.environ[DATA_VARIABLE]) if os.environ.get(DATA_VARIABLE) else None)
    if named is not None and not named.is_dir():
        where = "--data" if option else DATA_VARIABLE
        raise Refusal(Reason(Code.DATA_MISSING, f"{named} is not a folder; name one with recorded data", where=where))
    return named


def choose_market(config: Config, folder: Path | None, period: tuple[int, int], seed: int) -> ChosenMarket:
    """The market of `config` over a period (first and last hour, unix seconds), with history before it.

    Raises Refusal when recorded files are missing or not clean.
    """
    window_h = history_hours(config)
    limits = age_limits(config)
    start_s = period[0] - window_h * SECONDS_PER_HOUR
    if folder is not None:
        from agent.market.history_files import load_market
        from agent.market.store import is_store, market_from_store

        load = market_from_store if is_store(folder) else load_market
        return ChosenMarket(HistorySource(load(config.market, folder, start_s, period[1]), window_h, **limits), False)
    from agent.market.synthetic import SyntheticParameters, synthetic_market

    hours = (period[1] - start_s) // SECONDS_PER_HOUR + 1
    # Exchanges do stand still in crashes, and a demo should show what the agent does then.
    first_price = SYNTHETIC_START_PRICES.get(config.market.symbol, 100.0)
    parameters = SyntheticParameters(start_price=first_price, calm_hours=window_h, outage_hours=2)
    table = synthetic_market(
        seed, start_s, hours, config.market.symbol, config.market.perp is not None, parameters=parameters
    )
    return ChosenMarket(HistorySource(table, window_h, **limits), True)


def age_limits(config: Config) -> dict[str, float]:
    """How old settled funding and open interest may be, in hours, as `HistorySource` takes them."""
    limits = {"max_funding_age_h": config.market.max_funding_age_h}
    if isinstance(config.strategy, CarryStrategy) and config.strategy.open_interest is not None:
        limits["max_open_interest_age_h"] = config.strategy.open_interest.max_age_h
    return limits


def history_hours(config: Config) -> int:
    """Hours of history that a decision looks at."""
    strategy = config.strategy
    hours = [forecast_hours(strategy.volatility)]
    if isinstance(strategy, CarryStrategy):
        hours.append(LONGEST_FOLD_H)
        if strategy.open_interest is not None:
            hours.append(strategy.open_interest.window_h + strategy.open_interest.smoothing_h)
    if isinstance(strategy, CarryStrategy | VolatilityTargetStrategy) and strategy.scaling:
        hours.append(method_hours(strategy.scaling) + LONGEST_HOLE_H)
    return max(hours)
