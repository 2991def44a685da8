"""Streams behind the polled face, against a real WebSocket server."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from stream_server import MARK_TOPIC, StreamServer, mark, now_ms
from venue_answers import serve

from agent.market.background import BackgroundExchanges
from agent.market.reading import Quantity


@contextmanager
def sockets() -> Iterator[tuple[StreamServer, asyncio.AbstractEventLoop]]:
    """The WebSocket server on a loop of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    server = StreamServer()
    asyncio.run_coroutine_threadsafe(server.__aenter__(), loop).result(10)
    try:
        yield server, loop
    finally:
        asyncio.run_coroutine_threadsafe(server.__aexit__(None, None, None), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


def test_what_a_stream_told_later_counts_more_than_what_was_polled() -> None:
    with serve("binance") as servers, sockets() as (stream, loop):
        urls = {"binance": servers["binance"].url}
        with BackgroundExchanges(
            ["binance"], base_urls=urls, followed=["ETH"], stream_urls={"binance": stream.url}
        ) as exchanges:
            (polled,) = exchanges.observe(["ETH"])
            before = {one.quantity: one.value for one in polled.readings}
            asyncio.run_coroutine_threadsafe(stream.say(MARK_TOPIC, mark(now_ms() + 500, "3003.25")), loop).result(10)
            for _ in range(100):
                (both,) = exchanges.observe(["ETH"])
                now = {one.quantity: one.value for one in both.readings}
                if now[Quantity.MARK_PRICE] == 3003.25:
                    break
            assert now[Quantity.MARK_PRICE] == 3003.25 != before[Quantity.MARK_PRICE]
            assert now[Quantity.OPEN_INTEREST] == before[Quantity.OPEN_INTEREST]
