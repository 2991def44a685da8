"""How wrong the estimate is: what it says was liquidated in each recorded hour against what open interest then lost."""

from dataclasses import dataclass

import numpy as np

from agent.market.liquidation.estimate import HALF_LIFE_H, TIERS, PerpHours, Tier, estimate
from agent.market.observation import Floats

WARM_UP_H = 24 * 14  # until the books have forgotten what they began with
TAIL = 0.01


@dataclass(frozen=True, slots=True)
class EstimateError:
    """What an estimate was worth over recorded hours. Shares are of open interest.

    `rank` and `range_rank` are Spearman's correlations, with the fall of open interest, of the estimate and of the mere
    range of the hour's prices; `rank_beyond_range` is the estimate's with the range held fixed, which is all that the
    map adds. `tail_fall` is the median fall of open interest in the hundredth of the hours with the greatest estimate.
    """

    hours: int
    mean_estimated: float
    mean_fall: float
    mean_absolute_error: float
    rank: float
    range_rank: float
    rank_beyond_range: float
    tail_estimated: float
    tail_fall: float
    tail_fall_by_range: float


def measure(hours: PerpHours, tiers: tuple[Tier, ...] = TIERS, half_life_h: float = HALF_LIFE_H) -> EstimateError:
    """Runs the estimate over recorded hours and compares.

    A liquidation lowers open interest unless somebody opens a position at the same moment, and open interest falls for
    other reasons too; so the fall is what can be measured of liquidations, not what they were.
    """
    if len(hours.time_s) <= 2 * WARM_UP_H:
        raise ValueError(f"an error needs more than {2 * WARM_UP_H} hours, got {len(hours.time_s)}")
    before = hours.open_interest[:-1]
    said = (estimate(hours, tiers, half_life_h=half_life_h).liquidated[1:] / before)[WARM_UP_H:]
    fall = np.maximum(0.0, -np.diff(hours.open_interest) / before)[WARM_UP_H:]
    span = np.log(hours.high / hours.low)[1 + WARM_UP_H :]
    by_estimate, by_range = _tail(said), _tail(span)
    rank, range_rank, shared = _spearman(said, fall), _spearman(span, fall), _spearman(said, span)
    partial = (rank - range_rank * shared) / np.sqrt((1 - range_rank**2) * (1 - shared**2))
    return EstimateError(
        hours=len(fall),
        mean_estimated=float(said.mean()),
        mean_fall=float(fall.mean()),
        mean_absolute_error=float(np.abs(said - fall).mean()),
        rank=rank,
        range_rank=range_rank,
        rank_beyond_range=float(partial),
        tail_estimated=float(np.median(said[by_estimate])),
        tail_fall=float(np.median(fall[by_estimate])),
        tail_fall_by_range=float(np.median(fall[by_range])),
    )


def _tail(values: Floats) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    return np.argsort(values)[-max(1, int(len(values) * TAIL)) :]


def _spearman(one: Floats, other: Floats) -> float:
    from scipy.stats import spearmanr

    return float(spearmanr(one, other).statistic)
