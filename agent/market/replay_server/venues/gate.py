"""Gate v4: plain lists, seconds where others have milliseconds, contract counts where others have coins.

Source: www.gate.com/docs/developers/apiv4, "Futures".
"""

from typing import Any

from agent.market.replay_server.matching import Parameter, Query, Route, at_most, named, one_of, seconds, whole
from agent.market.replay_server.rows import Price
from agent.market.replay_server.series import HOUR_MS
from agent.market.replay_server.venues.gate_markets import (
    CONTRACTS,
    PAIRS,
    contracts,
    currencies,
    dated,
    one_contract,
    pairs,
)
from agent.market.replay_server.venues.venue import Venue
from agent.market.replay_server.view import View
from agent.market.replay_server.wire import STEPS_MS, Listing, rate_text

MOST_BARS = 2_000
MARK, INDEX = "mark_", "index_"


def _ticker(view: View, listing: Listing) -> dict[str, Any]:
    quote = view.quote(listing.base)
    return {
        "contract": listing.id,
        "last": listing.price(quote.last),
        "low_24h": listing.price(quote.low_24h),
        "high_24h": listing.price(quote.high_24h),
        "change_percentage": f"{100 * (quote.last / quote.open_24h - 1):.2f}",
        "total_size": f"{listing.contracts(quote.open_interest, quote.mark):.0f}",
        "volume_24h": f"{listing.contracts(quote.volume_24h, quote.last):.0f}",
        "volume_24h_base": f"{quote.volume_24h:.0f}",
        "volume_24h_quote": f"{quote.volume_24h * quote.last:.0f}",
        "volume_24h_settle": f"{quote.volume_24h * quote.last:.0f}",
        "mark_price": listing.price(quote.mark),
        "funding_rate": rate_text(quote.funding_rate, 6),
        "funding_rate_indicative": rate_text(quote.funding_rate, 6),
        "index_price": listing.price(quote.index),
        "quanto_base_rate": "",
        "lowest_ask": listing.price(quote.ask),
        "lowest_size": "100",
        "highest_bid": listing.price(quote.bid),
        "highest_size": "110",
    }


def _tickers(view: View, query: Query) -> Any:
    if query["contract"] is not None:
        return [_ticker(view, query["contract"])]
    return [_ticker(view, one) for one in CONTRACTS[query["settle"]].values() if view.knows(one.base)]


def _spot_tickers(view: View, query: Query) -> Any:
    wanted = [one for one in PAIRS.values() if view.knows(one.base)]
    if query["currency_pair"] is not None:
        wanted = [query["currency_pair"]]
    rows = []
    for pair in wanted:
        quote = view.quote(pair.base)
        half = (quote.ask - quote.bid) / 2
        rows.append(
            {
                "currency_pair": pair.id,
                "last": pair.price(quote.spot),
                "lowest_ask": pair.price(quote.spot + half),
                "lowest_size": "1.9",
                "highest_bid": pair.price(quote.spot - half),
                "highest_size": "2.1",
                "change_percentage": f"{100 * (quote.last / quote.open_24h - 1):.2f}",
                "base_volume": f"{quote.volume_24h:.3f}",
                "quote_volume": f"{quote.volume_24h * quote.last:.3f}",
                "high_24h": pair.price(max(quote.high_24h, quote.spot)),
                "low_24h": pair.price(min(quote.low_24h, quote.spot)),
            }
        )
    return rows


def _window(query: Query) -> tuple[int | None, int | None]:
    start, end = query["from"], query["to"]
    return (None if start is None else start * 1_000), (None if end is None else end * 1_000 + 999)


def _candles(view: View, query: Query) -> Any:
    name, listing = query["contract"]
    price = {MARK: Price.MARK, INDEX: Price.INDEX}.get(name, Price.PERP)
    start, end = _window(query)
    bars = view.bars(listing.base, price, start, end, query["limit"], newest=True)
    rows = []
    for bar in bars:
        row: dict[str, Any] = {
            "t": bar.open_ms // 1_000,
            "o": listing.price(bar.open),
            "h": listing.price(bar.high),
            "l": listing.price(bar.low),
            "c": listing.price(bar.close),
        }
        if price is Price.PERP:
            row["v"] = int(listing.contracts(bar.volume, bar.close))
            row["sum"] = f"{bar.volume * bar.close:.4f}"
        rows.append(row)
    return rows


