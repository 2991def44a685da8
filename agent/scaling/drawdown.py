"""Scale exposure down as the drawdown nears its limit."""

import math


def drawdown_factor(drawdown: float, start: float, limit: float) -> float:
    """Factor that falls linearly from 1 at `start` to 0 at `limit`; continuous at both ends.

        factor = clip((limit - drawdown) / (limit - start), 0, 1)

    The cushion idea of constant proportion portfolio insurance: what is at risk shrinks with what may still be
    lost, so the limit is approached ever more slowly instead of being hit at full size.

    Parameters
    ----------
    drawdown : 1 - share price / highest share price; negative at a new high
    start, limit : start < limit

    Returns
    -------
    Factor in [0, 1].

    Raises
    ------
    ValueError : drawdown is not finite or start is not below limit.

    Source: Black and Perold (1992); Grossman and Zhou (1993).

    >>> round(drawdown_factor(0.05, 0.02, 0.08), 6)
    0.5
    """
    if not (math.isfinite(drawdown) and -math.inf < start < limit < math.inf and limit - start < math.inf):
        raise ValueError(f"drawdown {drawdown} must be finite and start {start} below limit {limit}")
    return min(1.0, max(0.0, (limit - drawdown) / (limit - start)))
