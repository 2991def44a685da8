"""Compares sources that tell the same thing: a wrong unit, a wrong clock or an invented series shows beside a true one.

What two venues really do differently stays well inside the bounds: on the recordings from 2020 to 2025, daily funding
of two venues correlates by 0.39 to 0.90 and its sizes differ by up to 2.4 times.
"""

from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np

from agent.market.file_checks import nearest
from agent.market.observation import Floats
from agent.market.store.findings import Finding, problems
from agent.market.store.layout import CANDLE_KINDS, HOUR_MS, Key, Kind, base_of
from agent.market.store.recordings import Recording
from agent.market.store.rows import Milliseconds
from agent.market.store.store import floats, stamps
from agent.reasons import Code, Reason

DAY_MS = 24 * HOUR_MS
MIN_DAYS = 60
MIN_FUNDING_CORRELATION = 0.2  # of daily sums; a fabricated file seen in the wild had 0.06
MAX_FUNDING_FACTOR = 3.5  # between mean sizes; an hourly rate taken for an 8-hour one is 8 times off
MAX_DIFFERENT_ROWS = 0.01
FUNDING_DECIMALS = 1e-8  # venues publish eight
SAME_VALUE = 1e-3  # relative
MIN_HOURS = 200  # of a month, so that its returns can be compared
MIN_RETURN_CORRELATION = 0.5
MAX_LAG_H = 12
MAX_PRICE_FACTOR = 1.1  # between medians; a perp strays from spot by some per cent for hours, not for months
MAX_INTEREST_FACTOR = 20.0  # between venues; contracts of 0.01 or 0.0001 coins are further off

TOLD = {
    Kind.FUNDING: "rate",
    Kind.OPEN_INTEREST: "open_interest",
    Kind.LENDING: "borrow_index",
    Kind.POOL: "close_tick",
    Kind.PRICE: "price",
}


def check_sources(series: Sequence[Recording]) -> list[Finding]:
    """Compare every two sources of the same thing, and every two venues of the same market.

    A pair with too few common days or hours is not judged.
    """
    found: list[Reason] = []
    for one, other in combinations(series, 2):
        if one.key == other.key:
            found += _same_series(one, other)
        elif base_of(one.key.symbol) != base_of(other.key.symbol):
            continue
        elif one.key.kind is other.key.kind is Kind.FUNDING:
            found += _funding(one, other)
        elif one.key.kind is other.key.kind is Kind.OPEN_INTEREST:
            found += _open_interest(one, other)
    for one, other in _price_pairs(series):
        found += _prices(one, other)
    return problems(found)


def _same_series(one: Recording, other: Recording) -> list[Reason]:
    """Two files of one series must hold the same rows; an aggregator's differ."""
    column = _told(one.key)
    _, rows, other_rows = np.intersect1d(_slots(one), _slots(other), return_indices=True)
    if len(rows) == 0:
        return []
    mine, theirs = floats(one.rows, column)[rows], floats(other.rows, column)[other_rows]
    size = np.maximum(np.abs(mine), np.abs(theirs))
    decimals = FUNDING_DECIMALS if one.key.kind is Kind.FUNDING else 0.0
    different = ~(np.abs(mine - theirs) <= np.maximum(SAME_VALUE * size, 1.5 * decimals))
    share = float(different.mean())
    if share <= MAX_DIFFERENT_ROWS:
        return []
    first = int(np.flatnonzero(different)[0])
    place = f"{one.origin.row(int(rows[first]))}, {other.origin.row(int(other_rows[first]))}"
    message = f"share of the {len(rows)} common rows of {one.key} in which two sources differ"
    return [Reason(Code.DATA_DISAGREES, message, share, MAX_DIFFERENT_ROWS, place)]


def _funding(one: Recording, other: Recording) -> list[Reason]:
    """Daily funding of two venues: it moves together, and has about the same size."""
    days, mine = _daily(one)
    other_days, theirs = _daily(other)
    _, rows, other_rows = np.intersect1d(days, other_days, return_indices=True)
    if len(rows) < MIN_DAYS:
        return []
    mine, theirs = mine[rows], theirs[other_rows]
    where = f"{one.origin.name} against {other.origin.name}"
    found = []
    correlation = _correlation(mine, theirs)
    if correlation < MIN_FUNDING_CORRELATION:
        message = f"correlation of daily {base_of(one.key.symbol)} funding over {len(rows)} days"
        found.append(Reason(Code.DATA_DISAGREES, message, correlation, MIN_FUNDING_CORRELATION, where))
    factor = _factor(float(np.abs(mine).mean()), float(np.abs(theirs).mean()))
    if factor > MAX_FUNDING_FACTOR:
        message = (
            f"daily {base_of(one.key.symbol)} funding differs in size by this factor: per cent, or another interval?"
        )
        found.append(Reason(Code.DATA_UNIT, message, factor, MAX_FUNDING_FACTOR, where))
    return found


