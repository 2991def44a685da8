"""Kraken futures: JSON numbers, ISO moments, funding in dollars per contract and hour beside the relative rate.

The history of funding comes whole, oldest first, in one answer. Source: docs.kraken.com, "Futures REST".
"""

from functools import lru_cache
from itertools import accumulate
from typing import Any

import numpy as np

from agent.market.replay_server.matching import Parameter, Query, Route, named, one_of, seconds
from agent.market.replay_server.rows import Price
from agent.market.replay_server.series import HOUR_MS, VenueHistory
from agent.market.replay_server.venues.venue import Venue
from agent.market.replay_server.view import View
from agent.market.replay_server.wire import Kind, Listing, by_id, date_text, iso_text, next_quarter_ms

MOST_BARS = 2_000
LISTINGS = (
    Listing("PF_XBTUSD", "BTC", more={"pair": "XBT:USD", "tick": 1, "digits": 4}),
    Listing("PF_ETHUSD", "ETH", more={"pair": "ETH:USD", "tick": 0.1, "digits": 3}),
    Listing("PF_SOLUSD", "SOL", more={"pair": "SOL:USD", "tick": 0.01, "digits": 2}),
    Listing("PF_AVAXUSD", "AVAX", more={"pair": "AVAX:USD", "tick": 0.001, "digits": 1}),
    Listing("PF_PEPEUSD", "PEPE", more={"pair": "PEPE:USD", "tick": 0.00000001, "digits": -3}),
    Listing("PI_XBTUSD", "BTC", Kind.INVERSE, more={"pair": "XBT:USD", "tick": 0.5, "digits": 0}),
)
MARKETS = by_id(LISTINGS)
PRICE_TYPES = {"trade": Price.PERP, "mark": Price.MARK, "spot": Price.INDEX}


def _instrument(listing: Listing, **changes: Any) -> dict[str, Any]:
    inverse = listing.kind is Kind.INVERSE
    pair = listing.more["pair"].split(":")
    margins = [{"numNonContractUnits": 0.0, "initialMargin": 0.02, "maintenanceMargin": 0.01}]
    return {
        "symbol": listing.id,
        "type": "futures_inverse" if inverse else "flexible_futures",
        "tradeable": True,
        "tickSize": listing.more["tick"],
        "contractSize": 1,
        "impactMidSize": 1.0,
        "maxPositionSize": 1_000_000.0,
        "openingDate": "2022-01-01T00:00:00.000Z",
        "marginLevels": margins,
        "fundingRateCoefficient": 24,
        "maxRelativeFundingRate": 0.0025,
        "contractValueTradePrecision": listing.more["digits"],
        "postOnly": False,
        "feeScheduleUid": "5b755fea-c5b0-4307-a66e-b392cd5bd931",
        "category": "",
        "tags": [],
        "base": pair[0].replace("XBT", "BTC"),
        "quote": "USD",
        "pair": listing.more["pair"],
    } | changes


def _instruments(view: View, query: Query) -> Any:
    expiry_ms = next_quarter_ms(view.now_ms)
    name = f"FI_XBTUSD_{date_text(expiry_ms, '%y%m%d')}"
    found = [_instrument(listing) for listing in LISTINGS]
    found.append(_instrument(LISTINGS[-1], symbol=name, lastTradingTime=iso_text(expiry_ms)))
    found.append(_instrument(LISTINGS[3], symbol="PF_FTMUSD", pair="FTM:USD", base="FTM", tradeable=False))
    found.append({"symbol": "in_xbtusd", "type": "spot index", "tradeable": False})
    return {"result": "success", "instruments": found, "serverTime": iso_text(view.stamp_ms)}


def _ticker(view: View, listing: Listing) -> dict[str, Any]:
    quote = view.quote(listing.base)
    per_hour = 1 / quote.interval_h
    inverse = listing.kind is Kind.INVERSE
    coins = quote.open_interest
    return {
        "symbol": listing.id,
        "last": quote.last,
        "lastTime": iso_text(quote.stamp_ms),
        "tag": "perpetual",
        "pair": listing.more["pair"],
        "markPrice": quote.mark,
        "bid": quote.bid,
        "bidSize": 2.1,
        "ask": quote.ask,
        "askSize": 1.9,
        "vol24h": quote.volume_24h,
        "volumeQuote": round(quote.volume_24h * quote.last, 4),
        "openInterest": round(coins * quote.mark) if inverse else coins,
        "open24h": quote.open_24h,
        "high24h": quote.high_24h,
        "low24h": quote.low_24h,
        "lastSize": 0.01,
        "fundingRate": quote.funding_rate * per_hour * quote.mark,
        "fundingRatePrediction": quote.predicted_rate * per_hour * quote.mark,
        "suspended": False,
        "indexPrice": quote.index,
        "postOnly": False,
        "change24h": round(100 * (quote.last / quote.open_24h - 1), 2),
    }


