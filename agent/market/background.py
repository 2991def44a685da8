"""Exchanges for callers that do not await: one event loop in a thread of its own keeps their connections."""

import asyncio
import math
import threading
import time
from collections.abc import Coroutine, Mapping, Sequence
from types import TracebackType
from typing import Any, Self, TypeVar

from agent.market.exchanges.adapter import Exchanges
from agent.market.exchanges.streams import WATCHED, Streams
from agent.market.reading import VenueAnswer

T = TypeVar("T")
DEADLINE_S = 5.0
ANSWER_S = 30.0  # a bound for whatever runs on the loop; observing has its own, shorter one


class BackgroundExchanges:
    """`Exchanges.observe` as a plain call. Use as a context manager.

    Parameters
    ----------
    venues : names in the table of venues
    base_urls : by venue, instead of its own address
    depth_bps : how far from the middle of the book depth is counted
    deadline_s : of one round
    reuse_s : a round this young answers again, so that many vaults ask the venues once
    followed : assets whose mark price, funding and liquidations come by WebSocket as well, where a venue has one;
        whatever is newer counts
    stream_urls : by venue, instead of its own WebSocket address

    Raises
    ------
    Refusal : an unknown venue, or a key that may withdraw
    """

    def __init__(
        self,
        venues: Sequence[str],
        *,
        base_urls: Mapping[str, str] | None = None,
        depth_bps: float = 50.0,
        deadline_s: float = DEADLINE_S,
        reuse_s: float = 0.0,
        followed: Sequence[str] = (),
        stream_urls: Mapping[str, str] | None = None,
    ) -> None:
        self.exchanges = Exchanges(venues, base_urls=base_urls, depth_bps=depth_bps)
        self._deadline_s, self._reuse_s = deadline_s, reuse_s
        streamed = [venue for venue in dict.fromkeys(venues) if venue in WATCHED] if followed else []
        self._streams = Streams(self.exchanges, streamed, followed, base_urls=stream_urls)
        self._rounds: dict[tuple[str, ...], tuple[float, tuple[VenueAnswer, ...]]] = {}
        self._asking = threading.Lock()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="exchanges", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        try:
            self.run(self.exchanges.__aenter__())
            self.run(self._streams.__aenter__())
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.run(self._streams.close())
            self.run(self.exchanges.close())
        finally:
            self._end()

    def observe(self, bases: Sequence[str]) -> tuple[VenueAnswer, ...]:
        """What every venue tells of every asset now, one answer per venue and asset."""
        key = tuple(bases)
        with self._asking:
            at, answers = self._rounds.get(key, (-math.inf, ()))
            if time.monotonic() - at >= self._reuse_s:
                at = time.monotonic()
                answers = self.run(self._round(bases))
                self._rounds[key] = (at, answers)
            return answers

    async def _round(self, bases: Sequence[str]) -> tuple[VenueAnswer, ...]:
        polled = await self.exchanges.observe(bases, deadline_s=self._deadline_s)
        streamed = {(answer.source, answer.base): answer for answer in self._streams.latest()}
        return tuple(newest(answer, streamed.get((answer.source, answer.base))) for answer in polled)

    def run(self, job: Coroutine[Any, Any, T], seconds: float = ANSWER_S) -> T:
        """Carry out something on the loop and wait for it. Raises TimeoutError when it takes longer than `seconds`."""
        future = asyncio.run_coroutine_threadsafe(job, self._loop)
        try:
            return future.result(seconds)
        except TimeoutError:
            future.cancel()
            raise

    def _end(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


def newest(polled: VenueAnswer, streamed: VenueAnswer | None) -> VenueAnswer:
    """Of each quantity the newer reading of the two; what either turned away stays told."""
    if streamed is None:
        return polled
    readings = {reading.quantity: reading for reading in polled.readings}
    for reading in streamed.readings:
        known = readings.get(reading.quantity)
        if known is None or reading.at_ms > known.at_ms:
            readings[reading.quantity] = reading
    rejections = (*polled.rejections, *streamed.rejections)
    return VenueAnswer(polled.source, polled.base, tuple(readings.values()), rejections)
