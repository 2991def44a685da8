"""Pages of the past: settlements, candles and open interest, each page complete between its start and its end."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType
from typing import Any, TypeVar

from agent.market.exchanges import door
from agent.market.exchanges.door import TurnedAway
from agent.market.exchanges.funding_pages import FUNDING, iso
from agent.market.exchanges.link import Link
from agent.market.exchanges.market import Market
from agent.market.exchanges.read import OTHER_SHAPE
from agent.reasons import Code, Reason, Refusal

T = TypeVar("T")
HOUR_MS = door.MS_PER_HOUR
INTERVALS_MS = MappingProxyType({"1m": 60_000, "5m": 300_000, "1h": HOUR_MS, "4h": 4 * HOUR_MS, "1d": 24 * HOUR_MS})
PATIENCE_S = 60.0
WEIGHTS = MappingProxyType({"binance": 5.0, "hyperliquid": 20.0, "krakenfutures": 5.0})  # of a page; 1 elsewhere
KINDS = ("perp", "spot", "mark")


@dataclass(frozen=True, slots=True)
class Page:
    """Rows in ascending order of time; everything from the page's start until before `next_ms` is in them.

    Rows of funding are (unix ms, rate), of open interest (unix ms, coins), of candles (open time in unix ms, open,
    high, low, close, volume in coins), without volume for mark prices. Ask again from `next_ms`; the history is
    complete when `next_ms` is the present.
    """

    rows: tuple[tuple[float, ...], ...]
    next_ms: int


# Rows of a page that every venue grants, and the kinds beside "perp" that it has.
CANDLE_LIMITS = MappingProxyType(
    {
        "binance": 1_000,
        "bybit": 1_000,
        "okx": 100,
        "hyperliquid": 5_000,
        "dydx": 100,
        "deribit": 1_000,
        "gate": 1_000,
        "krakenfutures": 1_000,
    }
)
TAKES_UNTIL = frozenset({"binance", "bybit", "hyperliquid", "dydx", "deribit"})  # the others derive the end themselves
TELLS_EVERYTHING = frozenset({"krakenfutures"})  # one answer holds the whole history
MARK_CANDLES = frozenset({"binance", "bybit", "okx", "gate", "krakenfutures"})
OPEN_INTEREST_LIMITS = MappingProxyType({"binance": 500, "bybit": 200, "okx": 100, "gate": 100})


async def funding_page(link: Link, market: Market, since_ms: int, limit: int | None, now_ms: int) -> Page:
    """Settlements from `since_ms` on.

    Raises
    ------
    Failed : the venue did not answer
    Refusal : it answered with what cannot be used
    """
    how = FUNDING[link.venue.name]
    rows = min(limit or how.limit, how.limit)
    last_ms = now_ms if how.forward else min(now_ms, since_ms + (rows - 1) * HOUR_MS)
    answer = await _ask(link, how.method, how.params(market, since_ms, last_ms, rows))
    found = _checked(link, lambda: list(how.rows(answer, market)))
    if any(at > last_ms for at, _ in found) and link.venue.name not in TELLS_EVERYTHING:
        raise Refusal(Reason(Code.DATA_PAGES, f"{link.venue.name} sent settlements after the end of the page"))
    charged = sorted({at: (at, _rate(link, rate)) for at, rate in found if since_ms <= at <= last_ms}.values())
    if how.forward and len(found) >= rows and charged:
        return Page(tuple(charged), int(charged[-1][0]) + 1)
    return Page(tuple(charged), min(last_ms + 1, now_ms))


async def _ask(link: Link, method: str, *arguments: Any) -> Any:
    return await link.ask(method, WEIGHTS.get(link.venue.name, 1.0), *arguments, patience_s=PATIENCE_S)


def _rate(link: Link, rate: float) -> float:
    return _checked(link, lambda: door.rate("a settled rate", rate, door.MAX_INTERVAL_H))


async def candle_page(
    link: Link, market: Market, since_ms: int, limit: int | None, now_ms: int, kind: str, interval: str
) -> Page:
    """Closed candles from the first full interval after `since_ms` on. Raises Failed and Refusal."""
    length_ms = INTERVALS_MS.get(interval)
    if length_ms is None or kind not in KINDS:
        message = f"candles are of {', '.join(KINDS)} and last {', '.join(INTERVALS_MS)}, not {kind} and {interval}"
        raise Refusal(Reason(Code.DATA_INTERVAL, message))
    name = link.venue.name
    if (kind == "mark" and name not in MARK_CANDLES) or (kind == "spot" and market.spot_id is None):
        raise Refusal(Reason(Code.DATA_MISSING, f"{name} publishes no {kind} candles"))
    first_ms = math.ceil(since_ms / length_ms) * length_ms
    closed_ms = now_ms // length_ms * length_ms  # the bar that is running began here
    rows = min(limit or CANDLE_LIMITS[name], CANDLE_LIMITS[name], max(0, (closed_ms - first_ms) // length_ms))
    if rows == 0:
        return Page((), since_ms)
    params: dict[str, object] = {"price": "mark"} if kind == "mark" else {}
    if name in TAKES_UNTIL:
        params["until"] = first_ms + (rows - 1) * length_ms + length_ms // 2
    if name == "dydx":  # its parameters are written so; ccxt's fromIso and toIso are not read by the indexer
        params |= {"fromISO": iso(first_ms), "toISO": iso(first_ms + (rows - 1) * length_ms + length_ms // 2)}
    symbol = market.symbol
    if kind == "spot":
        symbol = spot_market(link.exchange, market)
    answer = await _ask(link, "fetch_ohlcv", symbol, interval, first_ms, rows, params)
    end_ms = first_ms + rows * length_ms
    multiplier = 1.0 if kind == "spot" else market.multiplier
    size = multiplier * (market.contract_size if name == "gate" and kind == "perp" else 1.0)
    checked = _checked(
        link,
        lambda: [_candle(row, multiplier, size, kind) for row in asked_for(answer, first_ms, end_ms - 1)],
    )
    return Page(_ascending(link, checked), end_ms)


def asked_for(rows: Any, first_ms: int, last_ms: int, time: int | str = 0) -> Any:
    """The rows, if they are the ones asked for. A venue that ignores a bound would leave a hole without a word."""
    for row in rows:
        if not first_ms <= row[time] <= last_ms:
            message = "a page holds what was not asked for: the venue ignored its bounds (ms after the page's start)"
            raise door.turned_away(Code.DATA_PAGES, message, row[time] - first_ms, last_ms - first_ms)
    return rows


def spot_market(exchange: Any, market: Market) -> str:
    """Makes the venue's spot market known to ccxt without loading thousands of others; its symbol."""
    base, quote = market.base, market.symbol.split("/")[1].split(":")[0]
    symbol = f"{base}/{quote}"
    if symbol not in exchange.markets:
        known = exchange.safe_market_structure(
            {
                "id": market.spot_id,
                "symbol": symbol,
                "base": base,
                "quote": quote,
                "baseId": base,
                "quoteId": quote,
                "type": "spot",
                "spot": True,
                "margin": False,
                "swap": False,
                "future": False,
                "option": False,
                "contract": False,
                "active": True,
                "info": {},
            }
        )
        exchange.markets = {**exchange.markets, symbol: known}
    return symbol


