"""A real WebSocket server that speaks Binance's and Bybit's formats, told message by message what to send."""

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any

from aiohttp import WSMsgType, web
from venue_answers import next_settlement


def now_ms() -> int:
    return time.time_ns() // 1_000_000


class StreamServer:
    """Answers subscriptions and sends whatever `say` is given to everybody who has subscribed to the topic."""

    def __init__(self) -> None:
        self.sockets: list[tuple[web.WebSocketResponse, set[str]]] = []
        self.refuse = False
        self.connections = 0
        self.url = ""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.connections += 1
        if self.refuse:
            return web.Response(status=503)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        topics: set[str] = set()
        self.sockets.append((socket, topics))
        async for message in socket:
            if message.type is not WSMsgType.TEXT:
                break
            asked = json.loads(message.data)
            if asked.get("method") == "SUBSCRIBE":  # Binance
                topics.update(asked["params"])
                await socket.send_json({"result": None, "id": asked["id"]})
            elif asked.get("op") == "subscribe":  # Bybit
                topics.update(asked["args"])
                await socket.send_json(
                    {"success": True, "ret_msg": "", "op": "subscribe", "req_id": asked.get("req_id")}
                )
            elif asked.get("op") == "ping":
                await socket.send_json({"success": True, "ret_msg": "pong", "op": "ping"})
        self.sockets.remove((socket, topics))
        return socket

    async def say(self, topic: str, message: dict[str, Any]) -> None:
        """Send to everybody who listens, once somebody does."""
        await until(lambda: any(topic in topics for _, topics in self.sockets))
        for socket, topics in list(self.sockets):
            if topic in topics:
                await socket.send_json(message)

    async def hang_up(self) -> None:
        for socket, _ in list(self.sockets):
            await socket.close()

    async def __aenter__(self) -> "StreamServer":
        application = web.Application()
        application.router.add_get("/{path:.*}", self.handle)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.hang_up()
        await self._runner.cleanup()


async def until(condition: Callable[[], bool], seconds: float = 5.0) -> None:
    """Wait until something holds; TimeoutError when it does not."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)


MARK_TOPIC = "ethusdt@markPrice@1s"
FORCE_TOPIC = "ethusdt@forceOrder"


def mark(at_ms: int, price: str, **changes: Any) -> dict[str, Any]:
    """Binance's mark price message."""
    return {
        "e": "markPriceUpdate",
        "E": at_ms,
        "s": "ETHUSDT",
        "p": price,
        "i": "3000.40",
        "P": "3000.01",
        "r": "0.00023456",
        "T": next_settlement(now_ms(), 8),
    } | changes


def forced(at_ms: int, side: str, filled: str, price: str) -> dict[str, Any]:
    """Binance's liquidation message: `q` was ordered, `z` filled, `p` the limit, `ap` the average price."""
    return {
        "e": "forceOrder",
        "E": at_ms,
        "o": {
            "s": "ETHUSDT",
            "S": side,
            "o": "LIMIT",
            "f": "IOC",
            "q": "99",
            "p": "2500.00",
            "ap": price,
            "X": "FILLED",
            "l": "1",
            "z": filled,
            "T": at_ms,
        },
    }
