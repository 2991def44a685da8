"""Deribit v2: JSON-RPC over GET; BTC and ETH perpetuals are inverse and count dollars, the others linear in USDC.

Funding is charged all the time: `current_funding` and `funding_8h` are decimals per eight hours, history is hourly.
Source: docs.deribit.com, "Market data".
"""

from typing import Any

from agent.market.replay_server.matching import Parameter, Query, Route, milliseconds, named, one_of, whole
from agent.market.replay_server.rows import Price
from agent.market.replay_server.series import HOUR_MS
from agent.market.replay_server.venues.deribit_markets import MARKETS, PERPS, currencies, enveloped, instruments
from agent.market.replay_server.venues.venue import Venue
from agent.market.replay_server.view import View
from agent.market.replay_server.wire import Kind, Listing

MOST_BARS, MOST_FUNDING = 5_000, 744


def _interest(listing: Listing, coins: float, price: float) -> float:
    return round(coins * price, -1) if listing.kind is Kind.INVERSE else round(coins, 4)


def _eight_hours(view: View, base: str) -> float:
    """What the last eight hours charged."""
    rows = view.settlements(base, view.now_ms - 8 * HOUR_MS + 1, None, 8, newest=True)
    return round(sum(row.rate for row in rows), 12)


def _present(view: View, listing: Listing) -> dict[str, Any]:
    quote = view.quote(listing.base)
    return {
        "best_ask_amount": 1_190.0,
        "best_ask_price": quote.ask,
        "best_bid_amount": 1_210.0,
        "best_bid_price": quote.bid,
        "current_funding": round(quote.funding_rate * 8 / quote.interval_h, 12),
        "estimated_delivery_price": quote.index,
        "funding_8h": _eight_hours(view, listing.base),
        "index_price": quote.index,
        "instrument_name": listing.id,
        "interest_value": 0.0,
        "last_price": quote.last,
        "mark_price": quote.mark,
        "max_price": round(quote.mark * 1.015, 4),
        "min_price": round(quote.mark * 0.985, 4),
        "open_interest": _interest(listing, quote.open_interest, quote.mark),
        "settlement_price": quote.open_24h,
        "state": "open",
        "stats": {
            "high": quote.high_24h,
            "low": quote.low_24h,
            "price_change": round(100 * (quote.last / quote.open_24h - 1), 4),
            "volume": quote.volume_24h,
            "volume_notional": round(quote.volume_24h * quote.last, 2),
            "volume_usd": round(quote.volume_24h * quote.last, 2),
        },
        "timestamp": quote.stamp_ms,
    }


def _ticker(view: View, query: Query) -> Any:
    return enveloped(view, _present(view, query["instrument_name"]))


def _order_book(view: View, query: Query) -> Any:
    listing = query["instrument_name"]

    def side(levels: list[tuple[float, float]]) -> list[list[float]]:
        if listing.kind is Kind.INVERSE:
            return [[price, max(round(price * size, -1), 10.0)] for price, size in levels]
        return [[price, size] for price, size in levels]

    bids, asks = view.book(listing.base, query["depth"])
    best = {"best_bid_amount": side(bids)[0][1], "best_ask_amount": side(asks)[0][1]}
    book = {"bids": side(bids), "asks": side(asks), "change_id": view.now_ms}
    return enveloped(view, _present(view, listing) | best | book)


def _summary(view: View, listing: Listing) -> dict[str, Any]:
    quote, present = view.quote(listing.base), _present(view, listing)
    return {
        "ask_price": quote.ask,
        "base_currency": listing.base,
        "bid_price": quote.bid,
        "creation_timestamp": quote.stamp_ms,
        "current_funding": present["current_funding"],
        "estimated_delivery_price": quote.index,
        "funding_8h": present["funding_8h"],
        "high": quote.high_24h,
        "instrument_name": listing.id,
        "last": quote.last,
        "low": quote.low_24h,
        "mark_price": quote.mark,
        "mid_price": (quote.bid + quote.ask) / 2,
        "open_interest": present["open_interest"],
        "price_change": present["stats"]["price_change"],
        "quote_currency": "USD" if listing.kind is Kind.INVERSE else "USDC",
        "volume": quote.volume_24h,
        "volume_notional": present["stats"]["volume_notional"],
        "volume_usd": present["stats"]["volume_usd"],
    }


def _summary_of_one(view: View, query: Query) -> Any:
    return enveloped(view, [_summary(view, query["instrument_name"])])


def _summary_of_currency(view: View, query: Query) -> Any:
    found = [one for one in PERPS.values() if view.knows(one.base)]
    wanted = [one for one in found if query["currency"] in (one.base, "USDC" if one.kind is Kind.LINEAR else one.base)]
    return enveloped(view, [_summary(view, one) for one in wanted])


