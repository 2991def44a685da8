"""When funding is worth a round trip."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.reasons import Code, Reason
from agent.scaling import FundingRegime, funding_regime
from agent.scaling.funding import BLOCK_S, LONGEST_FOLD_H

HOUR = 3_600
START = 20 * BLOCK_S  # the fold of everything within the next 60 days begins before it
COST = 0.0015


def regime(
    rates: list[float] | np.ndarray, step_h: int = 8, start: int = START, memory_h: float = 48.0
) -> FundingRegime:
    times = start + step_h * HOUR * np.arange(len(rates), dtype=np.int64)
    answer = funding_regime(times, np.array(rates), round_trip_cost=COST, memory_h=memory_h)
    assert isinstance(answer, FundingRegime)
    return answer


def test_holds_once_staying_out_has_cost_a_round_trip() -> None:
    assert not regime([1e-4] * 8).worth_holding
    assert regime([1e-4] * 16).worth_holding


def test_a_plain_regime_is_recognised_before_the_whole_round_trip_is_lost() -> None:
    count = next(n for n in range(1, 40) if regime([2e-4] * n).worth_holding)
    assert count * 2e-4 < COST
    # without an expectation worth naming it takes the whole of it
    patient = next(n for n in range(2, 40) if regime([3e-4] * n, memory_h=1.0).worth_holding)
    assert (patient - 1) * 3e-4 <= COST < patient * 3e-4 + 3e-4


def test_one_bad_settlement_does_not_end_a_good_regime() -> None:
    assert regime([1e-4] * 30 + [-5e-4]).worth_holding
    assert not regime([1e-4] * 30 + [-5e-4] * 4).worth_holding


def test_earnings_forgive_what_was_paid_before() -> None:
    flicker = [1e-4] * 30 + [-4e-4, 5e-4] * 30
    assert regime(flicker).worth_holding


def test_refuses_without_any_funding_and_starts_flat_with_little() -> None:
    empty = funding_regime(np.empty(0, np.int64), np.empty(0), round_trip_cost=COST, memory_h=48.0)
    assert isinstance(empty, Reason)
    assert empty.code is Code.WARMING_UP
    assert not regime([2e-4]).worth_holding


@pytest.mark.parametrize(("cost", "memory"), [(0.0, 48.0), (float("nan"), 48.0), (0.001, 0.0), (0.001, float("inf"))])
def test_rejects_parameters_that_are_no_positive_numbers(cost: float, memory: float) -> None:
    with pytest.raises(ValueError, match="positive"):
        funding_regime(START + HOUR * np.arange(100), np.zeros(100), round_trip_cost=cost, memory_h=memory)


@given(older=st.integers(0, 500), rates=st.lists(st.floats(-1e-3, 1e-3), min_size=200, max_size=400))
def test_what_lies_before_the_fold_changes_nothing(older: int, rates: list[float]) -> None:
    times = START + 70 * 24 * HOUR + 8 * HOUR * np.arange(len(rates), dtype=np.int64)
    first = times[0] - 8 * HOUR * np.arange(older, 0, -1, dtype=np.int64)
    anchor = (int(times[-1]) // BLOCK_S - 1) * BLOCK_S
    together, everything = np.concatenate((first, times)), np.concatenate((np.full(older, 0.01), rates))
    inside = together >= anchor
    assert funding_regime(together, everything, round_trip_cost=COST, memory_h=48.0) == funding_regime(
        together[inside], everything[inside], round_trip_cost=COST, memory_h=48.0
    )


@given(st.lists(st.floats(-1e-2, 1e-2), min_size=10, max_size=100), st.floats(0.1, 10.0))
def test_only_the_ratio_of_funding_to_cost_decides(rates: list[float], scale: float) -> None:
    times = START + 8 * HOUR * np.arange(len(rates), dtype=np.int64)
    plain = funding_regime(times, np.array(rates), round_trip_cost=COST, memory_h=48.0)
    scaled = funding_regime(times, scale * np.array(rates), round_trip_cost=scale * COST, memory_h=48.0)
    assert isinstance(plain, FundingRegime)
    assert isinstance(scaled, FundingRegime)
    if abs(plain.regret + abs(plain.expected) - COST) > 1e-9:
        assert scaled.expected == pytest.approx(scale * plain.expected, rel=1e-9, abs=1e-15)


def test_a_live_window_reaches_back_to_where_the_fold_begins() -> None:
    for day in range(130):
        now = START + day * 24 * HOUR
        assert now - (now // BLOCK_S - 1) * BLOCK_S <= LONGEST_FOLD_H * HOUR
