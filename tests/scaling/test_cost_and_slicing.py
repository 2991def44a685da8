"""What a quantity costs to trade, and how it is cut over time and price."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.scaling import depth_factor, ladder_levels, risk_overlay
from agent.scaling.impact import depth_walk, quantity_for_cost, square_root_impact
from agent.scaling.slicing import MakerOrder, almgren_chriss, maker_ladder, schedule_step, simulate_fills, twap


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

    @given(st.floats(-2, 2), st.floats(-2, 2), st.floats(0.5, 50), st.floats(0.01, 0.3))
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
