"""What the proxy itself cannot do is an answer, not a traceback."""

import asyncio

import aiohttp
import pytest
from rich.console import Console

from agent.chaos.proxy import ChaosProxy, serve_chaos
from agent.reasons import Refusal


def answer(body: bytes) -> tuple[int, str]:
    async def ask() -> tuple[int, str]:
        proxy, stopping = ChaosProxy("http://127.0.0.1:9", [], 7), asyncio.Event()
        ready: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        serving = asyncio.create_task(proxy.serve(0, stopping, ready))
        url = f"http://127.0.0.1:{await ready}"
        async with aiohttp.ClientSession() as session, session.post(url, data=body) as told:
            found = told.status, await told.text()
        stopping.set()
        await serving
        return found

    return asyncio.run(ask())


def test_a_node_that_is_away_and_a_question_that_is_none() -> None:
    assert answer(b'{"jsonrpc": "2.0", "id": 1, "method": "eth_chainId", "params": []}')[0] == 502
    assert answer(b"nonsense") == (400, "not JSON-RPC")


def test_a_port_that_is_taken_is_refused() -> None:
    async def taken() -> asyncio.Server:
        return await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)

    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(taken())
    try:
        with pytest.raises(Refusal, match="--port"):
            serve_chaos("http://127.0.0.1:9", server.sockets[0].getsockname()[1], [], 7, 1.0, Console(quiet=True))
    finally:
        server.close()
        loop.close()
