"""Where windows begin."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from agent.volatility.windows import rows_until

START = 1_600_000_200  # not a whole hour


def test_a_window_of_two_hours_begins_after_the_row_two_hours_ago() -> None:
    time_s = START + 3_600 * np.arange(5)
    assert rows_until(time_s, 7_200).tolist() == [0, 0, 1, 2, 3]


def test_a_part_of_an_hour_reaches_back_less_far() -> None:
    time_s = START + 3_600 * np.arange(5)
    assert rows_until(time_s, 7_201).tolist() == [0, 0, 0, 1, 2]
    assert rows_until(time_s, 0).tolist() == [1, 2, 3, 4, 5]


def test_a_hole_is_as_long_as_it_is() -> None:
    time_s = START + 3_600 * np.array([0, 1, 2, 6, 7])
    assert rows_until(time_s, 7_200).tolist() == [0, 0, 1, 3, 3]


@given(hours=st.lists(st.sampled_from([1, 1, 1, 1, 2, 5]), max_size=40), half_seconds=st.integers(0, 400_000))
def test_a_clock_without_holes_is_counted_as_it_would_be_searched(hours: list[int], half_seconds: int) -> None:
    ago_s = half_seconds / 2
    for steps in (hours, [1] * len(hours)):
        time_s = START + 3_600 * np.cumsum([0, *steps])
        assert rows_until(time_s, ago_s).tolist() == [int((time_s <= now - ago_s).sum()) for now in time_s]
