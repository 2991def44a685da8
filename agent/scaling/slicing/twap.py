"""Equal slices at equal distances of time."""

from dataclasses import dataclass

from agent.scaling.checks import finite_numbers, require_count

MOST_SLICES = 10_000


@dataclass(frozen=True, slots=True)
class TwapSlice:
    """One slice: seconds after the start, and smallest units."""

    after_s: int
    quantity: int


@finite_numbers
def twap(quantity: int, duration_s: int, interval_s: int) -> tuple[TwapSlice, ...]:
    """Equal slices from the start to the end, both included.

        n = duration // interval + 1        60 s in steps of 10 s are 7 slices: at 0, 10, ..., 60

    The fence has a post at both ends: the first slice goes at once, the last one when the time is over. What does not
    divide evenly goes one unit each to the first slices, so the sum is exact; slices of nothing are left out.

    Parameters
    ----------
    quantity : smallest units, signed, not 0
    duration_s : >= 0
    interval_s : >= 1

    Raises
    ------
    ValueError : not whole numbers in range, or more than 10,000 slices.

    >>> [(one.after_s, one.quantity) for one in twap(10, 20, 10)]
    [(0, 4), (10, 3), (20, 3)]
    """
    require_count(1, 2**256, quantity=abs(quantity))
    require_count(0, 10**9, duration_s=duration_s)
    require_count(1, 10**9, interval_s=interval_s)
    count = duration_s // interval_s + 1
    require_count(1, MOST_SLICES, slices=count)
    each, more = divmod(abs(quantity), count)
    sign = 1 if quantity > 0 else -1
    sizes = [each + (1 if number < more else 0) for number in range(count)]
    return tuple(TwapSlice(number * interval_s, sign * size) for number, size in enumerate(sizes) if size)
