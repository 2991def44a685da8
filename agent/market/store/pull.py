"""Downloads what the store does not have yet: page by page, safe to kill at any moment, and the same when repeated.

What is missing is read off the rows that are there, so there is no progress file that could be wrong.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from agent.market.file_checks import nearest, to_hours_s
from agent.market.history_reader import settlement_intervals
from agent.market.moments import hour_text
from agent.market.store.findings import Finding, facts, problems
from agent.market.store.layout import HOUR_MS, Key, Kind
from agent.market.store.pages import HistoryClient, fetch_page
from agent.market.store.store import Store, stamps
from agent.reasons import Code, Reason, Refusal

MAX_REPEATED_PAGES = 3
KEPT_ROWS = 4_000  # are written at once: a file is then replaced a few times instead of once a page
SETTLING_MS = 60_000  # venues count late trades into a bar for some seconds after its end
WAITS_S = (1.0, 2.0, 4.0, 8.0, 16.0)  # before another attempt: a venue's allowance refills meanwhile
PASSING = (
    Code.SOURCE_RATE_LIMITED,
    Code.SOURCE_TIMEOUT,
    Code.SOURCE_DOWN,
    Code.SOURCE_MALFORMED,
    Code.DATA_PAGES,
)

Span = tuple[int, int]  # [from_ms, to_ms)


@dataclass(frozen=True, slots=True)
class Pulled:
    """What one pull of one series brought."""

    added: int
    findings: tuple[Finding, ...]


def missing(store: Store, key: Key, since_ms: int, until_ms: int) -> list[Span]:
    """The spans of [since_ms, until_ms) of which the store has no rows, oldest first."""
    if not store.months(key):
        return [(since_ms, until_ms)]
    slot_ms = key.slot_ms
    slots = nearest(stamps(store.read(key)), slot_ms)
    slots = slots[(slots * slot_ms >= since_ms - slot_ms) & (slots * slot_ms < until_ms)]
    if len(slots) == 0:
        return [(since_ms, until_ms)]
    step = np.ones(len(slots), dtype=np.int64)
    if key.kind is Kind.FUNDING:
        intervals, _ = settlement_intervals(to_hours_s(slots * slot_ms))
        step = np.array(intervals or [1] * len(slots), dtype=np.int64)
    spans = [(since_ms, int(slots[0]) * slot_ms)] if slots[0] * slot_ms - since_ms >= slot_ms else []
    for row in np.flatnonzero(np.diff(slots) > step[1:]):
        spans.append((int(slots[row] + 1) * slot_ms, int(slots[row + 1]) * slot_ms))
    spans.append((int(slots[-1] + 1) * slot_ms, until_ms))
    return [span for span in spans if span[0] < span[1]]


async def pull_series(
    client: HistoryClient,
    store: Store,
    key: Key,
    base: str,
    since_ms: int,
    until_ms: int,
    now_ms: int | None = None,
    progress: Callable[[int], None] = lambda reached_ms: None,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> Pulled:
    """Download one series into the store.

    The last bar that a venue tells may be unfinished. It is stored when a later one is told, or when it closed long
    enough before `now_ms`. Pages may repeat, overlap, skip or come in disorder: rows find their place by their stamps,
    and a hole that a page left is asked for once more.

    Parameters
    ----------
    key, base : the series, and what the client calls the asset
    since_ms, until_ms : [since, until) in UTC milliseconds
    now_ms : the venue's present; None when nobody knows it, as with a replay server of the past
    progress : told the stamp up to which everything was asked for
    sleep : waits; a test has no time to

    Raises
    ------
    Refusal : the venue fails again and again, or tells rows that cannot be true. Everything stored before stays.
    """
    settled_ms = 0 if now_ms is None else now_ms - SETTLING_MS
    puller = _Puller(client, store, key, base, since_ms, until_ms, settled_ms, progress, sleep)
    with ExitStack() as held:
        await _hold(held, store, key, sleep)
        asked = missing(store, key, since_ms, until_ms)
        for span in asked:
            await puller.walk(*span)
        left = missing(store, key, since_ms, until_ms)
        for span in left:
            # only what a page of this run may have skipped: an old hole was asked for just now
            if span not in asked and span[1] < until_ms:
                await puller.walk(*span)
        holes = [span for span in missing(store, key, since_ms, until_ms) if span[1] < until_ms and span[0] > since_ms]
    progress(until_ms)
    return Pulled(puller.added, (*puller.findings, *facts(_hole(key, span) for span in holes)))


async def _hold(held: ExitStack, store: Store, key: Key, sleep: Callable[[float], Awaitable[None]]) -> None:
    """Become the series' only writer; another vault's pull of it lasts some seconds."""
    for wait_s in WAITS_S:
        try:
            held.enter_context(store.writing(key))
        except Refusal as refusal:
            if any(reason.code is not Code.DATA_LOCKED for reason in refusal.reasons):
                raise
            await sleep(wait_s)
        else:
            return
    held.enter_context(store.writing(key))


class _Puller:
    """Walks through spans of one series, page by page."""

    def __init__(
        self,
        client: HistoryClient,
        store: Store,
        key: Key,
        base: str,
        since_ms: int,
        until_ms: int,
        settled_ms: int,
        progress: Callable[[int], None],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self.added = 0
        self.findings: list[Finding] = []
        self._client = client
        self._store = store
        self._kept: list[pa.Table] = []  # told, and not written yet
        self._key = key
        self._base = base
        self._since_ms = since_ms
        self._until_ms = until_ms
        self._settled_ms = settled_ms
        self._progress = progress
        self._sleep = sleep

    async def walk(self, from_ms: int, to_ms: int) -> None:
        """Ask for [from_ms, to_ms) until a page reaches beyond it, or the venue has nothing more."""
        try:
            await self._walk(from_ms, to_ms)
        finally:
            self._write()

    async def _walk(self, from_ms: int, to_ms: int) -> None:
        cursor_ms = from_ms
        repeated = 0
        while cursor_ms < to_ms:
            page, next_ms = await self._page(cursor_ms)
            newest_ms = int(stamps(page)[-1]) if page.num_rows else cursor_ms
            if newest_ms < cursor_ms:
                repeated += 1
                if repeated == MAX_REPEATED_PAGES:
                    wanted, ends = hour_text(cursor_ms // 1_000), hour_text(newest_ms // 1_000)
                    message = f"asked for rows from {wanted} on, the page ends at {ends} every time"
                    raise Refusal(Reason(Code.DATA_PAGES, message, where=str(self._key)))
                continue
            repeated = 0
            if self._key.kind is Kind.FUNDING:
                self._keep(page)
                reached_ms = next_ms
            else:
                complete = (stamps(page) < newest_ms) | (stamps(page) + self._key.slot_ms <= self._settled_ms)
                self._keep(page.filter(pa.array(complete)))
                if complete.all():
                    reached_ms = newest_ms + self._key.slot_ms if page.num_rows else next_ms
                else:  # the last bar is asked for again
                    reached_ms = newest_ms if newest_ms > cursor_ms else next_ms
            if reached_ms <= cursor_ms:
                return  # the present
            cursor_ms = reached_ms
            self._progress(min(cursor_ms, to_ms))

    async def _page(self, since_ms: int) -> tuple[pa.Table, int]:
        for wait_s in WAITS_S:
            try:
                return await fetch_page(self._client, self._key, self._base, since_ms)
            except Refusal as refusal:
                if any(reason.code not in PASSING for reason in refusal.reasons):
                    raise
            await self._sleep(wait_s)
        return await fetch_page(self._client, self._key, self._base, since_ms)

    def _keep(self, rows: pa.Table) -> None:
        time_ms = stamps(rows)
        self._kept.append(rows.filter(pa.array((time_ms >= self._since_ms) & (time_ms < self._until_ms))))
        if sum(kept.num_rows for kept in self._kept) >= KEPT_ROWS:
            self._write()

    def _write(self) -> None:
        if not self._kept:
            return
        merged = self._store.merge(self._key, pa.concat_tables(self._kept))
        self._kept = []
        self.added += merged.added
        self.findings += problems(merged.revised)


def _hole(key: Key, span: Span) -> Reason:
    begin, end = (hour_text(stamp_ms // 1_000) for stamp_ms in span)
    hours = (span[1] - span[0]) // HOUR_MS
    message = f"{hours} h without a row from {begin} to {end}; the venue was asked for them"
    return Reason(Code.DATA_GAP, message, where=str(key))
