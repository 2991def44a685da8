"""Binance: USD-M futures (/fapi), their statistics (/futures/data), spot (/api) and the list of coin-M markets (/dapi).

Pages run from the first row on when `startTime` is given, and end with the newest row otherwise. Statistics reach back
thirty days. Source: developers.binance.com, "Market Data".
"""

from typing import Any

from agent.market.replay_server.matching import (
    Parameter,
    Query,
    Route,
    milliseconds,
    named,
    one_number_of,
    one_of,
    whole,
)
from agent.market.replay_server.rows import Bar, Price, Quote
from agent.market.replay_server.series import HOUR_MS
from agent.market.replay_server.venues.binance_markets import (
    LISTINGS,
    PAIRS,
    PERPS,
    SPOT,
    coin_exchange_info,
    perp_exchange_info,
    spot_exchange_info,
)
from agent.market.replay_server.venues.venue import Venue
from agent.market.replay_server.view import View
from agent.market.replay_server.wire import STEPS_MS, Listing, rate_text

STATISTICS_MS = 30 * 24 * HOUR_MS


def _premium(view: View, listing: Listing) -> dict[str, Any]:
    quote = view.quote(listing.base)
    return {
        "symbol": listing.id,
        "markPrice": listing.price(quote.mark, 2),
        "indexPrice": listing.price(quote.index, 2),
        "estimatedSettlePrice": listing.price((quote.index + quote.spot) / 2, 2),
        "lastFundingRate": rate_text(quote.funding_rate, 8),
        "interestRate": "0.00010000",
        "nextFundingTime": quote.next_settlement_ms,
        "time": quote.stamp_ms,
    }


def _premium_index(view: View, query: Query) -> Any:
    if query["symbol"] is not None:
        return _premium(view, query["symbol"])
    return [_premium(view, listing) for listing in _with_data(view)]


def _with_data(view: View) -> list[Listing]:
    """The perps that anything is known of yet."""
    return [listing for listing in LISTINGS if view.knows(listing.base)]


def _funding_info(view: View, query: Query) -> Any:
    """Adjusted symbols only, as Binance has it: AVAX, PEPE, and whatever does not settle every eight hours now."""
    adjusted = [
        (listing, view.quote(listing.base).interval_h)
        for listing in _with_data(view)
        if listing.base in ("AVAX", "PEPE") or view.quote(listing.base).interval_h != 8
    ]
    return [
        {
            "symbol": listing.id,
            "adjustedFundingRateCap": "0.02000000",
            "adjustedFundingRateFloor": "-0.02000000",
            "fundingIntervalHours": interval_h,
            "disclaimer": False,
            "updateTime": 1_500_000_000_000,
        }
        for listing, interval_h in adjusted
    ]


def _funding_history(view: View, query: Query) -> Any:
    listing, start = query["symbol"], query["startTime"]
    rows = view.settlements(listing.base, start, query["endTime"], query["limit"], newest=start is None)
    return [
        {
            "symbol": listing.id,
            "fundingTime": row.time_ms,
            "fundingRate": rate_text(row.rate, 8),
            "markPrice": "" if row.mark is None else listing.price(row.mark, 2),
        }
        for row in rows
    ]


def _klines(price: Price, name: str = "symbol") -> Any:
    def answer(view: View, query: Query) -> Any:
        listing, start = query[name], query["startTime"]
        bars = view.bars(listing.base, price, start, query["endTime"], query["limit"], newest=start is None)
        traded = price in (Price.PERP, Price.SPOT)
        return [_kline(listing, bar, traded) for bar in bars]

    return answer


def _kline(listing: Listing, bar: Bar, traded: bool) -> list[Any]:
    more = 0 if traded else 2
    prices = [listing.price(value, more) for value in (bar.open, bar.high, bar.low, bar.close)]
    end_ms = bar.open_ms + HOUR_MS - 1
    if not traded:
        return [bar.open_ms, *prices, "0", end_ms, "0", 3_600, "0", "0", "0"]
    dollars = f"{bar.volume * bar.close:.2f}"
    return [
        bar.open_ms,
        *prices,
        listing.units(bar.volume),
        end_ms,
        dollars,
        1_000,
        listing.units(bar.volume / 2),
        dollars,
        "0",
    ]


