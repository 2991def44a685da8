"""Bybit v5: every answer in an envelope, every list newest first, categories linear, inverse, spot and option.

Source: bybit-exchange.github.io/docs/v5/market.
"""

from typing import Any

from agent.market.replay_server.matching import REQUIRED, Parameter, Query, Route, milliseconds, named, one_of, whole
from agent.market.replay_server.rows import Price
from agent.market.replay_server.series import HOUR_MS
from agent.market.replay_server.venues.bybit_markets import CATEGORIES, enveloped, instruments
from agent.market.replay_server.venues.venue import Venue
from agent.market.replay_server.view import View
from agent.market.replay_server.wire import STEPS_MS, Kind, Listing, rate_text


def _ticker(view: View, listing: Listing) -> dict[str, Any]:
    quote = view.quote(listing.base)
    spot = listing.kind is Kind.SPOT
    last = quote.spot if spot else quote.last
    half = (quote.ask - quote.bid) / 2
    ticker = {
        "symbol": listing.id,
        "lastPrice": listing.price(last),
        "prevPrice24h": listing.price(quote.open_24h),
        "price24hPcnt": f"{last / quote.open_24h - 1:.6f}",
        "highPrice24h": listing.price(max(quote.high_24h, last)),
        "lowPrice24h": listing.price(min(quote.low_24h, last)),
        "turnover24h": f"{quote.volume_24h * last:.4f}",
        "volume24h": listing.units(quote.volume_24h),
        "bid1Price": listing.price(last - half),
        "bid1Size": "2.100",
        "ask1Price": listing.price(last + half),
        "ask1Size": "1.900",
    }
    if spot:
        return ticker | {"usdIndexPrice": listing.price(quote.index)}
    dollars = quote.open_interest * quote.mark
    inverse = listing.kind is Kind.INVERSE
    return ticker | {
        "indexPrice": listing.price(quote.index),
        "markPrice": listing.price(quote.mark),
        "prevPrice1h": listing.price(quote.open_24h),
        "openInterest": f"{dollars:.0f}" if inverse else listing.units(quote.open_interest),
        "openInterestValue": f"{quote.open_interest:.4f}" if inverse else f"{dollars:.4f}",
        "fundingRate": rate_text(quote.funding_rate, 8),
        "nextFundingTime": str(quote.next_settlement_ms),
        "predictedDeliveryPrice": "",
        "basisRate": "",
        "deliveryFeeRate": "",
        "deliveryTime": "0",
        "basis": "",
        "fundingIntervalHour": str(quote.interval_h),
        "fundingCap": "0.005",
    }


def _tickers(view: View, query: Query) -> Any:
    if query["symbol"] is not None:
        rows = [_ticker(view, query["symbol"])]
    else:
        rows = [_ticker(view, one) for one in CATEGORIES[query["category"]].values() if view.knows(one.base)]
    return enveloped(view, {"category": query["category"], "list": rows})


def _klines(perp: Price) -> Any:
    def answer(view: View, query: Query) -> Any:
        listing, category, start = query["symbol"], query["category"], query["start"]
        price = Price.SPOT if category == "spot" else perp
        newest = start is None or query["end"] is not None
        bars = view.bars(listing.base, price, start, query["end"], query["limit"], newest)
        rows = []
        for bar in reversed(bars):
            row = [str(bar.open_ms), *(listing.price(value) for value in (bar.open, bar.high, bar.low, bar.close))]
            if price in (Price.PERP, Price.SPOT):
                row += [listing.units(bar.volume), f"{bar.volume * bar.close:.4f}"]
            rows.append(row)
        return enveloped(view, {"symbol": listing.id, "category": category, "list": rows})

    return answer


