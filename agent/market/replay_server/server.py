"""The HTTP server: takes a request, finds the venue's route, and answers it as of the clock, or as a fault has it.

http://127.0.0.1:<port>/<venue>/<path of the venue's own API>
"""

import asyncio
import json
import threading
from collections import Counter
from collections.abc import Mapping
from types import TracebackType
from typing import Any

from aiohttp import web

from agent.market.replay_server.clock import VirtualClock
from agent.market.replay_server.faults import (
    CAPTCHA,
    CannotStrike,
    Fault,
    FaultKind,
    another_asset,
    bomb,
    with_value,
)
from agent.market.replay_server.histories import Histories
from agent.market.replay_server.matching import Miss, match, of_another_market
from agent.market.replay_server.recorded import RecordedAnswers
from agent.market.replay_server.series import NothingKnown
from agent.market.replay_server.venues import VENUES
from agent.market.replay_server.venues.venue import Venue
from agent.market.replay_server.view import View

START_TIMEOUT_S = 10
KEPT_MISSES = 1_000
WITHOUT_AN_ANSWER = {
    FaultKind.RATE_LIMITED,
    FaultKind.BANNED,
    FaultKind.RESTRICTED,
    FaultKind.SERVER_ERROR,
    FaultKind.MAINTENANCE,
    FaultKind.ERROR_BODY,
    FaultKind.HTML,
    FaultKind.GZIP_BOMB,
}
OTHER_NUMBERS = {
    FaultKind.WRONG_SYMBOL,
    FaultKind.WRONG_VALUES,
    FaultKind.STALE,
    FaultKind.FUTURE,
    FaultKind.FROZEN,
}


