"""A9: a fixed amount of quote per interval, whatever the price, with rules for what was missed."""

from typing import Literal

from agent.scaling.checks import finite_numbers, require_count, require_positive

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
def invested_limit(
    held: float,
    amount: float,
    *,
    time_s: int,
    start_s: int,
    interval_s: int,
    instalments: int,
    cycle_s: int,
    missed: Missed,
    dear: bool,
) -> float:
    """How much may be invested now; never below what is held, so an instalment never sells.

        caught_up  max(held, amount * instalments due)
        lost       held + amount in the first cycle of an interval, held in the others
        dear       held: the instalment is skipped; under caught_up it follows when the price has come back

    Under `lost` the number of instalments counts intervals, not purchases: what was skipped is not made up for.

    Parameters
    ----------
    held : invested now, quote
    amount : of one instalment, quote, > 0
    time_s, start_s, interval_s, cycle_s : seconds
    instalments : at most
    dear : whether the price is too high for this instalment

    >>> schedule = dict(start_s=0, interval_s=100, instalments=10, cycle_s=10, dear=False)
    >>> invested_limit(100, 100, time_s=205, missed="caught_up", **schedule)
    300
    >>> invested_limit(100, 100, time_s=205, missed="lost", **schedule)
    200
    >>> invested_limit(100, 100, time_s=215, missed="lost", **schedule)
    100
    """
    require_positive(amount=amount)
    require_count(1, 2**31, cycle_s=cycle_s)
    due = instalments_due(time_s, start_s, interval_s, instalments)
    if dear or due == 0:
        return held
    if missed == "caught_up":
        return max(held, amount * due)
    ended = time_s >= start_s + instalments * interval_s
    return held if ended or (time_s - start_s) % interval_s >= cycle_s else held + amount
