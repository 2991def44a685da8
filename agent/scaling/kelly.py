"""A4: the exposure of fastest growth, how much of it an estimate deserves, and when it deserves none."""

import math

from agent.reasons import Code, Reason
from agent.scaling.checks import finite_numbers, require_fraction, require_not_negative, require_positive


@finite_numbers
def kelly_fraction(mean: float, volatility: float, rate: float = 0.0) -> float:
    """Exposure of fastest expected growth when mean and volatility are known.

        f* = (mu - r) / sigma^2

    Parameters
    ----------
    mean, rate : of one unit of exposure and of cash, per year
    volatility : per year, > 0

    Returns
    -------
    Multiple of net asset value; negative where the other side has the edge.

    Source: Kelly (1956); Thorp (2006), The Kelly Criterion in Blackjack, Sports Betting and the Stock Market.

    >>> round(kelly_fraction(0.10, 0.20), 6)
    2.5
    """
    require_positive(volatility=volatility)
    return (mean - rate) / volatility**2


@finite_numbers
def growth_rate(exposure: float, mean: float, volatility: float, rate: float = 0.0) -> float:
    """Expected logarithmic growth per year at an exposure.

        g(f) = r + f (mu - r) - f^2 sigma^2 / 2

    At a part c of the Kelly exposure it is 2 c - c^2 of the most: half of it keeps three quarters of the growth with
    half of the volatility, twice of it keeps nothing.

    >>> round(growth_rate(2.5, 0.10, 0.20), 6)
    0.125
    """
    require_positive(volatility=volatility)
    return rate + exposure * (mean - rate) - (exposure * volatility) ** 2 / 2


@finite_numbers
def kelly_shrinkage(sharpe: float, years: float) -> float:
    """The part of an estimated Kelly exposure that grows fastest on average over the error of the estimate.

        c* = SR^2 / (SR^2 + 1 / T)

    It maximises E[g] for f = c * estimate of mu / sigma^2, the variance of the estimate being sigma^2 / T.

    Parameters
    ----------
    sharpe : annual, of the data that the mean was estimated on
    years : of data, > 0

    Returns
    -------
    In [0, 1).

    >>> kelly_shrinkage(0.5, 4), kelly_shrinkage(1, 4)
    (0.5, 0.8)
    """
    require_positive(years=years)
    information = sharpe * sharpe * years
    return information / (information + 1)


@finite_numbers
def kelly_exposure(
    mean: float, volatility: float, years: float, *, fraction: float = 0.5, least_t: float = 2.0
) -> float | Reason:
    """A fraction of the shrunk Kelly exposure, or the refusal EDGE_INSIGNIFICANT.

        t = SR sqrt(T),  SR = mean / volatility
        exposure = fraction * c* * mean / volatility^2      when t >= least_t

    Parameters
    ----------
    mean : excess return of one unit of exposure per year, estimated over `years`
    volatility : per year, > 0
    years : of data, > 0
    fraction : of the shrunk exposure, in [0, 1]; a half or less where losses come in crashes
    least_t : t-statistic of the mean below which there is no edge to bet on, >= 0

    Returns
    -------
    Multiple of net asset value >= 0, or a Reason.

    >>> round(kelly_exposure(0.10, 0.20, 36.0), 6)
    1.125
    """
    require_positive(volatility=volatility, years=years)
    require_not_negative(least_t=least_t)
    require_fraction(fraction=fraction)
    sharpe = mean / volatility
    t = sharpe * math.sqrt(years)
    if t < least_t:
        message = f"a mean of {mean:+.1%} a year with {volatility:.1%} of volatility over {years:.2f} years is no edge"
        return Reason(Code.EDGE_INSIGNIFICANT, message, t, least_t, "least_t")
    return fraction * kelly_shrinkage(sharpe, years) * kelly_fraction(mean, volatility)


@finite_numbers
def binary_kelly(probability: float, odds: float) -> float:
    """Part of the wealth to bet on an event that pays `odds` for 1, and nothing without an edge.

        f* = max(0, p - (1 - p) / b)

    Parameters
    ----------
    probability : of winning, in [0, 1]
    odds : won per unit lost, > 0

    >>> round(binary_kelly(0.6, 1.0), 6)
    0.2
    """
    require_fraction(probability=probability)
    require_positive(odds=odds)
    return max(0.0, probability - (1 - probability) / odds)


@finite_numbers
def binary_growth(fraction: float, probability: float, odds: float) -> float:
    """Expected logarithmic growth per bet.

        g = p ln(1 + f b) + (1 - p) ln(1 - f)

    Raises ValueError for a fraction outside [0, 1), where one loss is the end.

    >>> round(binary_growth(0.2, 0.6, 1.0), 7)
    0.0201355
    """
    require_fraction(probability=probability)
    require_positive(odds=odds)
    if not 0 <= fraction < 1:
        raise ValueError(f"fraction must be in [0, 1), got {fraction}")
    return probability * math.log1p(fraction * odds) + (1 - probability) * math.log1p(-fraction)
