"""What each stage looks at, and the criteria that come of it."""

import hashlib
import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from agent.config import Config
from agent.config.file import LoadedConfig
from agent.market.moments import hour_text
from agent.market.observation import Floats, Seconds
from agent.market.table import MarketTable
from agent.reasons import Code, Reason, Refusal
from agent.research.backtest import SECONDS_PER_DAY, Backtest, backtest, load_period
from agent.research.bars import Market
from agent.research.metrics import max_drawdown, sharpe_ratio
from agent.research.promotion.stages import (
    BEFORE_FIRST_PERIOD_DAYS,
    CONFIDENCE,
    LEAST_DAYS,
    LEAST_KNOWN,
    LEAST_PAPER_DAYS,
    LEAST_PERIODS,
    MOST_DEGRADATION,
    MOST_PAPER_DAYS,
    PERIOD_DAYS,
    POSITIVE_PERIODS,
    TRAINING_PART,
    Criterion,
)
from agent.research.validation import bootstrap_interval, degradation, holdout, stress, walk_forward
from agent.units import SECONDS_PER_HOUR

SLACK_S = 2 * SECONDS_PER_HOUR  # a day of a paper run may begin so late and end so early


@dataclass(frozen=True, slots=True)
class Judged:
    """What a stage found."""

    criteria: tuple[Criterion, ...]
    evidence: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Tested:
    """The market of the evidence, its hash, and what the strategy did in it."""

    market: Market
    data_hash: str
    done: Backtest
    known: float  # part of the period's hours in which everything was recorded


