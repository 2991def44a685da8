"""Finds out which clock wrote stamps that carry no time zone, by looking at what summer time does to them."""

from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from agent.market.store.rows import Milliseconds

# One zone for each summer time in use where people trade; a clock without summer time keeps even steps and looks like
# UTC, so that only a second source shows it.
CANDIDATES = ("Europe/London", "America/New_York", "Australia/Sydney", "America/Santiago")


def to_utc_ms(naive_ms: Milliseconds, zone: str, step_ms: int) -> Milliseconds:
    """Stamps of a wall clock in UTC milliseconds.

    An hour that a clock shows twice in autumn is the one that keeps the step from the stamp before.
    """
    wall = pa.array(naive_ms, pa.timestamp("ms"))
    utc = _assumed(wall, zone, "earliest")
    later = _assumed(wall, zone, "latest")
    for row in np.flatnonzero(later != utc):
        if row > 0 and later[row] - utc[row - 1] == step_ms:
            utc[row] = later[row]
    return utc


def local_clock(naive_ms: Milliseconds) -> tuple[str, str] | None:
    """The zone that makes uneven steps even, and where they are uneven; None when nothing speaks against UTC.

    Parameters
    ----------
    naive_ms : ascending wall-clock stamps of one series, as if they were UTC milliseconds
    """
    steps = np.diff(naive_ms)
    if len(steps) < 2:
        return None
    step_ms = int(np.median(steps))
    uneven = np.flatnonzero(steps != step_ms)
    best, fewest = None, len(uneven)
    for zone in CANDIDATES:
        found = int(np.count_nonzero(np.diff(to_utc_ms(naive_ms, zone, step_ms)) != step_ms))
        if found < fewest:
            best, fewest = zone, found
    if best is None:
        return None
    days = [_day(int(naive_ms[row])) for row in uneven[:3]]
    return best, f"steps of {_hours(steps[uneven])} h instead of {step_ms / 3_600_000:g} h on {', '.join(days)}"


def _assumed(wall: pa.Array, zone: str, ambiguous: str) -> Milliseconds:
    """An hour that the clock leaves out in spring becomes the moment after the hole, as clocks that run on show it."""
    aware = pc.assume_timezone(wall, zone, ambiguous=ambiguous, nonexistent="latest")
    return np.array(aware.cast(pa.int64()).to_numpy())


def _day(stamp_ms: int) -> str:
    return f"{datetime.fromtimestamp(stamp_ms / 1_000, UTC):%Y-%m-%d}"


def _hours(steps_ms: Milliseconds) -> str:
    return " and ".join(f"{step / 3_600_000:g}" for step in sorted(set(steps_ms.tolist()))[:3])
