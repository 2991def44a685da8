"""Rogers-Satchell volatility: from whole bars, and right for prices that drift."""

import numpy as np

from agent.market.observation import Floats
from agent.reasons import Reason
from agent.units import HOURS_PER_YEAR
from agent.volatility.whole_bars import whole_bar_volatility


def rogers_satchell_variance(open: Floats, high: Floats, low: Floats, close: Floats) -> Floats:
    """Variance of each bar, never negative.

        v = u (u - c) + d (d - c),  u = ln(H / O), d = ln(L / O), c = ln(C / O)

    Source: Rogers and Satchell (1991), Annals of Applied Probability 1(4).
    """
    up, down, change = np.log(high / open), np.log(low / open), np.log(close / open)
    variance: Floats = up * (up - change) + down * (down - change)
    return variance


def rogers_satchell_volatility(
    open: Floats,
    high: Floats,
    low: Floats,
    close: Floats,
    *,
    bars_per_year: float = HOURS_PER_YEAR,
    floor: float,
    warm_up_bars: int = 1,
) -> float | Reason:
    """Annualised volatility from whole bars.

        sigma = max(floor, sqrt(bars_per_year * mean(v)))        v as of `rogers_satchell_variance`

    Parameters
    ----------
    open, high, low, close : n bars, > 0
    bars_per_year, floor, warm_up_bars : as of `close_to_close_volatility`

    Returns
    -------
    Volatility per year, or a Reason with code WARMING_UP.

    Raises
    ------
    ValueError : a price is not finite and positive, a high is below its low, or a parameter is not positive.
    """
    return whole_bar_volatility(rogers_satchell_variance, open, high, low, close, bars_per_year, floor, warm_up_bars)
