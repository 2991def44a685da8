"""The funding interval learnt from when settlements happened, for venues that do not say it."""

from collections.abc import Sequence
from itertools import pairwise

MS_PER_HOUR = 3_600_000
JITTER_MS = 60_000  # venues stamp a settlement some milliseconds, sometimes seconds, after it was due
LONGEST_H = 24
GAPS = 3  # how many gaps are looked at


def interval_from_settlements(times_ms: Sequence[int]) -> float | None:
    """Hours between settlements as they are now; None when the stamps do not say it.

    The last gap counts. A settlement that is missing from the history makes a gap longer and never shorter, so a last
    gap that is longer than one of the two before is ambiguous (a change from 4 h to 8 h, or a hole) and says nothing.

    Parameters
    ----------
    times_ms : stamps of settlements in unix milliseconds, any order; the next one due may be among them

    >>> hour = 3_600_000
    >>> interval_from_settlements([0, 8 * hour + 12, 16 * hour, 20 * hour + 3])
    4.0
    >>> interval_from_settlements([0, 8 * hour, 24 * hour]) is None
    True
    """
    stamps = sorted(set(times_ms))
    gaps_ms = [later - earlier for earlier, later in pairwise(stamps)]
    gaps_ms = [gap for gap in gaps_ms if gap > JITTER_MS]  # one settlement told twice
    if len(gaps_ms) < 2:
        return None
    *before_h, last_h = (round(gap / MS_PER_HOUR) for gap in gaps_ms[-GAPS:])
    if not 1 <= last_h <= min(before_h) or LONGEST_H % last_h != 0:
        return None
    if abs(gaps_ms[-1] - last_h * MS_PER_HOUR) > 2 * JITTER_MS:
        return None
    return float(last_h)
