"""Measures of returns against the vectors of other libraries (formulas.md, section 10)."""

import math

import numpy as np
import pytest

from agent.research import metrics

# empyrical's mixed_returns without its leading NaN, 252 days a year
MIXED = np.array([1.0, 10.0, -4.0, 2.0, 3.0, 2.0, 1.0, -10.0]) / 100
YEAR = 252


def test_empyrical_mixed_returns() -> None:
    assert metrics.max_drawdown(MIXED) == pytest.approx(-0.10)
    counted = np.concatenate(([0.0], MIXED))  # empyrical counts the missing first day as a day
    assert metrics.annual_return(counted, YEAR) == pytest.approx(1.9135925373, abs=5e-11)
    assert metrics.annual_volatility(MIXED, YEAR) == pytest.approx(0.9136465400, abs=5e-11)
    assert metrics.sharpe_ratio(MIXED, YEAR) == pytest.approx(1.7238613962, abs=5e-11)
    assert metrics.sortino_ratio(MIXED, YEAR) == pytest.approx(2.6055312517, abs=5e-11)
    assert metrics.calmar_ratio(counted, YEAR) == pytest.approx(19.135925373, abs=5e-9)
    assert metrics.downside_risk(MIXED, YEAR) == pytest.approx(0.6044832504, abs=5e-11)
    assert metrics.stability(MIXED) == pytest.approx(0.1529973665, abs=5e-11)
    assert metrics.omega_ratio(MIXED, 10.0, YEAR) == pytest.approx(0.8335426350, abs=5e-11)


def test_empyrical_negative_returns() -> None:
    negative = np.array([0.0, -6.0, -7.0, -1.0, -9.0, -2.0, -6.0, -8.0, -5.0]) / 100
    assert metrics.sharpe_ratio(negative, YEAR) == pytest.approx(-24.4068086339, abs=5e-10)


def test_freqtrade_drawdown_and_growth() -> None:
    """1,000 and profits of 0, -500, 500, 10,000, -1,000: the worst relative fall is a half."""
    value = 1_000 + np.cumsum([0.0, -500.0, 500.0, 10_000.0, -1_000.0])
    returns = np.diff(value, prepend=1_000.0) / np.concatenate(([1_000.0], value[:-1]))
    assert metrics.max_drawdown(returns) == pytest.approx(-0.5)
    assert metrics.annual_return(np.array([176_000 / 64_900 - 1]), 1 / 3) == pytest.approx(0.3945, abs=5e-5)
    assert metrics.annual_return(np.array([0.5]), 3.65) == pytest.approx(3.3927, abs=5e-5)


def test_freqtrade_expectancy() -> None:
    mean, ratio = metrics.expectancy(np.array([100.0, 200, 50, -150, 300, -100, 80, -30]))
    assert (mean, ratio) == pytest.approx((56.25, 0.60267857), abs=5e-9)


def test_barter_scales_a_daily_ratio() -> None:
    draw = np.array([0.0, 1.0]) * 0.01
    scaled = draw - draw.mean() + 0.05 * draw.std(ddof=1)
    assert metrics.sharpe_ratio(scaled, YEAR) == pytest.approx(0.7937253934, abs=5e-10)


def test_what_has_no_value_is_nan_and_what_is_no_return_is_refused() -> None:
    assert math.isnan(metrics.sharpe_ratio(np.zeros(10)))
    gas_alone = -0.05 / (1e6 - 0.05 * np.arange(10))
    assert math.isnan(metrics.sharpe_ratio(gas_alone)), "which would be minus hundreds of millions"
    assert math.isnan(metrics.sortino_ratio(np.full(10, 0.01)))
    assert math.isnan(metrics.calmar_ratio(np.full(10, 0.01)))
    for bad in (np.array([0.01, math.nan]), np.array([])):
        with pytest.raises(ValueError, match="finite"):
            metrics.max_drawdown(bad)
