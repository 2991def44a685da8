"""OKX v5: code, msg and data around everything, numbers as text, lists newest first, sizes in contracts.

`after` asks for rows before a moment and `before` for rows after it, both exclusive. Candles reach back 1,440 bars,
history candles further. Source: www.okx.com/docs-v5, "Public Data" and "Trading Statistics".
"""

from typing import Any

from agent.market.replay_server.matching import Parameter, Query, Route, at_most, milliseconds, named, one_of, whole
from agent.market.replay_server.rows import Price
from agent.market.replay_server.series import HOUR_MS
from agent.market.replay_server.venues.okx_markets import INDEXES, PAIRS, SWAPS, enveloped, family, instruments, known
from agent.market.replay_server.venues.okx_statistics import interest_history, long_short
from agent.market.replay_server.venues.venue import Venue
from agent.market.replay_server.view import View
from agent.market.replay_server.wire import (
    Kind,
    Listing,
    rate_text,
)

RECENT_BARS = 1_440


def _funding(view: View, listing: Listing) -> dict[str, Any]:
    quote = view.quote(listing.base)
    return {
        "formulaType": "withRate",
        "fundingRate": rate_text(quote.funding_rate, 16),
        "fundingTime": str(quote.next_settlement_ms),
        "impactValue": "20000.0000000000000000",
        "instId": listing.id,
        "instType": "SWAP",
        "interestRate": "0.0001000000000000",
        "maxFundingRate": "0.00375",
        "method": "current_period",
        "minFundingRate": "-0.00375",
        "nextFundingRate": rate_text(quote.predicted_rate, 16),
        "nextFundingTime": str(quote.next_settlement_ms + quote.interval_h * HOUR_MS),
        "premium": rate_text(quote.mark / quote.index - 1, 16),
        "settFundingRate": rate_text(quote.settled_rate, 16),
        "settState": "settled",
        "ts": str(quote.stamp_ms),
    }


def _funding_rate(view: View, query: Query) -> Any:
    wanted = known(view) if query["instId"] == "ANY" else [SWAPS[query["instId"]]]
    return enveloped([_funding(view, listing) for listing in wanted])


def _exclusive(query: Query) -> tuple[int | None, int | None]:
    after, before = query["after"], query["before"]
    return (None if before is None else before + 1), (None if after is None else after - 1)


