"""Points an untouched ccxt exchange at a replay server: its addresses, and its idea of the present."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit


def point_at(exchange: Any, url: str, now_ms: Callable[[], int] | None = None) -> None:
    """Send everything `exchange` asks to the server.

    Parameters
    ----------
    exchange : of ccxt or ccxt.async_support, before its first request
    url : `ReplayServer.url` of the exchange's venue
    now_ms : the server's clock, when it is not the real one. Several venues are asked with `milliseconds()` as an end,
        which would lie years behind the clock.
    """
    exchange.urls["api"] = _rewritten(exchange.urls["api"], url)
    exchange.proxyUrl = exchange.httpProxy = exchange.httpsProxy = None
    if now_ms is not None:
        exchange.milliseconds = now_ms
        exchange.seconds = lambda: now_ms() // 1_000


def _rewritten(address: Any, base: str) -> Any:
    if isinstance(address, dict):
        return {name: _rewritten(one, base) for name, one in address.items()}
    return base + urlsplit(address.replace("{hostname}", "host")).path
