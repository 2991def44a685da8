"""Scale exposure by what it earns: when funding is worth a round trip, and the net rate of a loan."""

import math
from collections.abc import MutableSequence, Sequence
from dataclasses import dataclass

import numpy as np

from agent.market.observation import Floats, Seconds
from agent.reasons import Code, Reason
from agent.units import SECONDS_PER_HOUR

BLOCK_S = 60 * 24 * SECONDS_PER_HOUR  # the fold begins at the last but one multiple of this
LN_2 = math.log(2.0)
LONGEST_FOLD_H = 2 * BLOCK_S // SECONDS_PER_HOUR


@dataclass(frozen=True, slots=True)
class FundingRegime:
    """Whether a short is worth holding, and the two sums that say so, in parts of the notional."""

    worth_holding: bool
    regret: float  # what the present side has lost against the other since it was last right
    expected: float  # what the next `memory_h` hours are expected to pay


def funding_regime(
    time_s: Seconds, funding: Floats, *, round_trip_cost: float, memory_h: float
) -> FundingRegime | Reason:
    """Folds the history (`funding_fold`): hold while it pays, and switch when a round trip has been lost.

    Not holding has no cost that anybody books, but it has one: the funding not earned. Holding through negative
    funding has the same. Whoever switches at once pays a round trip for every flicker; whoever waits until the wrong
    side has cost as much as a round trip never pays more than about twice what hindsight would have paid. The only
    number that decides is what switching costs; `memory_h` merely brings a switch forward when a regime is plain.

    The fold starts flat at the last but one multiple of 60 days (or at the first row), so that any two agents, and
    one agent before and after a restart, fold the same rows.

    Parameters
    ----------
    time_s : n unix seconds, ascending: settlements, or hours that accrue them
    funding : n decimals, received by a short over the step that ends at the row
    round_trip_cost : of opening and closing, as a part of the notional, > 0
    memory_h : half-life of the expectation and the time it reaches ahead, hours, > 0

    Returns
    -------
    The regime at the last row, or a Reason with code WARMING_UP without any row. More warm-up is not needed: the fold
    starts flat, and only funding that was really paid ends that.

    Raises
    ------
    ValueError : lengths differ, or a parameter is not a positive number.

    Source: Page (1954), Continuous inspection schemes (the cumulative sum); Karlin et al. (1988), Competitive snoopy
    caching (renting until the rent equals the price).
    """
    if len(time_s) != len(funding):
        raise ValueError(f"times and funding must be equally long, got {len(time_s)} and {len(funding)}")
    if not (0 < round_trip_cost < math.inf and 0 < memory_h < math.inf):
        raise ValueError(f"round_trip_cost {round_trip_cost} and memory_h {memory_h} must be positive numbers")
    if len(time_s) == 0:
        return Reason(Code.WARMING_UP, "no funding is known yet", 0.0, 1.0, "strategy.funding")
    first = int(time_s.searchsorted((int(time_s[-1]) // BLOCK_S - 1) * BLOCK_S))
    hours = np.diff(time_s[first:], prepend=time_s[first]) / SECONDS_PER_HOUR
    return FundingRegime(*fold(funding[first:], np.exp2(-hours / memory_h), round_trip_cost))


def funding_fold(
    rates: Sequence[float], decays: Sequence[float], round_trip_cost: float, held: MutableSequence[bool]
) -> tuple[bool, float, float]:
    """The fold row by row; plain arithmetic, so that the research kernels compile this very function.

        expected <- expected * decay + ln 2 * rate,  decay = 2^(-hours since the row before / memory_h)
        regret   <- max(0, regret - rate) while holding, max(0, regret + rate) while flat
        switch when regret - expected > round_trip_cost while holding, regret + expected > round_trip_cost while flat

    `expected` is the exponentially weighted mean rate per hour, kept up for `memory_h` hours.

    Parameters
    ----------
    rates : received by a short over the step that ends at the row, decimal
    decays : one per rate
    held : filled with whether a short is worth holding after each row

    Returns
    -------
    holding, regret and expected after the last row; a switch sets the regret to zero.
    """
    holding, regret, expected = False, 0.0, 0.0
    for row in range(len(rates)):
        rate = rates[row]
        expected = expected * decays[row] + LN_2 * rate
        regret = regret - rate if holding else regret + rate
        if regret < 0.0:
            regret = 0.0
        ahead = regret - expected if holding else regret + expected
        if ahead > round_trip_cost:
            holding, regret = not holding, 0.0
        held[row] = holding
    return holding, regret, expected


def fold_of_arrays(rates: Floats, decays: Floats, round_trip_cost: float) -> tuple[bool, float, float]:
    """`funding_fold` of arrays, for its last answer alone."""
    return funding_fold(rates.tolist(), decays.tolist(), round_trip_cost, [False] * len(rates))


# Research, which decides at thousands of hours, puts the compiled form of the same text here.
fold = fold_of_arrays


def funding_factor(mean_annual: float, in_position: bool, entry: float, exit: float, full: float) -> float:
    """Factor that grows with income between exit and full, and that needs more to enter than to stay.

        ramp   = clip((mean - exit) / (full - exit), 0, 1)
        factor = ramp   when in position, or when mean >= entry
                 0      otherwise

    Two thresholds keep a mean that hovers around one of them from opening and closing the position each hour: a
    round trip costs days of funding.

    Parameters
    ----------
    mean_annual : decimal per year, any sign
    in_position : whether the legs are open now
    entry, exit, full : decimals per year, exit <= entry and exit < full

    Returns
    -------
    Factor in [0, 1].

    Raises
    ------
    ValueError : the thresholds are not in order.

    >>> funding_factor(0.03, False, 0.03, 0.0, 0.06), funding_factor(0.02, False, 0.03, 0.0, 0.06)
    (0.5, 0.0)
    """
    if not (exit <= entry and exit < full):
        raise ValueError(f"funding thresholds must satisfy exit <= entry and exit < full, got {exit}, {entry}, {full}")
    if not in_position and mean_annual < entry:
        return 0.0
    return min(1.0, max(0.0, (mean_annual - exit) / (full - exit)))
