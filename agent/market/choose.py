"""Chooses the market of a run: recorded files when a folder is given, else the seeded synthetic one."""

import os
from dataclasses import dataclass
from pathlib import Path

from agent.config import CarryStrategy, Config
from agent.market.source import HistorySource
from agent.reasons import Code, Reason, Refusal
from agent.units import SECONDS_PER_HOUR

DATA_VARIABLE = "BALLAST_DATA"
SETTLED_HALF_LIVES = 6  # after that many half-lives an observation weighs under 2 %
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
    limits = {"max_funding_age_h": config.market.max_funding_age_h}
    if isinstance(config.strategy, CarryStrategy) and config.strategy.open_interest is not None:
        limits["max_open_interest_age_h"] = config.strategy.open_interest.max_age_h
    start_s = period[0] - window_h * SECONDS_PER_HOUR
    if folder is not None:
        from agent.market.history_files import load_market

        return ChosenMarket(
            HistorySource(load_market(config.market, folder, start_s, period[1]), window_h, **limits), False
        )
    from agent.market.synthetic import SyntheticParameters, synthetic_market

    hours = (period[1] - start_s) // SECONDS_PER_HOUR + 1
    # Exchanges do stand still in crashes, and a demo should show what the agent does then.
    first_price = SYNTHETIC_START_PRICES.get(config.market.symbol, 100.0)
    parameters = SyntheticParameters(start_price=first_price, outage_hours=2)
    table = synthetic_market(
        seed, start_s, hours, config.market.symbol, config.market.perp is not None, parameters=parameters
    )
    return ChosenMarket(HistorySource(table, window_h, **limits), True)


def history_hours(config: Config) -> int:
    """Hours of history that a decision looks at."""
    strategy = config.strategy
    hours = [int(strategy.volatility.half_life_h * SETTLED_HALF_LIVES), strategy.volatility.warm_up_h]
    if isinstance(strategy, CarryStrategy):
        hours.append(strategy.funding.horizon_h)
        if strategy.open_interest is not None:
            hours.append(strategy.open_interest.window_h)
    return max(hours) + strategy.volatility.return_interval_h
