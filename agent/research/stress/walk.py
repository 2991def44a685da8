"""A backtest with everything that a picture of it needs: exposure, funding, costs and margin of every hour."""

from dataclasses import dataclass

import numpy as np

import agent.research.layout as at
from agent.market.observation import Floats, Seconds
from agent.research.bars import Bars
from agent.research.kernel import signals_of
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


def walk(bars: Bars, p: Floats, first: int, last: int) -> Walk:
    """The same run as `agent.research.kernel.run`, hour by hour in Python and with more of it kept.

    Parameters
    ----------
    bars : the market with the history before the period
    p : of `parameter_row`, without delay
    first, last : rows of the period, both included

    Raises ValueError for a delayed execution, which only the kernel knows.
    """
    if p[at.DELAY] > 0:
        raise ValueError("a walk carries plans out at once; delays are the kernel's")
    signals, vault = signals_of(bars, p), SimulatedVault(p)
    kept = np.full((last - first + 1, 8), np.nan)
    for row in range(first, last + 1):
        moment = moment_of(bars, row)
        vault.pass_to(moment)
        plan = vault.plan(signals.forecast[row], signals.sigma[row], signals.factor[row])
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
