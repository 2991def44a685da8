"""`ballast chaos`: a JSON-RPC proxy in front of any node that misbehaves by a seed, to see what an agent does then."""

import asyncio
import json
import logging
import random
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import aiohttp
from aiohttp import web

from agent.check import EXIT_OK
from agent.market.asked_chain import require_node_url
from agent.reasons import Code, Reason, Refusal

if TYPE_CHECKING:
    from rich.console import Console

log = logging.getLogger("ballast.chaos")
MOST_BYTES = 64 * 2**20
STALL_S = 120.0
HELD_S = 5.0  # how long a transaction waits for another one to overtake it
FROZEN_METHODS = ("eth_blockNumber", "eth_getBlockByNumber")


class Fault(StrEnum):
    """What can go wrong between an agent and its node."""

    DELAY = "delay"  # the answer comes late
    DROP = "drop"  # the node acts, the answer never comes
    LOSE = "lose"  # the node never hears of it
    LIE = "lie"  # a number of the answer is another one
    STALL = "stall"  # nothing comes, and the connection stays open
    RATE_LIMIT = "rate-limit"  # 429 with Retry-After
    TRUNCATE = "truncate"  # half an answer
    REORDER = "reorder"  # a batch answered in another order; a transaction overtaken by the next
    FREEZE = "freeze"  # the newest block stays the one of the beginning


@dataclass(frozen=True, slots=True)
class Chance:
    """A fault and how often it strikes, as a part of all requests."""

    fault: Fault
    probability: float


def chance(text: str) -> Chance:
    """What `lie=0.02` says; without a number it always strikes. Raises Refusal when it says something else."""
    name, _, number = text.partition("=")
    try:
        found = Chance(Fault(name), float(number or 1.0))
    except ValueError:
        message = f"{text!r}: expected one of {', '.join(Fault)}, as in lie=0.02"
        raise Refusal(Reason(Code.CONFIG_SYNTAX, message, where="--fault")) from None
    if not 0 < found.probability <= 1:
        raise Refusal(Reason(Code.CONFIG_OUT_OF_RANGE, f"{text!r}: expected a part of all requests", where="--fault"))
    return found