def _tickers(view: View, query: Query) -> Any:
    found = [_ticker(view, listing) for listing in LISTINGS if view.knows(listing.base)]
    if view.knows("BTC"):
        quote = view.quote("BTC")
        found.append({"symbol": "in_xbtusd", "last": quote.index, "lastTime": iso_text(quote.stamp_ms)})
    return {"result": "success", "tickers": found, "serverTime": iso_text(view.stamp_ms)}


def _one_ticker(view: View, query: Query) -> Any:
    ticker = _ticker(view, query["symbol"])
    return {"result": "success", "ticker": ticker, "serverTime": iso_text(view.stamp_ms)}


def _book(view: View, query: Query) -> Any:
    bids, asks = view.book(query["symbol"].base, 100)
    sides = {"bids": [list(level) for level in bids], "asks": [list(level) for level in asks]}
    return {"result": "success", "serverTime": iso_text(view.stamp_ms), "orderBook": sides}


@lru_cache(maxsize=32)
def _encoded_funding(history: VenueHistory) -> tuple[bytes, list[int]]:
    """The rows of all settlements as JSON, each with a comma before it, and where each of them ends."""
    hours = history.funding.time_ms // HOUR_MS * HOUR_MS
    before = np.maximum(np.searchsorted(history.mark.open_ms, hours) - 1, 0)
    rows = [
        f',{{"timestamp":"{iso_text(hour)}","fundingRate":{rate * price!r},"relativeFundingRate":{rate!r}}}'.encode()
        for hour, rate, price in zip(
            hours.tolist(), history.funding.value.tolist(), history.mark.close[before].tolist(), strict=True
        )
    ]
    return b"".join(rows), list(accumulate(len(row) for row in rows))


def _funding_history(view: View, query: Query) -> bytes:
    """Years of hours in one answer, which is why they are encoded once."""
    history = view.history(query["symbol"].base)
    rows, ends = _encoded_funding(history)
    known = int(np.searchsorted(history.funding.time_ms, view.now_ms, side="right"))
    return b'{"rates":[' + rows[1 : ends[known - 1] if known else 1] + b"]}"


def _candles(view: View, query: Query) -> Any:
    listing, price = query["symbol"], PRICE_TYPES[query["price_type"]]
    start, end = query["from"], query["to"]
    start_ms = None if start is None else start * 1_000
    end_ms = None if end is None else end * 1_000 + 999
    bars = view.bars(listing.base, price, start_ms, end_ms, MOST_BARS + 1, newest=start is None)
    candles = [
        {
            "time": bar.open_ms,
            "open": listing.price(bar.open),
            "high": listing.price(bar.high),
            "low": listing.price(bar.low),
            "close": listing.price(bar.close),
            "volume": bar.volume if price is Price.PERP else 0,
        }
        for bar in bars[:MOST_BARS]
    ]
    return {"candles": candles, "more_candles": len(bars) > MOST_BARS}


API = "/derivatives/api/v3"
SYMBOL = {"symbol": Parameter(named(MARKETS))}

VENUE = Venue(
    "krakenfutures",
    (
        Route("GET", f"{API}/instruments", _instruments),
        Route("GET", f"{API}/tickers", _tickers),
        Route("GET", f"{API}/tickers/{{symbol}}", _one_ticker, SYMBOL),
        Route("GET", f"{API}/orderbook", _book, SYMBOL),
        Route("GET", f"{API}/historicalfundingrates", _funding_history, SYMBOL),
        Route("GET", "/derivatives/api/v4/historicalfundingrates", _funding_history, SYMBOL),
        Route(
            "GET",
            "/api/charts/v1/{price_type}/{symbol}/{interval}",
            _candles,
            SYMBOL
            | {
                "price_type": Parameter(one_of(*PRICE_TYPES)),
                "interval": Parameter(one_of("1h")),
                "from": Parameter(seconds, None),
                "to": Parameter(seconds, None),
            },
        ),
    ),
    error_body={"result": "error", "error": "Unknown Error", "serverTime": "1970-01-01T00:00:00.000Z"},
    maintenance=(503, {"result": "error", "error": "Unavailable", "serverTime": "1970-01-01T00:00:00.000Z"}),
    rate_limited={"result": "error", "error": "apiLimitExceeded", "serverTime": "1970-01-01T00:00:00.000Z"},
)
