"""Mark price, funding and liquidations by WebSocket, as the same readings that polling brings.

Polling stays the default. A stream is followed for venues in `WATCHED`; what it skips, repeats or tells too late is
seen by its stamps and asked again by REST, and after repeated failures polling takes over until the stream is back.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType, TracebackType
from typing import Any, Self

import ccxt

from agent.market.exchanges.adapter import CORE, Exchanges
from agent.market.exchanges.connection import connect
from agent.market.exchanges.door import TurnedAway
from agent.market.exchanges.facts import Facts
from agent.market.exchanges.finish import finish
from agent.market.exchanges.link import Link
from agent.market.exchanges.liquidations import READERS, LastHour
from agent.market.exchanges.market import Market
from agent.market.exchanges.read import OTHER_SHAPE, read
from agent.market.exchanges.stamps import Order, Stamps
from agent.market.exchanges.venues import VENUES
from agent.market.reading import Quantity, Rejection, VenueAnswer
from agent.reasons import Code, Reason, Refusal

LIQUIDATED = frozenset({Quantity.LIQUIDATED_LONGS_USD, Quantity.LIQUIDATED_SHORTS_USD})
MAX_SILENCE_S = 10.0  # both venues tell mark prices at least every three seconds
MAX_FAILURES = 3
POLL_S = 10.0
KEPT_REJECTIONS = 50
# What ccxt.pro raises: its own errors, the socket's, and Python's on a message of another shape.
FAILURES = (ccxt.BaseError, TimeoutError, OSError, RuntimeError, *OTHER_SHAPE)


def _binance_answer(ticker: Any) -> Any:
    """A `markPriceUpdate` as the answer of premiumIndex."""
    row = ticker["info"]
    return {
        "symbol": row["s"],
        "markPrice": row["p"],
        "indexPrice": row["i"],
        "lastFundingRate": row["r"],
        "nextFundingTime": row["T"],
        "time": row["E"],
    }


def _bybit_answer(ticker: Any) -> Any:
    """A ticker, to which ccxt has added every change since its snapshot, as the answer of market/tickers."""
    return {"time": ticker["timestamp"], "result": {"list": [ticker["info"]]}}


# ccxt's method that waits for the next message, and the message as the answer of the venue's first call.
WATCHED: Mapping[str, tuple[str, Callable[[Any], Any]]] = MappingProxyType(
    {"binance": ("watch_mark_price", _binance_answer), "bybit": ("watch_ticker", _bybit_answer)}
)


class Follower:
    """One market of one venue, followed.

    Parameters
    ----------
    exchange : of ccxt.pro
    poll : asks by REST for the same market
    """

    def __init__(
        self,
        link: Link,
        exchange: Any,
        market: Market,
        poll: Callable[[], Any],
        clock_ms: Callable[[], int],
        max_silence_s: float,
        poll_s: float,
    ) -> None:
        self.polling = False
        self.snapshots = 0  # by REST: at the start, after gaps and settlements, and while polling
        self._venue = link.venue
        self._exchange = exchange
        self._market = market
        self._poll = poll
        self._clock_ms = clock_ms
        self._max_silence_s = max_silence_s
        self._poll_s = poll_s
        self._stamps = Stamps(int(max_silence_s * 1_000))
        self._liquidations = LastHour(link.venue.snapshot_liquidations, clock_ms())
        self._answer = VenueAnswer(link.venue.name, market.base, (), ())
        self._rejections: list[Rejection] = []
        self._interval_h: float | None = None
        self._due_s: float | None = None

    def answer(self) -> VenueAnswer:
        """The latest readings, each with the moment when it arrived, and what was turned away since the last call."""
        facts = Facts(self._market, self._clock_ms())
        if not self.polling:
            self._liquidations.put(facts)
        rejections = (*self._answer.rejections, *self._rejections)
        self._rejections = []
        readings = (*self._answer.readings, *facts.readings.values())
        return VenueAnswer(self._venue.name, self._market.base, readings, rejections)

    async def follow(self) -> None:
        """Follow the stream until cancelled, polling whenever it fails."""
        await self.snapshot()
        failures = 0
        method, as_answer = WATCHED[self._venue.name]
        while True:
            try:
                async with asyncio.timeout(self._max_silence_s):
                    ticker = await self._watch(method)
            except FAILURES as error:
                failures += 1
                self._gap(f"the stream failed or fell silent ({type(error).__name__}, {failures} times)")
                self.polling = failures >= MAX_FAILURES
                # After a message that it cannot read ccxt leaves a connection open and deaf.
                await self._exchange.close_ws_clients()
                await self.snapshot()
                await asyncio.sleep(self._poll_s)
                continue
            failures = 0
            self.polling = False
            await self._take(ticker, as_answer)

    async def _watch(self, method: str) -> Any:
        """The next message. A connection that another follower closed is a failure, not the end of this one."""
        try:
            return await getattr(self._exchange, method)(self._market.symbol)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is not None and task.cancelling():
                raise
            raise ccxt.NetworkError("the connection was closed") from None

    async def _take(self, ticker: Any, as_answer: Callable[[Any], Any]) -> None:
        at_ms = ticker.get("timestamp")
        if not isinstance(at_ms, int):
            self._gap("a message without a stamp")
            return
        order = self._stamps.place(at_ms)
        if order is Order.REPEATED:  # told twice, or a change that the next message tells with the others
            return
        if order is Order.LATE:
            self._gap("a message came after a newer one")
            return
        if order is Order.GAP:
            self._gap("messages are missing")
            await self.snapshot()
        facts = Facts(self._market, self._clock_ms())
        try:
            answer = as_answer(ticker)
        except OTHER_SHAPE as error:
            self._gap(f"a message of another shape ({type(error).__name__})")
            return
        if facts.interval_h is None:
            facts.interval_h = self._interval_h
        read(self._venue.calls[0], answer, facts, 0.0)
        told = finish(facts, CORE)
        due = next((one.value for one in told.readings if one.quantity is Quantity.NEXT_SETTLEMENT), None)
        if due != self._due_s:  # a settlement has passed: its rate, and perhaps another interval, come by REST
            await self.snapshot()
            return
        fresh = {reading.quantity for reading in told.readings}
        kept = tuple(reading for reading in self._answer.readings if reading.quantity not in fresh)
        self._answer = VenueAnswer(told.source, told.base, told.readings + kept, told.rejections)

    async def snapshot(self) -> None:
        """Ask by REST, which also tells the interval that a stream leaves out."""
        self.snapshots += 1
        self._answer = await self._poll()
        for reading in self._answer.readings:
            if reading.quantity is Quantity.FUNDING_RATE:
                self._interval_h = reading.interval_h
            elif reading.quantity is Quantity.NEXT_SETTLEMENT:
                self._due_s = reading.value

    async def follow_liquidations(self) -> None:
        """Count what is liquidated until cancelled.

        Of a message with several events ccxt hands out the first; its cache has them all, and older ones again.
        """
        reader = READERS[self._venue.name]
        while True:
            try:
                await self._watch("watch_liquidations")
            except FAILURES as error:
                self._liquidations.interrupted(self._clock_ms())
                self._gap(f"the liquidations failed ({type(error).__name__})")
                await asyncio.sleep(self._poll_s)
                continue
            for event in [one for one in self._exchange.liquidations if one["symbol"] == self._market.symbol]:
                try:
                    self._liquidations.add(reader(event["info"], self._market))
                except TurnedAway as away:
                    self._reject(None, away.reason)
                except OTHER_SHAPE as error:
                    self._gap(f"a liquidation of another shape ({type(error).__name__})")

    def _gap(self, message: str) -> None:
        self._reject(None, Reason(Code.SOURCE_GAP, f"{self._venue.name} {self._market.id}: {message}"))

    def _reject(self, quantity: Quantity | None, reason: Reason) -> None:
        self._rejections.append(Rejection(self._venue.name, self._market.base, quantity, reason))
        del self._rejections[:-KEPT_REJECTIONS]


class Streams:
    """Follows markets by WebSocket. Use as an asynchronous context manager, inside that of `exchanges`.

    Parameters
    ----------
    exchanges : opened; what streams leave out is asked there
    venues : among `WATCHED`; anything else is polled
    bases : assets
    base_urls : by venue, as for `Exchanges`; http becomes ws
    max_silence_s : a longer silence is a failure
    poll_s : pause between polls while a stream is down
    """

    def __init__(
        self,
        exchanges: Exchanges,
        venues: Sequence[str],
        bases: Sequence[str],
        *,
        base_urls: Mapping[str, str] | None = None,
        max_silence_s: float = MAX_SILENCE_S,
        poll_s: float = POLL_S,
    ) -> None:
        unknown = [name for name in venues if name not in WATCHED]
        if unknown:
            message = f"no stream of {', '.join(unknown)}; streams: {', '.join(WATCHED)}, the others are polled"
            raise Refusal(Reason(Code.VENUE_UNKNOWN, message))
        self._exchanges = exchanges
        self._names = list(dict.fromkeys(venues))
        self._bases = list(bases)
        self._base_urls = dict(base_urls or {})
        self._max_silence_s = max_silence_s
        self._poll_s = poll_s
        self._opened: list[Any] = []
        self._tasks: list[asyncio.Task[None]] = []
        self.followers: dict[tuple[str, str], Follower] = {}

    async def __aenter__(self) -> Self:
        try:
            for name in self._names:
                await self._open(name)
        except BaseException:
            await self.close()
            raise
        return self

    async def _open(self, name: str) -> None:
        link = self._exchanges.link(name)
        markets = {base: await self._exchanges.market(name, base) for base in self._bases}
        exchange = connect(
            VENUES[name], None, self._max_silence_s, self._exchanges.clock_ms, self._base_urls.get(name), streaming=True
        )
        self._opened.append(exchange)
        exchange.set_markets_from_exchange(link.exchange)
        for base, market in markets.items():
            poll = self._poller(name, base)
            follower = Follower(
                link, exchange, market, poll, self._exchanges.clock_ms, self._max_silence_s, self._poll_s
            )
            self.followers[name, base] = follower
            self._tasks.append(asyncio.create_task(follower.follow()))
            self._tasks.append(asyncio.create_task(follower.follow_liquidations()))

    def _poller(self, name: str, base: str) -> Callable[[], Any]:
        async def poll() -> VenueAnswer:
            (answer,) = await self._exchanges.observe_venue(name, [base], CORE, self._max_silence_s)
            return answer

        return poll

    def latest(self) -> tuple[VenueAnswer, ...]:
        """What every followed market told last. Raises what ended a follower, if one has ended."""
        for task in self._tasks:
            if task.done() and not task.cancelled():
                task.result()
        return tuple(follower.answer() for follower in self.followers.values())

    async def close(self) -> None:
        """Stop following."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for exchange in self._opened:
            await exchange.close()
        self._tasks, self._opened = [], []

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
