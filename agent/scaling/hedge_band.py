"""A10: how far a hedge may stray before it is worth its cost, and how often to look."""

import math

from agent.scaling.checks import finite_numbers, require_not_negative, require_positive


@finite_numbers
def relative_band(target: float, part: float, least: float = 0.0) -> float:
    """Half-width as a part of the target, and never below `least`.

        max(least, part * |target|)

    Without a least width a small target follows every twitch.

    >>> relative_band(-10.0, 0.05), relative_band(0.1, 0.05, 0.02)
    (0.5, 0.02)
    """
    require_not_negative(part=part, least=least)
    return max(least, part * abs(target))


@finite_numbers
def whalley_wilmott_band(
    gamma: float, price: float, cost: float, risk_aversion: float, rate: float = 0.0, years: float = 0.0
) -> float:
    """Half-width around the delta of an option.

        w = (3 c e^(-r t) Gamma^2 S / (2 a))^(1/3)

    Parameters
    ----------
    gamma : of the position, base per unit of price, any sign; 0 gives no band
    price : > 0
    cost : of a trade as a part of its notional, >= 0
    risk_aversion : a, per unit of quote, > 0
    rate, years : discount to the option's end

    Returns
    -------
    Base.

    Source: Whalley and Wilmott (1997), Mathematical Finance 7(3).

    >>> round(whalley_wilmott_band(7.0495494, 1.0, 1e-4, 1.0), 7)
    0.1953461
    """
    require_positive(price=price, risk_aversion=risk_aversion)
    require_not_negative(cost=cost, years=years)
    return math.cbrt(3 * cost * math.exp(-rate * years) * gamma**2 * price / (2 * risk_aversion))


@finite_numbers
def cost_variance_band(cost: float, drift_volatility: float, volatility: float, risk_aversion: float) -> float:
    """Half-width that trades the cost of hedging against the variance of what is unhedged, of any position.

        w = (3 c s^2 / (2 a sigma^2))^(1/3)

    Inside [-w, w] the deviation x of the position wanders with volatility s and is spread evenly. Its variance costs
    a sigma^2 / 2 * w^2 / 3 a year, and pushing it back at the edges c s^2 / (2 w); the sum is least at this w. With
    s = Gamma sigma S and amounts in quote it is the band of Whalley and Wilmott.

    Parameters
    ----------
    cost : of trading one unit of exposure, >= 0 (0.001 is 10 bp)
    drift_volatility : s, how far position and target drift apart in a year when nothing is traded, >= 0
    volatility : sigma, of one unit of exposure, per year, > 0
    risk_aversion : a, > 0; what a year's variance of net asset value costs is a / 2 times it

    Returns
    -------
    In the unit of the exposure.

    >>> round(cost_variance_band(0.001, 0.3, 0.6, 5.0), 6)
    0.042172
    """
    require_positive(volatility=volatility, risk_aversion=risk_aversion)
    require_not_negative(cost=cost, drift_volatility=drift_volatility)
    return math.cbrt(3 * cost * drift_volatility**2 / (2 * risk_aversion * volatility**2))


@finite_numbers
def gamma_scalp_interval(gamma: float, price: float, volatility: float, cost: float, risk_aversion: float) -> float:
    """Years between two hedges at which cost and variance of a gamma position are least together.

        cost a year      c S |Gamma| sigma S sqrt(2 / pi) / sqrt(dt)
        variance a year  Gamma^2 sigma^4 S^4 dt / 2,  which costs a / 2 times it
        dt = (A / (2 B))^(2/3),  A = c |Gamma| sigma S^2 sqrt(2 / pi),  B = a Gamma^2 sigma^4 S^4 / 4

    Parameters
    ----------
    gamma : any sign but 0
    price, volatility, cost, risk_aversion : > 0, units as of `whalley_wilmott_band`, volatility per year

    Source: Leland (1985), Journal of Finance 40(5), for the cost; Kamal and Derman (1999) for the variance.

    >>> round(gamma_scalp_interval(7.05, 1.0, 0.2, 1e-4, 1.0) * 365, 3)
    7.302
    """
    require_positive(price=price, volatility=volatility, cost=cost, risk_aversion=risk_aversion, gamma=abs(gamma))
    paid = cost * abs(gamma) * volatility * price**2 * math.sqrt(2 / math.pi)
    unhedged = risk_aversion * gamma**2 * volatility**4 * price**4 / 4
    return math.cbrt(paid / (2 * unhedged)) ** 2
