"""How much of a backtest is luck: splits that do not leak, statistics that count the search, and stress."""

from agent.research.validation.bootstrap import Interval, bootstrap_interval
from agent.research.validation.deflated_sharpe import deflated_sharpe, expected_best_sharpe
from agent.research.validation.snooping import Snooping, data_snooping
from agent.research.validation.splits import (
    Fold,
    combinatorial_purged,
    degradation,
    holdout,
    path_count,
    walk_forward,
)
from agent.research.validation.stress import Stressed, stress

__all__ = [
    "Fold",
    "Interval",
    "Snooping",
    "Stressed",
    "bootstrap_interval",
    "combinatorial_purged",
    "data_snooping",
    "deflated_sharpe",
    "degradation",
    "expected_best_sharpe",
    "holdout",
    "path_count",
    "stress",
    "walk_forward",
]
