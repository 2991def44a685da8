"""One backtest from a strategy file to numbers: the market, the run, and what it comes to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import agent.research.layout as at
from agent.config import Config
from agent.market.choose import choose_market
from agent.market.moments import hour_text
from agent.market.observation import Floats
from agent.reasons import Code, Reason, Refusal
from agent.research.bars import Market, bars_of
from agent.research.kernel import Run
from agent.research.metrics import (
    annual_return,
    annual_volatility,
    calmar_ratio,
    max_drawdown,
    omega_ratio,
    sharpe_ratio,
    sortino_ratio,
    stability,
)
from agent.research.parameters import Charges, charges_of, methods_of, require_testable
from agent.research.runners import NAV_USD, Job, OnRow, OnRun, run_job, run_jobs, silent
from agent.scaling import method_hours
from agent.units import SECONDS_PER_HOUR

LEAST_DAYS = 10
HOURS_PER_DAY = 24
SECONDS_PER_DAY = 24 * SECONDS_PER_HOUR


@dataclass(frozen=True, slots=True)
class Backtest:
    """A run and the measures of its daily returns."""

    strategy: str
    market: str
    synthetic: bool
    hours: int
    run: Run
    daily: Floats
    measures: Mapping[str, float]


def load_period(config: Config, folder: Path | None, period: tuple[int, int], seed: int) -> Market:
    """The market of a strategy over a period, with the history that its decisions read.

    Raises Refusal for a strategy that no backtest can judge, when the recorded files are missing or not clean, fewer
    than ten days of the period are known, a method of the file reads a longer past than is known at its end, or the
    price never moves in it: every ratio would be a division by zero.
    """
    require_testable(config)
    chosen = choose_market(config, folder, period, seed)
    bars = bars_of(chosen.source)
    first = int(np.searchsorted(bars.time_s, period[0]))
    last = int(np.searchsorted(bars.time_s, period[1], side="right")) - 1
    if last - first < LEAST_DAYS * HOURS_PER_DAY:
        known = f"{bars.label} is known from {hour_text(int(bars.time_s[0]))} to {hour_text(int(bars.time_s[-1]))}"
        message = f"fewer than {LEAST_DAYS} days of the period are known; {known}"
        raise Refusal(
            Reason(Code.DATA_MISSING, message, max(0, last - first + 1), LEAST_DAYS * HOURS_PER_DAY, "--from")
        )
    known_h, needed_h = int(bars.time_s[last] - bars.time_s[0]) // SECONDS_PER_HOUR, method_hours(methods_of(config))
    if known_h < needed_h:
        message = f"the methods of strategy.scaling read {needed_h:,} hours, {bars.label} is known for {known_h:,}"
        raise Refusal(Reason(Code.DATA_MISSING, message, known_h, needed_h, "strategy.scaling"))
    spot = bars.spot[first : last + 1]
    if float(np.ptp(spot)) == 0:
        message = f"{bars.label}: the price is {spot[0]:g} in all {len(spot):,} hours, which is no market"
        raise Refusal(Reason(Code.DATA_STALE, message, 1, 2, "--from"))
    return Market(chosen.source, bars, first, last, chosen.synthetic)


def backtest(
    config: Config,
    market: Market,
    charges: Charges | None = None,
    nav_usd: float = NAV_USD,
    live: bool = False,
    on_row: OnRow = silent,
) -> Backtest:
    """Run one strategy over a market; `live` as `run_job` takes it."""
    done = run_job(market, Job(config, charges or charges_of(config), nav_usd), live, on_row)
    return summarised(config.name, market, done, nav_usd)


def backtests(market: Market, jobs: Sequence[Job], on_run: OnRun = silent) -> list[Backtest]:
    """Run several strategies, or one under several charges, over a market; in the order of the jobs."""
    runs = zip(jobs, run_jobs(market, jobs, on_run), strict=True)
    return [summarised(job.config.name, market, done, job.nav_usd) for job, done in runs]


def summarised(name: str, market: Market, done: Run, nav_usd: float) -> Backtest:
    """A run with the measures of its daily returns."""
    daily = daily_returns(done, nav_usd)
    years = (int(done.time_s[-1]) - int(done.time_s[0])) / SECONDS_PER_DAY / 365
    final = float(done.equity_usd[-1])
    held = done.spot_lots > 0
    measures = {
        "final_usd": final,
        "total_return": final / nav_usd - 1,
        "annual_return": annual_return(daily),
        "annual_volatility": annual_volatility(daily),
        "sharpe": sharpe_ratio(daily),
        "sortino": sortino_ratio(daily),
        "calmar": calmar_ratio(daily),
        "omega": omega_ratio(daily),
        "stability": stability(daily),
        "max_drawdown": -max_drawdown(daily),
        "time_in_market": float(held.mean()),
        "funding_usd": float(done.tally[at.FUNDING_USD]),
        "costs_usd": float(done.tally[at.SPOT_COST_USD] + done.tally[at.PERP_COST_USD] + done.tally[at.INTEREST_USD]),
        "gas_usd": float(done.tally[at.GAS_USD]),
        "turnover_per_year": float(done.tally[at.TRADED_USD]) / nav_usd / years,
        "plans": float(done.amounts[at.PLANS]),
        "liquidations": float(done.amounts[at.LIQUIDATIONS]),
    }
    return Backtest(name, market.bars.label, market.synthetic, len(done.time_s), done, daily, measures)


def daily_returns(done: Run, nav_usd: float) -> Floats:
    """Simple returns from the last row of a UTC day to the last row of the next; the first from the start."""
    day = done.time_s // SECONDS_PER_DAY
    last = np.flatnonzero(np.diff(day, append=day[-1:] + 1) > 0)
    value = np.concatenate(([nav_usd], done.equity_usd[last]))
    return value[1:] / value[:-1] - 1
