"""Every estimator against numbers that were computed elsewhere from the same data, and at its edges.

The data is the S&P 500 of 1999-2018 that the library arch brings along.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.config import VolatilityConfig
from agent.reasons import Code, Reason
from agent.volatility import (
    calibrated_ewma_volatility,
    close_to_close_volatility,
    daily_variances,
    evaluate,
    ewma_volatility,
    fit_garch,
    fit_har,
    forecast_hours,
    forecast_volatility,
    garch_volatility,
    garman_klass_variance,
    garman_klass_volatility,
    har_volatility,
    parkinson_volatility,
    realised_volatility,
    rogers_satchell_volatility,
    yang_zhang_volatility,
)

HOUR = 3_600
YEAR = 252.0
Bars = dict[str, np.ndarray]


@pytest.fixture(scope="module")
def sp500() -> Bars:
    from arch.data import sp500 as source

    table = source.load()
    return {name.lower(): table[name].to_numpy() for name in ("Open", "High", "Low", "Close")}


def last(bars: Bars, count: int) -> Bars:
    return {name: values[-count:] for name, values in bars.items()}


class TestRangeEstimators:
    """formulas.md, section 4: the last 21 days of the S&P, annualised by 252."""

    def test_yang_zhang(self, sp500: Bars) -> None:
        answer = yang_zhang_volatility(**last(sp500, 22), bars_per_year=YEAR, floor=0.01)
        assert answer == pytest.approx(0.26927051, abs=5e-9)

    def test_rogers_satchell(self, sp500: Bars) -> None:
        answer = rogers_satchell_volatility(**last(sp500, 21), bars_per_year=YEAR, floor=0.01)
        assert answer == pytest.approx(0.24719197, abs=5e-9)

    def test_parkinson(self, sp500: Bars) -> None:
        bars = last(sp500, 21)
        answer = parkinson_volatility(bars["high"], bars["low"], bars_per_year=YEAR, floor=0.01)
        assert answer == pytest.approx(0.25128130, abs=5e-9)

    def test_garman_klass(self, sp500: Bars) -> None:
        answer = garman_klass_volatility(**last(sp500, 21), bars_per_year=YEAR, floor=0.01)
        assert answer == pytest.approx(0.24740886, abs=5e-9)

    def test_close_to_close(self, sp500: Bars) -> None:
        answer = close_to_close_volatility(last(sp500, 22)["close"], bars_per_year=YEAR, floor=0.01)
        assert answer == pytest.approx(0.28524374, abs=5e-9)

    @pytest.mark.parametrize("estimator", [yang_zhang_volatility, rogers_satchell_volatility, garman_klass_volatility])
    def test_constant_prices_give_the_floor_and_no_bars_a_refusal(self, estimator: Callable[..., float]) -> None:
        flat = {name: np.full(30, 7.0) for name in ("open", "high", "low", "close")}
        assert estimator(**flat, floor=0.05) == 0.05
        answer = estimator(**last(flat, 1), floor=0.05, warm_up_bars=5)
        assert isinstance(answer, Reason)
        assert answer.code is Code.WARMING_UP
        flat["low"] = np.full(30, 8.0)
        with pytest.raises(ValueError, match="high"):
            estimator(**flat, floor=0.05)

    @settings(max_examples=50)
    @given(scale=st.floats(1e-6, 1e6), seed=st.integers(0, 1_000))
    def test_the_unit_of_the_price_does_not_matter(self, scale: float, seed: int) -> None:
        draw = np.random.default_rng(seed)
        close = np.exp(np.cumsum(draw.normal(0, 0.01, 40)))
        open_ = np.concatenate(([1.0], close[:-1]))
        high = np.maximum(open_, close) * np.exp(draw.exponential(0.005, 40))
        low = np.minimum(open_, close) * np.exp(-draw.exponential(0.005, 40))
        bars = {"open": open_, "high": high, "low": low, "close": close}
        scaled = {name: values * scale for name, values in bars.items()}
        for estimator in (yang_zhang_volatility, rogers_satchell_volatility, garman_klass_volatility):
            assert estimator(**scaled, floor=0.001) == pytest.approx(estimator(**bars, floor=0.001), rel=1e-6)

    @pytest.mark.parametrize("bad", [math.nan, math.inf, 0.0, -1.0])
    def test_refuses_prices_that_are_none(self, bad: float) -> None:
        with pytest.raises(ValueError, match="finite and positive"):
            close_to_close_volatility(np.array([1.0, bad, 1.0]), floor=0.1)
        with pytest.raises(ValueError, match="finite and positive"):
            parkinson_volatility(np.array([bad]), np.array([1.0]), floor=0.1)


class TestRealised:
    def test_is_the_root_of_summed_squares_per_year(self) -> None:
        times = HOUR * np.arange(25)
        answer = realised_volatility(times, np.full(24, 0.01), window_h=24.0, floor=0.01, warm_up_h=24)
        assert answer == pytest.approx(0.01 * math.sqrt(8_760))
        short = realised_volatility(times[:10], np.full(9, 0.01), window_h=24.0, floor=0.01, warm_up_h=24)
        assert isinstance(short, Reason)

    def test_days_end_at_the_last_row_and_a_hole_is_scaled_to_a_day(self) -> None:
        times = HOUR * np.delete(np.arange(49), slice(10, 15))
        variances = daily_variances(times, np.full(len(times) - 1, 0.01))
        assert variances[1] == pytest.approx(24 * 1e-4)
        assert variances[0] == pytest.approx(19 * 1e-4)  # 19 steps, one of them over the hole
        assert len(variances) == 2


class TestHar:
    def test_corsi_regression_on_garman_klass_variances(self, sp500: Bars) -> None:
        """formulas.md, section 4: c 1.0936e-5, .108971, .600640, .166421, R squared .42348, n 5,009."""
        fit = fit_har(garman_klass_variance(**sp500), lags=(1, 5, 22))
        assert fit.constant == pytest.approx(1.0936e-5, rel=1e-4)
        assert fit.slopes == pytest.approx((0.108971, 0.600640, 0.166421), abs=2e-6)
        assert fit.r_squared == pytest.approx(0.42348, abs=1e-5)
        assert fit.days == 5_009

    def test_corsi_regression_in_logs(self, sp500: Bars) -> None:
        """The same in logs: -.8434, .1543, .4122, .3693, R squared .5495."""
        fit = fit_har(garman_klass_variance(**sp500), lags=(1, 5, 22), logs=True)
        assert (fit.constant, *fit.slopes) == pytest.approx((-0.8434, 0.1543, 0.4122, 0.3693), abs=1e-4)
        assert fit.r_squared == pytest.approx(0.5495, abs=1e-4)

    def test_forecasts_near_the_variance_of_independent_hours(self) -> None:
        returns = np.random.default_rng(1).normal(0, 0.005, 200 * 24)
        answer = har_volatility(HOUR * np.arange(200 * 24 + 1), returns, floor=0.01, warm_up_h=168)
        assert answer == pytest.approx(0.005 * math.sqrt(8_760), rel=0.1)

    def test_refuses_too_few_days(self) -> None:
        answer = har_volatility(HOUR * np.arange(1_000), np.zeros(999), floor=0.01, warm_up_h=168)
        assert isinstance(answer, Reason)


class TestGarch:
    """formulas.md, section 4: arch's own fit to 5,030 returns of the S&P in per cent."""

    def test_garch(self, sp500: Bars) -> None:
        returns = np.diff(sp500["close"]) / sp500["close"][:-1]
        fit = fit_garch(returns, horizon=5)
        assert (fit.mean, fit.omega, fit.alpha, fit.beta) == pytest.approx((0.0564, 0.0175, 0.1022, 0.8852), abs=1e-4)
        assert fit.log_likelihood == pytest.approx(-6936.718, abs=0.01)
        foretold = np.array(fit.variances) * 1e4
        assert foretold == pytest.approx([3.59647, 3.568502, 3.540887, 3.513621, 3.4867], rel=1e-3)
        drift = fit.omega + (fit.alpha + fit.beta) * foretold[:-1]
        assert foretold[1:] == pytest.approx(drift, rel=1e-9)

    def test_gjr(self, sp500: Bars) -> None:
        returns = np.diff(sp500["close"]) / sp500["close"][:-1]
        fit = fit_garch(returns, asymmetric=True)
        values = (fit.mean, fit.omega, fit.alpha, fit.gamma, fit.beta)
        assert values == pytest.approx((0.0175, 0.0196, 0.0, 0.1831, 0.8922), abs=1e-4)
        assert fit.log_likelihood == pytest.approx(-6822.883, abs=0.01)

    def test_refuses_returns_that_are_too_few_or_never_move(self) -> None:
        assert isinstance(garch_volatility(np.zeros(100), floor=0.01), Reason)
        with pytest.raises(ValueError, match="move"):
            fit_garch(np.zeros(300))