def _funding_history(view: View, query: Query) -> Any:
    listing = query["instId"]
    start, end = _exclusive(query)
    rows = view.settlements(listing.base, start, end, query["limit"], newest=True)
    return enveloped(
        [
            {
                "formulaType": "withRate",
                "fundingRate": rate_text(row.rate * 1.001, 16),  # what had been announced
                "fundingTime": str(row.time_ms // HOUR_MS * HOUR_MS),
                "instId": listing.id,
                "instType": "SWAP",
                "method": "current_period",
                "realizedRate": rate_text(row.rate, 16),
            }
            for row in reversed(rows)
        ]
    )


def _marks(view: View, query: Query) -> Any:
    wanted = known(view) if query["instId"] is None else [query["instId"]]
    quotes = [(listing, view.quote(listing.base)) for listing in wanted]
    return enveloped(
        [
            {"instId": one.id, "instType": "SWAP", "markPx": one.price(quote.mark, 2), "ts": str(quote.stamp_ms)}
            for one, quote in quotes
        ]
    )


def _index_tickers(view: View, query: Query) -> Any:
    listing = query["instId"]
    quote = view.quote(listing.base)
    row = {
        "instId": listing.id,
        "idxPx": listing.price(quote.index),
        "high24h": listing.price(quote.high_24h),
        "low24h": listing.price(quote.low_24h),
        "open24h": listing.price(quote.open_24h),
        "sodUtc0": listing.price(quote.open_24h),
        "sodUtc8": listing.price(quote.open_24h),
        "ts": str(quote.stamp_ms),
    }
    return enveloped([row])


def _interests(view: View, query: Query) -> Any:
    wanted = known(view) if query["instId"] is None else [query["instId"]]
    for name in ("uly", "instFamily"):
        if query[name] is not None:
            wanted = [listing for listing in wanted if family(listing) == query[name]]
    quotes = [(listing, view.quote(listing.base)) for listing in wanted]
    return enveloped(
        [
            {
                "instId": listing.id,
                "instType": "SWAP",
                "oi": f"{listing.contracts(quote.open_interest, quote.mark):.2f}",
                "oiCcy": f"{quote.open_interest:.4f}",
                "oiUsd": f"{quote.open_interest * quote.mark:.4f}",
                "ts": str(quote.stamp_ms),
            }
            for listing, quote in quotes
        ]
    )


def _ticker(view: View, listing: Listing) -> dict[str, Any]:
    quote = view.quote(listing.base)
    spot = listing.kind is Kind.SPOT
    last, half = (quote.spot if spot else quote.last), (quote.ask - quote.bid) / 2
    coins = f"{quote.volume_24h:.4f}"
    return {
        "instType": "SPOT" if spot else "SWAP",
        "instId": listing.id,
        "last": listing.price(last),
        "lastSz": "1",
        "askPx": listing.price(last + half),
        "askSz": "31",
        "bidPx": listing.price(last - half),
        "bidSz": "29",
        "open24h": listing.price(quote.open_24h),
        "high24h": listing.price(max(quote.high_24h, last)),
        "low24h": listing.price(min(quote.low_24h, last)),
        "volCcy24h": f"{quote.volume_24h * last:.4f}" if spot else coins,
        "vol24h": coins if spot else f"{listing.contracts(quote.volume_24h, last):.2f}",
        "ts": str(quote.stamp_ms),
        "sodUtc0": listing.price(quote.open_24h),
        "sodUtc8": listing.price(quote.open_24h),
    }


def _one_ticker(view: View, query: Query) -> Any:
    return enveloped([_ticker(view, query["instId"])])


def _all_tickers(view: View, query: Query) -> Any:
    wanted = PAIRS if query["instType"] == "SPOT" else SWAPS
    return enveloped([_ticker(view, one) for one in wanted.values() if view.knows(one.base)])


def _candles(perp: Price | None, recent: bool) -> Any:
    def answer(view: View, query: Query) -> Any:
        listing = query["instId"]
        price = perp or (Price.SPOT if listing.kind is Kind.SPOT else Price.PERP)
        start, end = _exclusive(query)
        if recent:
            start = max(start or 0, view.now_ms - RECENT_BARS * HOUR_MS)
        bars = view.bars(listing.base, price, start, end, query["limit"], newest=True)
        rows = []
        for bar in reversed(bars):
            whole_bar = "1" if bar.open_ms + HOUR_MS <= view.now_ms else "0"
            row = [str(bar.open_ms), *(listing.price(value) for value in (bar.open, bar.high, bar.low, bar.close))]
            if perp is None:
                dollars = f"{bar.volume * bar.close:.4f}"
                volume = listing.units(bar.volume)
                if listing.kind is not Kind.SPOT:
                    volume = f"{listing.contracts(bar.volume, bar.close):.2f}"
                row += [volume, listing.units(bar.volume), dollars]
            rows.append([*row, whole_bar])
        return enveloped(rows)

    return answer


def _book(view: View, query: Query) -> Any:
    listing = query["instId"]
    spot = listing.kind is Kind.SPOT

    def side(levels: list[tuple[float, float]]) -> list[list[str]]:
        sizes = [(price, size if spot else max(listing.contracts(size, price), 1)) for price, size in levels]
        return [[listing.price(price), f"{size:.2f}", "0", "3"] for price, size in sizes]

    bids, asks = view.book(listing.base, query["sz"], spot)
    return enveloped([{"asks": side(asks), "bids": side(bids), "ts": str(view.stamp_ms), "seqId": view.now_ms}])


def _time(view: View, query: Query) -> Any:
    return enveloped([{"ts": str(view.stamp_ms)}])


ANY_SWAP, ONE_SWAP = {"instId": Parameter(named(SWAPS), None)}, {"instId": Parameter(named(SWAPS))}
ONE_MARKET = {"instId": Parameter(named(SWAPS | PAIRS))}
ROWS = {"after": Parameter(milliseconds, None), "before": Parameter(milliseconds, None)}
BARS = ROWS | {"bar": Parameter(one_of("1H")), "limit": Parameter(at_most(300), 100)}
FEWER_BARS = BARS | {"limit": Parameter(at_most(100), 100)}
STATISTICS = ONE_SWAP | {
    "period": Parameter(one_of("5m", "1H"), "5m"),
    "begin": Parameter(milliseconds, None),
    "end": Parameter(milliseconds, None),
    "limit": Parameter(at_most(100), 100),
}
SWAP_ONLY = {"instType": Parameter(one_of("SWAP"))}
FAMILY = one_of(*(family(listing) for listing in SWAPS.values()))
FAMILIES = {"uly": Parameter(FAMILY, None), "instFamily": Parameter(FAMILY, None)}
UNDERLYING = {"uly": Parameter(one_of("BTC-USD", "ETH-USD", "BTC-USDT", "ETH-USDT"), None)}
INDEX = {"instId": Parameter(named(INDEXES))}

VENUE = Venue(
    "okx",
    (
        Route("GET", "/api/v5/public/time", _time),
        Route(
            "GET",
            "/api/v5/public/instruments",
            instruments,
            {"instType": Parameter(one_of("SPOT", "SWAP", "FUTURES", "OPTION"))}
            | UNDERLYING
            | {"instId": Parameter(one_of(*SWAPS, *PAIRS), None)},
        ),
        Route("GET", "/api/v5/public/funding-rate", _funding_rate, {"instId": Parameter(one_of("ANY", *SWAPS))}),
        Route(
            "GET",
            "/api/v5/public/funding-rate-history",
            _funding_history,
            ONE_SWAP | ROWS | {"limit": Parameter(at_most(400), 400)},
        ),
        Route("GET", "/api/v5/public/mark-price", _marks, {"instType": Parameter(one_of("SWAP"), None)} | ANY_SWAP),
        Route("GET", "/api/v5/public/open-interest", _interests, SWAP_ONLY | FAMILIES | ANY_SWAP),
        Route("GET", "/api/v5/market/index-tickers", _index_tickers, INDEX),
        Route("GET", "/api/v5/market/ticker", _one_ticker, ONE_MARKET),
        Route("GET", "/api/v5/market/tickers", _all_tickers, {"instType": Parameter(one_of("SPOT", "SWAP"))}),
        Route("GET", "/api/v5/market/books", _book, ONE_MARKET | {"sz": Parameter(whole(1, 400), 1)}),
        Route("GET", "/api/v5/market/candles", _candles(None, recent=True), ONE_MARKET | BARS),
        Route("GET", "/api/v5/market/history-candles", _candles(None, recent=False), ONE_MARKET | BARS),
        Route("GET", "/api/v5/market/mark-price-candles", _candles(Price.MARK, True), ONE_SWAP | FEWER_BARS),
        Route("GET", "/api/v5/market/history-mark-price-candles", _candles(Price.MARK, False), ONE_SWAP | FEWER_BARS),
        Route("GET", "/api/v5/market/index-candles", _candles(Price.INDEX, True), INDEX | FEWER_BARS),
        Route("GET", "/api/v5/market/history-index-candles", _candles(Price.INDEX, False), INDEX | FEWER_BARS),
        Route("GET", "/api/v5/rubik/stat/contracts/open-interest-history", interest_history, STATISTICS),
        Route("GET", "/api/v5/rubik/stat/contracts/long-short-account-ratio-contract", long_short, STATISTICS),
    ),
    error_body={"code": "50026", "msg": "System error. Try again later", "data": []},
    maintenance=(503, {"code": "50001", "msg": "Service temporarily unavailable. Try again later", "data": []}),
    rate_limited={"code": "50011", "msg": "Too Many Requests", "data": []},
)
