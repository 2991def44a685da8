"""The market as an agent sees it at one instant: point in time, sliced from arrays aligned once."""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass

import numpy as np

from agent.market.moments import hour_text
from agent.market.observation import Fact, Floats, History, MarketView, Seconds
from agent.market.table import Candles, MarketTable
from agent.reasons import Code, Reason, Refusal
from agent.units import SECONDS_PER_HOUR, Rate


@dataclass(frozen=True, slots=True)
class WorldHour:
    """What truly happened in the hour that ended at `time_s`. It moves the simulated world; no decision may see it.

    `funding_rate_1h` is this hour's share of a settlement that may lie up to one interval in the future.
    """

    time_s: int
    spot: float | None
    oracle: float | None  # the spot price: on-chain oracles follow it
    mark: float | None
    high: float | None  # extremes of the perp within the hour
    low: float | None
    funding_rate_1h: float | None  # decimal, received by a short


class HistorySource:
    """Shows a market table hour by hour, never more than was known.

    A row of history is an hour in which every series of the table is known: spot and mark closed in that very hour,
    the last settlement and the last open interest not older than their limits. Rows begin where the youngest series
    begins. A row's funding is the rate settled last before or at the row, so a later settlement never revises it:

        funding[j] = rate / interval_h * hours since row j - 1

    Parameters
    ----------
    table : the market
    window_h : hours of history in a view; the row exactly `window_h` ago is included, so there are that many steps
    max_funding_age_h, max_open_interest_age_h : older than this a value counts as unknown
    """

    def __init__(
        self,
        table: MarketTable,
        window_h: int,
        max_funding_age_h: float = 10.0,
        max_open_interest_age_h: float = 3.0,
    ) -> None:
        if window_h < 1:
            raise ValueError(f"window_h must be at least one hour, got {window_h}")
        self.symbol = table.symbol
        self.label = table.label
        self._table = table
        self._window_s = window_h * SECONDS_PER_HOUR
        self._max_funding_age_s = max_funding_age_h * SECONDS_PER_HOUR
        self._max_open_interest_age_s = max_open_interest_age_h * SECONDS_PER_HOUR
        self._rows = self._aligned()
        # plain lists: bisect on them is several times faster than numpy's search for one value
        self._row_times: list[int] = self._rows.time_s.tolist()
        self._spot_times: list[int] = table.spot.time_s.tolist()
        self._mark_times: list[int] = [] if table.mark is None else table.mark.time_s.tolist()
        self._funding_times: list[int] = [] if table.funding is None else table.funding.time_s.tolist()
        self._open_interest_times: list[int] = (
            [] if table.open_interest is None else table.open_interest.time_s.tolist()
        )
        if not self._row_times:
            raise Refusal(Reason(Code.DATA_MISSING, f"{table.label}: no hour in which all its series are known"))

    @property
    def table(self) -> MarketTable:
        """The market that is shown; all of it, so nothing that decides may look here."""
        return self._table

    @property
    def rows(self) -> History:
        """Every hour in which everything is known, as `view` slices it; read-only arrays."""
        return self._rows

    @property
    def window_h(self) -> int:
        """Hours of history in a view."""
        return self._window_s // SECONDS_PER_HOUR

    @property
    def first_time(self) -> int:
        """The first hour in which everything is known (unix seconds)."""
        return self._row_times[0]

    @property
    def last_time(self) -> int:
        """The last hour in which everything is known (unix seconds)."""
        return self._row_times[-1]

    def hours(self, from_s: int, to_s: int) -> range:
        """The hours to step through: those within both [from_s, to_s] and [first_time, last_time], outages included.

        Raises Refusal when the two periods do not meet.
        """
        start = max(-(-from_s // SECONDS_PER_HOUR) * SECONDS_PER_HOUR, self.first_time)
        end = min(to_s, self.last_time)
        if start > end:
            raise Refusal(
                Reason(
                    Code.DATA_MISSING,
                    f"{self.label} is known from {hour_text(self.first_time)} to {hour_text(self.last_time)}, "
                    f"asked for was {hour_text(from_s)} to {hour_text(to_s)}",
                )
            )
        return range(start, end + 1, SECONDS_PER_HOUR)

    def view(self, time_s: int) -> MarketView:
        """What the exchanges had told by `time_s` (unix seconds); what is missing or stale is None with a reason."""
        table, problems = self._table, []
        funding: tuple[Rate, Fact] | None = None
        open_interest: Fact | None = None
        if table.funding is not None:
            settled = table.funding
            row = bisect_right(self._funding_times, time_s) - 1
            reason = _too_old("funding", Code.FUNDING_STALE, self._funding_times, row, time_s, self._max_funding_age_s)
            if reason is None:
                rate = Rate(settled.rate.item(row), settled.interval_h.item(row))
                fact = Fact(rate.value, "decimal per settlement", settled.source, self._funding_times[row])
                funding = (rate, fact)
            else:
                problems.append(reason)
        if table.open_interest is not None:
            interest = table.open_interest
            row = bisect_right(self._open_interest_times, time_s) - 1
            reason = _too_old(
                "open_interest",
                Code.OPEN_INTEREST_STALE,
                self._open_interest_times,
                row,
                time_s,
                self._max_open_interest_age_s,
            )
            if reason is None:
                open_interest = Fact(interest.value.item(row), "base", interest.source, self._open_interest_times[row])
            else:
                problems.append(reason)
        spot = _close("spot", table.spot, self._spot_times, time_s, problems)
        mark = None if table.mark is None else _close("perp", table.mark, self._mark_times, time_s, problems)
        return MarketView(
            time_s, self.symbol, spot, mark, funding, open_interest, self._history(time_s), tuple(problems)
        )

    def world(self, time_s: int) -> WorldHour:
        """The truth of the hour that ended at or last before `time_s`; None where nothing was recorded."""
        hour = time_s - time_s % SECONDS_PER_HOUR
        table = self._table
        spot = mark = high = low = funding = None
        row = _at(self._spot_times, hour)
        if row is not None:
            spot = table.spot.close.item(row)
        row = _at(self._mark_times, hour)
        if row is not None and table.mark is not None:
            mark, high, low = table.mark.close.item(row), table.mark.high.item(row), table.mark.low.item(row)
        row = bisect_left(self._funding_times, hour)
        if row < len(self._funding_times) and table.funding is not None:
            interval_h = table.funding.interval_h.item(row)
            if hour > self._funding_times[row] - interval_h * SECONDS_PER_HOUR:
                funding = table.funding.rate.item(row) / interval_h
        return WorldHour(hour, spot, spot, mark, high, low, funding)

    def _history(self, time_s: int) -> History:
        end = bisect_right(self._row_times, time_s)
        start = bisect_left(self._row_times, time_s - time_s % SECONDS_PER_HOUR - self._window_s)
        rows = self._rows
        return History(
            rows.time_s[start:end],
            rows.spot[start:end],
            None if rows.perp is None else rows.perp[start:end],
            None if rows.funding is None else rows.funding[start:end],
            None if rows.open_interest is None else rows.open_interest[start:end],
        )

    def _aligned(self) -> History:
        """All complete hours of the table in one set of arrays; a view only takes a slice of them."""
        table = self._table
        time_s = table.spot.time_s
        complete = np.ones(len(time_s), dtype=np.bool_)
        if table.mark is not None:
            complete &= np.isin(time_s, table.mark.time_s, assume_unique=True)
        if table.funding is not None:
            complete &= _age(table.funding.time_s, time_s) <= self._max_funding_age_s
        if table.open_interest is not None:
            complete &= _age(table.open_interest.time_s, time_s) <= self._max_open_interest_age_s
        time_s = time_s[complete]
        perp = funding = open_interest = None
        if table.mark is not None:
            perp = table.mark.close[np.searchsorted(table.mark.time_s, time_s)]
        if table.funding is not None:
            last = np.searchsorted(table.funding.time_s, time_s, side="right") - 1
            step_h = np.diff(time_s, prepend=time_s[:1] - SECONDS_PER_HOUR) / SECONDS_PER_HOUR
            funding = table.funding.rate[last] / table.funding.interval_h[last] * step_h
        if table.open_interest is not None:
            last = np.searchsorted(table.open_interest.time_s, time_s, side="right") - 1
            open_interest = table.open_interest.value[last]
        rows = History(time_s, table.spot.close[complete], perp, funding, open_interest)
        for array in (rows.time_s, rows.spot, rows.perp, rows.funding, rows.open_interest):
            if array is not None:
                array.setflags(write=False)
        return rows


def _age(known_s: Seconds, time_s: Seconds) -> Floats:
    """Seconds since the last known row at each time; infinite before the first."""
    last = np.searchsorted(known_s, time_s, side="right") - 1
    return np.where(last < 0, np.inf, (time_s - known_s[np.maximum(last, 0)]).astype(np.float64))


def _at(times: list[int], hour: int) -> int | None:
    row = bisect_left(times, hour)
    return row if row < len(times) and times[row] == hour else None


def _close(name: str, candles: Candles, times: list[int], time_s: int, problems: list[Reason]) -> Fact | None:
    """The close of the bar that ended with the current hour; an older one is not a price of now."""
    row = bisect_right(times, time_s) - 1
    # a bar that closed at the start of the running hour is less than an hour old
    reason = _too_old(name, Code.DATA_STALE, times, row, time_s, SECONDS_PER_HOUR - 1, SECONDS_PER_HOUR)
    if reason is None:
        return Fact(candles.close.item(row), "quote per base", candles.source, times[row])
    problems.append(reason)
    return None


def _too_old(
    name: str, code: Code, times: list[int], row: int, time_s: int, max_age_s: float, bound_s: float | None = None
) -> Reason | None:
    """Why the row cannot be used at `time_s`, or None when it can."""
    if row < 0:
        return Reason(Code.DATA_MISSING, f"nothing is known about {name} yet", where=f"market.{name}")
    age_s = time_s - times[row]
    if age_s <= max_age_s:
        return None
    bound = max_age_s if bound_s is None else bound_s
    return Reason(code, f"seconds since the last {name}", float(age_s), bound, f"market.{name}")
