"""Greeks as derivatives of values, and the trades and bands that keep them small."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.scaling import (
    Greeks,
    cost_variance_band,
    gamma_scalp_interval,
    hedge_trades,
    option_greeks,
    option_value,
    range_greeks,
    range_value,
    total_greeks,
    whalley_wilmott_band,
)


class TestGreeks:
    @given(
        st.sampled_from(("call", "put")), st.floats(1_000, 3_000), st.floats(0.05, 2), st.floats(0.2, 1.5)
    )  # fmt: skip
    def test_of_an_option_are_the_derivatives_of_its_value(
        self, kind: str, price: float, years: float, sigma: float
    ) -> None:
        def value(at: float, with_sigma: float) -> float:
            return option_value("call" if kind == "call" else "put", at, 2_000, years, with_sigma, 0.03)

        greeks = option_greeks("call" if kind == "call" else "put", price, 2_000, years, sigma, 0.03)
        h = price * 1e-3
        slope = (value(price + h, sigma) - value(price - h, sigma)) / (2 * h)
        curve = (value(price + h, sigma) - 2 * value(price, sigma) + value(price - h, sigma)) / h**2
        assert greeks.delta == pytest.approx(slope, abs=1e-4)
        assert greeks.gamma == pytest.approx(curve, rel=5e-3, abs=1e-8)
        assert greeks.vega == pytest.approx(
            (value(price, sigma + 1e-4) - value(price, sigma - 1e-4)) / 2e-4, rel=1e-3, abs=1e-3
        )

    def test_a_call_less_a_put_is_the_forward(self) -> None:
        call, put = (option_greeks(kind, 2_000, 2_100, 0.5, 0.7, 0.02) for kind in ("call", "put"))
        assert call.delta - put.delta == pytest.approx(1)
        assert (call.gamma, call.vega) == pytest.approx((put.gamma, put.vega))

    @given(st.floats(500, 5_000))
    def test_of_a_range_are_the_derivatives_of_its_value(self, price: float) -> None:
        greeks, h = range_greeks(1_000, price, 1_500, 2_500), price * 1e-4
        if min(abs(price - 1_500), abs(price - 2_500)) < 2 * h:
            return
        up, here, down = (range_value(1_000, price + move, 1_500, 2_500) for move in (h, 0, -h))
        assert greeks.delta == pytest.approx((up - down) / (2 * h), rel=1e-4, abs=1e-6)
        assert greeks.gamma == pytest.approx((up - 2 * here + down) / h**2, rel=1e-3, abs=1e-4)
        assert greeks.gamma <= 0 <= greeks.delta

    def test_the_value_of_a_range_has_no_jump_at_its_ends(self) -> None:
        for end in (1_500, 2_500):
            below, above = (range_value(1_000, end * factor, 1_500, 2_500) for factor in (1 - 1e-9, 1 + 1e-9))
            assert below == pytest.approx(above, rel=1e-6)


class TestHedging:
    def test_trades_meet_delta_gamma_and_vega_at_once(self) -> None:
        position = total_greeks([range_greeks(500, 2_000, 1_500, 2_500), Greeks(0, 0, -300)])
        tools = [
            Greeks(1.0),
            option_greeks("call", 2_000, 2_000, 0.1, 0.6),
            option_greeks("put", 2_000, 1_800, 0.5, 0.6),
        ]
        target = Greeks(0.5, 0.0, 100.0)
        trades = hedge_trades(position, target, tools)
        after = total_greeks([position, *(one.times(q) for one, q in zip(tools, trades, strict=True))])
        assert (after.delta, after.gamma, after.vega) == pytest.approx((0.5, 0.0, 100.0), abs=1e-9)

    def test_a_perp_cannot_take_gamma_away(self) -> None:
        with pytest.raises(ValueError, match="cannot meet"):
            hedge_trades(Greeks(1, 1), Greeks(0), [Greeks(1), Greeks(2)])

    @given(cost=st.floats(1e-5, 0.01), gamma=st.floats(1e-4, 10), by=st.floats(1.1, 100))
    def test_the_band_grows_with_the_cube_root_of_cost_and_gamma_squared(
        self, cost: float, gamma: float, by: float
    ) -> None:
        band = whalley_wilmott_band(gamma, 2_000, cost, 1e-4)
        assert whalley_wilmott_band(gamma, 2_000, by * cost, 1e-4) == pytest.approx(band * by ** (1 / 3))
        assert whalley_wilmott_band(by * gamma, 2_000, cost, 1e-4) == pytest.approx(band * by ** (2 / 3))

    @given(st.floats(1e-4, 0.01), st.floats(0.05, 1), st.floats(0.1, 1), st.floats(0.5, 20), st.floats(0.2, 5))
    def test_no_other_band_costs_less(self, cost: float, drift: float, sigma: float, a: float, other: float) -> None:
        def total(width: float) -> float:
            return a * sigma**2 / 2 * width**2 / 3 + cost * drift**2 / (2 * width)

        best = cost_variance_band(cost, drift, sigma, a)
        assert total(best) <= total(other * best) * (1 + 1e-9)

    @given(st.floats(1e-4, 10), st.floats(0.1, 2), st.floats(1e-5, 0.01), st.floats(0.2, 5))
    def test_no_other_interval_costs_less(self, gamma: float, sigma: float, cost: float, other: float) -> None:
        def total(years: float) -> float:
            paid = cost * gamma * sigma * math.sqrt(2 / math.pi) / math.sqrt(years)
            return paid + gamma**2 * sigma**4 / 4 * years

        best = gamma_scalp_interval(gamma, 1.0, sigma, cost, 1.0)
        assert total(best) <= total(other * best) * (1 + 1e-9)
