"""One backtest from a strategy file to numbers: the market, the run, and what it comes to."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import agent.research.layout as at
from agent.config import Config
from agent.market.choose import choose_market
from agent.market.moments import hour_text
from agent.market.observation import Floats
from agent.market.source import HistorySource
from agent.reasons import Code, Reason, Refusal
from agent.research.bars import Bars, bars_of
from agent.research.kernel import Run, run
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
from agent.research.parameters import Charges, charges_of, parameter_row
from agent.units import SECONDS_PER_HOUR

LEAST_DAYS = 10
HOURS_PER_DAY = 24
SECONDS_PER_DAY = 24 * SECONDS_PER_HOUR


@dataclass(frozen=True, slots=True)
class Market:
    """The rows of a period with the history before them."""

    source: HistorySource
    bars: Bars
    first: int
    last: int
    synthetic: bool


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

    Raises Refusal when the recorded files are missing or not clean, fewer than ten days of the period are known, or the
    price never moves in it: every ratio would be a division by zero.
    """
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
    spot = bars.spot[first : last + 1]
    if float(np.ptp(spot)) == 0:
        message = f"{bars.label}: the price is {spot[0]:g} in all {len(spot):,} hours, which is no market"
        raise Refusal(Reason(Code.DATA_STALE, message, 1, 2, "--from"))
    return Market(chosen.source, bars, first, last, chosen.synthetic)


def backtest(config: Config, market: Market, charges: Charges | None = None, nav_usd: float = 1_000_000.0) -> Backtest:
    """Run one strategy over a market by the compiled kernel."""
    p = parameter_row(config, charges or charges_of(config), nav_usd)
    return summarised(config.name, market, run(market.bars, p, market.first, market.last), nav_usd)


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