def test_riskmetrics_on_the_sp500(sp500: Bars) -> None:
    """formulas.md, section 4: lambda .94 gives the variance 3.13832351e-4, 28.12 % a year of 252 days."""
    returns = np.diff(sp500["close"]) / sp500["close"][:-1]
    half_life = math.log(0.5) / math.log(0.94)
    times = HOUR * np.arange(len(returns) + 1)
    answer = ewma_volatility(times, returns, half_life_h=half_life, return_interval_h=1, floor=0.01, warm_up_h=24)
    assert isinstance(answer, float)
    assert answer**2 / 8_760 == pytest.approx(3.13832351e-4, rel=0.02)  # weights are cut off after six half-lives


class TestCalibration:
    def forecast(self, returns: np.ndarray, **changes: float) -> float | Reason:
        rule: dict[str, Any] = {"half_life_h": 24.0, "calibration_half_life_h": 240.0, "floor": 0.01, "warm_up_h": 48}
        return calibrated_ewma_volatility(HOUR * np.arange(len(returns) + 1), returns, **(rule | changes))

    def test_changes_nothing_where_the_average_is_right(self) -> None:
        returns = np.where(np.arange(3_000) % 2 == 0, 0.01, -0.01)
        assert self.forecast(returns) == pytest.approx(0.01 * math.sqrt(8_760))

    def test_corrects_an_average_that_is_always_late(self) -> None:
        """Volatility doubles every two days: what was forecast is always too low, so more is forecast."""
        growing = 0.0001 * 2.0 ** (np.arange(480) / 48.0) * np.where(np.arange(480) % 2 == 0, 1.0, -1.0)
        plain = ewma_volatility(
            HOUR * np.arange(481), growing, half_life_h=24.0, return_interval_h=1, floor=0.01, warm_up_h=48
        )
        corrected = self.forecast(growing)
        truth = abs(growing[-1]) * math.sqrt(8_760)
        assert isinstance(plain, float)
        assert isinstance(corrected, float)
        assert plain < 0.8 * truth
        assert abs(corrected / truth - 1) < abs(plain / truth - 1) / 3

    def test_is_never_below_the_floor_and_waits_for_its_warm_up(self) -> None:
        assert self.forecast(np.zeros(500), floor=0.3) == 0.3
        assert isinstance(self.forecast(np.full(20, 0.01)), Reason)

    @settings(max_examples=30)
    @given(st.lists(st.floats(-0.2, 0.2), min_size=48, max_size=300))
    def test_is_finite_and_positive_for_any_returns(self, returns: list[float]) -> None:
        answer = self.forecast(np.array(returns))
        assert isinstance(answer, float)
        assert math.isfinite(answer)
        assert answer >= 0.01

    @pytest.mark.parametrize("bad", [math.nan, math.inf])
    def test_refuses_returns_that_are_no_numbers(self, bad: float) -> None:
        with pytest.raises(ValueError, match="finite"):
            self.forecast(np.array([bad] * 60))


