"""Yang-Zhang volatility: whole bars and the jumps between them, right for prices that drift."""

import math

import numpy as np

from agent.market.observation import Floats
from agent.reasons import Reason
from agent.units import HOURS_PER_YEAR
from agent.volatility.checks import require_bars, require_positive, warming_up
from agent.volatility.rogers_satchell import rogers_satchell_variance


def yang_zhang_volatility(
    open: Floats,
    high: Floats,
    low: Floats,
    close: Floats,
    *,
    bars_per_year: float = HOURS_PER_YEAR,
    floor: float,
    warm_up_bars: int = 2,
) -> float | Reason:
    """Annualised volatility from n bars and the n jumps into them.

        sigma^2 = bars_per_year * (V_o + k V_c + (1 - k) V_rs),  k = 0.34 / (1.34 + (n + 1) / (n - 1))

    V_o and V_c are the sample variances of ln(O_i / C_(i-1)) and ln(C_i / O_i), V_rs the mean of Rogers and Satchell.
    A market that never closes has hardly a jump, so V_o is near zero and the estimate near Rogers-Satchell.

    Parameters
    ----------
    open, high, low, close : n + 1 bars, > 0; of the first only the close is used
    bars_per_year, floor : as of `close_to_close_volatility`
    warm_up_bars : bars needed besides the first, at least 2

    Returns
    -------
    Volatility per year, or a Reason with code WARMING_UP.

    Raises
    ------
    ValueError : a price is not finite and positive, a high is below its low, or a parameter is not positive.

    Source: Yang and Zhang (2000), Journal of Business 73(3).
    """
    require_positive(bars_per_year=bars_per_year, floor=floor)
    have, need = require_bars(open=open, high=high, low=low, close=close) - 1, max(2, warm_up_bars)
    if have < need:
        return warming_up(max(0, have), need, "bars")
    if (high < low).any():
        raise ValueError("every high must be at least its low")
    jumps = np.log(open[1:] / close[:-1])
    changes = np.log(close[1:] / open[1:])
    weight = 0.34 / (1.34 + (have + 1) / (have - 1))
    within = float(rogers_satchell_variance(open[1:], high[1:], low[1:], close[1:]).mean())
    variance = float(jumps.var(ddof=1)) + weight * float(changes.var(ddof=1)) + (1 - weight) * max(0.0, within)
    return max(floor, math.sqrt(variance * bars_per_year))
