"""Close-to-close volatility: the standard deviation of log returns, which needs nothing but closes."""

import math

import numpy as np

from agent.market.observation import Floats
from agent.reasons import Reason
from agent.units import HOURS_PER_YEAR
from agent.volatility.checks import require_bars, require_positive, warming_up


def close_to_close_volatility(
    close: Floats, *, bars_per_year: float = HOURS_PER_YEAR, floor: float, warm_up_bars: int = 2
) -> float | Reason:
    """Annualised sample deviation of the log returns.

        sigma = max(floor, sqrt(bars_per_year * sum((r_i - mean(r))^2) / (n - 1))),  r_i = ln(C_i / C_(i-1))

    Parameters
    ----------
    close : n + 1 closes, > 0
    bars_per_year : 8760 for hourly bars of a market that never closes
    floor : annualised
    warm_up_bars : returns needed for an answer, at least 2

    Returns
    -------
    Volatility per year, or a Reason with code WARMING_UP.

    Raises
    ------
    ValueError : a close is not finite and positive, or a parameter is not positive.
    """
    require_positive(bars_per_year=bars_per_year, floor=floor)
    have, need = require_bars(close=close) - 1, max(2, warm_up_bars)
    if have < need:
        return warming_up(max(0, have), need, "returns")
    return max(floor, math.sqrt(float(np.diff(np.log(close)).var(ddof=1)) * bars_per_year))
