"""Everything that the page of a backtest shows, computed once."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from agent.config import Config
from agent.market.observation import Floats, Seconds
from agent.research.backtest import SECONDS_PER_DAY, Backtest, backtest
from agent.research.bars import Market
from agent.research.metrics import annual_return, annual_volatility, max_drawdown, sharpe_ratio, sortino_ratio
from agent.research.parameters import charges_of
from agent.research.report.sensitivity import Sensitivity, sensitivity
from agent.research.runners import NAV_USD, OnRun, silent
from agent.research.stress.walk import Walk, walk
from agent.research.validation import Interval, Stressed, bootstrap_interval, degradation, holdout, stress
from agent.research.validation.bootstrap import LEAST_RETURNS

TRAINING_PART = 0.6
MEASURES: dict[str, Callable[[Floats], float]] = {
    "annual return": annual_return,
    "annual volatility": annual_volatility,
    "Sharpe ratio": sharpe_ratio,
    "Sortino ratio": sortino_ratio,
    "worst drawdown": lambda returns: -max_drawdown(returns),
}


@dataclass(frozen=True, slots=True)
class Split:
    """The Sharpe ratio of the part that came first, of the rest, and the part lost (NaN: nothing to lose)."""

    first: float
    rest: float
    lost: float


@dataclass(frozen=True, slots=True)
class Month:
    """One calendar month (UTC): what share of the value at its start was gained."""

    name: str
    gained: float


@dataclass(frozen=True, slots=True)
class Study:
    """A backtest and what is known about its numbers."""

    config: Config
    config_hash: str
    done: Backtest
    walked: Walk
    intervals: dict[str, Interval]  # only of measures that have a value, and of 30 days or more
    split: Split
    months: tuple[Month, ...]
    stressed: Sequence[Stressed]
    sensitivity: Sensitivity


def study(config: Config, config_hash: str, market: Market, nav_usd: float = NAV_USD, on_run: OnRun = silent) -> Study:
    """Walk, bootstrap, split, stress and vary one strategy on one market.

    Raises Refusal for a strategy that no backtest can judge.
    """
    done = backtest(config, market, nav_usd=nav_usd)
    on_run()
    return Study(
        config=config,
        config_hash=config_hash,
        done=done,
        walked=walk(market, config, charges_of(config), nav_usd),
        intervals=_intervals(done.daily),
        split=_split(done.daily),
        months=_months(done.run.time_s, done.run.equity_usd, nav_usd),
        stressed=stress(config, market, nav_usd, on_run),
        sensitivity=sensitivity(config, market, nav_usd, on_run),
    )


def _intervals(daily: Floats) -> dict[str, Interval]:
    if len(daily) < LEAST_RETURNS or float(np.ptp(daily)) == 0:
        return {}
    known = {name: measure for name, measure in MEASURES.items() if math.isfinite(measure(daily))}
    return {name: bootstrap_interval(daily, measure) for name, measure in known.items()}


def _split(daily: Floats) -> Split:
    fold = holdout(len(daily), TRAINING_PART)
    first, rest = sharpe_ratio(daily[fold.train]), sharpe_ratio(daily[fold.test])
    return Split(first, rest, degradation(first, rest))


def _months(time_s: Seconds, equity: Floats, nav_usd: float) -> tuple[Month, ...]:
    """Each month from the last hour of the one before it to its own last hour."""
    months = (time_s // SECONDS_PER_DAY).astype("datetime64[D]").astype("datetime64[M]")
    last = np.flatnonzero(months != np.append(months[1:], months[-1] + 1))
    values = np.concatenate(([nav_usd], equity[last]))
    return tuple(
        Month(str(months[row]), float(after / before - 1))
        for row, before, after in zip(last, values[:-1], values[1:], strict=True)
    )
