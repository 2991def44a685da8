"""Health and status over HTTP on this machine only: a token to read, a signature to stop."""

import asyncio
import hmac
import json
import threading
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from aiohttp import web

from agent.watch.secrets import NOTHING_KNOWN, Redactor

LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})
MOST_BYTES = 4_096
SIGNATURE_AGE_S = 120
ACTIONS = ("kill", "pause")  # a call may stop; starting again takes a person on the machine

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def stop_message(action: str, vault: str, at_s: int) -> str:
    """What a guardian signs (EIP-191) to stop a vault, `*` for all; `at_s` in unix seconds."""
    return f"ballast {action} {vault} {at_s}"


@dataclass(frozen=True, slots=True)
class Face:
    """What the endpoint shows and what it may do.

    `health` answers whether every vault's last cycle is recent; `status` everything a person may see; `stop` latches a
    vault for an action, in the name of an address, and raises LookupError for a vault that nobody knows.
    """

    health: Callable[[], tuple[bool, Mapping[str, object]]]
    status: Callable[[], Mapping[str, object]]
    stop: Callable[[str, str, str], None]


class StatusServer:
    """Serves a face from a thread of its own, so that the cycles never wait for it.

    GET /health        200 or 503, no token: says nothing but whether it is well
    GET /status        token
    POST /stop         signed by one of `stoppers`, no token

    Parameters
    ----------
    port : on 127.0.0.1; 0 takes a free one
    token : bearer token for reading
    stoppers : addresses whose signature may stop vaults
    requests_per_s : more are answered with 429
    redact : hides secrets in what is shown
    """

    def __init__(
        self,
        face: Face,
        port: int,
        token: str,
        stoppers: frozenset[str] = frozenset(),
        requests_per_s: float = 50.0,
        redact: Redactor = NOTHING_KNOWN,
    ) -> None:
        if len(token) < 16:
            raise ValueError(f"the status token has {len(token)} characters; give it at least 16")
        self._face, self._token, self._stoppers = face, token, frozenset(one.lower() for one in stoppers)
        self._redact = redact
        self._rate, self._left, self._at = requests_per_s, requests_per_s, time.monotonic()
        self._used: dict[tuple[str, str], int] = {}  # what was signed by whom, until it is too old to be used again
        self._loop = asyncio.new_event_loop()
        self._runner = web.AppRunner(self._application(), access_log=None)
        self._loop.run_until_complete(self._runner.setup())
        site = web.TCPSite(self._runner, "127.0.0.1", port)
        self._loop.run_until_complete(site.start())
        self.port = int(self._runner.addresses[0][1])
        self._thread = threading.Thread(target=self._loop.run_forever, name="status", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening."""
        asyncio.run_coroutine_threadsafe(self._runner.cleanup(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def _application(self) -> web.Application:
        application = web.Application(middlewares=[self._guarded], client_max_size=MOST_BYTES)
        application.router.add_get("/health", self._health)
        application.router.add_get("/status", self._status)
        application.router.add_post("/stop", self._stop)
        return application

    @web.middleware
    async def _guarded(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if not self._has_room():
            return _answer(429, "too many requests")
        # A page in a browser of this machine may reach us under a name of its own (DNS rebinding).
        name = request.headers.get("Host", "").rpartition(":")[0] or request.headers.get("Host", "")
        if name not in LOCAL_NAMES:
            return _answer(403, "only for this machine, by its own name")
        if request.headers.get("Origin") is not None:
            return _answer(403, "not for pages of other sites")
        return await handler(request)

    def _has_room(self) -> bool:
        now = time.monotonic()
        self._left = min(self._rate, self._left + (now - self._at) * self._rate)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True

    async def _health(self, _: web.Request) -> web.StreamResponse:
        well, _details = self._face.health()
        return web.json_response({"well": well}, status=200 if well else 503)

    async def _status(self, request: web.Request) -> web.StreamResponse:
        given = request.headers.get("Authorization")
        if given is None:
            return _answer(401, "a bearer token is needed")
        if not hmac.compare_digest(given.encode(errors="replace"), f"Bearer {self._token}".encode()):
            return _answer(403, "another token is needed")
        _, details = self._face.health()
        return web.json_response(self._redact.data({**self._face.status(), "health": details}))

    async def _stop(self, request: web.Request) -> web.StreamResponse:
        try:
            body = json.loads(await request.read())
            action, vault, at_s, signature = (body[name] for name in ("action", "vault", "at", "signature"))
        except (ValueError, KeyError, TypeError):
            return _answer(400, "expected action, vault, at and signature")
        if action not in ACTIONS or not isinstance(vault, str) or type(at_s) is not int:
            return _answer(400, f"expected one of {', '.join(ACTIONS)}, a vault's name and unix seconds")
        now = int(time.time())
        self._used = {used: until for used, until in self._used.items() if until > now}
        message = stop_message(action, vault, at_s)
        address = _signer_of(message, signature)
        if address is None or address.lower() not in self._stoppers:
            return _answer(403, "not signed by somebody who may stop")
        if abs(now - at_s) > SIGNATURE_AGE_S or (address, message) in self._used:
            return _answer(403, "the signature is too old or was used")
        try:
            self._face.stop(action, vault, address)
        except LookupError as error:
            return _answer(404, str(error))
        self._used[address, message] = now + 2 * SIGNATURE_AGE_S
        return web.json_response({"done": f"{action} {vault}"})


def _signer_of(message: str, signature: object) -> str | None:
    """Address that signed, or None when it is no signature."""
    from eth_account import Account
    from eth_account.messages import encode_defunct
    from eth_keys.exceptions import BadSignature
    from eth_utils.exceptions import ValidationError

    if not isinstance(signature, str):
        return None
    try:
        return str(Account.recover_message(encode_defunct(text=message), signature=bytes.fromhex(signature[2:])))
    except (ValueError, BadSignature, ValidationError):
        return None


def _answer(status: int, message: str) -> web.Response:
    return web.json_response({"error": message}, status=status)
