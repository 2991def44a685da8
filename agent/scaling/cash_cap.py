"""The largest exposure that the vault's own cash can carry."""

import math


def cash_cap(min_idle: float, target_margin: float) -> float:
    """Exposure at which spot, margin and the idle reserve together use up net asset value.

        exposure = (1 - min_idle) / (1 + target_margin)

    Parameters
    ----------
    min_idle : fraction of net asset value kept as cash, in [0, 1]
    target_margin : perp equity per perp notional, >= 0; 0 for a strategy without a perp leg

    Returns
    -------
    Multiple of net asset value per leg.

    Raises
    ------
    ValueError : an argument is out of range.

    >>> round(cash_cap(0.05, 0.40), 6)
    0.678571
    """
    if not 0 <= min_idle <= 1 or not 0 <= target_margin < math.inf:
        raise ValueError(f"min_idle {min_idle} or target_margin {target_margin} is out of range")
    return (1 - min_idle) / (1 + target_margin)
