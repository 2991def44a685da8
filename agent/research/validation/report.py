"""A strategy file put through every test at once: its returns, the search around it, dearer and later trading."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from agent.config import Config
from agent.market.observation import Floats
from agent.reasons import Code, Reason, Refusal
from agent.research.backtest import SECONDS_PER_DAY, Backtest, backtest, backtests
from agent.research.bars import Market
from agent.research.metrics import sharpe_ratio
from agent.research.parameters import charges_of
from agent.research.runners import Job, OnRun, silent
from agent.research.validation.bootstrap import LEAST_RETURNS, Interval, bootstrap_interval
from agent.research.validation.deflated_sharpe import deflated_sharpe
from agent.research.validation.snooping import Snooping, data_snooping
from agent.research.validation.splits import Fold, combinatorial_purged, walk_forward
from agent.research.validation.stress import Stressed, stress
from agent.units import DAYS_PER_YEAR

GAP_DAYS = 5  # purge and embargo: what a position opened on the last day of training still does to the test
TRAIN_PART, TEST_PART = 0.4, 0.1  # of the days, of each step of the walk-forward
GROUPS, TEST_GROUPS = 6, 2


@dataclass(frozen=True, slots=True)
class OutOfSample:
    """Scores of the folds: the parameters that were best on each one's training days, on its test days."""

    name: str
    folds: int
    positive: float  # part of the folds that earned something
    median_sharpe: float
    worst_sharpe: float


@dataclass(frozen=True, slots=True)
class Validation:
    """What is known about a strategy besides its own backtest."""

    done: Backtest
    sharpe: Interval
    schemes: tuple[OutOfSample, ...]
    tried: int
    deflated: float
    snooping: Snooping
    stressed: Sequence[Stressed]


def validate(config: Config, tried: Sequence[Config], market: Market, on_run: OnRun = silent) -> Validation:
    """Every test on one market.

    Parameters
    ----------
    config : the strategy itself
    tried : every configuration that was looked at before it was chosen, at least two; leaving any out flatters
    on_run : called after every backtest

    Raises Refusal when fewer than two were tried, or the period has too few days for the folds.
    """
    if len(tried) < 2:
        message = "a search of fewer than two points leaves nothing to choose from"
        raise Refusal(Reason(Code.CONFIG_OUT_OF_RANGE, message, len(tried), 2, "--param"))
    folds = _folds(market)
    done = backtest(config, market)
    on_run()
    if not done.run.spot_lots.any():
        raise Refusal(Reason(Code.DATA_MISSING, "the strategy never held a position in this period", where="--from"))
    others = backtests(market, [Job(one, charges_of(one)) for one in tried], on_run)
    returns = np.column_stack([one.daily for one in others])
    scores = np.nan_to_num([sharpe_ratio(column, 1.0) for column in returns.T])
    best = int(np.argmax(scores))
    return Validation(
        done=done,
        sharpe=bootstrap_interval(done.daily, sharpe_ratio),
        schemes=tuple(_judge(name, returns, scheme) for name, scheme in folds.items()),
        tried=len(tried),
        deflated=deflated_sharpe(
            float(scores[best]),
            count=len(returns),
            variance=float(scores.var(ddof=1)),
            trials=len(tried),
            skewness=_moment(returns[:, best], 3),
            kurtosis=_moment(returns[:, best], 4),
        ),
        snooping=data_snooping(np.zeros(len(returns)), returns),
        stressed=stress(config, market, on_run=on_run),
    )


def _folds(market: Market) -> dict[str, list[Fold]]:
    """Every way of splitting the days of the period; Refusal when they are too few for one of them."""
    days = len(np.unique(market.bars.time_s[market.first : market.last + 1] // SECONDS_PER_DAY))
    if days < LEAST_RETURNS:
        message = "the period has too few days to judge"
        raise Refusal(Reason(Code.DATA_MISSING, message, days, LEAST_RETURNS, "--from"))
    train, test = int(days * TRAIN_PART), int(days * TEST_PART)
    walks = {
        f"walk-forward, {name}": walk_forward(
            days, train, test, anchored=name == "anchored", purge=GAP_DAYS, embargo=GAP_DAYS
        )
        for name in ("rolling", "anchored")
    }
    purged = combinatorial_purged(days, GROUPS, TEST_GROUPS, purge=GAP_DAYS, embargo=GAP_DAYS)
    return {**walks, "combinatorial, purged": list(purged)}


def _judge(name: str, returns: Floats, folds: Sequence[Fold]) -> OutOfSample:
    found = []
    for fold in folds:
        trained = np.nan_to_num([sharpe_ratio(column, 1.0) for column in returns[fold.train].T])
        judged = returns[fold.test, int(np.argmax(trained))]
        found.append((float(np.prod(1 + judged) - 1), np.nan_to_num(sharpe_ratio(judged, DAYS_PER_YEAR))))
    earned, scores = np.array(found).T
    return OutOfSample(name, len(folds), float((earned > 0).mean()), float(np.median(scores)), float(scores.min()))


def _moment(returns: Floats, order: int) -> float:
    """Standardised moment: 3 is skewness, 4 kurtosis; those of a normal distribution where nothing moves."""
    deviation = float(returns.std())
    if deviation == 0:
        return 0.0 if order == 3 else 3.0
    moment = float((((returns - returns.mean()) / deviation) ** order).mean())
    return moment if math.isfinite(moment) else 0.0
