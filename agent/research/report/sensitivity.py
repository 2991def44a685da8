"""How much the result hangs on each number of the strategy file: one at a time, from half of it to twice."""

import math
from dataclasses import dataclass

import numpy as np

from agent.config import CarryStrategy, Config
from agent.config.file import flatten
from agent.market.observation import Floats
from agent.research.backtest import backtests
from agent.research.bars import Market
from agent.research.parameters import charges_of
from agent.research.runners import NAV_USD, Job, OnRun, silent
from agent.research.search.space import Dimension, with_values

FACTORS = (0.5, 0.67, 0.8, 0.9, 1.0, 1.1, 1.25, 1.5, 2.0)
OF_BOTH = (
    "strategy.volatility.target",
    "strategy.volatility.half_life_h",
    "strategy.sizing.max_exposure",
    "strategy.sizing.band",
)
OF_CARRY = (*OF_BOTH, "strategy.funding.round_trip_cost", "strategy.funding.memory_h")
OF_SPOT = (*OF_BOTH, "strategy.volatility.calibration_half_life_h", "strategy.drawdown.start")


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """One row per key, one column per factor of `FACTORS`; NaN where the numbers would contradict each other."""

    keys: tuple[str, ...]
    sharpe: Floats  # per year
    annual_return: Floats


def sensitivity(config: Config, market: Market, nav_usd: float = NAV_USD, on_run: OnRun = silent) -> Sensitivity:
    """Backtest the strategy with each number changed alone."""
    known = flatten(config.model_dump())
    wanted = OF_CARRY if isinstance(config.strategy, CarryStrategy) else OF_SPOT
    numbers = {key: value for key in wanted if isinstance(value := known.get(key), (int, float))}
    sharpe = np.full((len(numbers), len(FACTORS)), math.nan)
    yearly = sharpe.copy()
    made: dict[tuple[int, int], Config] = {}
    for row, (key, value) in enumerate(numbers.items()):
        one = Dimension(key, float(value), float(value), whole=isinstance(value, int))
        for column, factor in enumerate(FACTORS):
            changed = with_values(config, (one,), (value * factor,))
            if changed is not None:
                made[row, column] = changed
    jobs = [Job(changed, charges_of(changed), nav_usd) for changed in made.values()]
    for place, done in zip(made, backtests(market, jobs, on_run), strict=True):
        sharpe[place], yearly[place] = done.measures["sharpe"], done.measures["annual_return"]
    return Sensitivity(tuple(numbers), sharpe, yearly)
