"""Levelling legs: how far a limited number of lots can bring one or two legs down or up to a common size."""

from collections.abc import Sequence

# Both functions treat the legs like columns of water: the tallest is lowered (the shortest raised) first, and from
# where two are equal they move together, so a slice never leaves the legs further apart than it found them.


def lowest_level(legs: Sequence[int], goal: int, budget: int) -> int:
    """The smallest level >= goal to which all legs can be cut with at most `budget` lots traded in total.

    >>> lowest_level((100, 100), 0, 50), lowest_level((100, 60), 0, 30), lowest_level((100, 60), 90, 30)
    (75, 70, 90)
    """
    tallest = sorted(legs, reverse=True)
    for count in range(1, len(tallest) + 1):
        level = -((budget - sum(tallest[:count])) // count)  # rounded up
        if count == len(tallest) or level >= tallest[count]:
            return max(goal, level)
    raise ValueError("levelling needs at least one leg")


def highest_level(legs: Sequence[int], goal: int, budget: int) -> int:
    """The largest level <= goal to which all legs can be raised with at most `budget` lots traded in total.

    >>> highest_level((0, 0), 100, 50), highest_level((0, 10), 100, 30)
    (25, 20)
    """
    shortest = sorted(legs)
    for count in range(1, len(shortest) + 1):
        level = (budget + sum(shortest[:count])) // count
        if count == len(shortest) or level <= shortest[count]:
            return min(goal, level)
    raise ValueError("levelling needs at least one leg")
