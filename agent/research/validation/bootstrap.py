"""Intervals of a measure by the stationary bootstrap, which keeps the returns' own dependence."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from agent.market.observation import Floats

LEAST_RETURNS = 30


@dataclass(frozen=True, slots=True)
class Interval:
    """A measure, and the range that holds it with the given confidence."""

    value: float
    low: float
    high: float
    confidence: float
    block: int  # mean length of the blocks drawn, in periods


def bootstrap_interval(
    returns: Floats,
    measure: Callable[[Floats], float],
    *,
    confidence: float = 0.95,
    draws: int = 1_000,
    seed: int = 7,
    block: int | None = None,
) -> Interval:
    """Percentile interval over series drawn in blocks of random length.

    Parameters
    ----------
    measure : of a series of returns
    block : mean block length; by default the optimal one of Politis and White for these returns

    Raises
    ------
    ValueError : fewer than 30 returns, one that is not finite, or returns that never move.

    Source: Politis and Romano (1994), JASA 89; Patton, Politis and White (2009).
    """
    if len(returns) < LEAST_RETURNS or not np.isfinite(returns).all() or float(np.ptp(returns)) == 0:
        raise ValueError(f"needs {LEAST_RETURNS} finite returns that move, got {len(returns)}")
    from arch.bootstrap import StationaryBootstrap, optimal_block_length

    length = block
    if length is None:
        length = max(1, round(float(optimal_block_length(returns)["stationary"].iloc[0])))
    drawn = StationaryBootstrap(length, returns, seed=seed)
    values = np.array([measure(np.asarray(data[0])) for data, _ in drawn.bootstrap(draws)])
    values = values[np.isfinite(values)]
    tail = (1 - confidence) / 2
    low, high = np.quantile(values, [tail, 1 - tail])
    return Interval(float(measure(returns)), float(low), float(high), confidence, length)
