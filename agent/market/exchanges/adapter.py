"""Asks every wanted venue at the same time; one venue's failure is a coded rejection and never stops the others."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from types import TracebackType
from typing import Any, Self, TypeVar

import aiohttp

from agent.market.exchanges import door
from agent.market.exchanges.connection import Key, connect, new_session
from agent.market.exchanges.door import TurnedAway
from agent.market.exchanges.facts import Facts
from agent.market.exchanges.finish import finish
from agent.market.exchanges.history import Page, candle_page, funding_page, open_interest_page
from agent.market.exchanges.link import Failed, Link
from agent.market.exchanges.market import Market
from agent.market.exchanges.markets import find_market, venue_named
from agent.market.exchanges.permissions import refuse_withdrawal
from agent.market.exchanges.read import read, reject_call
from agent.market.exchanges.venues import SETTLED, Call, Venue
from agent.market.reading import Quantity, Rejection, VenueAnswer
from agent.reasons import Code, Reason, Refusal

T = TypeVar("T")

ALL = frozenset(Quantity)
CORE = frozenset(
    {
        Quantity.MARK_PRICE,
        Quantity.INDEX_PRICE,
        Quantity.FUNDING_RATE,
        Quantity.SETTLED_FUNDING_RATE,
        Quantity.PREDICTED_FUNDING_RATE,
        Quantity.NEXT_SETTLEMENT,
        Quantity.OPEN_INTEREST,
        Quantity.OPEN_INTEREST_USD,
    }
)
DEADLINE_S = 5.0
DEPTH_BPS = 10.0
SETTLEMENTS_H = 5  # how far back hourly settlements are asked for


def now_ms() -> int:
    """Unix milliseconds."""
    return time.time_ns() // 1_000_000


class Exchanges:
    """Venues that can be asked. Use as an asynchronous context manager.

    Parameters
    ----------
    venues : names in the table of venues
    keys : by venue; optional, and refused when they may withdraw
    base_urls : by venue, scheme, host and port instead of the venue's own
    depth_bps : how far from the middle of the book depth is counted
    clock_ms : unix milliseconds
    monotonic : seconds that only grow

    Raises
    ------
    Refusal : an unknown venue, with the nearest names; on entering, a key that may withdraw
    """

    def __init__(
        self,
        venues: Sequence[str],
        *,
        keys: Mapping[str, Key] | None = None,
        base_urls: Mapping[str, str] | None = None,
        depth_bps: float = DEPTH_BPS,
        clock_ms: Callable[[], int] = now_ms,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._venues = [venue_named(name) for name in dict.fromkeys(venues)]
        self._keys = dict(keys or {})
        self._base_urls = dict(base_urls or {})
        for name in (*self._keys, *self._base_urls):
            venue_named(name)
        self._depth_bps = depth_bps
        self.clock_ms = clock_ms
        self._monotonic = monotonic
        self._session: aiohttp.ClientSession | None = None
        self._links: dict[str, Link] = {}

    async def __aenter__(self) -> Self:
        self._session = new_session()
        for venue in self._venues:
            self._links[venue.name] = self._linked(venue, self._session)
        try:
            for name in self._keys.keys() & self._links.keys():
                await refuse_withdrawal(self._links[name])
        except BaseException:
            await self.close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close every connection."""
        await asyncio.gather(*(link.close() for link in self._links.values()))
        if self._session is not None:
            await self._session.close()
            self._session = None

    def link(self, name: str) -> Link:
        """The link to a venue. Raises Refusal when it is unknown or was not opened."""
        venue_named(name)
        if name not in self._links:
            raise Refusal(Reason(Code.VENUE_UNKNOWN, f"{name} is not among the venues that were opened"))
        return self._links[name]

    def _linked(self, venue: Venue, session: aiohttp.ClientSession) -> Link:
        key = self._keys.get(venue.name)
        exchange = connect(venue, session, DEADLINE_S, self.clock_ms, self._base_urls.get(venue.name), key)
        return Link(venue, exchange, self._monotonic)

    async def observe(
        self, bases: Sequence[str], quantities: Collection[Quantity] = CORE, deadline_s: float = DEADLINE_S
    ) -> tuple[VenueAnswer, ...]:
        """What every venue says of every asset now, one answer per venue and asset, in their order.

        Parameters
        ----------
        bases : assets, for example ETH
        quantities : what is wanted; what a venue does not publish is absent from its answer
        deadline_s : seconds after which unanswered requests are given up
        """
        rounds = (self.observe_venue(name, bases, quantities, deadline_s) for name in self._links)
        return tuple(answer for answers in await asyncio.gather(*rounds) for answer in answers)

    async def funding_history(self, venue: str, base: str, since_ms: int, limit: int | None = None) -> Page:
        """One page of what a venue charged, from `since_ms` on; `limit` rows or as many as the venue grants.

        Raises Refusal with the code of whatever went wrong; asking again continues where it stopped.
        """
        link, market = self.link(venue), await self.market(venue, base)
        return await _page(funding_page(link, market, since_ms, limit, self.clock_ms()))

    async def candles(
        self,
        venue: str,
        base: str,
        since_ms: int,
        limit: int | None = None,
        kind: str = "perp",
        interval: str = "1h",
    ) -> Page:
        """One page of closed candles of the perpetual, its mark price or the spot market. Raises Refusal."""
        link, market = self.link(venue), await self.market(venue, base)
        return await _page(candle_page(link, market, since_ms, limit, self.clock_ms(), kind, interval))

    async def open_interest_history(self, venue: str, base: str, since_ms: int, limit: int | None = None) -> Page:
        """One page of hourly open interest in coins. Raises Refusal."""
        link, market = self.link(venue), await self.market(venue, base)
        return await _page(open_interest_page(link, market, since_ms, limit, self.clock_ms()))

    async def market(self, venue: str, base: str) -> Market:
        """The venue's perpetual of an asset. Raises Refusal with the nearest names when there is none."""
        link = self.link(venue)
        markets = await _page(link.markets())
        try:
            return find_market(link.venue, markets, base, self.clock_ms())
        except TurnedAway as away:
            raise Refusal(away.reason) from away

    async def observe_venue(
        self, name: str, bases: Sequence[str], quantities: Collection[Quantity] = CORE, deadline_s: float = DEADLINE_S
    ) -> list[VenueAnswer]:
        """What one venue says of every asset now."""
        link, wanted = self.link(name), frozenset(quantities)
        until_s = self._monotonic() + deadline_s
        try:
            link.refuse_while_paused()
            async with asyncio.timeout(deadline_s):
                markets = await link.markets()
        except (Failed, TimeoutError) as error:
            reason = error.reason if isinstance(error, Failed) else _late(link.venue, deadline_s)
            return [_turned_away(link.venue, base, reason) for base in bases]
        found: dict[str, Market | Reason] = {}
        for base in bases:
            try:
                found[base] = find_market(link.venue, markets, base, self.clock_ms())
            except TurnedAway as away:
                found[base] = away.reason
        asked = [market for market in found.values() if isinstance(market, Market)]
        calls = link.venue.needed(wanted)
        answers = await self._answers(link, calls, asked, until_s - self._monotonic())
        arrived_ms = self.clock_ms()
        result = []
        for base, market in found.items():
            if isinstance(market, Reason):
                result.append(_turned_away(link.venue, base, market))
                continue
            facts = Facts(market, arrived_ms)
            facts.settlements = link.known_settlements(market.id, arrived_ms) or {}
            for call in calls:
                answer = answers.get((call, None if call.shared else market.id))
                if isinstance(answer, Reason):
                    reject_call(call, facts, answer)
                elif answer is not None:
                    read(call, answer, facts, self._depth_bps)
            link.remember_settlements(market.id, facts.settlements, arrived_ms)
            result.append(finish(facts, wanted))
        return result

    async def _answers(
        self, link: Link, calls: Sequence[Call], markets: Sequence[Market], seconds: float
    ) -> dict[tuple[Call, str | None], Any]:
        """The answer, or the reason why there is none, of each call; all of them asked at the same time."""
        tasks: dict[tuple[Call, str | None], asyncio.Task[Any]] = {}
        for call in calls:
            for market in markets[:1] if call.shared else markets:
                if "{spot}" in call.params.values() and market.spot_id is None:
                    continue
                if call.gives == SETTLED and link.known_settlements(market.id, self.clock_ms()) is not None:
                    continue
                params = filled(call.params, market, self.clock_ms())
                ask = link.ask(call.method, call.weight, params)
                tasks[call, None if call.shared else market.id] = asyncio.create_task(ask)
        if not tasks:
            return {}
        try:
            _, late = await asyncio.wait(tasks.values(), timeout=max(0.0, seconds))
        finally:  # also when the caller gives up: no request outlives its round
            for task in tasks.values():
                task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        return {key: _outcome(link.venue, task, task in late, seconds) for key, task in tasks.items()}


