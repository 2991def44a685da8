"""One ccxt instance per venue, as it is published but for its address, its answers capped and its pauses read."""

import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import ccxt.async_support as ccxt_async
import certifi

from agent.market.exchanges.errors import AnswerTooLarge, TooManyRequests
from agent.market.exchanges.venues import Venue

MAX_ANSWER_BYTES = 8_000_000  # after decompression
CONNECTIONS_PER_HOST = 12
TOO_MANY = (418, 429)


@dataclass(frozen=True, slots=True)
class Key:
    """An exchange's API key. Observing needs none."""

    api_key: str = field(repr=False)
    secret: str = field(repr=False)
    password: str = field(default="", repr=False)


class CappedResponse(aiohttp.ClientResponse):
    """A response that stops reading where an honest answer would have ended long ago."""

    async def text(self, encoding: str | None = None, errors: str = "strict") -> str:
        """The decompressed body. Raises AnswerTooLarge instead of filling the memory."""
        body = bytearray()
        async for chunk in self.content.iter_any():
            body += chunk
            if len(body) > MAX_ANSWER_BYTES:
                self.close()
                raise AnswerTooLarge(f"{self.url.host} sent more than {MAX_ANSWER_BYTES} bytes")
        return body.decode(encoding or "utf-8", errors)


@cache
def _certificates() -> ssl.SSLContext:
    """Read once: ccxt would read the same file again for every venue."""
    return ssl.create_default_context(cafile=certifi.where())


def new_session() -> aiohttp.ClientSession:
    """The HTTP session that all venues share; to be closed by whoever opened it."""
    connector = aiohttp.TCPConnector(limit_per_host=CONNECTIONS_PER_HOST, ssl=_certificates())
    return aiohttp.ClientSession(connector=connector, response_class=CappedResponse)


def connect(
    venue: Venue,
    session: aiohttp.ClientSession | None,
    timeout_s: float,
    clock_ms: Callable[[], int],
    base_url: str | None = None,
    key: Key | None = None,
    streaming: bool = False,
) -> Any:
    """A ccxt exchange of the venue.

    Parameters
    ----------
    session : shared between venues, not closed by ccxt; None lets ccxt open its own
    timeout_s : of one request; the deadline of a round is stricter
    clock_ms : unix milliseconds; some requests end at the present, which is another one in a replay
    base_url : scheme, host and port, with a prefix or not, that take the place of the venue's own; paths unchanged
    key : left out for public numbers
    streaming : of ccxt.pro
    """
    settings: dict[str, Any] = {
        "ssl_context": _certificates(),
        "timeout": int(timeout_s * 1_000),
        # `Allowance` bounds the weight; ccxt's own limiter would spread a round over seconds.
        "enableRateLimit": False,
        "options": {**venue.options, "adjustForTimeDifference": False},
        "enableLastHttpResponse": False,
        "enableLastJsonResponse": False,
    }
    if key is not None:
        settings |= {"apiKey": key.api_key, "secret": key.secret, "password": key.password}
    if session is not None:
        settings |= {"session": session, "timeout_on_exit": 0}  # there is nothing of ccxt's own to wait for
    if streaming:
        import ccxt.pro as ccxt_pro  # takes as long to load as everything else together

    exchange = getattr(ccxt_pro if streaming else ccxt_async, venue.ccxt_id)(settings)
    exchange.has["fetchCurrencies"] = False
    if base_url is not None:
        exchange.urls["api"] = moved(exchange.urls["api"], base_url)
    exchange.milliseconds = clock_ms
    exchange.seconds = lambda: clock_ms() // 1_000
    exchange.on_rest_response = refuse_to_hurry  # ccxt's own hook; it sees the headers of this very answer
    return exchange


def moved(urls: Any, base_url: str) -> Any:
    """The same paths at another scheme, host and port; WebSocket addresses stay WebSocket addresses."""
    if isinstance(urls, Mapping):
        return {name: moved(url, base_url) for name, url in urls.items()}
    if not isinstance(urls, str):
        return urls
    base = base_url.rstrip("/")
    if urls.startswith("ws"):
        base = "ws" + base.removeprefix("http")
    return base + urlsplit(urls).path


def refuse_to_hurry(
    code: int,
    reason: str,
    url: str,
    method: str,
    response_headers: Mapping[str, str],
    response_body: str,
    request_headers: Mapping[str, str],
    request_body: object,
) -> str:
    """Raises TooManyRequests, with the venue's Retry-After, before ccxt turns the answer into an error without it."""
    if code in TOO_MANY:
        headers = {name.lower(): value for name, value in response_headers.items()}
        raise TooManyRequests(f"HTTP {code}", retry_after_s(headers.get("retry-after"), datetime.now(UTC)))
    return response_body.strip()


def retry_after_s(header: str | None, now: datetime) -> float | None:
    """Seconds of a Retry-After header, which holds seconds or a date; None when it holds neither."""
    if header is None:
        return None
    if header.strip().isdecimal() and len(header.strip()) < 8:
        return float(header)
    try:
        until = parsedate_to_datetime(header)
    except ValueError:
        return None
    return max(0.0, (until - now).total_seconds()) if until.tzinfo is not None else None
