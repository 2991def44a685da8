"""Each scaling method against its definition and vectors."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.market.observation import Seconds
from agent.reasons import Code, Reason
from agent.scaling import (
    cash_cap,
    combine,
    drawdown_factor,
    funding_factor,
    gross_cap,
    liquidation_distance,
    liquidation_factor,
    liquidation_price,
    no_trade_band,
    open_interest_factor,
    open_interest_z,
    scaler,
    volatility_target,
)

fraction = st.floats(0, 1)


def hourly(count: int) -> Seconds:
    return 3_600 * np.arange(count, dtype=np.int64)


def test_half_the_volatility_doubles_the_exposure() -> None:
    assert volatility_target(0.10, 0.20) == 2 * volatility_target(0.20, 0.20) == 2.0


@pytest.mark.parametrize("bad", [0.0, -0.1, math.nan, math.inf])
def test_volatility_target_rejects_what_is_no_volatility(bad: float) -> None:
    with pytest.raises(ValueError, match="forecast volatility must be a positive number"):
        volatility_target(bad, 0.1)


@given(limit=st.floats(0.1, 3), legs=st.integers(1, 2), part=st.floats(0, 0.99))
def test_at_the_bands_edge_the_legs_are_exactly_at_the_limit(limit: float, legs: int, part: float) -> None:
    band = part * limit / legs
    assert (gross_cap(limit, legs, band) + band) * legs == pytest.approx(limit)


def test_a_band_that_leaves_no_room_under_the_limit_is_refused() -> None:
    with pytest.raises(ValueError, match="out of range"):
        gross_cap(1.6, 2, 0.8)


@given(idle=fraction, margin=st.floats(0, 2))
def test_spot_margin_and_reserve_together_are_the_vault(idle: float, margin: float) -> None:
    exposure = cash_cap(idle, margin)
    assert exposure + margin * exposure + idle == pytest.approx(1)


class TestNetRate:
    def test_entering_needs_more_than_staying(self) -> None:
        assert funding_factor(0.02, False, 0.03, 0.0, 0.06) == 0.0
        assert funding_factor(0.02, True, 0.03, 0.0, 0.06) == pytest.approx(1 / 3)
        assert funding_factor(0.03, False, 0.03, 0.0, 0.06) == 0.5

    def test_is_full_from_the_full_rate_and_zero_at_the_exit_rate(self) -> None:
        assert funding_factor(0.06, False, 0.03, 0.0, 0.06) == funding_factor(0.9, True, 0.03, 0.0, 0.06) == 1.0
        assert funding_factor(0.0, True, 0.03, 0.0, 0.06) == funding_factor(-0.5, True, 0.03, 0.0, 0.06) == 0.0

    @given(low=st.floats(-1, 1), high=st.floats(-1, 1), held=st.booleans())
    def test_never_falls_when_funding_rises(self, low: float, high: float, held: bool) -> None:
        low, high = sorted((low, high))
        assert funding_factor(low, held, 0.03, 0.0, 0.06) <= funding_factor(high, held, 0.03, 0.0, 0.06)

    def test_rejects_thresholds_out_of_order(self) -> None:
        with pytest.raises(ValueError, match="exit <= entry"):
            funding_factor(0.01, True, 0.0, 0.01, 0.06)


class TestOpenInterest:
    def test_z_counts_deviations_from_the_windows_mean(self) -> None:
        values = np.concatenate((np.full(100, 999.0), np.tile([90.0, 110.0], 24), [120.0]))
        window = values[-49:]
        assert open_interest_z(hourly(149), values, 48) == pytest.approx((120 - window.mean()) / window.std())

    def test_the_present_is_the_mean_of_the_smoothing_hours(self) -> None:
        values = np.concatenate((np.tile([90.0, 110.0], 30), [140.0]))
        window = values[-49:]
        expected = (window[-4:].mean() - window.mean()) / window.std()
        assert open_interest_z(hourly(61), values, 48, 4) == pytest.approx(expected)
        assert open_interest_z(hourly(61), values, 48, 4) < open_interest_z(hourly(61), values, 48, 1)

    def test_constant_open_interest_is_not_crowded(self) -> None:
        assert open_interest_z(hourly(100), np.full(100, 5.0), 48) == 0.0

    def test_a_shorter_series_is_aligned_with_the_newest_times(self) -> None:
        values = np.linspace(1, 2, 60)
        assert open_interest_z(hourly(100), values, 48) == open_interest_z(hourly(60), values, 48)

    def test_refuses_with_less_than_half_of_the_window(self) -> None:
        answer = open_interest_z(hourly(100), np.full(24, 5.0), 48)
        assert isinstance(answer, Reason)
        assert answer.code is Code.WARMING_UP

    def test_falls_linearly_between_start_and_full(self) -> None:
        factors = [open_interest_factor(z, 1.5, 3.0, 0.5) for z in (-9, 1.5, 2.25, 3.0, 9)]
        assert factors == [1.0, 1.0, 0.75, 0.5, 0.5]


class TestLiquidation:
    def test_hyperliquid_vectors(self) -> None:
        """10 units at 2,000 with 4,000 of margin and leverage 25 (formulas, section 9)."""
        assert liquidation_price(2_000, 10, 4_000, 25) == pytest.approx(1_632.653061, abs=1e-6)
        assert liquidation_price(2_000, -10, 4_000, 25) == pytest.approx(2_352.941176, abs=1e-6)

    @given(
        price=st.floats(0.01, 1e5),
        size=st.floats(0.01, 1e4),
        side=st.sampled_from((-1, 1)),
        ratio=st.floats(0.05, 1.5),
        leverage=st.integers(1, 50),
    )
    def test_at_the_liquidation_price_equity_is_maintenance_margin(
        self, price: float, size: float, side: int, ratio: float, leverage: int
    ) -> None:
        margin = ratio * price * size
        at = liquidation_price(price, side * size, margin, leverage)
        equity = margin + side * size * (at - price)
        assert equity == pytest.approx(at * size / (2 * leverage), abs=1e-6 * price * size)
        assert liquidation_distance(ratio, side, leverage) == pytest.approx(side * (price - at) / price, abs=1e-9)

    def test_is_negative_when_already_past(self) -> None:
        assert liquidation_distance(0.01, -1, 25) < 0

    def test_the_nearer_of_two_distances_counts(self) -> None:
        assert liquidation_factor(0.36, None, 0.04, 6) == 1.0
        assert liquidation_factor(0.36, 0.12, 0.04, 6) == pytest.approx(0.5)
        assert liquidation_factor(0.12, 0.36, 0.04, 6) == pytest.approx(0.5)
        assert liquidation_factor(0.36, -0.01, 0.04, 6) == 0.0


class TestDrawdown:
    @given(a=st.floats(-0.1, 0.2), b=st.floats(-0.1, 0.2))
    def test_never_rises_with_the_drawdown(self, a: float, b: float) -> None:
        a, b = sorted((a, b))
        assert drawdown_factor(a, 0.02, 0.08) >= drawdown_factor(b, 0.02, 0.08)

    def test_is_continuous_at_start_and_limit(self) -> None:
        assert drawdown_factor(0.02 + 1e-9, 0.02, 0.08) == pytest.approx(1, abs=1e-6)
        assert drawdown_factor(0.08 - 1e-9, 0.02, 0.08) == pytest.approx(0, abs=1e-6)
        assert drawdown_factor(0.05, 0.02, 0.08) == pytest.approx(0.5)

    def test_rejects_a_start_at_the_limit(self) -> None:
        with pytest.raises(ValueError, match="below limit"):
            drawdown_factor(0.01, 0.08, 0.08)


class TestNoTradeBand:
    @pytest.mark.parametrize(("current", "edge", "optimum"), [(8, 9, 10), (9.5, 9.5, 9.5), (12, 11, 10)])
    def test_carvers_buffer(self, current: float, edge: float, optimum: float) -> None:
        """Optimal position 10 with a buffer of 1 (formulas, section 1)."""
        assert no_trade_band(current, 10, 1) == pytest.approx(edge)
        assert no_trade_band(current, 10, 1, "optimum") == pytest.approx(optimum)

    @given(current=st.floats(-10, 10), target=st.floats(-10, 10), band=fraction)
    def test_trading_to_the_edge_is_trading_once(self, current: float, target: float, band: float) -> None:
        once = no_trade_band(current, target, band)
        assert no_trade_band(once, target, band) == pytest.approx(once, abs=1e-12)

    def test_a_short_position_has_a_band_too(self) -> None:
        assert no_trade_band(-12, -10, 1) == -11

    def test_a_small_target_does_not_narrow_the_band(self) -> None:
        assert no_trade_band(0.9, 0.1, 1) == 0.9


class TestPipeline:
    def test_the_smallest_cap_times_every_factor(self) -> None:
        caps = [scaler("a", 0.9, "a"), scaler("b", 0.6, "b")]
        factors = [scaler("c", 0.5, "c", x=1.0), scaler("d", 0.8, "d")]
        answer = combine(caps, factors)
        assert answer.exposure == pytest.approx(0.24)
        assert [part.name for part in answer.scalers] == ["a", "b", "c", "d"]
        assert answer.scalers[2].inputs == (("x", 1.0),)

    @given(caps=st.lists(st.floats(0, 5), min_size=1, max_size=4), factors=st.lists(fraction, max_size=4))
    def test_no_factor_lifts_exposure_above_a_cap(self, caps: list[float], factors: list[float]) -> None:
        answer = combine([scaler("cap", c, "") for c in caps], [scaler("factor", f, "") for f in factors])
        assert 0 <= answer.exposure <= min(caps)

    @pytest.mark.parametrize("bad", [math.nan, -0.1, 1.1])
    def test_rejects_a_factor_outside_zero_to_one(self, bad: float) -> None:
        with pytest.raises(ValueError, match=r"factor f must be in \[0, 1\]"):
            combine([scaler("cap", 1.0, "")], [scaler("f", bad, "")])
