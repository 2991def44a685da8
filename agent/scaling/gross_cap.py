"""The largest exposure that keeps the legs together inside a leverage limit."""

import math


def gross_cap(max_leverage: float, legs: int, band: float) -> float:
    """Exposure per leg such that even at the far edge of the no-trade band the legs stay inside the limit.

        exposure = max_leverage / legs - band

    Without the band in it, exposure could drift over the limit while the strategy still sees no reason to trade.

    Parameters
    ----------
    max_leverage : sum of the legs' notionals as a multiple of net asset value, > 0
    legs : number of legs of equal size, >= 1
    band : half-width of the no-trade band as a multiple of net asset value, below max_leverage / legs

    Returns
    -------
    Multiple of net asset value per leg.

    Raises
    ------
    ValueError : an argument is out of range.

    >>> gross_cap(1.6, 2, 0.0)
    0.8
    """
    if legs < 1 or not 0 <= band < max_leverage / legs < math.inf:
        raise ValueError(f"max_leverage {max_leverage}, legs {legs} or band {band} is out of range")
    return max_leverage / legs - band