def _spot_candles(view: View, query: Query) -> Any:
    pair = query["currency_pair"]
    start, end = _window(query)
    bars = view.bars(pair.base, Price.SPOT, start, end, min(query["limit"], 1_000), newest=True)
    return [
        [
            str(bar.open_ms // 1_000),
            f"{bar.volume * bar.close:.8f}",
            *(pair.price(value) for value in (bar.close, bar.high, bar.low, bar.open)),
            f"{bar.volume:.8f}",
            "true" if bar.open_ms + HOUR_MS <= view.now_ms else "false",
        ]
        for bar in bars
    ]


def _funding_history(view: View, query: Query) -> Any:
    start, end = _window(query)
    rows = view.settlements(query["contract"].base, start, end, query["limit"], newest=True)
    return [{"r": rate_text(row.rate, 6), "t": row.time_ms // 1_000} for row in reversed(rows)]


def _statistics(view: View, query: Query) -> Any:
    listing, step_ms = query["contract"], STEPS_MS[query["interval"]]
    start = None if query["from"] is None else query["from"] * 1_000
    price = view.quote(listing.base).mark
    args = (listing.base, start, None, query["limit"], start is None, step_ms)
    ratios = dict(view.long_short(*args))
    rows = []
    for time_ms, coins in view.open_interest(*args):
        events = view.liquidations(listing.base, time_ms, time_ms + step_ms - 1)
        sides = {long: sum(event.size for event in events if event.long is long) for long in (True, False)}
        rows.append(
            {
                "time": time_ms // 1_000,
                "lsr_taker": 1.02,
                "lsr_account": ratios.get(time_ms, 1.0),
                "long_liq_size": round(listing.contracts(sides[True], price), 2),
                "long_liq_amount": sides[True],
                "long_liq_usd": round(sides[True] * price, 4),
                "short_liq_size": round(listing.contracts(sides[False], price), 2),
                "short_liq_amount": sides[False],
                "short_liq_usd": round(sides[False] * price, 4),
                "open_interest": int(listing.contracts(coins, price)),
                "open_interest_usd": round(coins * price, 4),
                "top_lsr_account": 1.1,
                "top_lsr_size": 1.2,
                "mark_price": float(listing.price(price)),
            }
        )
    return rows


def _liquidations(view: View, query: Query) -> Any:
    start, end = _window(query)
    wanted = CONTRACTS["usdt"].values() if query["contract"] is None else [query["contract"]]
    rows = []
    for listing in wanted:
        if not view.knows(listing.base):
            continue
        end_ms = view.now_ms if end is None else end
        for event in view.liquidations(listing.base, end_ms - HOUR_MS if start is None else start, end_ms):
            size = max(int(listing.contracts(event.size, event.price)), 1)
            rows.append(
                {
                    "time": event.time_ms // 1_000,
                    "contract": listing.id,
                    "size": size if event.long else -size,
                    "left": 0,
                    "order_price": listing.price(event.price * (0.995 if event.long else 1.005)),
                    "fill_price": listing.price(event.price),
                }
            )
    rows.sort(key=lambda row: str(row["time"]), reverse=True)
    return rows[: query["limit"]]


def _book(view: View, query: Query) -> Any:
    listing = query["contract"]
    bids, asks = view.book(listing.base, query["limit"])
    sides = {
        name: [{"s": max(int(listing.contracts(size, price)), 1), "p": listing.price(price)} for price, size in side]
        for name, side in (("asks", asks), ("bids", bids))
    }
    number = {"id": view.now_ms} if query["with_id"] == "true" else {}
    return number | {"current": view.stamp_ms / 1_000, "update": (view.stamp_ms - 5) / 1_000} | sides


def _spot_book(view: View, query: Query) -> Any:
    pair = query["currency_pair"]
    bids, asks = view.book(pair.base, query["limit"], spot=True)
    sides = {
        name: [[pair.price(price), f"{size:.4f}"] for price, size in side]
        for name, side in (("asks", asks), ("bids", bids))
    }
    number = {"id": view.now_ms} if query["with_id"] == "true" else {}
    return number | {"current": view.stamp_ms, "update": view.stamp_ms - 5} | sides


def _chart_name(text: str) -> tuple[str, Listing]:
    """A contract's name as charts take it: BTC_USDT, mark_BTC_USDT or index_BTC_USDT."""
    prefix = next((one for one in (MARK, INDEX) if text.startswith(one)), "")
    return prefix, named(CONTRACTS["usdt"])(text.removeprefix(prefix))


USDT = {"settle": Parameter(one_of("usdt"))}
EITHER = {"settle": Parameter(one_of(*CONTRACTS))}
ONE = {"contract": Parameter(named(CONTRACTS["usdt"]))}
SOME = {"contract": Parameter(named(CONTRACTS["usdt"]), None)}
PAIR = {"currency_pair": Parameter(named(PAIRS))}
WINDOW = {"from": Parameter(seconds, None), "to": Parameter(seconds, None)}
WITH_ID = {"with_id": Parameter(one_of("true", "false"), "false")}
BARS = WINDOW | {"interval": Parameter(one_of("1h")), "limit": Parameter(whole(1, MOST_BARS), MOST_BARS)}
HOURLY = Parameter(one_of("5m", "1h"), "5m")
FUTURES = "/api/v4/futures/{settle}"

VENUE = Venue(
    "gate",
    (
        Route("GET", "/api/v4/spot/time", lambda view, query: {"server_time": view.stamp_ms}),
        Route("GET", "/api/v4/spot/currencies", currencies),
        Route("GET", "/api/v4/spot/currency_pairs", pairs),
        Route("GET", "/api/v4/margin/currency_pairs", lambda view, query: []),
        Route(
            "GET",
            "/api/v4/spot/tickers",
            _spot_tickers,
            {"currency_pair": Parameter(named(PAIRS), None), "timezone": Parameter(one_of("utc0"), None)},
        ),
        Route("GET", "/api/v4/spot/candlesticks", _spot_candles, PAIR | BARS),
        Route(
            "GET",
            "/api/v4/spot/order_book",
            _spot_book,
            PAIR | WITH_ID | {"limit": Parameter(whole(1, 1_000), 10)},
        ),
        Route("GET", "/api/v4/options/underlyings", lambda view, query: []),
        Route("GET", "/api/v4/delivery/{settle}/contracts", dated, USDT),
        Route("GET", f"{FUTURES}/contracts", contracts, EITHER),
        Route("GET", f"{FUTURES}/contracts/{{contract}}", one_contract, USDT | ONE),
        Route("GET", f"{FUTURES}/tickers", _tickers, USDT | SOME | {"timezone": Parameter(one_of("utc0"), None)}),
        Route(
            "GET",
            f"{FUTURES}/candlesticks",
            _candles,
            USDT | BARS | {"contract": Parameter(_chart_name)},
        ),
        Route(
            "GET",
            f"{FUTURES}/funding_rate",
            _funding_history,
            USDT | ONE | WINDOW | {"limit": Parameter(at_most(1_000), 100)},
        ),
        Route(
            "GET",
            f"{FUTURES}/contract_stats",
            _statistics,
            USDT | ONE | {"from": Parameter(seconds, None), "interval": HOURLY, "limit": Parameter(at_most(100), 30)},
        ),
        Route(
            "GET",
            f"{FUTURES}/liq_orders",
            _liquidations,
            USDT | SOME | WINDOW | {"limit": Parameter(at_most(1_000), 100)},
        ),
        Route("GET", f"{FUTURES}/order_book", _book, USDT | ONE | WITH_ID | {"limit": Parameter(whole(1, 300), 10)}),
    ),
    error_body={"label": "INTERNAL", "message": "Server error"},
    maintenance=(503, {"label": "SERVER_ERROR", "message": "The service is under maintenance"}),
    rate_limited={"label": "TOO_MANY_REQUESTS", "message": "Request rate limit exceeded"},
)
