"""Splits, statistics and stress against the vectors of formulas.md, section 10."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.reasons import Refusal
from agent.research.validation import (
    bootstrap_interval,
    combinatorial_purged,
    data_snooping,
    deflated_sharpe,
    degradation,
    expected_best_sharpe,
    holdout,
    path_count,
    walk_forward,
)


class TestSplits:
    def test_walk_forward_as_skfolio_numbers_it(self) -> None:
        """skfolio WalkForward: n 6, test 1, train 2; purged 1."""
        rows = [(fold.train.tolist(), fold.test.tolist()) for fold in walk_forward(6, 2, 1)]
        assert rows == [([0, 1], [2]), ([1, 2], [3]), ([2, 3], [4]), ([3, 4], [5])]
        purged = [(fold.train.tolist(), fold.test.tolist()) for fold in walk_forward(6, 2, 1, purge=1)]
        assert purged == [([0, 1], [3]), ([1, 2], [4]), ([2, 3], [5])]

    def test_anchored_training_grows_and_an_embargo_keeps_out_what_followed_a_test(self) -> None:
        rows = [(fold.train.tolist(), fold.test.tolist()) for fold in walk_forward(8, 2, 2, anchored=True)]
        assert rows == [([0, 1], [2, 3]), ([0, 1, 2, 3], [4, 5]), ([0, 1, 2, 3, 4, 5], [6, 7])]
        later = walk_forward(8, 2, 2, anchored=True, embargo=1)[2]
        assert later.train.tolist() == [0, 1, 2, 3, 5]

    def test_combinatorial_purged_as_skfolio_numbers_it(self) -> None:
        """skfolio CombinatorialPurgedCV: 12 rows, 3 folds, 2 test folds, purge 1."""
        trains = [fold.train.tolist() for fold in combinatorial_purged(12, 3, 2, purge=1)]
        assert trains == [[9, 10, 11], [5, 6], [0, 1, 2]]

    @pytest.mark.parametrize(("groups", "tests", "paths"), [(3, 2, (3, 2)), (6, 2, (15, 5)), (10, 2, (45, 9))])
    def test_number_of_folds_and_paths(self, groups: int, tests: int, paths: tuple[int, int]) -> None:
        assert path_count(groups, tests) == paths
        assert len(list(combinatorial_purged(60, groups, tests))) == paths[0]

    @given(st.integers(20, 200), st.integers(2, 8), st.integers(0, 3), st.integers(0, 3))
    def test_no_row_near_a_test_is_trained_on(self, count: int, groups: int, purge: int, embargo: int) -> None:
        try:
            folds = list(combinatorial_purged(count, groups, 1, purge=purge, embargo=embargo))
        except Refusal:
            return
        for fold in folds:
            distance = np.abs(fold.train[:, None] - fold.test[None, :]).min()
            assert distance > purge
            after = fold.train[fold.train > fold.test[-1]]
            assert len(after) == 0 or after[0] - fold.test[-1] > purge + embargo
        assert np.sort(np.concatenate([fold.test for fold in folds])).tolist() == list(range(count))

    def test_a_holdout_leaves_a_gap(self) -> None:
        fold = holdout(100, 0.6, purge=5)
        assert (len(fold.train), fold.train[-1], fold.test[0], len(fold.test)) == (55, 54, 60, 40)

    @pytest.mark.parametrize(
        "make",
        [
            lambda: walk_forward(5, 4, 2),
            lambda: walk_forward(10, 0, 2),
            lambda: list(combinatorial_purged(10, 11, 1)),
            lambda: list(combinatorial_purged(10, 3, 3)),
            lambda: list(combinatorial_purged(6, 2, 1, purge=5)),
            lambda: holdout(10, 1.0),
            lambda: holdout(3, 0.3, purge=1),
        ],
    )
    def test_folds_that_cannot_be_are_refused(self, make: Callable[[], object]) -> None:
        with pytest.raises(Refusal):
            make()

    def test_degradation(self) -> None:
        assert degradation(2.0, 1.5) == 0.25
        assert math.isnan(degradation(0.0, 1.0))


class TestDeflatedSharpe:
    """Bailey and López de Prado's example: annual SR 2.5 of 250 days, T 1,250, V 0.5, skew -3, kurtosis 10."""

    @pytest.mark.parametrize(("trials", "expected"), [(100, 0.900397), (46, 0.950502), (88, 0.910153)])
    def test_example_of_the_paper(self, trials: int, expected: float) -> None:
        found = deflated_sharpe(
            2.5 / math.sqrt(250), count=1_250, variance=0.5 / 250, trials=trials, skewness=-3, kurtosis=10
        )
        assert found == pytest.approx(expected, abs=5e-7)

    def test_what_the_best_of_a_hundred_worthless_ones_shows(self) -> None:
        assert expected_best_sharpe(0.5 / 250, 100) == pytest.approx(0.113172, abs=5e-7)

    def test_more_trials_mean_less_belief(self) -> None:
        found = [deflated_sharpe(0.1, count=1_000, variance=0.001, trials=n) for n in (2, 10, 100, 1_000)]
        assert found == sorted(found, reverse=True)

    def test_refuses_what_cannot_be(self) -> None:
        with pytest.raises(ValueError, match="trials"):
            deflated_sharpe(0.1, count=100, variance=0.1, trials=1)
        with pytest.raises(ValueError, match="finite"):
            deflated_sharpe(math.nan, count=100, variance=0.1, trials=5)


class TestResampling:
    def test_an_interval_holds_the_measure_and_narrows_with_data(self) -> None:
        draw = np.random.default_rng(1).normal(0.001, 0.01, 2_000)
        long = bootstrap_interval(draw, lambda r: float(r.mean()), draws=300)
        short = bootstrap_interval(draw[:200], lambda r: float(r.mean()), draws=300)
        assert long.low < long.value < long.high
        assert long.high - long.low < short.high - short.low
        assert long.low < 0.001 < long.high

    def test_the_same_seed_gives_the_same_interval(self) -> None:
        draw = np.random.default_rng(2).normal(0, 0.01, 200)
        first, second = (bootstrap_interval(draw, lambda r: float(r.std()), draws=100) for _ in range(2))
        assert first == second

    def test_worthless_strategies_are_not_found_superior_and_a_good_one_is(self) -> None:
        draw = np.random.default_rng(3)
        noise = draw.normal(0, 0.01, (500, 20))
        cash = np.zeros(500)
        assert data_snooping(cash, noise, draws=300).p_value > 0.05
        noise[:, 4] += 0.003
        found = data_snooping(cash, noise, draws=300)
        assert found.p_value < 0.05
        assert found.superior == (4,)

    def test_refuses_too_little(self) -> None:
        with pytest.raises(ValueError, match="30"):
            bootstrap_interval(np.zeros(10), lambda r: float(r.mean()))
        with pytest.raises(ValueError, match="30"):
            data_snooping(np.zeros(10), np.zeros((10, 2)))
