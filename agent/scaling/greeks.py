"""A10: how the value of each kind of leg moves with price and volatility."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from agent.scaling.checks import finite_numbers, require_not_negative, require_positive


@dataclass(frozen=True, slots=True)
class Greeks:
    """First and second derivative of a value in quote by the price, and the first by volatility."""

    delta: float  # base
    gamma: float = 0.0  # base per unit of price
    vega: float = 0.0  # quote per unit of volatility (1.0 is 100 %)

    def times(self, quantity: float) -> "Greeks":
        """Of a quantity of this."""
        return Greeks(self.delta * quantity, self.gamma * quantity, self.vega * quantity)


@finite_numbers
def spot_greeks(quantity: float) -> Greeks:
    """Of `quantity` of base held: its delta is itself."""
    return Greeks(quantity)


@finite_numbers
def perp_greeks(size: float) -> Greeks:
    """Of a linear perpetual future of signed `size` in base, margined in quote."""
    return Greeks(size)


@finite_numbers
def loan_greeks(debt: float, collateral: float = 0.0) -> Greeks:
    """Of a loan of `debt` in base against `collateral` in base, both >= 0; collateral in quote has no delta.

    delta = collateral - debt
    """
    require_not_negative(debt=debt, collateral=collateral)
    return Greeks(collateral - debt)


@finite_numbers
def option_value(
    kind: Literal["call", "put"], price: float, strike: float, years: float, volatility: float, rate: float = 0.0
) -> float:
    """Black-Scholes value of a European option, quote per unit of base.

    call = S N(d1) - K e^(-r t) N(d2),   put = call - S + K e^(-r t)
    """
    d1 = _d1(price, strike, years, volatility, rate)
    d2, discounted = d1 - volatility * math.sqrt(years), strike * math.exp(-rate * years)
    if kind == "call":
        return price * _normal(d1) - discounted * _normal(d2)
    return discounted * _normal(-d2) - price * _normal(-d1)


@finite_numbers
def option_greeks(
    kind: Literal["call", "put"], price: float, strike: float, years: float, volatility: float, rate: float = 0.0
) -> Greeks:
    """Of one European option on one unit of base.

        d1    = (ln(S / K) + (r + sigma^2 / 2) t) / (sigma sqrt(t))
        delta = N(d1) for a call, N(d1) - 1 for a put
        gamma = n(d1) / (S sigma sqrt(t)),   vega = S n(d1) sqrt(t)

    Parameters
    ----------
    price, strike, years, volatility : > 0, per year where it is a rate
    rate : riskless, continuously compounded, any sign

    Source: Black and Scholes (1973), Journal of Political Economy 81(3).

    >>> option = option_greeks("call", 1.0, 1.0, 20 / 250, 0.2)
    >>> round(option.delta, 7), round(option.gamma, 7)
    (0.5112823, 7.0495494)
    """
    d1 = _d1(price, strike, years, volatility, rate)
    density = math.exp(-min(d1 * d1 / 2, 700.0)) / math.sqrt(2 * math.pi)
    delta = _normal(d1) if kind == "call" else -_normal(-d1)
    root = volatility * math.sqrt(years)
    return Greeks(delta, density / (price * root), price * density * math.sqrt(years))


@finite_numbers
def total_greeks(legs: Iterable[Greeks]) -> Greeks:
    """Of all legs together.

    >>> total_greeks([spot_greeks(2.0), perp_greeks(-2.0), Greeks(0.5, 0.1, 3.0)])
    Greeks(delta=0.5, gamma=0.1, vega=3.0)
    """
    delta = gamma = vega = 0.0
    for leg in legs:
        delta, gamma, vega = delta + leg.delta, gamma + leg.gamma, vega + leg.vega
    return Greeks(delta, gamma, vega)


def _d1(price: float, strike: float, years: float, volatility: float, rate: float) -> float:
    require_positive(price=price, strike=strike, years=years, volatility=volatility)
    root = volatility * math.sqrt(years)
    return (math.log(price) - math.log(strike) + (rate + volatility**2 / 2) * years) / root


def _normal(x: float) -> float:
    return 0.5 * math.erfc(-x / math.sqrt(2))
