"""A search that learns: Optuna's TPE over the kernel, its trials in a storage that several machines may share."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import sqlalchemy as sql

from agent.config import Config
from agent.config.file import config_hash
from agent.market.observation import Floats
from agent.reasons import Code, Reason, Refusal
from agent.research.backtest import Market
from agent.research.kernel import run_grid
from agent.research.parameters import charges_of, parameter_row
from agent.research.search.space import Dimension, with_values
from agent.research.search.sweep import load_widest, sharpe_of
from agent.research.validation.splits import degradation, holdout

JOURNAL = "journal:"


@dataclass(frozen=True, slots=True)
class Tuned:
    """The best trial on the training part, and what the part nobody had seen says of it."""

    study: str
    trials: int
    best: dict[str, float]
    best_train: float
    best_test: float
    lost: float
    points: Floats
    scores: Floats
    table: Path


def run_tune(
    config: Config,
    space: Sequence[Dimension],
    data: tuple[Path | None, tuple[int, int], int],
    out: Path,
    *,
    trials: int,
    storage: str | None = None,
    seed: int = 7,
    on_market: Callable[[Market], None] = lambda market: None,
    on_trial: Callable[[int], None] = lambda done: None,
) -> Tuned:
    """Add trials to a study until it has `trials`; a study of the same file, space and period goes on.

    Parameters
    ----------
    storage : an address of a database as SQLAlchemy writes it, `journal:<file>` on a shared disk, or None for
        `tune.sqlite` in `out`; run the same command on as many machines as share it
    on_market : called with the market, before any work

    Raises Refusal when no trial makes a valid configuration, the study was begun over other parameters or on another
    market, or the storage cannot be opened.
    """
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    folder, period, market_seed = data
    widest = with_values(config, space, tuple(one.high for one in space))
    market = load_widest([config] if widest is None else [config, widest], folder, period, market_seed)
    split = holdout(market.last - market.first + 1)
    train = (market.first, market.first + int(split.train[-1]))
    out.mkdir(parents=True, exist_ok=True)
    name = f"{config.name}-{config_hash(config)[:8]}-{period[0]}-{period[1]}"
    try:
        study = optuna.create_study(
            study_name=name,
            storage=_storage(storage, out),
            sampler=optuna.samplers.TPESampler(seed=None if storage else seed),
            direction="maximize",
            load_if_exists=True,
        )
    except (sql.exc.SQLAlchemyError, ImportError) as error:  # ImportError: the database's driver is not installed
        message = f"the storage of the trials cannot be opened: {str(error).splitlines()[0]}"
        raise Refusal(Reason(Code.CONFIG_OUT_OF_RANGE, message, where="--storage")) from error
    _same_search(study, space, market)
    on_market(market)
    objective = _objective(config, space, market, *train)
    left = trials - len(study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.COMPLETE,)))
    if left > 0:
        study.optimize(
            objective,
            n_trials=left,
            n_jobs=os.cpu_count() or 1,  # the kernel lets go of the interpreter, so threads are enough
            callbacks=[lambda s, _: on_trial(len(s.get_trials(deepcopy=False)))],
        )
    done = study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.COMPLETE,))
    if not done:
        raise Refusal(Reason(Code.CONFIG_OUT_OF_RANGE, "no trial made a valid configuration", where="--param"))
    best = study.best_trial
    chosen = with_values(config, space, tuple(float(best.params[one.key]) for one in space))
    if chosen is None:
        raise Refusal(Reason(Code.CONFIG_OUT_OF_RANGE, "the best trial is no valid configuration", where="--storage"))
    test = _score(chosen, market, market.first + int(split.test[0]), market.last)
    points = np.array([[float(trial.params[one.key]) for one in space] for trial in done])
    scores = np.array([float(trial.value) for trial in done if trial.value is not None])
    return Tuned(
        study=name,
        trials=len(done),
        best={one.key: float(best.params[one.key]) for one in space},
        best_train=float(best.value or 0.0),
        best_test=test,
        lost=degradation(float(best.value or 0.0), test),
        points=points,
        scores=scores,
        table=_write(out, space, points, scores),
    )


def _score(config: Config, market: Market, first: int, last: int) -> float:
    row = parameter_row(config, charges_of(config))
    return float(sharpe_of(run_grid(market.bars, row[None, :], first, last))[0])


def _objective(config: Config, space: Sequence[Dimension], market: Market, first: int, last: int) -> Any:
    import optuna

    def objective(trial: Any) -> float:
        point = tuple(_suggest(trial, one) for one in space)
        made = with_values(config, space, point)
        if made is None:
            raise optuna.TrialPruned("its numbers contradict each other")
        return _score(made, market, first, last)

    return objective


def _suggest(trial: Any, one: Dimension) -> float:
    if one.values:
        return float(trial.suggest_categorical(one.key, list(one.values)))
    if one.whole:
        return float(trial.suggest_int(one.key, int(one.low), int(one.high), log=one.log))
    return float(trial.suggest_float(one.key, one.low, one.high, log=one.log))


def _storage(address: str | None, out: Path) -> Any:
    import optuna
    from optuna.storages.journal import JournalFileBackend

    if address is None:
        return f"sqlite:///{out / 'tune.sqlite'}"
    if address.startswith(JOURNAL):
        return optuna.storages.JournalStorage(JournalFileBackend(address.removeprefix(JOURNAL)))
    return address


def _same_search(study: Any, space: Sequence[Dimension], market: Market) -> None:
    """A study that was begun over other parameters or on another market cannot go on here: scores would be mixed."""
    wanted = {"keys": sorted(one.key for one in space), "market": market.bars.label}
    for name, option in (("keys", "--param"), ("market", "--data")):
        known = study.user_attrs.get(name)
        if known is None:
            study.set_user_attr(name, wanted[name])
        elif known != wanted[name]:
            found = ", ".join(known) if isinstance(known, list) else known
            message = f"the study {study.study_name} is about {found}; use another --out or --storage"
            raise Refusal(Reason(Code.CONFIG_OUT_OF_RANGE, message, where=option))


def _write(out: Path, space: Sequence[Dimension], points: Floats, scores: Floats) -> Path:
    import pyarrow as pa
    from pyarrow import parquet

    path = out / "tune.parquet"
    parquet.write_table(
        pa.table({one.key: points[:, number] for number, one in enumerate(space)} | {"sharpe": scores}), path
    )
    return path
