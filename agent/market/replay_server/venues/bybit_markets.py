"""The markets of Bybit by category, with a dated future, one that is closed, and inverse ones."""

from typing import Any

from agent.market.replay_server.matching import Query
from agent.market.replay_server.view import View
from agent.market.replay_server.wire import Kind, Listing, by_id, date_text, next_quarter_ms

LISTINGS = (
    Listing("BTCUSDT", "BTC", more={"tick": "0.10", "step": "0.001"}),
    Listing("ETHUSDT", "ETH", more={"tick": "0.01", "step": "0.01"}),
    Listing("SOLUSDT", "SOL", more={"tick": "0.010", "step": "0.1"}),
    Listing("AVAXUSDT", "AVAX", more={"tick": "0.001", "step": "0.1"}),
    Listing("USDCUSDT", "USDC", more={"tick": "0.0001", "step": "0.1"}),
    Listing("1000PEPEUSDT", "PEPE", multiplier=1_000, more={"tick": "0.0000001", "step": "100"}),
    Listing("BTCUSD", "BTC", Kind.INVERSE, more={"tick": "0.10", "step": "1"}),
    Listing("ETHUSD", "ETH", Kind.INVERSE, more={"tick": "0.01", "step": "1"}),
    Listing("BTCUSDT", "BTC", Kind.SPOT, more={"tick": "0.01", "step": "0.000001"}),
    Listing("ETHUSDT", "ETH", Kind.SPOT, more={"tick": "0.01", "step": "0.00001"}),
    Listing("SOLUSDT", "SOL", Kind.SPOT, more={"tick": "0.01", "step": "0.001"}),
    Listing("AVAXUSDT", "AVAX", Kind.SPOT, more={"tick": "0.01", "step": "0.001"}),
    Listing("USDCUSDT", "USDC", Kind.SPOT, more={"tick": "0.0001", "step": "0.01"}),
)
CATEGORIES = {kind.value: by_id(LISTINGS, kind) for kind in (Kind.LINEAR, Kind.INVERSE, Kind.SPOT)}


def enveloped(view: View, result: Any) -> dict[str, Any]:
    """A result as every answer wraps it."""
    return {"retCode": 0, "retMsg": "OK", "result": result, "retExtInfo": {}, "time": view.stamp_ms}


def _contract(listing: Listing, **changes: Any) -> dict[str, Any]:
    inverse = listing.kind is Kind.INVERSE
    coin = "1000PEPE" if listing.multiplier > 1 else listing.base
    step = listing.more["step"]
    return {
        "symbol": listing.id,
        "contractType": "InversePerpetual" if inverse else "LinearPerpetual",
        "status": "Trading",
        "baseCoin": coin,
        "quoteCoin": "USD" if inverse else "USDT",
        "launchTime": "1584230400000",
        "deliveryTime": "0",
        "deliveryFeeRate": "",
        "priceScale": "2",
        "leverageFilter": {"minLeverage": "1", "maxLeverage": "100.00", "leverageStep": "0.01"},
        "priceFilter": {"minPrice": listing.more["tick"], "maxPrice": "1999999.80", "tickSize": listing.more["tick"]},
        "lotSizeFilter": {
            "maxOrderQty": "1190000.000",
            "minOrderQty": step,
            "qtyStep": step,
            "postOnlyMaxOrderQty": "1190000.000",
            "maxMktOrderQty": "500000.000",
            "minNotionalValue": "5",
        },
        "unifiedMarginTrade": True,
        "fundingInterval": 480,
        "settleCoin": listing.base if inverse else "USDT",
        "copyTrading": "none",
        "upperFundingRate": "0.00375",
        "lowerFundingRate": "-0.00375",
        "isPreListing": False,
        "preListingInfo": None,
    } | changes


def _pair(listing: Listing) -> dict[str, Any]:
    step = listing.more["step"]
    return {
        "symbol": listing.id,
        "baseCoin": listing.base,
        "quoteCoin": "USDT",
        "innovation": "0",
        "status": "Trading",
        "marginTrading": "utaOnly",
        "lotSizeFilter": {
            "basePrecision": step,
            "quotePrecision": "0.0000001",
            "minOrderQty": step,
            "maxOrderQty": "83",
            "minOrderAmt": "5",
            "maxOrderAmt": "8000000",
        },
        "priceFilter": {"tickSize": listing.more["tick"]},
    }


def instruments(view: View, query: Query) -> Any:
    """The markets of a category; options and markets before their launch are none."""
    category = query["category"]
    found: list[dict[str, Any]] = []
    if query["status"] != "PreLaunch" and category == "spot":
        found = [_pair(listing) for listing in CATEGORIES["spot"].values()]
    elif query["status"] != "PreLaunch" and category != "option":
        found = [
            _contract(listing, fundingInterval=view.quote(listing.base).interval_h * 60)
            for listing in CATEGORIES[category].values()
            if view.knows(listing.base)
        ]
        if category == "linear":
            expiry_ms = next_quarter_ms(view.now_ms)
            dated = {"contractType": "LinearFutures", "deliveryTime": str(expiry_ms), "fundingInterval": 0}
            found += [
                _contract(LISTINGS[0], symbol=f"BTCUSDT-{date_text(expiry_ms, '%d%b%y')}", **dated),
                _contract(LISTINGS[3], symbol="FTMUSDT", baseCoin="FTM", status="Closed"),
            ]
    if query["symbol"] is not None:
        found = [one for one in found if one["symbol"] == query["symbol"].id]
    return enveloped(view, {"category": category, "list": found, "nextPageCursor": ""})
