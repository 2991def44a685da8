"""Runs a test against one streamed venue: its REST server, its WebSocket server, and an untouched ccxt.pro between."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from asking import values
from stream_server import StreamServer, until
from venue_answers import Server, serve

from agent.market.exchanges.adapter import Exchanges
from agent.market.exchanges.streams import Streams
from agent.market.reading import Quantity, VenueAnswer

Test = Callable[[Streams, StreamServer, Server], Awaitable[None]]


@asynccontextmanager
async def streaming(venue: str, server: Server, silence_s: float) -> AsyncIterator[tuple[Streams, StreamServer]]:
    async with (
        StreamServer() as sockets,
        Exchanges([venue], base_urls={venue: server.url}) as exchanges,
        Streams(
            exchanges, [venue], ["ETH"], base_urls={venue: sockets.url}, max_silence_s=silence_s, poll_s=0.05
        ) as streams,
    ):
        await until(lambda: bool(streams.followers[venue, "ETH"].answer().readings))
        yield streams, sockets


def run(test: Test, venue: str = "binance", silence_s: float = 5.0) -> None:
    async def body(server: Server) -> None:
        async with streaming(venue, server, silence_s) as (streams, sockets):
            await test(streams, sockets, server)

    with serve(venue) as servers:
        asyncio.run(body(servers[venue]))


def latest(streams: Streams) -> VenueAnswer:
    (answer,) = streams.latest()
    return answer


async def sees(streams: Streams, quantity: Quantity, value: float) -> VenueAnswer:
    """The answer once it holds this value."""
    seen: list[VenueAnswer] = []

    def holds() -> bool:
        seen.append(latest(streams))
        return values(seen[-1]).get(quantity) == pytest.approx(value)

    await until(holds)
    return seen[-1]