def _chart(view: View, query: Query) -> Any:
    listing = query["instrument_name"]
    price = Price.SPOT if listing.kind is Kind.SPOT else Price.PERP
    bars = view.bars(listing.base, price, query["start_timestamp"], query["end_timestamp"], MOST_BARS, newest=True)
    columns = {name: [getattr(bar, name) for bar in bars] for name in ("open", "high", "low", "close", "volume")}
    chart = {
        "ticks": [bar.open_ms for bar in bars],
        **columns,
        "cost": [round(bar.volume * bar.close, 2) for bar in bars],
        "status": "ok" if bars else "no_data",
    }
    return enveloped(view, chart)


def _funding_history(view: View, query: Query) -> Any:
    base = query["instrument_name"].base
    start, end = query["start_timestamp"], query["end_timestamp"]
    rows = view.settlements(base, max(start - 8 * HOUR_MS, 0), end, MOST_FUNDING + 8, newest=True)
    if not rows:
        return enveloped(view, [])
    index = {
        bar.open_ms: bar.close
        for bar in view.bars(base, Price.INDEX, rows[0].time_ms - 2 * HOUR_MS, rows[-1].time_ms, 2_000, newest=True)
    }
    found = []
    for place, row in enumerate(rows):
        if row.time_ms < start:
            continue
        last_eight = [one.rate for one in rows[max(place - 7, 0) : place + 1]]
        hour = row.time_ms // HOUR_MS * HOUR_MS
        found.append(
            {
                "timestamp": hour,
                "index_price": index.get(hour - HOUR_MS),
                "prev_index_price": index.get(hour - 2 * HOUR_MS),
                "interest_8h": round(sum(last_eight), 12),
                "interest_1h": row.rate,
            }
        )
    return enveloped(view, found[-MOST_FUNDING:])


def _funding_value(view: View, query: Query) -> Any:
    base = query["instrument_name"].base
    rows = view.settlements(base, query["start_timestamp"], query["end_timestamp"], 10_000, newest=True)
    return enveloped(view, round(sum(row.rate for row in rows), 12))


def _bankruptcies(view: View, query: Query) -> Any:
    base, start = query["instrument_name"].base, query["search_start_timestamp"]
    events = view.liquidations(base, view.now_ms - 24 * HOUR_MS if start is None else start, view.now_ms)
    settlements = [
        {
            "type": "bankruptcy",
            "timestamp": event.time_ms,
            "funded": 0.0,
            "session_bankruptcy": event.size,
            "session_bankrupcy": event.size,
            "session_tax": 0.0,
            "session_tax_rate": 0.0,
            "socialized": 0.0,
        }
        for event in reversed(events[-query["count"] :])
    ]
    return enveloped(view, {"settlements": settlements, "continuation": None})


INSTRUMENT, PERP = {"instrument_name": Parameter(named(MARKETS))}, {"instrument_name": Parameter(named(PERPS))}
PERIOD = {"start_timestamp": Parameter(milliseconds), "end_timestamp": Parameter(milliseconds)}
CURRENCY = one_of("BTC", "ETH", "SOL", "AVAX", "USDC", "any")
KIND = Parameter(one_of("future", "spot", "option"), None)

VENUE = Venue(
    "deribit",
    (
        Route("GET", "/api/v2/public/get_time", lambda view, query: enveloped(view, view.stamp_ms)),
        Route("GET", "/api/v2/public/get_currencies", currencies),
        Route(
            "GET",
            "/api/v2/public/get_instruments",
            instruments,
            {"currency": Parameter(CURRENCY, None), "kind": KIND, "expired": Parameter(one_of("false"), None)},
        ),
        Route("GET", "/api/v2/public/ticker", _ticker, PERP),
        Route("GET", "/api/v2/public/get_order_book", _order_book, PERP | {"depth": Parameter(whole(1, 10_000), 5)}),
        Route("GET", "/api/v2/public/get_book_summary_by_instrument", _summary_of_one, PERP),
        Route(
            "GET",
            "/api/v2/public/get_book_summary_by_currency",
            _summary_of_currency,
            {"currency": Parameter(CURRENCY), "kind": KIND},
        ),
        Route(
            "GET",
            "/api/v2/public/get_tradingview_chart_data",
            _chart,
            INSTRUMENT | PERIOD | {"resolution": Parameter(one_of("60"))},
        ),
        Route("GET", "/api/v2/public/get_funding_rate_history", _funding_history, PERP | PERIOD),
        Route("GET", "/api/v2/public/get_funding_rate_value", _funding_value, PERP | PERIOD),
        Route(
            "GET",
            "/api/v2/public/get_last_settlements_by_instrument",
            _bankruptcies,
            PERP
            | {
                "type": Parameter(one_of("bankruptcy")),
                "count": Parameter(whole(1, 1_000), 20),
                "search_start_timestamp": Parameter(milliseconds, None),
            },
        ),
    ),
    error_body={"jsonrpc": "2.0", "error": {"code": 11_094, "message": "internal_server_error"}, "testnet": False},
    maintenance=(503, {"jsonrpc": "2.0", "error": {"code": 11_051, "message": "system_maintenance"}}),
    rate_limited={"jsonrpc": "2.0", "error": {"code": 10_028, "message": "too_many_requests"}},
)
