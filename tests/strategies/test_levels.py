"""Levelling two legs with a limited number of lots."""

from hypothesis import given
from hypothesis import strategies as st

from agent.strategies.levels import highest_level, lowest_level

lots = st.integers(0, 1_000)
legs = st.lists(lots, min_size=1, max_size=2)


@given(legs=legs, goal=lots, budget=lots)
def test_the_lowest_level_is_affordable_and_one_lower_is_not(legs: list[int], goal: int, budget: int) -> None:
    def cost(level: int) -> int:
        return sum(max(0, leg - level) for leg in legs)

    level = lowest_level(legs, goal, budget)
    assert level >= goal
    assert cost(level) <= budget
    assert level == goal or cost(level - 1) > budget


@given(legs=legs, goal=lots, budget=lots)
def test_the_highest_level_is_affordable_and_one_higher_is_not(legs: list[int], goal: int, budget: int) -> None:
    def cost(level: int) -> int:
        return sum(max(0, level - leg) for leg in legs)

    level = highest_level(legs, goal, budget)
    assert level <= goal
    assert cost(level) <= budget
    assert level == goal or cost(level + 1) > budget
