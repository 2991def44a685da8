"""What is left of a strategy when trading costs twice as much, or happens an hour late."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from agent.config import Config
from agent.research.backtest import Backtest, Market, backtest
from agent.research.parameters import charges_of


@dataclass(frozen=True, slots=True)
class Stressed:
    """One condition and the backtest under it."""

    name: str
    done: Backtest


def stress(config: Config, market: Market, nav_usd: float = 1_000_000.0) -> Sequence[Stressed]:
    """The strategy as charged, at twice every cost, with every plan carried out one row late, and both."""
    plain = charges_of(config)
    conditions = {
        "as charged": plain,
        "costs x 2": plain.scaled(2.0),
        "one bar late": replace(plain, delay_bars=1),
        "costs x 2 and one bar late": replace(plain.scaled(2.0), delay_bars=1),
    }
    return [Stressed(name, backtest(config, market, charges, nav_usd)) for name, charges in conditions.items()]
