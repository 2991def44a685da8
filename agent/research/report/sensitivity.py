"""How much the result hangs on each number of the strategy file: one at a time, from half of it to twice."""

import math
from dataclasses import dataclass

import numpy as np

from agent.config import CarryStrategy, Config
from agent.config.file import flatten
from agent.market.observation import Floats
from agent.research.backtest import Market, backtest
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


def sensitivity(config: Config, market: Market, nav_usd: float = 1_000_000.0) -> Sensitivity:
    """Backtest the strategy with each number changed alone."""
    known = flatten(config.model_dump())
    wanted = OF_CARRY if isinstance(config.strategy, CarryStrategy) else OF_SPOT
    numbers = {key: value for key in wanted if isinstance(value := known.get(key), (int, float))}
    sharpe = np.full((len(numbers), len(FACTORS)), math.nan)
    yearly = sharpe.copy()
    for row, (key, value) in enumerate(numbers.items()):
        one = Dimension(key, float(value), float(value), whole=isinstance(value, int))
        for column, factor in enumerate(FACTORS):
            made = with_values(config, (one,), (value * factor,))
            if made is not None:
                measures = backtest(made, market, nav_usd=nav_usd).measures
                sharpe[row, column], yearly[row, column] = measures["sharpe"], measures["annual_return"]
    return Sensitivity(tuple(numbers), sharpe, yearly)