class ChaosProxy:
    """Forwards to a node, except when a fault strikes. The same seed and requests give the same faults.

    Parameters
    ----------
    node_url : where the truth is
    chances : what may happen; at most one fault strikes per request, the first that does
    delay_s : of a delayed answer
    """

    def __init__(self, node_url: str, chances: Sequence[Chance], seed: int, delay_s: float = 1.0) -> None:
        self.struck: dict[Fault, int] = dict.fromkeys(Fault, 0)
        self.forwarded = 0
        self._node_url, self._chances, self._delay_s = node_url, tuple(chances), delay_s
        self._random = random.Random(seed)
        self._frozen: dict[str, Any] = {}
        self._overtaken = asyncio.Event()

    async def serve(self, port: int, stopping: asyncio.Event, ready: asyncio.Future[int]) -> None:
        """Serve on 127.0.0.1 until stopped; `ready` is told the port."""
        async with aiohttp.ClientSession() as session:
            self._session = session
            application = web.Application(client_max_size=MOST_BYTES)
            application.router.add_post("/{path:.*}", self._answer)
            runner = web.AppRunner(application, access_log=None, handler_cancellation=True, shutdown_timeout=1)
            await runner.setup()
            try:
                await web.TCPSite(runner, "127.0.0.1", port).start()
                ready.set_result(int(runner.addresses[0][1]))
                await stopping.wait()
            finally:
                await runner.cleanup()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        fault = next((one.fault for one in self._chances if self._random.random() < one.probability), None)
        if fault is not None:
            self.struck[fault] += 1
            log.info("fault", extra={"fault": str(fault), "request": body[:200].decode(errors="replace")})
        if fault is Fault.RATE_LIMIT:
            return web.Response(status=429, headers={"Retry-After": "1"}, text="too many requests")
        if fault is Fault.STALL:
            await asyncio.sleep(STALL_S)
        if fault in (Fault.LOSE, Fault.STALL):
            return _hang_up(request)
        try:
            asked = json.loads(body)
            if fault is Fault.REORDER:
                await self._wait_to_be_overtaken(asked)
            answered = await self._forward(body, asked)
        except (ValueError, TypeError, KeyError):
            return web.Response(status=400, text="not JSON-RPC")
        except aiohttp.ClientError as error:
            return web.Response(status=502, text=f"the node itself does not answer: {type(error).__name__}")
        if fault is Fault.DROP:
            return _hang_up(request)
        if fault is Fault.DELAY:
            await asyncio.sleep(self._delay_s)
        if fault is Fault.TRUNCATE:
            whole = json.dumps(answered).encode()
            return web.Response(body=whole[: len(whole) // 2], content_type="application/json")
        return web.json_response(self._changed(asked, answered, fault))

    async def _forward(self, body: bytes, asked: Any) -> Any:
        self.forwarded += 1
        headers = {"Content-Type": "application/json"}
        async with self._session.post(self._node_url, data=body, headers=headers) as response:
            answered = json.loads(await response.read())
        if any(entry["method"] == "eth_sendRawTransaction" for entry in _entries(asked)):
            self._overtaken.set()
        return answered

    async def _wait_to_be_overtaken(self, asked: Any) -> None:
        if any(entry["method"] == "eth_sendRawTransaction" for entry in _entries(asked)):
            self._overtaken.clear()
            try:
                async with asyncio.timeout(HELD_S):
                    await self._overtaken.wait()
            except TimeoutError:
                return  # nobody came by

    def _changed(self, asked: Any, answered: Any, fault: Fault | None) -> Any:
        if fault is Fault.REORDER and isinstance(answered, list):
            return self._random.sample(answered, len(answered))
        methods = {entry["id"]: entry["method"] for entry in _entries(asked)}
        for answer in _entries(answered):
            if "result" not in answer:
                continue
            method = methods.get(answer.get("id"), "")
            if method in FROZEN_METHODS:
                first = self._frozen.setdefault(method, answer["result"])
                if fault is Fault.FREEZE:
                    answer["result"] = first
            if fault is Fault.LIE:
                answer["result"] = _lie(answer["result"])
        return answered


def _entries(body: Any) -> list[dict[str, Any]]:
    return body if isinstance(body, list) else [body]


def _hang_up(request: web.Request) -> web.StreamResponse:
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=502)


def _lie(result: Any) -> Any:
    """The same shape with another number: the last hex digit is one more."""
    if isinstance(result, str) and result.startswith("0x") and len(result) > 2:
        return result[:-1] + f"{(int(result[-1], 16) + 1) % 16:x}"
    if isinstance(result, dict):
        return {
            name: _lie(value) if name in ("timestamp", "status", "gasUsed") else value for name, value in result.items()
        }
    return result


def serve_chaos(node_url: str, port: int, faults: Sequence[str], seed: int, delay_s: float, out: "Console") -> int:
    """Serve until interrupted, then say what struck how often. Raises Refusal for no node or an unknown fault."""
    require_node_url(node_url, "URL")
    proxy = ChaosProxy(node_url, [chance(text) for text in faults], seed, delay_s)

    async def until_interrupted() -> None:
        stopping, ready = asyncio.Event(), asyncio.get_running_loop().create_future()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stopping.set)
        ready.add_done_callback(lambda told: out.print(f"http://127.0.0.1:{told.result()} misbehaves; Ctrl-C stops it"))
        try:
            await proxy.serve(port, stopping, ready)
        except OSError as error:
            raise Refusal(Reason(Code.CONFIG_OUT_OF_RANGE, f"port {port}: {error.strerror}", where="--port")) from error

    asyncio.run(until_interrupted())
    struck = ", ".join(f"{fault} {count}" for fault, count in proxy.struck.items() if count)
    out.print(f"forwarded {proxy.forwarded}; struck: {struck or 'nothing'}")
    return EXIT_OK
