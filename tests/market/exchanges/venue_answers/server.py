"""A real HTTP server per venue, for an untouched ccxt."""

import asyncio
import copy
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from aiohttp import web

from venue_answers.binance import binance
from venue_answers.bybit import bybit
from venue_answers.deribit import deribit
from venue_answers.dydx import dydx
from venue_answers.gate import gate
from venue_answers.hyperliquid import hyperliquid
from venue_answers.krakenfutures import krakenfutures
from venue_answers.okx import okx
from venue_answers.shared import Answers

ANSWERS: dict[str, Callable[[int], Answers]] = {
    "binance": binance,
    "bybit": bybit,
    "okx": okx,
    "hyperliquid": hyperliquid,
    "dydx": dydx,
    "deribit": deribit,
    "gate": gate,
    "krakenfutures": krakenfutures,
}


def find(answers: Answers, verb: str, path: str, query: dict[str, str], body: str) -> Any:
    """The answer of the most particular key: with query parameters, then without. KeyError when there is none."""
    kind = f" {json.loads(body)['type']}" if body else ""
    for key, answer in answers.items():
        bare, _, wanted = key.partition("?")
        if bare != f"{verb} {path}{kind}":
            continue
        if all(
            query.get(name) == value for name, _, value in (part.partition("=") for part in wanted.split("&") if part)
        ):
            return answer
    raise KeyError(f"{verb} {path} {query} {body}")


class Server:
    """Serves one venue's answers over HTTP; `change` edits them, `behave` takes over a request entirely."""

    def __init__(self, venue: str) -> None:
        self.venue = venue
        self.change: Callable[[Answers], None] = lambda answers: None
        self.behave: Callable[[web.Request], Any] | None = None
        self.requests: list[str] = []
        self.url = ""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.text()
        kind = f" {json.loads(body)['type']}" if body else ""
        self.requests.append(f"{request.method} {request.path}{kind}")
        if self.behave is not None:
            response = await self.behave(request)
            if response is not None:
                return response
        answers = copy.deepcopy(ANSWERS[self.venue](time.time_ns() // 1_000_000))
        self.change(answers)
        try:
            answer = find(answers, request.method, request.path, dict(request.query), body)
        except KeyError as error:
            return web.json_response({"error": str(error)}, status=404)
        return web.Response(
            text=answer if isinstance(answer, str) else json.dumps(answer), content_type="application/json"
        )


@contextmanager
def serve(*venues: str) -> Iterator[dict[str, Server]]:
    """Real HTTP servers on loopback, one per venue, in a thread of their own."""
    servers = {venue: Server(venue) for venue in venues}
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def start() -> list[web.AppRunner]:
        runners = []
        for server in servers.values():
            application = web.Application(client_max_size=2**20)
            application.router.add_route("*", "/{path:.*}", server.handle)
            runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
            await runner.setup()
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
            runners.append(runner)
        return runners

    runners = asyncio.run_coroutine_threadsafe(start(), loop).result(10)
    try:
        yield servers
    finally:
        for runner in runners:
            asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
