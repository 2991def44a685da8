"""A search that learns: Optuna's TPE asks and is told, workers score; several machines may share the trials."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import sqlalchemy as sql

from agent.config import Config
from agent.config.file import config_hash
from agent.market.observation import Floats
from agent.reasons import Code, Reason, Refusal
from agent.research.bars import Market
from agent.research.runners import statistics_of
from agent.research.search.space import Dimension, with_values
from agent.research.search.sweep import load_widest, sharpe_of
from agent.research.search.workers import Workers, workers
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
    ray_address: str | None = None,
    seed: int = 7,
    on_market: Callable[[Market], None] = lambda market: None,
    on_trial: Callable[[int], None] = lambda done: None,
) -> Tuned:
    """Add trials to a study until it has `trials`; a study of the same file, space and period goes on.

    Parameters
    ----------
    storage : an address of a database as SQLAlchemy writes it, `journal:<file>` on a shared disk, or None for
        `tune.sqlite` in `out`; run the same command on as many machines as share it
    ray_address : of a Ray cluster, or "local"; else this machine's cores
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
    left = trials - len(study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.COMPLETE,)))
    if left > 0:
        with workers(market, config, ray_address, threads=os.cpu_count() or 1) as crew:
            _ask_and_tell(study, left, config, space, crew, train, on_trial)
    done = study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.COMPLETE,))
    if not done:
        raise Refusal(Reason(Code.CONFIG_OUT_OF_RANGE, "no trial made a valid configuration", where="--param"))
    best = study.best_trial
    chosen = with_values(config, space, tuple(float(best.params[one.key]) for one in space))
    if chosen is None:
        raise Refusal(Reason(Code.CONFIG_OUT_OF_RANGE, "the best trial is no valid configuration", where="--storage"))
    test = float(sharpe_of(statistics_of(market, [chosen], market.first + int(split.test[0]), market.last))[0])
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


def _ask_and_tell(
    study: Any,
    trials: int,
    config: Config,
    space: Sequence[Dimension],
    crew: Workers,
    rows: tuple[int, int],
    on_trial: Callable[[int], None],
) -> None:
    """So many trials, as many of them at a time as there are workers; only this thread speaks with the study."""
    from optuna.trial import TrialState

    asked, running = 0, dict[Future[Floats], Any]()
    while running or asked < trials:
        if asked < trials and len(running) < crew.count:
            trial, asked = study.ask(), asked + 1
            made = with_values(config, space, tuple(_suggest(trial, one) for one in space))
            if made is None:  # its numbers contradict each other
                study.tell(trial, state=TrialState.PRUNED)
                on_trial(len(study.get_trials(deepcopy=False)))
            else:
                running[crew.submit([made], *rows)] = trial
            continue
        for one in wait(running, return_when=FIRST_COMPLETED).done:
            study.tell(running.pop(one), float(sharpe_of(one.result())[0]))
            on_trial(len(study.get_trials(deepcopy=False)))


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
