"""The schedule of least cost for a given dislike of risk."""

import math
from dataclasses import dataclass
from itertools import pairwise

from agent.scaling.checks import finite_numbers, require_count, require_not_negative, require_positive
from agent.scaling.linear import linear_step

WORTH = 1.05  # times the smallest trade: what rounding to lots takes away must not make a step too small


@dataclass(frozen=True, slots=True)
class Schedule:
    """What is left after each interval, and what the way there costs."""

    holdings: tuple[float, ...]  # n + 1, from the whole quantity to 0
    expected_cost: float  # quote
    variance: float  # quote squared
    half_life: float  # 1 / kappa, in the unit of the horizon; the horizon itself when risk counts for nothing

    def trades(self) -> tuple[float, ...]:
        """Quantity of each of the n trades."""
        return tuple(a - b for a, b in pairwise(self.holdings))


@finite_numbers
def almgren_chriss(
    quantity: float,
    horizon: float,
    intervals: int,
    *,
    volatility: float,
    permanent: float,
    temporary: float,
    fixed: float = 0.0,
    risk_aversion: float = 0.0,
) -> Schedule:
    """Optimal liquidation with linear impact.

        eta~ = eta - gamma tau / 2,  kappa~^2 = lambda sigma^2 / eta~,  kappa = acosh(1 + kappa~^2 tau^2 / 2) / tau
        x_j  = X sinh(kappa (T - t_j)) / sinh(kappa T)
        E    = gamma X^2 / 2 + epsilon |X| + (eta~ / tau) sum n_j^2,   V = sigma^2 tau sum x_j^2

    Without risk aversion it is the straight line, which is TWAP.

    Parameters
    ----------
    quantity : X, base, > 0
    horizon : T, in days or any other unit that the rates share, > 0
    intervals : n, tau = T / n
    volatility : sigma, quote per square root of time, > 0
    permanent : gamma, quote per base^2, >= 0
    temporary : eta, quote per (base per time) per base, > gamma tau / 2
    fixed : epsilon, half of the spread and the fee, quote per base, >= 0
    risk_aversion : lambda, per quote, >= 0

    Source: Almgren and Chriss (2000), Optimal Execution of Portfolio Transactions, Journal of Risk 3.
    """
    require_positive(quantity=quantity, horizon=horizon, volatility=volatility, temporary=temporary)
    require_not_negative(permanent=permanent, fixed=fixed, risk_aversion=risk_aversion)
    require_count(1, 100_000, intervals=intervals)
    tau = horizon / intervals
    eta = temporary - permanent * tau / 2
    if not eta > 0:
        raise ValueError(f"temporary impact {temporary} must be above permanent * tau / 2, {permanent * tau / 2}")
    kappa = math.acosh(1 + risk_aversion * volatility**2 / eta * tau**2 / 2) / tau
    left = [horizon * (intervals - number) / intervals for number in range(intervals + 1)]
    if kappa * horizon < 1e-9:
        holdings = tuple(quantity * rest / horizon for rest in left)
    else:
        # sinh(a) / sinh(b) without the overflow of either
        end = -math.expm1(-2 * kappa * horizon)
        holdings = tuple(
            quantity * (math.exp(-kappa * (horizon - rest)) * -math.expm1(-2 * kappa * rest) / end) for rest in left
        )
    traded = math.fsum((a - b) ** 2 for a, b in pairwise(holdings))
    cost = permanent * quantity**2 / 2 + fixed * quantity + eta / tau * traded
    variance = volatility**2 * tau * math.fsum(x * x for x in holdings[1:])
    return Schedule(holdings, cost, variance, 1 / kappa if kappa * horizon >= 1e-9 else horizon)


@finite_numbers
def risk_aversion_for(half_life: float, volatility: float, temporary: float) -> float:
    """The risk aversion whose schedule has this half-life.

        lambda = eta / (sigma^2 theta^2)

    >>> round(risk_aversion_for(10.0, 0.95, 2.5e-6) * 1e9, 4)
    27.7008
    """
    require_positive(half_life=half_life, volatility=volatility, temporary=temporary)
    return temporary / (volatility * half_life) ** 2


@finite_numbers
def schedule_step(held: float, target: float, half_life: float, interval: float, least_trade: float = 0.0) -> float:
    """The position after one interval of a schedule without an end, which needs to remember nothing.

        next = target - (target - held) e^(-interval / half_life)

    As the horizon of `almgren_chriss` grows, each interval trades the same part of what is left. A step that is not
    worth a trade is made large enough for one, and a remainder that is not is taken with the last step.

    Parameters
    ----------
    held, target : of any sign, in one unit
    half_life : 1 / kappa, > 0
    interval : in the unit of the half-life, > 0
    least_trade : a smaller change is not worth its cost, >= 0

    Returns
    -------
    Between held and target.

    >>> round(schedule_step(0.0, 1.0, 10.0, 1.0), 6)
    0.095163
    """
    require_positive(half_life=half_life, interval=interval)
    require_not_negative(least_trade=least_trade)
    step = max(abs(target - held) * -math.expm1(-interval / half_life), WORTH * least_trade)
    return linear_step(held, target, step, least_trade) if step > 0 else target
