"""The markets of Binance: perps, pairs, and in their lists a dated future, a coin-M perp and one that is settling."""

from typing import Any

from agent.market.replay_server.matching import Query
from agent.market.replay_server.view import View
from agent.market.replay_server.wire import Kind, Listing, by_id, date_text, next_quarter_ms

NEVER_MS = 4_133_404_800_000  # the delivery date of a perp
LISTINGS = (
    Listing("BTCUSDT", "BTC", more={"tick": "0.10", "step": "0.001", "notional": "50"}),
    Listing("ETHUSDT", "ETH", more={"tick": "0.01", "step": "0.001", "notional": "20"}),
    Listing("SOLUSDT", "SOL", more={"tick": "0.0100", "step": "0.01", "notional": "5"}),
    Listing("AVAXUSDT", "AVAX", more={"tick": "0.001", "step": "1", "notional": "5"}),
    Listing("USDCUSDT", "USDC", more={"tick": "0.000010", "step": "1", "notional": "5"}),
    Listing("1000PEPEUSDT", "PEPE", multiplier=1_000, more={"tick": "0.0000001", "step": "1", "notional": "5"}),
)
SPOT = (
    Listing("BTCUSDT", "BTC", Kind.SPOT, more={"tick": "0.01", "step": "0.00001"}),
    Listing("ETHUSDT", "ETH", Kind.SPOT, more={"tick": "0.01", "step": "0.0001"}),
    Listing("SOLUSDT", "SOL", Kind.SPOT, more={"tick": "0.01", "step": "0.001"}),
    Listing("AVAXUSDT", "AVAX", Kind.SPOT, more={"tick": "0.01", "step": "0.01"}),
    Listing("USDCUSDT", "USDC", Kind.SPOT, more={"tick": "0.00001", "step": "1"}),
    Listing("PEPEUSDT", "PEPE", Kind.SPOT, more={"tick": "0.00000001", "step": "1"}),
)
PERPS, PAIRS = by_id(LISTINGS), by_id(SPOT)


def _perp_info(listing: Listing, **changes: Any) -> dict[str, Any]:
    coin = listing.id.removesuffix("USDT")
    return {
        "symbol": listing.id,
        "pair": listing.id,
        "contractType": "PERPETUAL",
        "deliveryDate": NEVER_MS,
        "onboardDate": 1_569_398_400_000,
        "status": "TRADING",
        "maintMarginPercent": "2.5000",
        "requiredMarginPercent": "5.0000",
        "baseAsset": coin,
        "quoteAsset": "USDT",
        "marginAsset": "USDT",
        "pricePrecision": 7 if listing.multiplier > 1 else 4,
        "quantityPrecision": 3,
        "baseAssetPrecision": 8,
        "quotePrecision": 8,
        "underlyingType": "COIN",
        "underlyingSubType": ["Layer-1"],
        "triggerProtect": "0.0500",
        "liquidationFee": "0.012500",
        "marketTakeBound": "0.05",
        "filters": [
            *_filters(listing),
            {"filterType": "MAX_NUM_ORDERS", "limit": 200},
            {"filterType": "MIN_NOTIONAL", "notional": listing.more["notional"]},
        ],
        "orderTypes": ["LIMIT", "MARKET", "STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET"],
        "timeInForce": ["GTC", "IOC", "FOK", "GTX", "GTD"],
    } | changes


def _filters(listing: Listing) -> list[dict[str, Any]]:
    tick, step = listing.more["tick"], listing.more["step"]
    return [
        {"filterType": "PRICE_FILTER", "minPrice": tick, "maxPrice": "4529764", "tickSize": tick},
        {"filterType": "LOT_SIZE", "minQty": step, "maxQty": "10000000", "stepSize": step},
        {"filterType": "MARKET_LOT_SIZE", "minQty": step, "maxQty": "1000000", "stepSize": step},
    ]


def _limits(weight: int) -> list[dict[str, Any]]:
    return [{"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": weight}]


def perp_exchange_info(view: View, query: Query) -> Any:
    """USD-M: the perps, a dated future, one that is settling, and one quoted in USDC."""
    quarter_ms = next_quarter_ms(view.now_ms)
    dated = {
        "symbol": f"BTCUSDT_{date_text(quarter_ms, '%y%m%d')}",
        "pair": "BTCUSDT",
        "contractType": "CURRENT_QUARTER",
        "deliveryDate": quarter_ms,
    }
    renamed = {"symbol": "FTMUSDT", "pair": "FTMUSDT", "baseAsset": "FTM", "status": "SETTLING"}
    usdc = {"symbol": "ETHUSDC", "pair": "ETHUSDC", "quoteAsset": "USDC", "marginAsset": "USDC"}
    return {
        "timezone": "UTC",
        "serverTime": view.stamp_ms,
        "futuresType": "U_MARGINED",
        "rateLimits": _limits(2_400),
        "exchangeFilters": [],
        "assets": [{"asset": "USDT", "marginAvailable": True, "autoAssetExchange": "-10000"}],
        "symbols": [_perp_info(listing) for listing in LISTINGS]
        + [
            _perp_info(LISTINGS[0], **dated),
            _perp_info(LISTINGS[3], **renamed),
            _perp_info(LISTINGS[1], **usdc),
        ],
    }


def coin_exchange_info(view: View, query: Query) -> Any:
    """COIN-M: one inverse perp."""
    inverse = _perp_info(
        LISTINGS[0], symbol="BTCUSD_PERP", pair="BTCUSD", quoteAsset="USD", marginAsset="BTC", contractSize=100
    )
    inverse["contractStatus"] = inverse.pop("status")
    return {
        "timezone": "UTC",
        "serverTime": view.stamp_ms,
        "rateLimits": _limits(2_400),
        "exchangeFilters": [],
        "symbols": [inverse],
    }


def spot_exchange_info(view: View, query: Query) -> Any:
    """The spot pairs."""
    symbols = [
        {
            "symbol": listing.id,
            "status": "TRADING",
            "baseAsset": listing.base,
            "baseAssetPrecision": 8,
            "quoteAsset": "USDT",
            "quotePrecision": 8,
            "quoteAssetPrecision": 8,
            "orderTypes": ["LIMIT", "LIMIT_MAKER", "MARKET"],
            "isSpotTradingAllowed": True,
            "isMarginTradingAllowed": True,
            "filters": [
                *_filters(listing),
                {"filterType": "NOTIONAL", "minNotional": "5.00000000", "maxNotional": "9000000.00000000"},
            ],
            "permissions": [],
            "permissionSets": [["SPOT", "MARGIN"]],
        }
        for listing in SPOT
    ]
    return {
        "timezone": "UTC",
        "serverTime": view.stamp_ms,
        "rateLimits": _limits(6_000),
        "exchangeFilters": [],
        "symbols": symbols,
    }
