"""A10: the trades that bring delta, gamma and vega to their targets, and the gap a hedge leaves."""

from collections.abc import Sequence

import numpy as np

from agent.scaling.checks import finite_numbers, require_not_negative, require_positive
from agent.scaling.greeks import Greeks


@finite_numbers
def hedge_gap(spot: float, ratio: float, short: float) -> float:
    """Base that is still to be sold short; negative when too much is.

        gap = spot * ratio - short

    Parameters
    ----------
    spot : base held
    ratio : part of it that is to be hedged, >= 0
    short : base sold short already, >= 0

    >>> hedge_gap(10.0, 1.0, 8.0)
    2.0
    """
    require_not_negative(ratio=ratio, short=short)
    return spot * ratio - short


@finite_numbers
def hedge_is_due(gap: float, price: float, least_notional: float, since_last_s: float, cooldown_s: float) -> bool:
    """Whether a gap is worth an order now: large enough, and the last order long enough ago.

    >>> hedge_is_due(2.0, 2_000.0, 100.0, 60.0, 30.0), hedge_is_due(2.0, 2_000.0, 100.0, 20.0, 30.0)
    (True, False)
    """
    require_positive(price=price)
    require_not_negative(least_notional=least_notional, since_last_s=since_last_s, cooldown_s=cooldown_s)
    return abs(gap * price) >= least_notional and since_last_s >= cooldown_s


@finite_numbers
def hedge_trades(position: Greeks, target: Greeks, instruments: Sequence[Greeks]) -> tuple[float, ...]:
    """Quantities of the instruments that bring the position to the target.

        sum_i q_i g_i = target - position,   for delta; for gamma with a second instrument; for vega with a third

    One instrument meets delta, two delta and gamma, three all of them: options first turn the curve, spot or perp then
    takes the delta that is left. More of them would leave a choice that no target makes.

    Parameters
    ----------
    position, target : of everything held, and what it is to be
    instruments : Greeks of one unit of each, one to three of them

    Returns
    -------
    Signed quantities, one per instrument.

    Raises
    ------
    ValueError : the number of instruments is another, or they cannot meet the target (a perp has no gamma).

    >>> hedge_trades(Greeks(5.0, -0.2), Greeks(0.0), [Greeks(1.0), Greeks(0.5, 0.1)])
    (-6.0, 2.0)
    """
    if not 1 <= len(instruments) <= 3:
        raise ValueError(f"one to three instruments, got {len(instruments)}")
    rows = ("delta", "gamma", "vega")[: len(instruments)]
    matrix = np.array([[getattr(one, row) for one in instruments] for row in rows])
    wanted = np.array([getattr(target, row) - getattr(position, row) for row in rows])
    # Greeks have very different units, so each row is measured by its own largest.
    scale = np.abs(matrix).max(axis=1)
    if not (scale > 0).all() or np.linalg.cond(matrix / scale[:, None]) > 1e12:
        raise ValueError(f"these instruments cannot meet a target of {', '.join(rows)}")
    return tuple(np.linalg.solve(matrix / scale[:, None], wanted / scale).tolist())
