"""A replay server over a small made-up market, and an untouched ccxt that is pointed at it."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import ccxt.async_support as ccxt_async
import pytest

from agent.market.replay_server import Histories, ReplayServer, VirtualClock, synthetic_histories
from agent.market.replay_server.client import point_at
from agent.market.replay_server.series import HOUR_MS

NOW_MS = 1_700_000_000_000 // HOUR_MS * HOUR_MS + 1_234_567  # twenty minutes past the hour
FIRST_MS = NOW_MS - 100 * 24 * HOUR_MS
LAST_MS = NOW_MS + 5 * 24 * HOUR_MS

Ask = Callable[[str, Callable[[Any], Awaitable[Any]]], Any]


@pytest.fixture(scope="session")
def histories() -> Histories:
    return synthetic_histories(FIRST_MS, LAST_MS, seed=11)


@pytest.fixture
def server(histories: Histories) -> Iterator[ReplayServer]:
    with ReplayServer(histories, VirtualClock(NOW_MS)) as running:
        yield running


@pytest.fixture
def ask(server: ReplayServer) -> Ask:
    """Runs a coroutine function with a fresh ccxt exchange of a venue, whose markets are loaded."""

    def run(venue: str, work: Callable[[Any], Awaitable[Any]]) -> Any:
        async def with_exchange() -> Any:
            exchange = getattr(ccxt_async, venue)({"enableRateLimit": False})
            point_at(exchange, server.url(venue), lambda: server.clock.now_ms)
            try:
                await exchange.load_markets()
                return await work(exchange)
            finally:
                await exchange.close()

        return asyncio.run(with_exchange())

    return run


@pytest.fixture(scope="session")
def perp() -> Callable[[Any, str], str]:
    """ccxt's symbol of the perp of a coin."""

    def symbol(exchange: Any, base: str) -> str:
        found = [
            name
            for name, market in exchange.markets.items()
            if market["swap"] and market["base"] == base and market["quote"] in ("USDT", "USDC", "USD")
        ]
        linear = [name for name in found if exchange.markets[name]["linear"]]
        return (linear or found)[0]

    return symbol
