"""The square-root law, its inverse, and a cap on the part of the market's volume that is ours."""

import math

from agent.scaling.checks import finite_numbers, require_fraction, require_not_negative, require_positive


@finite_numbers
def square_root_impact(
    quantity: float, daily_volume: float, daily_volatility: float, coefficient: float = 1.0
) -> float:
    """Expected impact of a trade as a part of the price.

        I = Y sigma_D sqrt(Q / V)

    Parameters
    ----------
    quantity : >= 0, in the unit of the volume
    daily_volume : > 0
    daily_volatility : standard deviation of a day's return, >= 0
    coefficient : Y, about 0.5 to 1, > 0

    Source: Toth et al. (2011), Physical Review X 1.

    >>> round(square_root_impact(1e6, 1e8, 0.04, 1.0), 6)
    0.004
    """
    require_not_negative(quantity=quantity, daily_volatility=daily_volatility)
    require_positive(daily_volume=daily_volume, coefficient=coefficient)
    return coefficient * daily_volatility * math.sqrt(quantity / daily_volume)


@finite_numbers
def quantity_for_cost(cost: float, daily_volume: float, daily_volatility: float, coefficient: float = 1.0) -> float:
    """Largest quantity whose expected impact is not above `cost`: the inverse of `square_root_impact`.

        Q = V (cost / (Y sigma_D))^2

    Parameters
    ----------
    cost : part of the price, >= 0
    daily_volume, daily_volatility, coefficient : > 0

    >>> round(quantity_for_cost(0.004, 1e8, 0.04, 1.0))
    1000000
    """
    require_not_negative(cost=cost)
    require_positive(daily_volume=daily_volume, daily_volatility=daily_volatility, coefficient=coefficient)
    return daily_volume * (cost / (coefficient * daily_volatility)) ** 2


@finite_numbers
def participation_cap(daily_volume: float, participation: float, hours: float) -> float:
    """Largest quantity over `hours` that is not more than a part of the volume traded meanwhile.

        Q = participation * V * hours / 24

    >>> participation_cap(24_000_000, 0.05, 1.0)
    50000.0
    """
    require_positive(daily_volume=daily_volume, hours=hours)
    require_fraction(participation=participation)
    return participation * daily_volume * hours / 24
