"""Garman-Klass volatility: range and close of each bar, without the jump from close to open."""

import math

import numpy as np

from agent.market.observation import Floats
from agent.reasons import Reason
from agent.units import HOURS_PER_YEAR
from agent.volatility.whole_bars import whole_bar_volatility


def garman_klass_variance(open: Floats, high: Floats, low: Floats, close: Floats) -> Floats:
    """Variance of each bar.

        v = ln(H / L)^2 / 2 - (2 ln 2 - 1) ln(C / O)^2

    Source: Garman and Klass (1980), Journal of Business 53(1).
    """
    return 0.5 * np.log(high / low) ** 2 - (2 * math.log(2) - 1) * np.log(close / open) ** 2


def garman_klass_volatility(
    open: Floats,
    high: Floats,
    low: Floats,
    close: Floats,
    *,
    bars_per_year: float = HOURS_PER_YEAR,
    floor: float,
    warm_up_bars: int = 1,
) -> float | Reason:
    """Annualised volatility from whole bars, for prices without drift.

        sigma = max(floor, sqrt(bars_per_year * mean(v)))        v as of `garman_klass_variance`

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
    return whole_bar_volatility(garman_klass_variance, open, high, low, close, bars_per_year, floor, warm_up_bars)
