"""What perfect foresight would have kept of funding net of switching, and the share of it that a policy keeps."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from agent.market.observation import Floats, Seconds
from agent.market.table import Settlements
from agent.reasons import Code, Reason, Refusal
from agent.research.compiled import compiled
from agent.research.signals import funding_holds
from agent.units import HOURS_PER_YEAR, SECONDS_PER_HOUR

MEMORIES_H = (24.0, 36.0, 48.0, 72.0, 96.0)  # what a walk-forward chooses from
COST_FACTORS = (0.75, 1.0, 1.5, 2.0)  # of the round trip, likewise
FIRST_TEST_YEARS = 1  # a walk-forward trades only after so much history


@dataclass(frozen=True, slots=True)
class CarryShare:
    """Of one series, in parts of the notional held."""

    name: str
    settlements: int
    bound: float  # perfect foresight
    always: float
    weekly_mean: float  # 7-day mean with hysteresis, what a plain strategy does
    policy: float  # the shipped rule


def perfect_foresight(rates: Floats, cost_per_switch: float) -> float:
    """The most that any path of holding and not holding keeps, by dynamic programming over both states.

        off_i = max(off_(i-1), on_(i-1) - c)
        on_i  = max(on_(i-1), off_(i-1) - c) + rate_i             begun flat, ended in either state

    Parameters
    ----------
    rates : received by a short at each settlement, decimal
    cost_per_switch : of opening or closing, as a part of the notional, >= 0
    """
    return float(_perfect_foresight(rates, cost_per_switch))


def kept(rates: Floats, holding: Floats, cost_per_switch: float) -> float:
    """What a path keeps: `holding[i]`, decided when settlement i is known, receives settlement i + 1."""
    position = holding[:-1]
    switches = float(np.abs(np.diff(position, prepend=0.0)).sum())
    return float(position @ rates[1:]) - cost_per_switch * switches


def policy_positions(time_s: Seconds, rates: Floats, round_trip_cost: float, memory_h: float) -> Floats:
    """The shipped rule at every settlement: 1 where `agent.scaling.funding_regime` says that holding is worth it.

    Every entry equals that function applied to the series up to there; both call `funding_fold`.
    """
    return np.asarray(funding_holds(time_s, rates, round_trip_cost, memory_h))


def weekly_mean_positions(time_s: Seconds, rates: Floats, entry: float = 0.05, exit: float = -0.05) -> Floats:
    """The plain rule: in above `entry`, out below `exit`, of the annualised mean of the last seven days."""
    horizon_s = 7 * 24 * SECONDS_PER_HOUR
    total = np.concatenate(([0.0], np.cumsum(rates)))
    first = np.searchsorted(time_s, time_s - horizon_s, side="right")
    mean = (total[1:] - total[first]) * (HOURS_PER_YEAR * SECONDS_PER_HOUR / horizon_s)
    # hysteresis: the last crossing decides
    known = time_s - time_s[0] >= horizon_s
    signal = np.where(known & (mean >= entry), 1, np.where(known & (mean < exit), -1, 0))
    last = np.maximum.accumulate(np.where(signal != 0, np.arange(len(signal)), -1))
    return np.where(last >= 0, signal[last] > 0, False).astype(np.float64)


def carry_shares(series: Sequence[Settlements], cost_per_switch: float, memory_h: float) -> list[CarryShare]:
    """Bound, plain rules and the shipped rule on each series."""
    return [
        CarryShare(
            name=one.source,
            settlements=len(one.rate),
            bound=perfect_foresight(one.rate, cost_per_switch),
            always=kept(one.rate, np.ones(len(one.rate)), cost_per_switch),
            weekly_mean=kept(one.rate, weekly_mean_positions(one.time_s, one.rate), cost_per_switch),
            policy=kept(
                one.rate, policy_positions(one.time_s, one.rate, 2 * cost_per_switch, memory_h), cost_per_switch
            ),
        )
        for one in series
    ]


@dataclass(frozen=True, slots=True)
class WalkForwardYear:
    """One out-of-sample year: the parameters that were best on all series before it, and what they kept in it."""

    year: int
    cost_factor: float
    memory_h: float
    bound: float
    kept: float


def walk_forward(series: Sequence[Settlements], cost_per_switch: float) -> list[WalkForwardYear]:
    """Chooses memory and threshold anew for each calendar year, one set for all series, from the years before only.

    Raises Refusal when there are not at least two calendar years.
    """
    starts = {year: int(np.datetime64(f"{year}-01-01", "s").astype(np.int64)) for year in range(2010, 2101)}
    first = min(int(one.time_s[0]) for one in series)
    last = max(int(one.time_s[-1]) for one in series)
    years = [year for year in starts if starts[year] > first and starts[year] < last][FIRST_TEST_YEARS - 1 :]
    if not years:
        raise Refusal(Reason(Code.DATA_MISSING, "a walk-forward needs settlements of two calendar years"))
    grid = [(factor, memory) for factor in COST_FACTORS for memory in MEMORIES_H]
    paths = {
        (parameters, index): policy_positions(one.time_s, one.rate, 2 * cost_per_switch * parameters[0], parameters[1])
        for parameters in grid
        for index, one in enumerate(series)
    }

    def summed(parameters: tuple[float, float], from_s: int, to_s: int) -> float:
        total = 0.0
        for index, one in enumerate(series):
            rows = (one.time_s >= from_s) & (one.time_s < to_s)
            if rows.sum() > 1:
                total += kept(one.rate[rows], paths[parameters, index][rows], cost_per_switch)
        return total

    found = []
    for year in years:
        best = max(grid, key=lambda parameters: summed(parameters, 0, starts[year]))
        inside = [one.rate[(one.time_s >= starts[year]) & (one.time_s < starts[year + 1])] for one in series]
        bound = sum(perfect_foresight(rates[1:], cost_per_switch) for rates in inside if len(rates) > 1)
        found.append(WalkForwardYear(year, *best, bound, summed(best, starts[year], starts[year + 1])))
    return found


@compiled
def _perfect_foresight(rates: Floats, cost: float) -> float:
    off, on = 0.0, -np.inf
    for rate in rates:
        off, on = max(off, on - cost), max(on, off - cost) + rate
    return max(off, on)
