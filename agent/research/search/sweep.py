"""A sweep: a backtest of every point, in parts that are kept, so that an interrupted one goes on where it was."""

import hashlib
import json
import math
from collections.abc import Callable, Sequence
from concurrent.futures import as_completed
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from agent.config import Config
from agent.market.choose import history_hours
from agent.market.observation import Floats
from agent.reasons import Code, Reason, Refusal
from agent.research.backtest import load_period
from agent.research.bars import Market
from agent.research.kernel import (
    COSTS,
    DEVIATION,
    FINAL,
    FUNDING,
    LATCHED,
    LIQUIDATED,
    MEAN,
    PLANS,
    TRADED,
    WORST_FALL,
)
from agent.research.parameters import beyond_the_twin
from agent.research.runners import statistics_of
from agent.research.search.space import Dimension, Point, with_values
from agent.research.search.workers import workers
from agent.research.validation.deflated_sharpe import deflated_sharpe
from agent.research.validation.splits import degradation, holdout
from agent.units import DAYS_PER_YEAR

PART = 250  # points per part of the kernel's: some seconds of work, which the live functions take for one
MEASURES = {
    "final": FINAL,
    "max_drawdown": WORST_FALL,
    "traded_usd": TRADED,
    "costs_usd": COSTS,
    "funding_usd": FUNDING,
    "plans": PLANS,
    "latched": LATCHED,
    "liquidations": LIQUIDATED,
}


@dataclass(frozen=True, slots=True)
class Sweep:
    """Scores of every valid point on the training part, and the best one's on the part that nobody had seen."""

    points: Floats  # one row per valid point
    train: Floats  # yearly Sharpe ratios
    refused: int  # points whose numbers contradict each other
    best: Point
    best_train: float
    best_test: float
    lost: float  # part of the score that the test did not confirm
    deflated: float  # probability that the best one's Sharpe ratio on the training part is above zero
    table: Path


def load_widest(configs: Sequence[Config], folder: Path | None, period: tuple[int, int], seed: int) -> Market:
    """The market with the longest history that any of the configurations reads."""
    return load_period(max(configs, key=history_hours), folder, period, seed)


def sharpe_of(statistics: Floats) -> Floats:
    """Yearly Sharpe ratios of a grid's statistics; one that never traded scores zero."""
    traded = (statistics[:, TRADED] > 0) & (statistics[:, DEVIATION] > 0)
    deviation = np.where(traded, statistics[:, DEVIATION], 1.0)
    return np.where(traded, statistics[:, MEAN] / deviation, 0.0) * math.sqrt(DAYS_PER_YEAR)


def run_sweep(
    config: Config,
    space: Sequence[Dimension],
    points: Sequence[Point],
    data: tuple[Path | None, tuple[int, int], int],
    out: Path,
    *,
    ray_address: str | None = None,
    on_market: Callable[[Market], None] = lambda market: None,
    on_part: Callable[[int, int], None] = lambda done, total: None,
) -> Sweep:
    """Backtest every point on the first 60 % of a period, judge the best on the rest.

    Parameters
    ----------
    data : data folder or None, first and last hour, seed of the synthetic market
    out : folder of the parts; those of the same sweep are taken over
    ray_address : of a Ray cluster, or "local"; else this machine's cores
    on_market : called with the market, before any work
    on_part : called with points done and points in all

    Raises Refusal before any work when no point makes a valid configuration, or the folder holds another sweep.
    """
    folder, period, seed = data
    configs = [(point, with_values(config, space, point)) for point in points]
    valid = [(point, made) for point, made in configs if made is not None]
    if not valid:
        raise Refusal(Reason(Code.CONFIG_OUT_OF_RANGE, "no point makes a valid configuration", where="--param"))
    market = load_widest([made for _, made in valid], folder, period, seed)
    _claim(out, config, space, points, period, market)
    on_market(market)

    split = holdout(market.last - market.first + 1)
    train_last = market.first + int(split.train[-1])
    size = PART if beyond_the_twin(config) is None else 1
    starts = list(range(0, len(valid), size))
    missing = [start for start in starts if not _part(out, start).exists()]
    done = (len(starts) - len(missing)) * size
    on_part(min(done, len(valid)), len(valid))
    # one thread here, because one part of the kernel's takes all cores
    with workers(market, config, ray_address, threads=1) as crew:
        parts = {start: [made for _, made in valid[start : start + size]] for start in missing}
        begun = {crew.submit(part, market.first, train_last): start for start, part in parts.items()}
        for one in as_completed(begun):
            _keep(out, begun[one], one.result())
            done += size
            on_part(min(done, len(valid)), len(valid))
    statistics = np.concatenate([np.load(_part(out, start)) for start in starts])
    scores = sharpe_of(statistics)
    best = int(np.argmax(scores))
    test = statistics_of(market, [valid[best][1]], market.first + int(split.test[0]), market.last)
    tried = np.array([point for point, _ in valid])
    return Sweep(
        points=tried,
        train=scores,
        refused=len(points) - len(valid),
        best=valid[best][0],
        best_train=float(scores[best]),
        best_test=float(sharpe_of(test)[0]),
        lost=degradation(float(scores[best]), float(sharpe_of(test)[0])),
        deflated=_deflated(scores, best, len(split.train) // 24),
        table=_write_table(out, space, tried, statistics, scores),
    )


def _deflated(scores: Floats, best: int, days: int) -> float:
    if len(scores) < 2:
        return math.nan
    daily = scores / math.sqrt(DAYS_PER_YEAR)
    return deflated_sharpe(float(daily[best]), count=days, variance=float(daily.var(ddof=1)), trials=len(scores))


def _claim(
    out: Path,
    config: Config,
    space: Sequence[Dimension],
    points: Sequence[Point],
    period: tuple[int, int],
    market: Market,
) -> None:
    """Writes down which sweep the folder belongs to, or refuses when that is another one."""
    text = json.dumps(
        [config.model_dump(mode="json"), [one.key for one in space], list(points), period, market.bars.label]
    )
    identity = hashlib.sha256(text.encode()).hexdigest()
    out.mkdir(parents=True, exist_ok=True)
    file = out / "sweep.json"
    if file.exists() and json.loads(file.read_text())["sweep"] != identity:
        message = f"{out} holds another sweep; choose another folder or remove it"
        raise Refusal(Reason(Code.CONFIG_OUT_OF_RANGE, message, where="--out"))
    keys = [one.key for one in space]
    file.write_text(json.dumps({"sweep": identity, "keys": keys, "points": len(points)}, indent=2) + "\n")


def _part(out: Path, start: int) -> Path:
    return out / f"part-{start:07d}.npy"


def _keep(out: Path, start: int, statistics: Floats) -> None:
    """All of a part or nothing of it, whatever interrupts."""
    unfinished = out / f"unfinished-{start:07d}.npy"
    np.save(unfinished, statistics)
    unfinished.rename(_part(out, start))


def _write_table(out: Path, space: Sequence[Dimension], tried: Floats, statistics: Floats, scores: Floats) -> Path:
    import pyarrow as pa
    from pyarrow import parquet

    columns = {one.key: tried[:, number] for number, one in enumerate(space)}
    columns |= {"sharpe": scores} | {name: statistics[:, column] for name, column in MEASURES.items()}
    path = out / "sweep.parquet"
    parquet.write_table(pa.table(columns), path)
    return path