def _open_interest(view: View, query: Query) -> Any:
    listing = query["symbol"]
    quote = view.quote(listing.base)
    return {"symbol": listing.id, "openInterest": listing.units(quote.open_interest), "time": quote.stamp_ms}


def _window(view: View, query: Query) -> tuple[int | None, int | None, int, bool, int]:
    start, oldest = query["startTime"], view.now_ms - STATISTICS_MS
    return (
        (None if start is None else max(start, oldest)),
        query["endTime"],
        query["limit"],
        start is None,
        STEPS_MS[query["period"]],
    )


def _open_interest_history(view: View, query: Query) -> Any:
    listing = query["symbol"]
    price = view.quote(listing.base).mark
    return [
        {
            "symbol": listing.id,
            "sumOpenInterest": listing.units(coins),
            "sumOpenInterestValue": f"{coins * price:.8f}",
            "timestamp": time_ms,
        }
        for time_ms, coins in view.open_interest(listing.base, *_window(view, query))
    ]


def _long_short(view: View, query: Query) -> Any:
    listing = query["symbol"]
    return [
        {
            "symbol": listing.id,
            "longAccount": f"{ratio / (1 + ratio):.4f}",
            "longShortRatio": f"{ratio:.4f}",
            "shortAccount": f"{1 / (1 + ratio):.4f}",
            "timestamp": time_ms,
        }
        for time_ms, ratio in view.long_short(listing.base, *_window(view, query))
    ]


def _depth(spot: bool) -> Any:
    def answer(view: View, query: Query) -> Any:
        listing = query["symbol"]
        bids, asks = view.book(listing.base, query["limit"], spot)
        sides = {
            name: [[listing.price(price), listing.units(size)] for price, size in side]
            for name, side in (("bids", bids), ("asks", asks))
        }
        stamps = {} if spot else {"E": view.stamp_ms, "T": view.stamp_ms}
        return {"lastUpdateId": view.now_ms, **stamps, **sides}

    return answer


def _day(view: View, listing: Listing, spot: bool) -> dict[str, Any]:
    quote = view.quote(listing.base)
    last = quote.spot if spot else quote.last
    book = _book_ticker(quote, listing) if spot else {}
    return {
        "symbol": listing.id,
        "priceChange": listing.price(last - quote.open_24h),
        "priceChangePercent": f"{100 * (last / quote.open_24h - 1):.3f}",
        "weightedAvgPrice": listing.price((quote.high_24h + quote.low_24h) / 2),
        "lastPrice": listing.price(last),
        "lastQty": "0.010",
        "openPrice": listing.price(quote.open_24h),
        "highPrice": listing.price(max(quote.high_24h, last)),
        "lowPrice": listing.price(min(quote.low_24h, last)),
        "volume": listing.units(quote.volume_24h),
        "quoteVolume": f"{quote.volume_24h * last:.2f}",
        "openTime": quote.stamp_ms - 24 * HOUR_MS,
        "closeTime": quote.stamp_ms,
        "count": 100_000,
    } | {key: value for key, value in book.items() if key != "symbol"}


def _book_ticker(quote: Quote, listing: Listing) -> dict[str, Any]:
    return {
        "symbol": listing.id,
        "bidPrice": listing.price(quote.bid),
        "bidQty": "1.500",
        "askPrice": listing.price(quote.ask),
        "askQty": "1.200",
    }


def _one_or_all(row: Any, listings: tuple[Listing, ...]) -> Any:
    def answer(view: View, query: Query) -> Any:
        if query["symbol"] is not None:
            return row(view, query["symbol"])
        return [row(view, listing) for listing in listings if view.knows(listing.base)]

    return answer


def _time(view: View, query: Query) -> Any:
    return {"serverTime": view.stamp_ms}