async def _page(asked: Awaitable[T]) -> T:
    try:
        return await asked
    except Failed as failed:
        raise Refusal(failed.reason) from failed


def _outcome(venue: Venue, task: "asyncio.Task[Any]", late: bool, seconds: float) -> Any:
    if late or task.cancelled():
        return _late(venue, seconds)
    error = task.exception()
    if isinstance(error, Failed):
        return error.reason
    if error is not None:
        raise error
    return task.result()


def filled(params: Mapping[str, object], market: Market, at_ms: int) -> dict[str, object]:
    """The parameters of a call for one market."""
    names = {
        "{market}": market.id,
        "{pair}": market.pair,
        "{spot}": market.spot_id,
        "{settle}": market.settle,
        "{five_hours_ago}": at_ms - SETTLEMENTS_H * door.MS_PER_HOUR,
    }
    return {name: names.get(value, value) if isinstance(value, str) else value for name, value in params.items()}


def _late(venue: Venue, seconds: float) -> Reason:
    return Reason(Code.SOURCE_TIMEOUT, f"{venue.name}: no complete answer before the deadline (s)", seconds)


def _turned_away(venue: Venue, base: str, reason: Reason) -> VenueAnswer:
    return VenueAnswer(venue.name, base, (), (Rejection(venue.name, base, None, reason),))
