"""What is measured: the return of each step of the history, for holding spot and for holding the carry."""

import numpy as np

from agent.market.observation import Floats


def log_returns(price: Floats) -> Floats:
    """Log return of every step.

        r_i = ln(P_i / P_(i-1))

    Parameters
    ----------
    price : n prices, quote per base, each > 0

    Returns
    -------
    n - 1 returns; the return of a step that spans a gap is the return over the whole gap.

    Raises
    ------
    ValueError : a price is not finite and positive.
    """
    _require_positive("price", price)
    return np.diff(np.log(price))


def carry_returns(spot: Floats, perp: Floats, funding: Floats) -> Floats:
    """Profit of long spot and short perp over every step, per unit of exposure.

        r_i = f_i - ((F_i - S_i) - (F_(i-1) - S_(i-1))) / S_(i-1)

    The spot gain and the perp loss cancel except for the change of the basis F - S, which a short pays when it
    widens. This, not the price, is the risk the carry runs, so this is what its volatility is measured on.

    Parameters
    ----------
    spot, perp : n prices, quote per base, each > 0
    funding : n decimals, accrued to a short over the step that ends at the row

    Returns
    -------
    n - 1 returns. The first row's funding belongs to a step that began before the history and is left out.

    Raises
    ------
    ValueError : lengths differ, a price is not finite and positive, or a funding is not finite.
    """
    if not len(spot) == len(perp) == len(funding):
        raise ValueError(f"spot, perp and funding must be equally long, got {len(spot)}, {len(perp)}, {len(funding)}")
    _require_positive("spot", spot)
    _require_positive("perp", perp)
    if not np.isfinite(funding).all():
        raise ValueError("funding must be finite numbers")
    return funding[1:] - np.diff(perp - spot) / spot[:-1]


def _require_positive(name: str, values: Floats) -> None:
    if not (np.isfinite(values) & (values > 0)).all():
        raise ValueError(f"{name} must be finite and positive numbers")
