"""Fixed-risk sizing: as much as loses a given part of the equity at the stop, and no more."""

import math

from agent.scaling.checks import finite_numbers, require_fraction, require_not_negative, require_positive


@finite_numbers
def fixed_risk_quantity(
    equity: float,
    risk: float,
    entry: float,
    stop: float,
    *,
    commission: float = 0.0,
    exchange_rate: float = 1.0,
    batch: float = 0.0,
    most: float | None = None,
) -> float:
    """Quantity that loses `risk` of the equity between entry and stop, in whole batches.

        quantity = equity * risk * (1 - 2 * commission) / exchange_rate / |entry - stop|

    Parameters
    ----------
    equity, entry, stop : quote, > 0; entry and stop differ
    risk : part of the equity, in [0, 1]
    commission : per side, in [0, 0.5]
    exchange_rate : quote of the instrument in units of the account, > 0
    batch : quantities are whole multiples of it, rounded down; 0 for any quantity
    most : hard limit, >= 0; None for none

    Returns
    -------
    Quantity in base, >= 0.

    Source: Tharp (1998), Trade Your Way to Financial Freedom (percent risk).

    >>> fixed_risk_quantity(1_000_000, 0.001, 1.00100, 1.00000, batch=1_000)
    1000000.0
    """
    require_positive(equity=equity, entry=entry, stop=stop, exchange_rate=exchange_rate, distance=abs(entry - stop))
    require_fraction(risk=risk, commission=commission, both_commissions=2 * commission)
    require_not_negative(batch=batch)
    quantity = equity * risk * (1 - 2 * commission) / exchange_rate / abs(entry - stop)
    if most is not None:
        require_not_negative(most=most)
        quantity = min(quantity, most)
    # The tolerance is for prices that have no exact binary form, as 1.001.
    return quantity if batch == 0 else math.floor(quantity / batch * (1 + 1e-12)) * float(batch)


@finite_numbers
def risked_capital(capital: float, risk: float, loss_per_unit: float, price: float) -> float:
    """Capital to put in so that `risk` of it is lost at the stop, never more than there is.

        min(capital, capital * risk / loss_per_unit * price)

    >>> round(risked_capital(10_000, 0.01, 0.7, 8.6))
    1229
    """
    require_positive(capital=capital, loss_per_unit=loss_per_unit, price=price)
    require_fraction(risk=risk)
    return min(capital, capital * risk / loss_per_unit * price)


@finite_numbers
def fixed_risk_exposure(risk: float, stop_distance: float) -> float:
    """Exposure that loses `risk` of net asset value when the price moves by `stop_distance`.

        exposure = risk / stop_distance

    Parameters
    ----------
    risk : part of net asset value, in [0, 1]
    stop_distance : part of the price, > 0

    >>> fixed_risk_exposure(0.02, 0.08)
    0.25
    """
    require_fraction(risk=risk)
    require_positive(stop_distance=stop_distance)
    return risk / stop_distance
