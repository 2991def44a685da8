"""Direct estimation of equity market impact: a permanent part, and a temporary one by the rate of trading."""

import math
from dataclasses import dataclass

from agent.scaling.checks import finite_numbers, require_positive

GAMMA = 0.314  # +- 0.041
ETA = 0.142  # +- 0.0062
DELTA = 0.25  # of shares outstanding over volume
BETA = 0.600  # +- 0.038; the square root was rejected


@dataclass(frozen=True, slots=True)
class AlmgrenImpact:
    """Parts of the price; positive is a cost for either side."""

    permanent: float  # I: what stays in the price
    realised: float  # J: what the trade pays on average


@finite_numbers
def almgren_impact(
    quantity: float, daily_volume: float, daily_volatility: float, outstanding: float, days: float
) -> AlmgrenImpact:
    """Expected impact of a trade spread evenly over a part of a day.

        I = gamma sigma (X / V) (Theta / V)^(1/4)
        J = I / 2 + eta sigma (X / (V T))^(3/5)

    Parameters
    ----------
    quantity : X, without its sign, > 0; the fit holds to about a tenth of the volume
    daily_volume : V, > 0
    daily_volatility : sigma, > 0
    outstanding : Theta, everything there is of the asset, > 0
    days : T, of volume time, > 0

    Source: Almgren, Thum, Hauptmann and Li (2005), Risk 18. It explains less than 1 % of the variance of single trades.

    >>> impact = almgren_impact(0.1, 1.0, 0.0157, 263.0, 0.1)
    >>> round(impact.permanent * 1e4, 2), round(impact.realised * 1e4, 2)
    (19.85, 32.22)
    """
    require_positive(
        quantity=quantity,
        daily_volume=daily_volume,
        daily_volatility=daily_volatility,
        outstanding=outstanding,
        days=days,
    )
    permanent = GAMMA * daily_volatility * (quantity / daily_volume) * (outstanding / daily_volume) ** DELTA
    temporary = ETA * daily_volatility * math.pow(quantity / (daily_volume * days), BETA)
    return AlmgrenImpact(permanent, permanent / 2 + temporary)
