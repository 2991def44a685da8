"""Each method by its own definition: bounds, direction, units, and what it remembers of the past."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.reasons import Code, Reason
from agent.scaling import (
    Greeks,
    average_entry,
    binary_kelly,
    cost_variance_band,
    depth_factor,
    gamma_scalp_interval,
    hedge_trades,
    instalments_due,
    inverse_variance_weights,
    inverse_volatility_weights,
    is_instalment_cycle,
    kelly_exposure,
    ladder_levels,
    linear_schedule,
    linear_step,
    martingale_share,
    mean_reversion_share,
    minimum_variance_weights,
    option_greeks,
    option_value,
    pyramid,
    pyramid_state,
    quantity_due,
    quantity_limit,
    range_greeks,
    range_value,
    risk_overlay,
    rungs,
    scale_out,
    total_greeks,
    vega_neutral_quantity,
    whalley_wilmott_band,
    z_score,
)
from agent.scaling.impact import depth_walk, quantity_for_cost, square_root_impact
from agent.scaling.slicing import MakerOrder, almgren_chriss, maker_ladder, schedule_step, simulate_fills, twap

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


class TestMartingale:
    @given(st.lists(st.floats(-1, 1), max_size=30), st.integers(1, 12), st.sampled_from(("loss", "win")))
    def test_no_row_outgrows_the_cap(self, outcomes: list[float], bets: int, after: str) -> None:
        share = martingale_share(outcomes, bets, "loss" if after == "loss" else "win")
        assert 2.0 ** (1 - bets) <= share <= 1

    def test_doubles_after_each_loss_and_begins_again_when_all_are_lost(self) -> None:
        shares = [martingale_share([-1.0] * losses, 4) for losses in range(6)]
        assert shares == [0.125, 0.25, 0.5, 1.0, 0.125, 0.125]
        assert martingale_share([-1.0, -1.0, 1.0], 4) == 0.125

    def test_the_anti_martingale_is_its_mirror(self) -> None:
        outcomes = [0.3, -0.2, 0.1, 0.4]
        assert martingale_share(outcomes, 5, "win") == martingale_share([-one for one in outcomes], 5, "loss") == 0.25


class TestPyramid:
    @given(st.floats(0.01, 0.3), st.floats(0.1, 1), st.integers(1, 8), st.floats(0.01, 0.5), scale)
    def test_adds_shrink_and_the_average_stays_below_the_price(
        self, step: float, ratio: float, adds: int, stop: float, by: float
    ) -> None:
        rows = pyramid(100 * by, step, ratio, adds, stop)
        for before, row in pairwise(rows):
            assert row.units <= before.units
            assert before.average_entry <= row.average_entry <= row.price
        worst = [
            sum(one.units * (one.price - row.stop) for one in rows[: number + 1]) for number, row in enumerate(rows)
        ]
        assert [row.loss_at_stop for row in rows] == pytest.approx(worst, rel=1e-9, abs=1e-9 * by)

    def test_a_path_builds_stops_out_and_begins_again(self) -> None:
        path = [100, 104, 111, 122, 140, 125, 120, 119, 131]
        shares = [pyramid_state(path[:end], 0.1, 0.5, 3, 0.1).share for end in range(1, len(path) + 1)]
        assert shares == pytest.approx([4 / 7, 4 / 7, 6 / 7, 6 / 7, 1, 0, 0, 0, 4 / 7])

    @given(st.lists(st.floats(50, 200), min_size=1, max_size=40), scale)
    def test_only_ratios_of_prices_count(self, path: list[float], by: float) -> None:
        state = pyramid_state(path, 0.1, 0.5, 3, 0.1)
        other = pyramid_state([by * price for price in path], 0.1, 0.5, 3, 0.1)
        assert 0 <= state.share <= 1
        close = any(abs(a / b - c) < 1e-9 for a in path for b in path for c in (1.1, 0.9))
        assert close or state.share == other.share


class TestLadder:
    @given(st.sampled_from(("linear", "geometric", "fibonacci", "log")), st.floats(1e-3, 0.1), st.integers(1, 12))
    def test_steps_ascend_from_the_first(self, spacing: str, first: float, steps: int) -> None:
        levels = ladder_levels(spacing, first, steps, last=3 * first)  # type: ignore[arg-type]
        assert len(levels) == steps
        assert levels[0] == pytest.approx(first)
        assert list(levels) == sorted(set(levels)) or steps == 1

    def test_scaling_out_realises_each_step_and_sells_no_more_than_there_is(self) -> None:
        steps = scale_out(100, 8, [0.05, 0.1, 0.2], [0.25, 0.25, 0.5])
        assert [step.realised for step in steps] == pytest.approx([10, 20, 80])
        assert [step.left for step in steps] == pytest.approx([6, 4, 0])
        with pytest.raises(ValueError, match="at most 1 together"):
            scale_out(100, 8, [0.05, 0.1], [0.6, 0.6])

    def test_steps_are_taken_on_the_way_down_and_left_at_the_average(self) -> None:
        signal = [0.0, 0.02, 0.04, 0.03, 0.01, -0.001]
        shares = [rungs(signal[:end], [100.0] * end, [0.02, 0.04], 0.0).share for end in range(1, 7)]
        assert shares == [0, 0.5, 1, 1, 1, 0]

    @given(st.lists(st.floats(-0.2, 0.2), min_size=1, max_size=50), st.floats(-1, 0.9))
    def test_a_step_that_is_reached_now_is_held(self, signal: list[float], exit_part: float) -> None:
        levels = [0.02, 0.05, 0.09]
        state = rungs(signal, [100.0] * len(signal), levels, exit_part)
        assert state.taken >= sum(signal[-1] >= level for level in levels)
        assert 0 <= state.share <= 1


class TestMeanReversion:
    @given(st.floats(-10, 10), st.floats(0.5, 3), st.floats(0.1, 5))
    def test_grows_with_the_distance_up_to_the_cap_and_the_stop(self, z: float, full: float, more: float) -> None:
        share = mean_reversion_share(z, full, full + more)
        assert 0 <= share <= 1
        if 0 >= z > -full:
            assert share == pytest.approx(-z / full)
        if z <= -(full + more):
            assert share == 0

    @given(st.lists(st.floats(1, 100), min_size=2, max_size=50), scale)
    def test_the_distance_has_no_unit(self, values: list[float], by: float) -> None:
        array = np.array(values)
        if array.std() > 1e-6:
            assert z_score(by * array) == pytest.approx(z_score(array), rel=1e-6, abs=1e-6)

    def test_a_price_that_does_not_move_is_at_its_mean(self) -> None:
        assert z_score(np.full(1_000, 0.1)) == 0


class TestDca:
    @given(
        held=st.floats(0, 1e4),
        due=st.floats(0, 1e4),
        first=st.booleans(),
        missed=st.sampled_from(("lost", "caught_up")),
        dear=st.booleans(),
    )
    def test_never_sells_and_never_runs_ahead_of_its_schedule(
        self, held: float, due: float, first: bool, missed: str, dear: bool
    ) -> None:
        rule = "lost" if missed == "lost" else "caught_up"
        limit = quantity_limit(held, due, 10, first_cycle=first, missed=rule, dear=dear)
        assert held <= limit <= max(held + 10, due)
        if dear:
            assert limit == held

    @given(st.lists(st.floats(10, 1_000), min_size=1, max_size=20))
    def test_the_same_money_buys_at_the_harmonic_mean(self, prices: list[float]) -> None:
        bought = quantity_due(100, prices)
        assert 100 * len(prices) / bought == pytest.approx(average_entry([100] * len(prices), prices))
        assert 100 * len(prices) / bought <= sum(prices) / len(prices) * (1 + 1e-9)

    def test_the_schedule_has_its_days_and_their_first_cycles(self) -> None:
        moments = (-1, 0, 50, 205, 250, 900)
        assert [instalments_due(time, 0, 100, 3) for time in moments] == [0, 1, 1, 3, 3, 3]
        found = [is_instalment_cycle(time, 0, 100, 3, 10) for time in moments]
        assert found == [False, True, False, True, False, False]


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


class TestCostOfTrading:
    @given(cost=st.floats(1e-5, 0.1), volume=st.floats(1e3, 1e12), sigma=st.floats(1e-3, 0.3))
    def test_the_largest_quantity_costs_just_what_is_accepted(self, cost: float, volume: float, sigma: float) -> None:
        assert square_root_impact(quantity_for_cost(cost, volume, sigma), volume, sigma) == pytest.approx(cost)

    @given(st.lists(st.tuples(st.floats(90, 110), st.floats(0.1, 10)), min_size=1, max_size=8), st.floats(0.1, 100))
    def test_walking_deeper_never_gets_cheaper(self, levels: list[tuple[float, float]], quantity: float) -> None:
        asks = sorted(levels)
        walk, deeper = depth_walk(asks, quantity), depth_walk(asks, 2 * quantity)
        assert walk.filled <= quantity * (1 + 1e-12)
        assert deeper.average_price >= walk.average_price * (1 - 1e-12)
        assert asks[0][0] * (1 - 1e-12) <= walk.average_price <= walk.last_price * (1 + 1e-12)
        bids = sorted(levels, reverse=True)
        assert depth_walk(bids, quantity).average_price <= bids[0][0] * (1 + 1e-12)

    def test_refuses_a_book_out_of_order(self) -> None:
        with pytest.raises(ValueError, match="best price outwards"):
            depth_walk([(100, 1), (102, 1), (101, 1)], 1)

    @given(st.floats(0, 1e9), st.floats(0, 1e9))
    def test_depth_only_ever_helps(self, one: float, other: float) -> None:
        low, high = sorted((one, other))
        assert 0.4 <= depth_factor(low, 1e6, 1e8, 0.4) <= depth_factor(high, 1e6, 1e8, 0.4) <= 1

    @given(st.lists(st.floats(0, 5), min_size=3, max_size=3), st.floats(0.05, 1))
    def test_the_overlay_brings_every_risk_to_its_limit(self, risks: list[float], target: float) -> None:
        factor = risk_overlay(risks, [2, 4, 6], target)
        assert 0 < factor <= 1
        for risk, limit in zip(risks, (2, 4, 6), strict=True):
            assert factor * risk <= limit * target * (1 + 1e-12)


class TestSlicing:
    @given(st.integers(1, 10**24), st.integers(0, 10_000), st.integers(1, 600), st.sampled_from((-1, 1)))
    def test_twap_loses_no_unit_and_stays_in_its_time(self, quantity: int, over: int, every: int, side: int) -> None:
        if over // every >= 10_000:
            return
        slices = twap(side * quantity, over, every)
        assert sum(one.quantity for one in slices) == side * quantity
        assert all(0 <= one.after_s <= over for one in slices)
        assert max(abs(one.quantity) for one in slices) - min(abs(one.quantity) for one in slices) <= 1

    @given(st.floats(0, 1e-3), st.integers(1, 50))
    def test_dislike_of_risk_hurries_and_costs(self, aversion: float, intervals: int) -> None:
        terms = {"volatility": 0.95, "permanent": 2.5e-7, "temporary": 2.5e-6, "fixed": 0.0625}
        calm = almgren_chriss(1e6, 5, intervals, **terms)
        hurried = almgren_chriss(1e6, 5, intervals, **terms, risk_aversion=aversion)
        assert hurried.expected_cost >= calm.expected_cost * (1 - 1e-9)
        assert hurried.variance <= calm.variance * (1 + 1e-9)
        assert hurried.holdings[0] == 1e6
        assert hurried.holdings[-1] == 0
        assert all(left >= right for left, right in pairwise(hurried.holdings))

    @given(st.floats(0.5, 20), st.integers(0, 10))
    def test_a_step_without_an_end_is_that_of_a_very_long_schedule(self, half_life: float, row: int) -> None:
        # kappa follows from the aversion only in the limit of small intervals, so it is taken from the schedule
        aversion = 2.5e-6 / (0.95 * half_life) ** 2
        long = almgren_chriss(1.0, 500, 500, volatility=0.95, permanent=0, temporary=2.5e-6, risk_aversion=aversion)
        following = schedule_step(0.0, long.holdings[row], long.half_life, 1.0)
        assert long.holdings[row] - following == pytest.approx(long.holdings[row + 1], rel=1e-6)

    @given(exposure, exposure, st.floats(0.5, 50), st.floats(0.01, 0.3))
    def test_its_steps_are_worth_a_trade_and_end(self, held: float, target: float, theta: float, least: float) -> None:
        at = held
        for _ in range(2_000):
            following = schedule_step(at, target, theta, 1.0, least)
            assert following == target or abs(following - at) > least
            at = following
        assert at == pytest.approx(target, abs=1e-12)

    def test_a_ladder_of_resting_orders_stands_on_its_side(self) -> None:
        orders = maker_ladder(100.0, 3.0, ladder_levels("fibonacci", 0.01, 3), [1, 1, 4])
        assert [order.price for order in orders] == pytest.approx([99, 98, 97])
        assert [order.quantity for order in orders] == pytest.approx([0.5, 0.5, 2])

    def test_a_touched_level_is_not_filled_and_volume_bounds_a_fill(self) -> None:
        orders = [MakerOrder(99.0, 2.0), MakerOrder(98.0, 2.0)]
        fills = simulate_fills(orders, [100, 100, 100], [99, 97, 97], [10, 30, 30], share_of_volume=0.1, fee=-0.001)
        assert [(fill.bar, fill.price, fill.quantity) for fill in fills] == [
            (1, 99.0, 2.0),
            (1, 98.0, 1.0),
            (2, 98.0, 1.0),
        ]
        assert fills[0].fee == pytest.approx(-0.198)

    @given(st.lists(st.tuples(st.floats(90, 110), st.floats(0, 5), st.floats(0, 100)), max_size=20))
    def test_no_order_is_filled_twice_and_no_bar_beyond_its_volume(
        self, bars: list[tuple[float, float, float]]
    ) -> None:
        orders = [*maker_ladder(100, 5, [0.01, 0.02, 0.04]), *maker_ladder(100, -5, [0.01, 0.02, 0.04])]
        high, low = [middle + reach for middle, reach, _ in bars], [middle - reach for middle, reach, _ in bars]
        fills = simulate_fills(orders, high, low, [volume for *_, volume in bars])
        for order in orders:
            filled = sum(fill.quantity for fill in fills if fill.price == order.price)
            assert abs(filled) <= abs(order.quantity) * (1 + 1e-12)
        for bar, (*_, volume) in enumerate(bars):
            assert sum(abs(fill.quantity) for fill in fills if fill.bar == bar) <= 0.1 * volume * (1 + 1e-9)
