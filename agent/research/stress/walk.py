"""A backtest with everything that a picture of it needs: exposure, funding, costs and margin of every hour."""

from dataclasses import dataclass

import numpy as np

import agent.research.layout as at
from agent.config import Config
from agent.market.observation import Floats, Seconds
from agent.research.bars import Bars, Market
from agent.research.parameters import Charges, world_row
from agent.research.runners import NAV_USD
from agent.research.stress.rules import rules_by_row
from agent.research.stress.vault import Moment, SimulatedVault


@dataclass(frozen=True, slots=True)
class Walk:
    """One row per hour of the period, and the vault at its end. Money in USD, cumulative where it is a flow."""

    time_s: Seconds
    price: Floats
    equity_usd: Floats
    spot_exposure: Floats  # of net asset value
    short_exposure: Floats  # of net asset value, counted up
    distance: Floats  # to liquidation, of the mark; NaN without a short
    funding_usd: Floats
    costs_usd: Floats  # fees, slippage, gas and interest
    traded_usd: Floats
    vault: SimulatedVault


def walk(market: Market, config: Config, charges: Charges, nav_usd: float = NAV_USD) -> Walk:
    """The same run as `agent.research.runners.run_job`, hour by hour in Python and with more of it kept.

    Raises ValueError for a delayed execution, and Refusal for a strategy that no backtest can judge.
    """
    if charges.delay_bars > 0:
        raise ValueError("a walk carries plans out at once; delays are the backtest's")
    p, bars, first, last = world_row(config, charges, nav_usd), market.bars, market.first, market.last
    rules, vault = rules_by_row(config, market.source, bars, p), SimulatedVault(p)
    kept = np.full((last - first + 1, 8), np.nan)
    for row in range(first, last + 1):
        moment = moment_of(bars, row)
        vault.pass_to(moment)
        plan = vault.plan(rules(row))
        if plan is not None:
            vault.fill(plan, moment.spot, moment.mark)
        nav, (spot_usd, short_usd) = vault.nav_usd, vault.legs_usd()
        tally = vault.tally
        kept[row - first] = (
            nav,
            spot_usd / nav if nav > 0 else np.nan,
            short_usd / nav if nav > 0 else np.nan,
            vault.distance(moment.mark) if short_usd > 0 else np.nan,
            tally[at.FUNDING_USD],
            tally[at.SPOT_COST_USD] + tally[at.PERP_COST_USD] + tally[at.GAS_USD] + tally[at.INTEREST_USD],
            tally[at.TRADED_USD],
            bars.spot[row],
        )
    equity, spot, short, distance, funding, costs, traded, price = kept.T
    time_s = bars.time_s[first : last + 1]
    return Walk(time_s, price, equity, spot, short, distance, funding, costs, traded, vault)


def moment_of(bars: Bars, row: int) -> Moment:
    """One row of a market."""
    return Moment(
        int(bars.time_s[row]),
        float(bars.spot[row]),
        float(bars.mark[row]),
        float(bars.high[row]),
        float(bars.paid[row]),
        int(bars.dawn[row]),
    )
