"""What is worth holding: steps to a target, weights of several assets, and Kelly."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.reasons import Code, Reason
from agent.scaling import (
    binary_kelly,
    inverse_variance_weights,
    inverse_volatility_weights,
    kelly_exposure,
    linear_schedule,
    linear_step,
    minimum_variance_weights,
    option_greeks,
    total_greeks,
    vega_neutral_quantity,
)

volatility = st.floats(0.01, 3)
exposure = st.floats(-2, 2)
scale = st.floats(1e-3, 1e3)


class TestLinear:
    @given(held=exposure, target=exposure, increment=st.floats(0.01, 1), least=st.floats(0, 0.5))
    def test_every_way_ends_at_the_target_and_every_step_is_worth_a_trade(
        self, held: float, target: float, increment: float, least: float
    ) -> None:
        at, steps = held, 0
        while at != target:
            following = linear_step(at, target, increment, least)
            assert abs(target - following) < abs(target - at)
            assert following == target or abs(following - at) > least
            at, steps = following, steps + 1
        assert steps <= math.ceil(abs(target - held) / increment) + 1

    @given(held=exposure, target=exposure, increment=st.floats(0.05, 1), by=scale)
    def test_units_do_not_matter(self, held: float, target: float, increment: float, by: float) -> None:
        one = linear_step(held, target, increment)
        assert linear_step(by * held, by * target, by * increment) == pytest.approx(by * one, rel=1e-6, abs=1e-9 * by)

    def test_the_schedule_takes_the_remainder_with_its_last_step(self) -> None:
        assert linear_schedule(0.0, 1.0, 0.3) == pytest.approx((0.3, 0.6, 0.9, 1.0))
        assert linear_schedule(1.0, 0.0, 0.5) == pytest.approx((0.5, 0.0))
        assert linear_schedule(0.4, 0.4, 0.5) == ()

    def test_refuses_a_way_of_a_million_steps(self) -> None:
        with pytest.raises(ValueError, match="more than 1000"):
            linear_schedule(0.0, 1.0, 1e-6)


class TestWeights:
    @given(st.lists(volatility, min_size=1, max_size=6), scale)
    def test_add_up_to_one_fall_with_volatility_and_have_no_unit(self, sigmas: list[float], by: float) -> None:
        for weights in (inverse_variance_weights, inverse_volatility_weights):
            found = weights(sigmas)
            assert math.fsum(found) == pytest.approx(1)
            assert found == pytest.approx(weights([by * sigma for sigma in sigmas]))
            assert np.argmax(found) == np.argmin(sigmas) or len(set(sigmas)) < len(sigmas)

    @given(first=volatility, second=volatility, correlation=st.floats(-0.9, 0.9), shrinkage=st.floats(0, 1))
    def test_least_variance_is_not_above_that_of_any_asset(
        self, first: float, second: float, correlation: float, shrinkage: float
    ) -> None:
        matrix = np.array([[first**2, correlation * first * second], [correlation * first * second, second**2]])
        weights = np.array(minimum_variance_weights(matrix, shrinkage))
        assert weights.sum() == pytest.approx(1)
        assert (weights >= 0).all()
        if shrinkage == 0:
            assert weights @ matrix @ weights <= min(first, second) ** 2 * (1 + 1e-9)

    def test_full_shrinkage_is_inverse_variance(self) -> None:
        matrix = np.array([[0.01, 0.015], [0.015, 0.04]])
        assert minimum_variance_weights(matrix, 1.0) == pytest.approx((0.8, 0.2))

    def test_refuses_a_singular_covariance_and_one_that_is_none(self) -> None:
        with pytest.raises(ValueError, match="singular"):
            minimum_variance_weights(np.array([[1.0, 1.0], [1.0, 1.0]]), 0.0)
        with pytest.raises(ValueError, match="square and symmetric"):
            minimum_variance_weights(np.array([[1.0, 0.5], [0.1, 1.0]]))

    def test_vega_neutral_legs_have_no_vega(self) -> None:
        near, far = (option_greeks("call", 2_000, 2_000, years, 0.6) for years in (0.1, 0.5))
        other = vega_neutral_quantity(10, near.vega, far.vega)
        assert total_greeks([near.times(10), far.times(other)]).vega == pytest.approx(0, abs=1e-9)


class TestKelly:
    @given(mean=st.floats(-1, 1), sigma=volatility, years=st.floats(0.1, 50), fraction=st.floats(0, 1))
    def test_is_never_negative_and_never_above_full_kelly(
        self, mean: float, sigma: float, years: float, fraction: float
    ) -> None:
        found = kelly_exposure(mean, sigma, years, fraction=fraction)
        if isinstance(found, Reason):
            assert found.code is Code.EDGE_INSIGNIFICANT
            assert mean / sigma * math.sqrt(years) < 2
        else:
            assert 0 <= found <= mean / sigma**2 * (1 + 1e-12)

    def test_more_data_on_the_same_edge_deserves_more(self) -> None:
        found = [kelly_exposure(0.2, 0.2, years) for years in (4, 9, 25, 100)]
        assert all(isinstance(one, float) for one in found)
        assert found == sorted(found)

    def test_an_edge_of_chance_is_refused_with_its_statistic(self) -> None:
        found = kelly_exposure(0.1, 0.2, 1)
        assert isinstance(found, Reason)
        assert (found.value, found.bound) == (pytest.approx(0.5), 2.0)

    @given(st.floats(0, 1), st.floats(0.01, 100))
    def test_a_bet_is_a_part_of_the_wealth(self, probability: float, odds: float) -> None:
        assert 0 <= binary_kelly(probability, odds) <= 1