def _funding_history(view: View, query: Query) -> Any:
    listing = query["symbol"]
    rows = view.settlements(listing.base, query["startTime"], query["endTime"], query["limit"], newest=True)
    found = [
        {
            "symbol": listing.id,
            "fundingRate": rate_text(row.rate, 8),
            "fundingRateTimestamp": str(row.time_ms // HOUR_MS * HOUR_MS),
        }
        for row in reversed(rows)
    ]
    return enveloped(view, {"category": query["category"], "list": found})


def _open_interest(view: View, query: Query) -> Any:
    listing, start = query["symbol"], query["startTime"]
    end = query["endTime"] if query["cursor"] is None else query["cursor"]
    rows = view.open_interest(listing.base, start, end, query["limit"] + 1, True, STEPS_MS[query["intervalTime"]])
    page = rows[-query["limit"] :]
    inverse = listing.kind is Kind.INVERSE
    price = view.quote(listing.base).mark
    found = [
        {
            "openInterest": f"{coins * price:.8f}" if inverse else f"{coins / listing.multiplier:.8f}",
            "timestamp": str(time),
        }
        for time, coins in reversed(page)
    ]
    cursor = str(rows[0][0]) if len(rows) > len(page) else ""
    body = {"symbol": listing.id, "category": query["category"], "list": found, "nextPageCursor": cursor}
    return enveloped(view, body)


def _account_ratio(view: View, query: Query) -> Any:
    listing = query["symbol"]
    step_ms = STEPS_MS[query["period"]]
    rows = view.long_short(listing.base, query["startTime"], query["endTime"], query["limit"], True, step_ms)
    found = [
        {
            "symbol": listing.id,
            "buyRatio": f"{ratio / (1 + ratio):.4f}",
            "sellRatio": f"{1 / (1 + ratio):.4f}",
            "timestamp": str(time_ms),
        }
        for time_ms, ratio in reversed(rows)
    ]
    return enveloped(view, {"list": found, "nextPageCursor": ""})


def _book(view: View, query: Query) -> Any:
    listing = query["symbol"]
    bids, asks = view.book(listing.base, query["limit"], listing.kind is Kind.SPOT)
    body = {
        "s": listing.id,
        "b": [[listing.price(price), listing.units(size)] for price, size in bids],
        "a": [[listing.price(price), listing.units(size)] for price, size in asks],
        "ts": view.stamp_ms,
        "u": view.now_ms,
        "seq": view.now_ms,
        "cts": view.stamp_ms,
    }
    return enveloped(view, body)


def _time(view: View, query: Query) -> Any:
    nanoseconds = view.stamp_ms * 1_000_000
    return enveloped(view, {"timeSecond": str(view.stamp_ms // 1_000), "timeNano": str(nanoseconds)})


def _routes(
    path: str, answer: Any, parameters: dict[str, Parameter], kinds: tuple[str, ...], default: Any
) -> list[Route]:
    """One route per category, because the same symbol is another market in each."""
    return [
        Route(
            "GET",
            f"/v5/market/{path}",
            answer,
            {
                "category": Parameter(one_of(kind)),
                "symbol": Parameter(named(CATEGORIES[kind]), default),
                **parameters,
            },
        )
        for kind in kinds
    ]


ALL, CONTRACTS = tuple(CATEGORIES), ("linear", "inverse")
PAGE = {"start": Parameter(milliseconds, None), "end": Parameter(milliseconds, None)}
WINDOW = {"startTime": Parameter(milliseconds, None), "endTime": Parameter(milliseconds, None)}
BARS = PAGE | {"interval": Parameter(one_of("60")), "limit": Parameter(whole(1, 1_000), 200)}
INFO = {"status": Parameter(one_of("Trading", "PreLaunch"), None), "limit": Parameter(whole(1, 1_000), 500)}

VENUE = Venue(
    "bybit",
    (
        Route("GET", "/v5/market/time", _time),
        *_routes("instruments-info", instruments, INFO, ALL, None),
        Route(
            "GET",
            "/v5/market/instruments-info",
            instruments,
            {"category": Parameter(one_of("option")), "symbol": Parameter(named({}), None)}
            | INFO
            | {"baseCoin": Parameter(one_of("BTC", "ETH", "SOL", "XRP", "MNT", "DOGE"), None)},
        ),
        *_routes("tickers", _tickers, {}, ALL, None),
        *_routes("kline", _klines(Price.PERP), BARS, ALL, REQUIRED),
        *_routes("mark-price-kline", _klines(Price.MARK), BARS, CONTRACTS, REQUIRED),
        *_routes("index-price-kline", _klines(Price.INDEX), BARS, CONTRACTS, REQUIRED),
        *_routes(
            "funding/history",
            _funding_history,
            WINDOW | {"limit": Parameter(whole(1, 200), 200)},
            CONTRACTS,
            REQUIRED,
        ),
        *_routes(
            "open-interest",
            _open_interest,
            WINDOW
            | {
                "intervalTime": Parameter(one_of("5min", "1h")),
                "limit": Parameter(whole(1, 200), 50),
                "cursor": Parameter(milliseconds, None),
            },
            CONTRACTS,
            REQUIRED,
        ),
        *_routes(
            "account-ratio",
            _account_ratio,
            WINDOW | {"period": Parameter(one_of("5min", "1h")), "limit": Parameter(whole(1, 500), 50)},
            CONTRACTS,
            REQUIRED,
        ),
        *_routes("orderbook", _book, {"limit": Parameter(whole(1, 500), 25)}, ALL, REQUIRED),
    ),
    error_body={"retCode": 10016, "retMsg": "Server error.", "result": {}, "retExtInfo": {}, "time": 0},
    maintenance=(503, {"retCode": 10000, "retMsg": "System is under maintenance.", "result": {}}),
    rate_limited={"retCode": 10006, "retMsg": "Too many visits. Exceeded the API Rate Limit.", "result": {}},
)