def _candle(row: Sequence[object], multiplier: float, size: float, kind: str) -> tuple[float, ...]:
    at_ms = door.number("open time", row[0])
    prices = [
        door.positive(name, raw) / multiplier
        for name, raw in zip(("open", "high", "low", "close"), row[1:5], strict=True)
    ]
    opened, high, low, closed = prices
    if high < max(opened, closed) or low > min(opened, closed):
        raise door.turned_away(
            Code.DATA_INCONSISTENT, "a candle's high or low contradicts its open and close", high, low
        )
    if kind == "mark":
        return (at_ms, *prices)
    volume = door.number("volume", row[5]) * size
    if volume < 0:
        raise door.turned_away(Code.DATA_NOT_POSITIVE, "a candle's volume is negative", volume, 0)
    return (at_ms, *prices, volume)


async def open_interest_page(link: Link, market: Market, since_ms: int, limit: int | None, now_ms: int) -> Page:
    """Hourly open interest in coins from `since_ms` on, where the venue still has it. Raises Failed and Refusal."""
    name = link.venue.name
    if name not in OPEN_INTEREST_LIMITS:
        raise Refusal(Reason(Code.DATA_MISSING, f"{name} publishes no history of open interest"))
    rows = min(limit or OPEN_INTEREST_LIMITS[name], OPEN_INTEREST_LIMITS[name])
    first_ms = math.ceil(since_ms / HOUR_MS) * HOUR_MS
    end_ms = min(first_ms + (rows - 1) * HOUR_MS + HOUR_MS // 2, now_ms)
    if end_ms < first_ms:
        return Page((), since_ms)
    params: dict[str, object] = {} if name == "gate" else {"until": end_ms}
    answer = await _ask(link, "fetch_open_interest_history", market.symbol, "1h", first_ms, rows, params)
    checked = _checked(
        link, lambda: [_coins(row, name, market) for row in asked_for(answer, first_ms, end_ms, "timestamp")]
    )
    return Page(_ascending(link, checked), min(end_ms + 1, now_ms))


def _coins(row: Mapping[str, Any], venue: str, market: Market) -> tuple[float, ...]:
    """Binance and Bybit count coins; OKX's row is (stamp, contracts, coins, dollars); Gate counts contracts."""
    raw = row["info"][2] if venue == "okx" else row["openInterestAmount"]
    size = market.contract_size if venue == "gate" else 1.0
    return (door.number("stamp", row["timestamp"]), door.positive("open interest", raw) * size * market.multiplier)


def _ascending(link: Link, rows: list[tuple[float, ...]]) -> tuple[tuple[float, ...], ...]:
    times = [row[0] for row in rows]
    if any(later <= earlier for earlier, later in pairwise(times)):
        raise Refusal(Reason(Code.DATA_PAGES, f"{link.venue.name} sent rows twice, or out of order"))
    return tuple(rows)


def _checked(link: Link, read: Callable[[], T]) -> T:
    try:
        return read()
    except TurnedAway as away:
        raise Refusal(
            Reason(away.reason.code, f"{link.venue.name}: {away.reason.message}", away.reason.value)
        ) from away
    except OTHER_SHAPE as error:
        message = (
            f"{link.venue.name}: a page of history in another shape ({type(error).__name__}: {door.quoted(str(error))})"
        )
        raise Refusal(Reason(Code.SOURCE_MALFORMED, message)) from error