def _paged(most: int, default: int, name: str = "symbol", things: dict[str, Listing] = PERPS) -> dict[str, Parameter]:
    return {
        name: Parameter(named(things)),
        "startTime": Parameter(milliseconds, None),
        "endTime": Parameter(milliseconds, None),
        "limit": Parameter(whole(1, most), default),
    }


HOURLY = {"interval": Parameter(one_of("1h"))}
STATISTICS = _paged(500, 30) | {"period": Parameter(one_of("5m", "1h"))}
ONE_PERP, ONE_PAIR = {"symbol": Parameter(named(PERPS))}, {"symbol": Parameter(named(PAIRS))}
SOME_PERP, SOME_PAIR = {"symbol": Parameter(named(PERPS), None)}, {"symbol": Parameter(named(PAIRS), None)}
DEPTH = {"limit": Parameter(one_number_of(5, 10, 20, 50, 100, 500, 1_000), 500)}

VENUE = Venue(
    "binance",
    (
        Route("GET", "/fapi/v1/ping", lambda view, query: {}),
        Route("GET", "/fapi/v1/time", _time),
        Route("GET", "/fapi/v1/exchangeInfo", perp_exchange_info),
        Route("GET", "/fapi/v1/premiumIndex", _premium_index, SOME_PERP),
        Route("GET", "/fapi/v1/fundingInfo", _funding_info),
        Route("GET", "/fapi/v1/fundingRate", _funding_history, _paged(1_000, 100)),
        Route("GET", "/fapi/v1/klines", _klines(Price.PERP), _paged(1_500, 500) | HOURLY),
        Route("GET", "/fapi/v1/markPriceKlines", _klines(Price.MARK), _paged(1_500, 500) | HOURLY),
        Route("GET", "/fapi/v1/indexPriceKlines", _klines(Price.INDEX, "pair"), _paged(1_500, 500, "pair") | HOURLY),
        Route("GET", "/fapi/v1/openInterest", _open_interest, ONE_PERP),
        Route("GET", "/fapi/v1/depth", _depth(spot=False), ONE_PERP | DEPTH),
        Route("GET", "/fapi/v1/ticker/24hr", _one_or_all(lambda v, one: _day(v, one, False), LISTINGS), SOME_PERP),
        Route(
            "GET",
            "/fapi/v1/ticker/bookTicker",
            _one_or_all(lambda v, one: _book_ticker(v.quote(one.base), one) | {"time": v.stamp_ms}, LISTINGS),
            SOME_PERP,
        ),
        Route("GET", "/futures/data/openInterestHist", _open_interest_history, STATISTICS),
        Route("GET", "/futures/data/globalLongShortAccountRatio", _long_short, STATISTICS),
        Route("GET", "/dapi/v1/exchangeInfo", coin_exchange_info),
        Route("GET", "/api/v3/time", _time),
        Route("GET", "/api/v3/exchangeInfo", spot_exchange_info),
        Route("GET", "/api/v3/klines", _klines(Price.SPOT), _paged(1_000, 500, things=PAIRS) | HOURLY),
        Route("GET", "/api/v3/depth", _depth(spot=True), ONE_PAIR | {"limit": Parameter(whole(1, 5_000), 100)}),
        Route("GET", "/api/v3/ticker/24hr", _one_or_all(lambda v, one: _day(v, one, True), SPOT), SOME_PAIR),
        Route(
            "GET",
            "/api/v3/ticker/bookTicker",
            _one_or_all(lambda v, one: _book_ticker(v.quote(one.base), one), SPOT),
            SOME_PAIR,
        ),
        Route(
            "GET",
            "/api/v3/ticker/price",
            _one_or_all(lambda v, one: {"symbol": one.id, "price": one.price(v.quote(one.base).spot)}, SPOT),
            SOME_PAIR,
        ),
    ),
    error_body={"code": -1000, "msg": "An unknown error occurred while processing the request."},
    maintenance=(503, {"code": 1, "msg": "System is under maintenance."}),
    rate_limited={"code": -1003, "msg": "Too many requests; current limit of IP is 2400 requests per minute."},
)