def _open_interest(one: Recording, other: Recording) -> list[Reason]:
    _, rows, other_rows = np.intersect1d(_slots(one), _slots(other), return_indices=True)
    if len(rows) < MIN_HOURS:
        return []
    mine, theirs = floats(one.rows, "open_interest")[rows], floats(other.rows, "open_interest")[other_rows]
    factor = _factor(float(np.median(mine)), float(np.median(theirs)))
    if factor <= MAX_INTEREST_FACTOR:
        return []
    message = "open interest of two venues differs by this factor: contracts instead of base coin?"
    return [
        Reason(Code.DATA_UNIT, message, factor, MAX_INTEREST_FACTOR, f"{one.origin.name} against {other.origin.name}")
    ]


def _price_pairs(series: Sequence[Recording]) -> Iterator[tuple[Recording, Recording]]:
    """Each series of hourly prices beside the longest of the same asset."""
    prices = [one for one in series if one.key.kind in CANDLE_KINDS and one.key.timeframe == "1h"]
    for base in sorted({base_of(one.key.symbol) for one in prices}):
        same = sorted((one for one in prices if base_of(one.key.symbol) == base), key=lambda one: -one.rows.num_rows)
        for other in same[1:]:
            if other.key != same[0].key:
                yield other, same[0]


def _prices(one: Recording, other: Recording) -> list[Reason]:
    """Month by month: the same level, returns that move together, and neither an hour ahead of the other."""
    hours, mine = _log_prices(one)
    other_hours, theirs = _log_prices(other)
    common, rows, other_rows = np.intersect1d(hours, other_hours, return_indices=True)
    where = f"{one.origin.name} against {other.origin.name}"
    months = (common * HOUR_MS).astype("datetime64[ms]").astype("datetime64[M]")
    for month in np.unique(months):
        inside = months == month
        if np.count_nonzero(inside) < MIN_HOURS:
            continue
        apart = float(np.exp(abs(np.median(mine[rows[inside]] - theirs[other_rows[inside]]))))
        if apart > MAX_PRICE_FACTOR:
            message = f"prices of {month} differ by this factor: another unit, or another asset?"
            return [Reason(Code.DATA_UNIT, message, apart, MAX_PRICE_FACTOR, where)]
        lag_h, best, unshifted = _best_lag(mine[rows[inside]], theirs[other_rows[inside]])
        if best < MIN_RETURN_CORRELATION:
            message = f"correlation of hourly returns in {month}"
            return [Reason(Code.DATA_DISAGREES, message, best, MIN_RETURN_CORRELATION, where)]
        if lag_h != 0:
            message = (
                f"in {month} the prices of the first run {lag_h} h late (correlation {best:.2f}, not {unshifted:.2f})"
            )
            return [Reason(Code.DATA_CLOCK, message, float(lag_h), 0.0, where)]
    return []


def _best_lag(mine: Floats, theirs: Floats) -> tuple[int, float, float]:
    """By how many rows `mine` follows `theirs` where returns correlate best; that correlation, and the unshifted."""
    mine, theirs = np.diff(mine), np.diff(theirs)
    unshifted = _correlation(mine, theirs)
    best_lag, best = 0, unshifted
    for lag in range(1, MAX_LAG_H + 1):
        for signed, correlation in (
            (lag, _correlation(mine[lag:], theirs[:-lag])),
            (-lag, _correlation(mine[:-lag], theirs[lag:])),
        ):
            if correlation > best + 0.1:
                best_lag, best = signed, correlation
    return best_lag, best, unshifted


def _daily(one: Recording) -> tuple[Milliseconds, Floats]:
    """Whole UTC days, and the sum of the rates settled in each."""
    # the settlement at midnight pays for the day before
    days, of_row = np.unique((_slots(one) * HOUR_MS - 1) // DAY_MS, return_inverse=True)
    return days, np.bincount(of_row, weights=floats(one.rows, "rate")).astype(np.float64)


def _log_prices(one: Recording) -> tuple[Milliseconds, Floats]:
    close = floats(one.rows, "close")
    known = np.isfinite(close) & (close > 0)
    return _slots(one)[known], np.log(close[known])


def _slots(one: Recording) -> Milliseconds:
    return nearest(stamps(one.rows), one.key.slot_ms)


def _told(key: Key) -> str:
    """The column in which two sources of a series must agree."""
    return "close" if key.kind in CANDLE_KINDS else TOLD[key.kind]


def _correlation(one: Floats, other: Floats) -> float:
    """Pearson's; 0 when one of them stands still."""
    if np.std(one) == 0 or np.std(other) == 0:
        return 0.0
    return float(np.corrcoef(one, other)[0, 1])


def _factor(one: float, other: float) -> float:
    low, high = sorted((abs(one), abs(other)))
    return 1.0 if high == 0 else (np.inf if low == 0 else high / low)
