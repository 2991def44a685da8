"""dYdX v4 indexer: JSON objects under /v4, lists newest first, moments as ISO text, funding per hour.

`fromIso` and `toIso` are spelt `fromISO` and `toISO` by the indexer, which ignores what it does not know; an untouched
ccxt sends the former, and is answered here as there: with the newest page. Source: docs.dydx.xyz, "Indexer HTTP".
"""

from typing import Any

from agent.market.replay_server.matching import Parameter, Query, Route, anything, at_most, iso_moment, named, one_of
from agent.market.replay_server.rows import Price
from agent.market.replay_server.series import HOUR_MS
from agent.market.replay_server.venues.venue import Venue
from agent.market.replay_server.view import View
from agent.market.replay_server.wire import Listing, by_id, iso_text, rate_text

LISTINGS = (
    Listing("BTC-USD", "BTC", more={"pair": 0, "tick": "1", "step": "0.0001", "resolution": -10}),
    Listing("ETH-USD", "ETH", more={"pair": 1, "tick": "0.1", "step": "0.001", "resolution": -9}),
    Listing("SOL-USD", "SOL", more={"pair": 5, "tick": "0.01", "step": "0.1", "resolution": -7}),
    Listing("AVAX-USD", "AVAX", more={"pair": 7, "tick": "0.01", "step": "0.1", "resolution": -7}),
    Listing("PEPE-USD", "PEPE", more={"pair": 26, "tick": "0.0000000001", "step": "100000", "resolution": 1}),
)
MARKETS = by_id(LISTINGS)
PAGE = 1_000


def _market(view: View, listing: Listing) -> dict[str, Any]:
    quote = view.quote(listing.base)
    return {
        "clobPairId": str(listing.more["pair"]),
        "ticker": listing.id,
        "status": "ACTIVE",
        "oraclePrice": listing.price(quote.index, 2),
        "priceChange24H": listing.price(quote.index - quote.open_24h),
        "volume24H": f"{quote.volume_24h * quote.last:.4f}",
        "trades24H": 9_387,
        "nextFundingRate": rate_text(quote.funding_rate / quote.interval_h),
        "initialMarginFraction": "0.02",
        "maintenanceMarginFraction": "0.012",
        "openInterest": listing.units(quote.open_interest),
        "atomicResolution": listing.more["resolution"],
        "quantumConversionExponent": -9,
        "tickSize": listing.more["tick"],
        "stepSize": listing.more["step"],
        "stepBaseQuantums": 1_000_000,
        "subticksPerTick": 100_000,
        "marketType": "CROSS",
        "openInterestLowerCap": "0",
        "openInterestUpperCap": "0",
        "baseOpenInterest": listing.units(quote.open_interest),
        "defaultFundingRate1H": "0",
    }


def _markets(view: View, query: Query) -> Any:
    if query["ticker"] is not None:
        return {"markets": {query["ticker"].id: _market(view, query["ticker"])}}
    found = {listing.id: _market(view, listing) for listing in LISTINGS if view.knows(listing.base)}
    for market in list(found.values())[:1]:
        found["MATIC-USD"] = market | {"ticker": "MATIC-USD", "clobPairId": "3", "status": "FINAL_SETTLEMENT"}
    return {"markets": found}


def _candles(view: View, query: Query) -> Any:
    listing, end = query["market"], query["toISO"]
    bars = view.bars(
        listing.base, Price.PERP, query["fromISO"], None if end is None else end - 1, query["limit"], newest=True
    )
    rows = [
        {
            "startedAt": iso_text(bar.open_ms),
            "ticker": listing.id,
            "resolution": "1HOUR",
            "low": listing.price(bar.low),
            "high": listing.price(bar.high),
            "open": listing.price(bar.open),
            "close": listing.price(bar.close),
            "baseTokenVolume": listing.units(bar.volume),
            "usdVolume": f"{bar.volume * bar.close:.4f}",
            "trades": 100,
            "startingOpenInterest": listing.units(view.quote(listing.base).open_interest),
            "orderbookMidPriceOpen": None,
            "orderbookMidPriceClose": None,
        }
        for bar in reversed(bars)
    ]
    return {"candles": rows}


def _funding_history(view: View, query: Query) -> Any:
    listing = query["market"]
    rows = view.settlements(listing.base, None, query["effectiveBeforeOrAt"], query["limit"], newest=True)
    price = listing.price(view.quote(listing.base).index)
    found = [
        {
            "ticker": listing.id,
            "rate": rate_text(row.rate),
            "price": price,
            "effectiveAtHeight": str(10_000_000 + row.time_ms // HOUR_MS),
            "effectiveAt": iso_text(row.time_ms),
        }
        for row in reversed(rows)
    ]
    return {"historicalFunding": found}


def _book(view: View, query: Query) -> Any:
    listing = query["market"]
    bids, asks = view.book(listing.base, 100)
    return {
        name: [{"price": listing.price(price), "size": listing.units(size)} for price, size in side]
        for name, side in (("bids", bids), ("asks", asks))
    }


def _time(view: View, query: Query) -> Any:
    return {"iso": iso_text(view.stamp_ms), "epoch": view.stamp_ms / 1_000}


def _height(view: View, query: Query) -> Any:
    return {"height": str(10_000_000 + view.stamp_ms // 1_000), "time": iso_text(view.stamp_ms)}


MARKET = {"market": Parameter(named(MARKETS))}
LIMIT = {"limit": Parameter(at_most(PAGE), PAGE)}
IGNORED = {name: Parameter(anything, None) for name in ("fromIso", "toIso", "until")}

VENUE = Venue(
    "dydx",
    (
        Route("GET", "/v4/time", _time),
        Route("GET", "/v4/height", _height),
        Route("GET", "/v4/perpetualMarkets", _markets, {"ticker": Parameter(named(MARKETS), None)} | LIMIT),
        Route(
            "GET",
            "/v4/candles/perpetualMarkets/{market}",
            _candles,
            MARKET
            | LIMIT
            | IGNORED
            | {
                "resolution": Parameter(one_of("1HOUR")),
                "fromISO": Parameter(iso_moment, None),
                "toISO": Parameter(iso_moment, None),
            },
        ),
        Route(
            "GET",
            "/v4/historicalFunding/{market}",
            _funding_history,
            MARKET | LIMIT | IGNORED | {"effectiveBeforeOrAt": Parameter(iso_moment, None)},
        ),
        Route("GET", "/v4/orderbooks/perpetualMarket/{market}", _book, MARKET),
    ),
    error_body={"errors": [{"msg": "Internal Server Error"}]},
    maintenance=(503, {"errors": [{"msg": "The indexer is under maintenance"}]}),
    rate_limited={"errors": [{"msg": "Too many requests"}]},
)
