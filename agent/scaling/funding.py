"""Scale exposure by what it earns: the mean of funding, or the net rate of a loan."""

import numpy as np

from agent.market.observation import Floats, Seconds
from agent.reasons import Code, Reason
from agent.units import HOURS_PER_YEAR, SECONDS_PER_HOUR


def mean_funding(time_s: Seconds, funding: Floats, horizon_h: int) -> float | Reason:
    """Mean annual funding that a short accrued over the horizon, or the refusal WARMING_UP.

        mean = 8760 * sum(f_i) / hours covered

    The hours covered start at the last row at or before the horizon's beginning, so that a hole in the history
    lengthens the window instead of counting as hours that paid nothing.

    Parameters
    ----------
    time_s : n unix seconds, ascending
    funding : n decimals, accrued to a short over the step that ends at the row
    horizon_h : hours, >= 1

    Returns
    -------
    Decimal per year (0.05 is 5 %), or a Reason with code WARMING_UP when the history is shorter than the horizon.
    """
    if len(time_s) != len(funding):
        raise ValueError(f"times and funding must be equally long, got {len(time_s)} and {len(funding)}")
    start = -1
    if len(time_s) > 0:
        start = int(np.searchsorted(time_s, time_s[-1] - horizon_h * SECONDS_PER_HOUR, side="right")) - 1
    if start < 0:
        have = 0.0 if len(time_s) == 0 else float(time_s[-1] - time_s[0]) / SECONDS_PER_HOUR
        return Reason(
            Code.WARMING_UP,
            f"{have:g} hours of funding, the mean is over {horizon_h}",
            have,
            float(horizon_h),
            "strategy.funding.horizon_h",
        )
    hours = float(time_s[-1] - time_s[start]) / SECONDS_PER_HOUR
    return float(funding[start + 1 :].sum()) * HOURS_PER_YEAR / hours


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
