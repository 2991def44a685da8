"""Parkinson volatility: from the range of each bar, about five times as informative as its close."""

import math

import numpy as np

from agent.market.observation import Floats
from agent.reasons import Reason
from agent.units import HOURS_PER_YEAR
from agent.volatility.checks import require_bars, require_positive, warming_up


def parkinson_volatility(
    high: Floats, low: Floats, *, bars_per_year: float = HOURS_PER_YEAR, floor: float, warm_up_bars: int = 1
) -> float | Reason:
    """Annualised volatility from highs and lows; assumes no drift and a price that is seen all the time.

        sigma = max(floor, sqrt(bars_per_year * mean(ln(H / L)^2) / (4 ln 2)))

    A price that is only seen at trades has a smaller range than the one that is not, so this errs low.

    Parameters
    ----------
    high, low : n bars, > 0, high >= low
    bars_per_year, floor, warm_up_bars : as of `close_to_close_volatility`

    Returns
    -------
    Volatility per year, or a Reason with code WARMING_UP.

    Raises
    ------
    ValueError : a price is not finite and positive, a high is below its low, or a parameter is not positive.

    Source: Parkinson (1980), Journal of Business 53(1).
    """
    require_positive(bars_per_year=bars_per_year, floor=floor)
    have, need = require_bars(high=high, low=low), max(1, warm_up_bars)
    if have < need:
        return warming_up(have, need, "bars")
    if (high < low).any():
        raise ValueError("every high must be at least its low")
    return max(floor, math.sqrt(float(np.mean(np.log(high / low) ** 2)) / (4 * math.log(2)) * bars_per_year))
