"""Two published experiments on sizing by volatility, so that ours can be checked against their numbers."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from agent.market.observation import Floats


@dataclass(frozen=True, slots=True)
class Managed:
    """A monthly return series against itself sized by last month's inverse variance; alpha is per cent a year."""

    months: int
    sharpe: float
    managed_sharpe: float
    alpha: float
    alpha_error: float
    beta: float
    r_squared: float
    appraisal: float
    scale: float  # c, with variances in per cent squared


def volatility_managed(returns: Floats, month: NDArray[np.int64]) -> Managed:
    """Hold c / RV^2 of last month's realised variance, c such that the deviation stays as it was.

        f^s_t = c / RV^2_(t-1) f_t,  f^s_t = alpha + beta f_t + e_t,  appraisal = alpha / deviation of e

    Parameters
    ----------
    returns : daily, simple
    month : a number per return that grows with the month

    Source: Moreira and Muir (2017), Volatility-Managed Portfolios, Journal of Finance 72(4), equation 1 and Table 1.
    """
    months = np.unique(month)
    if len(months) < 24 or not np.isfinite(returns).all():
        raise ValueError(f"needs finite returns of 24 months, got {len(months)}")
    monthly = np.array([float(np.prod(1 + returns[month == one]) - 1) for one in months]) * 100
    variance = np.array([_squares(returns[month == one]) for one in months]) * 1e4
    plain, raw = monthly[1:], monthly[1:] / variance[:-1]
    scale = float(plain.std(ddof=1) / raw.std(ddof=1))
    managed = scale * raw
    design = np.column_stack((np.ones(len(plain)), plain))
    (alpha, beta), *_ = np.linalg.lstsq(design, managed, rcond=None)
    residual = managed - design @ np.array([alpha, beta])
    noise = float(residual @ residual) / (len(plain) - 2)
    errors = np.sqrt(noise * np.diag(np.linalg.inv(design.T @ design)))
    spread = float(np.square(managed - managed.mean()).sum())
    year = math.sqrt(12)
    return Managed(
        months=len(plain),
        sharpe=float(plain.mean() / plain.std(ddof=1)) * year,
        managed_sharpe=float(managed.mean() / managed.std(ddof=1)) * year,
        alpha=float(alpha) * 12,
        alpha_error=float(errors[0]) * 12,
        beta=float(beta),
        r_squared=1 - float(residual @ residual) / spread,
        appraisal=float(alpha) / math.sqrt(noise) * year,
        scale=scale,
    )


def constant_volatility(
    returns: Floats, *, half_life: float = 20.0, lag: int = 2, minimum: int = 60, target: float = 0.10, year: int = 252
) -> Floats:
    """Returns held at target / forecast, then scaled to come out at the target: one per forecast.

    The forecast is an exponentially weighted mean of squares from the first return on, known `lag` periods before.

    Source: Harvey et al. (2018), The Impact of Volatility Targeting, Journal of Portfolio Management 45(1).
    """
    if len(returns) <= minimum + lag or not np.isfinite(returns).all():
        raise ValueError(f"needs more than {minimum + lag} finite returns, got {len(returns)}")
    decay = 2.0 ** (-1 / half_life)
    summed, weight, forecast = 0.0, 0.0, np.empty(len(returns))
    for row, value in enumerate(returns.tolist()):
        summed, weight = summed * decay + value * value, weight * decay + 1
        forecast[row] = math.sqrt(summed / weight * year)
    managed = returns[minimum - 1 + lag :] * (target / forecast[minimum - 1 : len(returns) - lag])
    return at_volatility(managed, target, year)


def at_volatility(returns: Floats, target: float = 0.10, year: int = 252) -> Floats:
    """The same returns scaled to a volatility, which changes no Sharpe ratio."""
    scaled: Floats = returns * (target / (float(returns.std(ddof=1)) * math.sqrt(year)))
    return scaled


def _squares(returns: Floats) -> float:
    return float(np.square(returns - returns.mean()).sum())
