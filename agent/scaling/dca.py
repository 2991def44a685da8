"""A9: a fixed amount of quote per interval, whatever the price, with rules for what was missed."""

from collections.abc import Sequence
from typing import Literal

from agent.scaling.checks import finite_numbers, require_count, require_not_negative, require_positive

Missed = Literal["lost", "caught_up"]


@finite_numbers
def instalments_due(time_s: int, start_s: int, interval_s: int, instalments: int) -> int:
    """Instalments due by a moment: the first at the start, then one per interval.

        min(instalments, floor((time - start) / interval) + 1), 0 before the start

    >>> instalments_due(100, 0, 50, 10), instalments_due(-1, 0, 50, 10)
    (3, 0)
    """
    require_count(1, 2**31, interval_s=interval_s)
    require_count(1, 100_000, instalments=instalments)
    return 0 if time_s < start_s else min(instalments, (time_s - start_s) // interval_s + 1)


@finite_numbers
def is_instalment_cycle(time_s: int, start_s: int, interval_s: int, instalments: int, cycle_s: int) -> bool:
    """Whether a moment lies in the first cycle of an interval of the schedule.

    >>> [is_instalment_cycle(time, 0, 100, 2, 10) for time in (-1, 5, 15, 105, 205)]
    [False, True, False, True, False]
    """
    require_count(1, 2**31, cycle_s=cycle_s)
    due = instalments_due(time_s, start_s, interval_s, instalments)
    return due > 0 and time_s - (start_s + (due - 1) * interval_s) < cycle_s


@finite_numbers
def quantity_due(amount: float, prices: Sequence[float]) -> float:
    """Base that instalments of `amount` in quote bought at their prices.

        sum(amount / price_i)

    The average entry is the harmonic mean of the prices: the same money buys more of what is cheap.

    >>> quantity_due(1_000, [100, 50])
    30.0
    """
    require_positive(amount=amount)
    for price in prices:
        require_positive(price=price)
    return sum(amount / price for price in prices)


@finite_numbers
def quantity_limit(
    held: float, due: float, instalment: float, *, first_cycle: bool, missed: Missed, dear: bool
) -> float:
    """Base that may be held now; never less than what is, so an instalment never sells.

        caught_up  max(held, what all instalments due bought at their prices)
        lost       held + one instalment in the first cycle of an interval, held in the others
        dear       held: the instalment is skipped; under caught_up it follows when the price has come back

    Parameters
    ----------
    held : base, >= 0
    due : base, of `quantity_due`, >= 0
    instalment : base that one instalment buys now, > 0
    first_cycle : of `is_instalment_cycle`
    dear : whether the price is too high for an instalment

    >>> quantity_limit(10, 30, 10, first_cycle=False, missed="caught_up", dear=False)
    30
    >>> quantity_limit(10, 30, 10, first_cycle=True, missed="lost", dear=False)
    20
    """
    require_not_negative(held=held, due=due)
    require_positive(instalment=instalment)
    if dear:
        return held
    if missed == "caught_up":
        return max(held, due)
    return held + instalment if first_cycle else held
