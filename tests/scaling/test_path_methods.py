"""Methods that remember the past: bets, additions, ladders, distances from a mean, instalments."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.scaling import (
    average_entry,
    instalments_due,
    is_instalment_cycle,
    ladder_levels,
    martingale_share,
    mean_reversion_share,
    pyramid,
    pyramid_state,
    quantity_due,
    quantity_limit,
    rungs,
    scale_out,
    z_score,
)
from agent.scaling.ladder import Spacing

scale = st.floats(1e-3, 1e3)


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
    def test_steps_ascend_from_the_first(self, spacing: Spacing, first: float, steps: int) -> None:
        levels = ladder_levels(spacing, first, steps, last=3 * first)
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
