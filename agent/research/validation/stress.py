"""What is left of a strategy when trading costs twice as much, or happens an hour late."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from agent.config import Config
from agent.research.backtest import Backtest, backtests
from agent.research.bars import Market
from agent.research.parameters import charges_of
from agent.research.runners import NAV_USD, Job, OnRun, silent


@dataclass(frozen=True, slots=True)
class Stressed:
    """One condition and the backtest under it."""

    name: str
    done: Backtest


def stress(config: Config, market: Market, nav_usd: float = NAV_USD, on_run: OnRun = silent) -> Sequence[Stressed]:
    """The strategy as charged, at twice every cost, with every plan carried out one row late, and both."""
    plain = charges_of(config)
    conditions = {
        "as charged": plain,
        "costs x 2": plain.scaled(2.0),
        "one bar late": replace(plain, delay_bars=1),
        "costs x 2 and one bar late": replace(plain.scaled(2.0), delay_bars=1),
    }
    done = backtests(market, [Job(config, charges, nav_usd) for charges in conditions.values()], on_run)
    return [Stressed(name, one) for name, one in zip(conditions, done, strict=True)]
