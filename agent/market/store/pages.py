"""Makes rows of the store out of one page of a venue's history, or turns the page away."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import pyarrow as pa

from agent.market.file_checks import JITTER_MS, Origin, check_candles, check_rates, check_values, listed, nearest
from agent.market.history_reader import PRICES
from agent.market.moments import hour_text
from agent.market.store.layout import CANDLE_KINDS, COLUMNS, UTC_MS, Key, Kind
from agent.market.store.store import floats, stamps
from agent.reasons import Code, Refusal


class HistoryPage(Protocol):
    """Rows within [since, next_ms), each beginning with its stamp in UTC milliseconds; go on asking from `next_ms`."""

    @property
    def rows(self) -> Sequence[Sequence[float]]:
        """The settlement and its rate; the open of a bar, its prices and its volume; the stamp and the coins."""

    @property
    def next_ms(self) -> int:
        """Not later than the present."""


class HistoryClient(Protocol):
    """Asks a venue for its past, a page at a time. `agent.market.exchanges.Exchanges` is one."""

    async def funding_history(self, venue: str, base: str, since_ms: int) -> HistoryPage:
        """Settled rates, decimal per settlement. Raises Refusal."""

    async def candles(
        self, venue: str, base: str, since_ms: int, limit: int | None = None, kind: str = "perp", interval: str = "1h"
    ) -> HistoryPage:
        """Bars of `perp`, `spot` or `mark`: open, high, low, close in quote per base, and volume in base coin."""

    async def open_interest_history(self, venue: str, base: str, since_ms: int) -> HistoryPage:
        """Hourly open interest in base coin. Raises Refusal."""


async def fetch_page(client: HistoryClient, key: Key, base: str, since_ms: int) -> tuple[pa.Table, int]:
    """One page of a series, ascending, and from where to ask on; rows that come twice stay twice, to be compared.

    Raises
    ------
    Refusal : the client's own, or that a row of the page cannot be true.
    """
    if key.kind is Kind.FUNDING:
        answer = await client.funding_history(key.venue, base, since_ms)
    elif key.kind is Kind.OPEN_INTEREST:
        answer = await client.open_interest_history(key.venue, base, since_ms)
    else:
        answer = await client.candles(key.venue, base, since_ms, kind=str(key.kind), interval=key.timeframe)
    names = list(COLUMNS[key.kind])
    columns = {
        name: pa.array([row[place] if place < len(row) else None for row in answer.rows], key.schema.field(name).type)
        for place, name in enumerate(names, start=1)
    }
    times = pa.array([int(row[0]) for row in answer.rows], UTC_MS)
    page = pa.table({"time": times, **columns}).sort_by("time")
    _refuse_nonsense(key, page)
    return page, answer.next_ms


def _refuse_nonsense(key: Key, page: pa.Table) -> None:
    """A number that cannot be true must not enter the store, where it would stay for good."""
    if page.num_rows == 0:
        return
    time_ms = stamps(page)
    origin = Origin(f"{key}, the page from {hour_text(time_ms[0] // 1_000)}")
    rows = np.arange(page.num_rows)
    columns = {name: floats(page, name) for name in COLUMNS[key.kind]}
    if key.kind is Kind.FUNDING:
        reasons = [*check_values(origin, columns, rows, ()), *check_rates(origin, columns["rate"], rows)]
    elif key.kind is Kind.OPEN_INTEREST:
        reasons = check_values(origin, columns, rows, ("open_interest",))
    elif key.kind is Kind.MARK:
        prices = {name: values for name, values in columns.items() if name == "close"}
        reasons = check_values(origin, prices, rows, ("close",))
    else:
        reasons = check_values(origin, columns, rows, PRICES)
        # a quiet market's bars may stand still for hours; `ballast data check` tells it
        reasons += [one for one in check_candles(origin, columns, rows) if one.code is not Code.DATA_STALE]
    if key.kind in CANDLE_KINDS:
        beside = time_ms - nearest(time_ms, key.slot_ms) * key.slot_ms
        reasons += listed(
            Code.DATA_INTERVAL, origin, np.abs(beside) > JITTER_MS, "the bar does not open where a bar opens"
        )
    if reasons:
        raise Refusal(*reasons)
