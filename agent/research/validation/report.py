"""A strategy file put through every test at once: its own returns, the search around it, and dearer or later trading."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from agent.config import Config
from agent.market.observation import Floats
from agent.reasons import Code, Reason, Refusal
from agent.research.backtest import Backtest, Market, backtest, daily_returns
from agent.research.kernel import run
from agent.research.metrics import sharpe_ratio
from agent.research.parameters import charges_of, parameter_row
from agent.research.validation.bootstrap import Interval, bootstrap_interval
from agent.research.validation.deflated_sharpe import deflated_sharpe
from agent.research.validation.snooping import Snooping, data_snooping
from agent.research.validation.splits import Fold, combinatorial_purged, walk_forward
from agent.research.validation.stress import Stressed, stress
from agent.units import DAYS_PER_YEAR

GAP_DAYS = 5  # purge and embargo: what a position opened on the last day of training still does to the test
TRAIN_PART, TEST_PART = 0.4, 0.1  # of the days, of each step of the walk-forward
GROUPS, TEST_GROUPS = 6, 2
NAV_USD = 1_000_000.0


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


def validate(config: Config, tried: Sequence[Config], market: Market) -> Validation:
    """Every test on one market.

    Parameters
    ----------
    config : the strategy itself
    tried : every configuration that was looked at before it was chosen, at least two; leaving any out flatters

    Raises Refusal when fewer than two were tried, or the period has too few days for the folds.
    """
    if len(tried) < 2:
        message = "a search of fewer than two points leaves nothing to choose from"
        raise Refusal(Reason(Code.CONFIG_OUT_OF_RANGE, message, len(tried), 2, "--param"))
    done = backtest(config, market, nav_usd=NAV_USD)
    if not done.run.spot_lots.any():
        raise Refusal(Reason(Code.DATA_MISSING, "the strategy never held a position in this period", where="--from"))
    returns = np.column_stack([_daily(one, market) for one in tried])
    days = len(returns)
    train, test = int(days * TRAIN_PART), int(days * TEST_PART)
    gap = {"purge": GAP_DAYS, "embargo": GAP_DAYS}
    scores = np.nan_to_num([sharpe_ratio(column, 1.0) for column in returns.T])
    best = int(np.argmax(scores))
    return Validation(
        done=done,
        sharpe=bootstrap_interval(done.daily, sharpe_ratio),
        schemes=(
            _judge("walk-forward, rolling", returns, walk_forward(days, train, test, **gap)),
            _judge("walk-forward, anchored", returns, walk_forward(days, train, test, anchored=True, **gap)),
            _judge("combinatorial, purged", returns, list(combinatorial_purged(days, GROUPS, TEST_GROUPS, **gap))),
        ),
        tried=len(tried),
        deflated=deflated_sharpe(
            float(scores[best]),
            count=days,
            variance=float(scores.var(ddof=1)),
            trials=len(tried),
            skewness=_moment(returns[:, best], 3),
            kurtosis=_moment(returns[:, best], 4),
        ),
        snooping=data_snooping(np.zeros(days), returns),
        stressed=stress(config, market, NAV_USD),
    )


def _daily(config: Config, market: Market) -> Floats:
    p = parameter_row(config, charges_of(config), NAV_USD)
    return daily_returns(run(market.bars, p, market.first, market.last), NAV_USD)


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