def tested(config: Config, folder: Path | None, period: tuple[int, int]) -> Tested:
    """Backtest a strategy on recorded data.

    Raises Refusal without recorded data: a market that was made up is no evidence. The same for missing funding, too
    few days, and prices that never move.
    """
    if folder is None:
        message = "a promotion needs recorded data: name a folder with --data or BALLAST_DATA"
        raise Refusal(Reason(Code.DATA_MISSING, message, where="--data"))
    market = load_period(config, folder, period, seed=0)
    known = (market.last - market.first + 1) / ((period[1] - period[0]) // SECONDS_PER_HOUR + 1)
    return Tested(market, data_hash(market.source.table), backtest(config, market), known)


def data_hash(table: MarketTable) -> str:
    """SHA-256 over every stamp and value of a market, in a fixed order and byte order."""
    digest = hashlib.sha256(table.symbol.encode())
    for name in ("spot", "mark", "funding", "open_interest"):
        series = getattr(table, name)
        digest.update(f"{name}:{'none' if series is None else len(series.time_s)};".encode())
        if series is None:
            continue
        digest.update(np.ascontiguousarray(series.time_s, dtype="<i8").tobytes())
        for column in ("close", "high", "low", "rate", "interval_h", "value"):
            if hasattr(series, column):
                digest.update(np.ascontiguousarray(getattr(series, column), dtype="<f8").tobytes())
    return digest.hexdigest()


def judge_backtest(config: Config, found: Tested) -> Judged:
    """It earned something, on enough days, without a liquidation and without touching a loss limit."""
    measures = found.done.measures
    criteria = (
        Criterion("part of the period's hours that are known", found.known, "at least", LEAST_KNOWN),
        Criterion("days", float(len(found.done.daily)), "at least", LEAST_DAYS),
        Criterion("return after all costs", measures["total_return"], "above", 0.0),
        Criterion("liquidations", measures["liquidations"], "at most", 0.0),
        Criterion("stops by a loss limit", float(found.done.run.latched_row >= 0), "at most", 0.0),
        Criterion("worst drawdown", measures["max_drawdown"], "below", config.policy.max_drawdown),
        Criterion("plans", measures["plans"], "at least", 1.0),
    )
    return Judged(criteria, {"measures": finite(measures), "market": found.done.market})


def judge_validation(config: Config, found: Tested) -> Judged:
    """The part that came later must confirm the Sharpe ratio of the part before it."""
    daily = found.done.daily
    fold = holdout(len(daily), TRAINING_PART)
    inside, outside = sharpe_ratio(daily[fold.train]), sharpe_ratio(daily[fold.test])
    lost = degradation(inside, outside)
    criteria = (
        Criterion("Sharpe ratio on the first 60 %", _known(inside), "above", 0.0),
        Criterion("part of it lost on the rest", _known(lost), "below", MOST_DEGRADATION),
    )
    interval = bootstrap_interval(daily, sharpe_ratio, confidence=CONFIDENCE)
    conditions = {one.name: finite(one.done.measures) for one in stress(config, found.market)}
    shown = {name: {key: one[key] for key in ("total_return", "sharpe")} for name, one in conditions.items()}
    evidence = {
        "sharpe_in_sample": _known(inside),
        "sharpe_out_of_sample": _known(outside),
        "sharpe_interval": [_known(interval.low), _known(interval.high)],
        "stress": shown,
    }
    return Judged(criteria, evidence)


def judge_walk_forward(found: Tested) -> Judged:
    """Most periods that follow each other must end with a gain; one without a position does not.

    The parameters are those of the file in every period: nothing is chosen again, so nothing can be fitted again.
    """
    daily = found.done.daily
    folds = walk_forward(len(daily), BEFORE_FIRST_PERIOD_DAYS, PERIOD_DAYS)
    returns = [float(np.prod(1 + daily[fold.test]) - 1) for fold in folds]
    positive = sum(value > 0 for value in returns) / len(returns)
    criteria = (
        Criterion("periods", float(len(returns)), "at least", LEAST_PERIODS),
        Criterion("part of the periods with a gain", positive, "above", POSITIVE_PERIODS),
    )
    return Judged(criteria, {"period_days": PERIOD_DAYS, "returns": returns})


def judge_paper(loaded: LoadedConfig, found: Tested, run: Path) -> Judged:
    """A run on days that no evidence has seen must do what the evidence says it would, neither less nor more.

    Parameters
    ----------
    run : folder with result.json and cycles.parquet of this configuration, as a replay leaves them

    Raises Refusal when the run is of another configuration, on a made-up market, has holes, or began too early.
    """
    result, time_s, price = _paper_run(run)
    _require_honest(loaded, found, run, result, int(time_s[0]))
    closes, missing = _daily_closes(time_s, price)
    closes = closes[-(MOST_PAPER_DAYS + 1) :]
    count = max(0, len(closes) - 1)
    outcome, low, high = math.nan, math.nan, math.nan
    if count >= LEAST_PAPER_DAYS:
        outcome = float(closes[-1] / closes[0] - 1)

        def over_so_many_days(returns: Floats) -> float:
            return float(np.prod(1 + returns[:count]) - 1)

        interval = bootstrap_interval(found.done.daily, over_so_many_days, confidence=CONFIDENCE)
        low, high = interval.low, interval.high
    criteria = (
        Criterion("days", float(count), "at least", LEAST_PAPER_DAYS),
        Criterion("days missing in between", float(missing), "at most", 0.0),
        Criterion(f"return over {count} days", _known(outcome), "at least", low if math.isfinite(low) else 0.0),
        Criterion(f"return over {count} days", _known(outcome), "at most", high if math.isfinite(high) else 0.0),
    )
    evidence = {
        "run": hashlib.sha256((run / "cycles.parquet").read_bytes()).hexdigest(),
        "from": hour_text(int(time_s[0])),
        "to": hour_text(int(time_s[-1])),
        "worst_drawdown": -max_drawdown(closes[1:] / closes[:-1] - 1) if count > 0 else None,
        "confidence": CONFIDENCE,
    }
    return Judged(criteria, evidence)


def finite(measures: Any) -> dict[str, float | None]:
    """Measures as JSON can hold them."""
    return {name: _known(value) for name, value in measures.items()}


def _known(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _paper_run(run: Path) -> tuple[dict[str, Any], Seconds, Floats]:
    from pyarrow import parquet

    missing = [name for name in ("result.json", "cycles.parquet") if not (run / name).is_file()]
    if missing:
        message = f"{run} holds no {' and no '.join(missing)}; name the folder of a run"
        raise Refusal(Reason(Code.DATA_MISSING, message, where="--paper"))
    result = json.loads((run / "result.json").read_text(encoding="utf-8"))
    table = parquet.read_table(run / "cycles.parquet", columns=["time_s", "share_price"])
    time_s = table.column("time_s").to_numpy().astype(np.int64)
    price = table.column("share_price").to_numpy().astype(np.float64)
    if len(price) < 2 or not (np.isfinite(price) & (price > 0)).all() or (np.diff(time_s) <= 0).any():
        message = f"{run / 'cycles.parquet'}: share prices must be positive numbers at ascending times"
        raise Refusal(Reason(Code.DATA_NOT_FINITE, message, where="--paper"))
    return result, time_s, price


def _daily_closes(time_s: Seconds, price: Floats) -> tuple[Floats, int]:
    """The price at the end of every whole UTC day, before them that at their beginning; and how many days are missing.

    A day that the run saw less than 22 hours of, at its beginning or at its end, is left out.
    """
    day = time_s // SECONDS_PER_DAY
    last = np.flatnonzero(np.diff(day, append=day[-1:] + 1) > 0)
    missing = int((np.diff(day[last]) - 1).sum())
    if time_s[-1] % SECONDS_PER_DAY < SECONDS_PER_DAY - SLACK_S:
        last = last[:-1]
    begins = np.array([0] if time_s[0] % SECONDS_PER_DAY < SLACK_S else [], dtype=np.int64)
    return price[np.concatenate((begins, last))], missing


def _require_honest(loaded: LoadedConfig, found: Tested, run: Path, result: dict[str, Any], begins_s: int) -> None:
    reasons = []
    if result.get("config_hash") != loaded.config_hash:
        message = (
            f"the run is of the configuration {str(result.get('config_hash'))[:16]}, this is {loaded.config_hash[:16]}"
        )
        reasons.append(Reason(Code.PROMOTION_STALE, message, where=str(run)))
    if result.get("synthetic") is not False:
        reasons.append(
            Reason(Code.PROMOTION_STALE, "the run's market was made up, which proves nothing", where=str(run))
        )
    ended_s = int(found.market.bars.time_s[found.market.last])
    if begins_s <= ended_s:
        message = f"the run begins on {hour_text(begins_s)}, the evidence has seen the days up to {hour_text(ended_s)}"
        reasons.append(Reason(Code.PROMOTION_STALE, message, float(begins_s), float(ended_s), str(run)))
    if reasons:
        raise Refusal(*reasons)
