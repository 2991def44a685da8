"""Binance misbehaving over HTTP with Kraken beside it, for an untouched ccxt."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web
from asking import observe
from venue_answers import Server, serve

from agent.market.reading import Quantity, VenueAnswer

PREMIUM = "GET /fapi/v1/premiumIndex?symbol=ETHUSDT"
MARK = frozenset({Quantity.MARK_PRICE})
Behaviour = Callable[[web.Request], Awaitable[web.StreamResponse | None]]


def two(behave: Behaviour, rounds: int = 1, **settings: Any) -> tuple[VenueAnswer, VenueAnswer, Server]:
    """Binance misbehaving after its markets have been loaded, with Kraken beside it."""

    async def after_loading(request: web.Request) -> web.StreamResponse | None:
        return None if request.path == "/fapi/v1/exchangeInfo" else await behave(request)

    with serve("binance", "krakenfutures") as servers:
        servers["binance"].behave = after_loading
        answers = asyncio.run(observe(servers, "ETH", quantities=MARK, rounds=rounds, **settings))
    return answers[0], answers[1], servers["binance"]


def asked(server: Server) -> int:
    return server.requests.count("GET /fapi/v1/premiumIndex")