class ReplayServer:
    """Serves eight venues from a thread of its own, as a context manager.

    Parameters
    ----------
    histories : what happened
    clock : the present; nothing stamped later is served
    recorded : answers that take precedence over generated ones
    port : of the first venue, the others follow; 0 takes free ones
    """

    def __init__(
        self,
        histories: Histories,
        clock: VirtualClock,
        recorded: RecordedAnswers | None = None,
        port: int = 0,
    ) -> None:
        self.clock = clock
        self.served: Counter[str] = Counter()  # answers by venue
        self.requests: Counter[str] = Counter()  # by "venue path"
        self.misses: list[Miss] = []  # the first thousand
        self.missed = 0
        self._histories = histories
        self._recorded = recorded
        self._ports = {name: port + place if port else 0 for place, name in enumerate(VENUES)}
        self._faults: list[Fault] = []
        self._started = threading.Event()
        self._trouble: OSError | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self._thread = threading.Thread(target=self._run, name="replay server", daemon=True)

    def url(self, venue: str) -> str:
        """Where a venue's API begins: this takes the place of scheme and host in its addresses."""
        return f"http://127.0.0.1:{self._ports[venue]}/{venue}"

    def set_time(self, unix_ms: int) -> None:
        """Move the clock."""
        self.clock.set_time(unix_ms)

    def inject(self, fault: Fault) -> Fault:
        """Let something go wrong from the next answer on; returns the fault, which counts how often it struck."""
        if fault.venue is not None and fault.venue not in VENUES:
            raise ValueError(f"no venue {fault.venue!r}; there are {', '.join(VENUES)}")
        fault.frozen_at_ms = self.clock.now_ms
        self._faults.append(fault)
        return fault

    def clear(self) -> None:
        """Let everything go right again."""
        self._faults.clear()

    def __enter__(self) -> "ReplayServer":
        self._thread.start()
        if not self._started.wait(START_TIMEOUT_S):
            raise OSError("the replay server did not start")
        if self._trouble is not None:
            raise self._trouble
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._loop is not None and self._stop is not None:
            self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(START_TIMEOUT_S)

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        runner = web.ServerRunner(web.Server(self._handle, access_log=None), shutdown_timeout=0.1)
        await runner.setup()
        try:
            for place, (name, port) in enumerate(self._ports.items()):
                await web.TCPSite(runner, "127.0.0.1", port).start()
                self._ports[name] = int(runner.addresses[place][1])
        except OSError as error:
            self._trouble = error
            self._stop.set()
        finally:
            self._started.set()
        await self._stop.wait()
        await runner.cleanup()

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        name, _, rest = request.path.removeprefix("/").partition("/")
        path = f"/{rest}"
        self.requests[f"{name} {path}"] += 1
        venue = VENUES.get(name)
        if venue is None:
            return self._miss(Miss(f"{request.method} {request.path}", [f"venues: {', '.join(VENUES)}"], []))
        fault = None
        for one in [fault for fault in self._faults if fault.strikes(name, path)]:
            one.struck += 1
            if one.kind is FaultKind.DELAY:
                await asyncio.sleep(one.delay_ms / 1_000)
            elif fault is None:
                fault = one
        try:
            if fault is not None and fault.kind in WITHOUT_AN_ANSWER:
                response = _refusal(fault, venue)
            else:
                parameters = await _parameters(request)
                body = self._body(venue, request.method, path, parameters, fault)
                if fault is not None and fault.kind is FaultKind.DRIP:
                    return await _drip(request, body, fault.delay_ms)
                response = web.Response(body=body, content_type="application/json")
        except Miss as miss:
            return self._miss(miss)
        except CannotStrike as error:
            return web.json_response({"error": f"the fault cannot strike: {error}"}, status=501)
        self.served[name] += 1
        return response

    def _body(self, venue: Venue, method: str, path: str, parameters: Any, fault: Fault | None) -> bytes:
        kind = None if fault is None else fault.kind
        recorded = None
        if self._recorded is not None:
            recorded = self._recorded.find(venue.name, method, path, parameters, self.clock.now_ms)
        if recorded is not None:
            if kind in OTHER_NUMBERS:
                raise CannotStrike(f"{kind} needs a generated answer, this one is recorded")
            body = recorded.body
        else:
            route, query = match(venue.routes, method, path, _flat(parameters))
            if fault is not None and kind is FaultKind.WRONG_SYMBOL:
                asked, query = query, of_another_market(route, query)
                fault.struck -= query == asked  # a request that names no market goes on as if nothing were wrong
            try:
                answer = route.answer(self._view(venue.name, fault), query)
            except NothingKnown as error:
                raise Miss(
                    f"{method} {path}", [f"nothing is known of {error} at {self.clock.now_ms} ms"], []
                ) from error
            body = answer if isinstance(answer, bytes) else encode(answer)
        if kind is FaultKind.VALUE and fault is not None:
            return with_value(json.loads(body), fault)
        return body[: len(body) // 2] if kind is FaultKind.TRUNCATED else body

    def _view(self, venue: str, fault: Fault | None) -> View:
        now_ms = stamp_ms = self.clock.now_ms
        instead: dict[str, str] = {}
        if fault is not None:
            if fault.kind is FaultKind.STALE:
                stamp_ms -= fault.shift_ms
            elif fault.kind is FaultKind.FUTURE:
                stamp_ms += fault.shift_ms
            elif fault.kind is FaultKind.FROZEN:
                now_ms = fault.frozen_at_ms
            elif fault.kind is FaultKind.WRONG_VALUES:
                instead = another_asset(self._histories.assets)
        return View(venue, self._histories, now_ms, stamp_ms, instead)

    def _miss(self, miss: Miss) -> web.Response:
        self.missed += 1
        if len(self.misses) < KEPT_MISSES:
            self.misses.append(miss)
        body = {
            "error": "the replay server knows no such request",
            "request": miss.request,
            "complaints": miss.complaints,
            "nearest": miss.nearest,
        }
        return web.json_response(body, status=404)


def encode(answer: Any) -> bytes:
    """JSON."""
    return json.dumps(answer, separators=(",", ":")).encode()


def _refusal(fault: Fault, venue: Venue) -> web.Response:
    waiting = {"Retry-After": str(fault.retry_after_s)}
    match fault.kind:
        case FaultKind.RATE_LIMITED:
            return web.json_response(venue.rate_limited, status=429, headers=waiting)
        case FaultKind.BANNED:
            return web.json_response(venue.rate_limited, status=418, headers=waiting)
        case FaultKind.RESTRICTED:
            return web.Response(text="Service unavailable from a restricted location", status=451)
        case FaultKind.SERVER_ERROR:
            return web.Response(text="upstream request failed", status=fault.status)
        case FaultKind.MAINTENANCE:
            status, body = venue.maintenance
            return web.json_response(body, status=status)
        case FaultKind.HTML:
            return web.Response(text=CAPTCHA, content_type="text/html")
        case FaultKind.GZIP_BOMB:
            headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
            return web.Response(body=bomb(), headers=headers)
        case _:
            return web.json_response(venue.error_body)


async def _drip(request: web.BaseRequest, body: bytes, delay_ms: int) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": str(len(body))})
    await response.prepare(request)
    try:
        for start in range(len(body)):
            await response.write(body[start : start + 1])
            await asyncio.sleep(delay_ms / 1_000)
    except ConnectionError:
        return response  # the client has had enough, as it should
    await response.write_eof()
    return response


async def _parameters(request: web.BaseRequest) -> Any:
    """The parameters of the query, or the JSON body of a POST."""
    if request.method == "GET":
        doubled = [name for name in request.query if len(request.query.getall(name)) > 1]
        if doubled:
            raise Miss(f"GET {request.path_qs}", [f"{', '.join(doubled)} given twice"], [])
        return dict(request.query)
    if request.query:
        raise Miss(f"{request.method} {request.path_qs}", ["the parameters belong into the body"], [])
    try:
        return json.loads(await request.text() or "{}")
    except ValueError as error:
        raise Miss(f"{request.method} {request.path}", [f"the body is no JSON: {error}"], []) from error


def _flat(parameters: Any, prefix: str = "") -> dict[str, str]:
    """Nested keys of a JSON body as `outer.inner`, values as text."""
    if not isinstance(parameters, Mapping):
        raise Miss("POST", ["the body is no JSON object"], [])
    flat: dict[str, str] = {}
    for key, value in parameters.items():
        if isinstance(value, Mapping):
            flat |= _flat(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value if isinstance(value, str) else json.dumps(value)
    return flat
