"""Measures of a series of returns, one pure function each; every one names the length of its year."""

import math

import numpy as np

from agent.market.observation import Floats
from agent.units import DAYS_PER_YEAR

ROUNDING = 1e-6  # of the mean: what equal daily costs of a vault that holds nothing differ by


def max_drawdown(returns: Floats) -> float:
    """Worst fall from a high, as a negative fraction; the start counts as a high.

    min_t(V_t / max_(s <= t) V_s - 1),  V_t = prod(1 + r)
    """
    value = np.concatenate(([1.0], np.cumprod(1 + _checked(returns, 1))))
    return float((value / np.maximum.accumulate(value) - 1).min())


def annual_return(returns: Floats, periods_per_year: float = DAYS_PER_YEAR) -> float:
    """Compound growth per year: prod(1 + r)^(periods_per_year / n) - 1."""
    values = _checked(returns, 1)
    total = float(np.prod(1 + values))
    return total ** (periods_per_year / len(values)) - 1 if total > 0 else -1.0


def annual_volatility(returns: Floats, periods_per_year: float = DAYS_PER_YEAR) -> float:
    """Sample deviation times the root of the periods per year."""
    return float(_checked(returns, 2).std(ddof=1)) * math.sqrt(periods_per_year)


def sharpe_ratio(returns: Floats, periods_per_year: float = DAYS_PER_YEAR) -> float:
    """Mean over sample deviation, per year; NaN when the returns never move but for rounding."""
    values = _checked(returns, 2)
    mean, deviation = float(values.mean()), float(values.std(ddof=1))
    return mean / deviation * math.sqrt(periods_per_year) if deviation > ROUNDING * abs(mean) else math.nan


def downside_risk(returns: Floats, periods_per_year: float = DAYS_PER_YEAR) -> float:
    """Root of the mean square of the losses, gains counting as zero, per year."""
    losses = np.minimum(_checked(returns, 1), 0.0)
    return math.sqrt(float(np.square(losses).mean())) * math.sqrt(periods_per_year)


def sortino_ratio(returns: Floats, periods_per_year: float = DAYS_PER_YEAR) -> float:
    """Mean return per year over the downside risk; NaN without a loss."""
    risk = downside_risk(returns, periods_per_year)
    return float(returns.mean()) * periods_per_year / risk if risk > 0 else math.nan


def calmar_ratio(returns: Floats, periods_per_year: float = DAYS_PER_YEAR) -> float:
    """Annual return over the worst drawdown; NaN without one."""
    fall = max_drawdown(returns)
    return annual_return(returns, periods_per_year) / -fall if fall < 0 else math.nan


def omega_ratio(returns: Floats, required_annual: float = 0.0, periods_per_year: float = DAYS_PER_YEAR) -> float:
    """Sum of what exceeds the required return over the sum of what misses it; NaN when nothing misses it."""
    excess = _checked(returns, 1) - ((1 + required_annual) ** (1 / periods_per_year) - 1)
    misses = -float(excess[excess < 0].sum())
    return float(excess[excess > 0].sum()) / misses if misses > 0 else math.nan


def stability(returns: Floats) -> float:
    """R squared of a straight line through the cumulative log returns; NaN when they never move."""
    grown = np.cumsum(np.log1p(_checked(returns, 3)))
    if float(np.ptp(grown)) == 0:
        return math.nan
    correlation = np.corrcoef(np.arange(len(grown)), grown)[0, 1]
    return float(correlation**2)


def expectancy(profits: Floats) -> tuple[float, float]:
    """Mean profit of a trade, and how much the average loss earns: (1 + mean win / mean loss) * win rate - 1."""
    values = _checked(profits, 1)
    wins, losses = values[values > 0], -values[values < 0]
    if len(losses) == 0 or len(wins) == 0:
        return float(values.mean()), math.nan
    rate = len(wins) / len(values)
    return float(values.mean()), (1 + float(wins.mean()) / float(losses.mean())) * rate - 1


def _checked(values: Floats, least: int) -> Floats:
    if len(values) < least or not np.isfinite(values).all():
        raise ValueError(f"needs at least {least} finite values, got {len(values)}")
    return values