@pytest.mark.parametrize("method", ["ewma", "calibrated_ewma", "realised", "har"])
def test_a_strategy_file_names_its_method(method: Any) -> None:
    rule = VolatilityConfig(
        method=method,
        target=0.2,
        floor=0.01,
        half_life_h=24.0,
        return_interval_h=1,
        calibration_half_life_h=400.0,
        warm_up_h=48,
    )
    hours = forecast_hours(rule)
    returns = np.random.default_rng(2).normal(0, 0.005, hours + 500)
    times = HOUR * np.arange(hours + 501)
    whole = forecast_volatility(times, returns, rule)
    assert whole == pytest.approx(0.005 * math.sqrt(8_760), rel=0.35)
    if method != "har":  # a regression uses all that it is given
        recent = forecast_volatility(times[500:], returns[500:], rule)
        assert recent == pytest.approx(whole, rel=1e-9), "forecast_hours is all that it reads"


def test_losses_are_zero_for_a_perfect_forecast_and_the_line_is_straight() -> None:
    truth = np.array([0.1, 0.2, 0.4, 0.3])
    perfect, half = evaluate(truth, truth), evaluate(truth / 2, truth)
    assert (perfect.qlike, perfect.mse) == pytest.approx((0.0, 0.0), abs=1e-15)
    assert (perfect.intercept, perfect.slope, perfect.r_squared) == pytest.approx((0.0, 1.0, 1.0), abs=1e-12)
    assert half.slope == pytest.approx(2.0)
    assert half.qlike == pytest.approx(2 - math.log(2) - 1)
    assert evaluate(truth * 2, truth).qlike < half.qlike, "too low is worse than too high"
    with pytest.raises(ValueError, match="positive"):
        evaluate(np.array([0.1, 0.0, 0.2]), truth[:3])
