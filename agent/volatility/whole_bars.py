"""From a variance of each bar to volatility per year, as estimators from whole bars do it."""

import math
from collections.abc import Callable

from agent.market.observation import Floats
from agent.reasons import Reason
from agent.volatility.checks import require_bars, require_positive, warming_up


def whole_bar_volatility(
    variance_of: Callable[[Floats, Floats, Floats, Floats], Floats],
    open: Floats,
    high: Floats,
    low: Floats,
    close: Floats,
    bars_per_year: float,
    floor: float,
    warm_up_bars: int,
) -> float | Reason:
    """Annualised volatility.

        sigma = max(floor, sqrt(bars_per_year * mean(v)))        v = variance_of(open, high, low, close)

    Arguments, answer and errors are those of the estimators that call it.
    """
    require_positive(bars_per_year=bars_per_year, floor=floor)
    have, need = require_bars(open=open, high=high, low=low, close=close), max(1, warm_up_bars)
    if have < need:
        return warming_up(have, need, "bars")
    if (high < low).any():
        raise ValueError("every high must be at least its low")
    # A single bar's estimate can be negative; so can, in theory, a mean of few.
    variance = max(0.0, float(variance_of(open, high, low, close).mean()))
    return max(floor, math.sqrt(variance * bars_per_year))
