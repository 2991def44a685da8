"""Hyperliquid: everything is a POST to /info, told apart by the body; funding is per hour, prices carry five digits.

Source: hyperliquid.gitbook.io, "Info endpoint".
"""

import math
from typing import Any

from agent.market.replay_server.matching import Parameter, Query, Route, milliseconds, named, one_of, whole
from agent.market.replay_server.rows import Price, Side
from agent.market.replay_server.series import HOUR_MS
from agent.market.replay_server.venues.venue import Venue
from agent.market.replay_server.view import View
from agent.market.replay_server.wire import Kind, Listing, by_id, rate_text

# In the order of the universe: a position in it is the market's number.
LISTINGS = (
    Listing("BTC", "BTC", more={"szDecimals": 5, "maxLeverage": 40}),
    Listing("ETH", "ETH", more={"szDecimals": 4, "maxLeverage": 25}),
    Listing("SOL", "SOL", more={"szDecimals": 2, "maxLeverage": 20}),
    Listing("AVAX", "AVAX", more={"szDecimals": 2, "maxLeverage": 10}),
    Listing("kPEPE", "PEPE", multiplier=1_000, more={"szDecimals": 0, "maxLeverage": 10}),
)
SPOT = (Listing("@142", "BTC", Kind.SPOT), Listing("@151", "ETH", Kind.SPOT))
COINS = by_id(LISTINGS)
MOST_CANDLES, MOST_FUNDING, LEVELS = 5_000, 500, 20


def _digits(value: float) -> str:
    """Five significant digits, as the venue prices."""
    return f"{float(f'{value:.5g}'):.10f}".rstrip("0").rstrip(".") if value < 10_000 else f"{value:.0f}"


def _universe(view: View) -> dict[str, Any]:
    listed = [
        {
            "szDecimals": one.more["szDecimals"],
            "name": one.id,
            "maxLeverage": one.more["maxLeverage"],
            "marginTableId": 50,
        }
        for one in LISTINGS
    ]
    listed.append({"szDecimals": 1, "name": "MATIC", "maxLeverage": 20, "marginTableId": 20, "isDelisted": True})
    return {"universe": listed, "marginTables": [], "collateralToken": 0}


def _context(view: View, listing: Listing) -> dict[str, Any]:
    empty = {
        "prevDayPx": "0.0",
        "dayNtlVlm": "0.0",
        "premium": None,
        "midPx": None,
        "impactPxs": None,
        "dayBaseVlm": "0.0",
    }
    if not view.knows(listing.base):
        return empty | {"funding": "0.0", "openInterest": "0.0", "oraclePx": "0.0", "markPx": "0.0"}
    quote, unit = view.quote(listing.base), listing.multiplier
    return {
        "funding": rate_text(quote.funding_rate / quote.interval_h),
        "openInterest": listing.units(quote.open_interest),
        "prevDayPx": _digits(quote.open_24h * unit),
        "dayNtlVlm": f"{quote.volume_24h * quote.last:.4f}",
        "premium": rate_text(quote.mark / quote.index - 1),
        "oraclePx": _digits(quote.index * unit),
        "markPx": _digits(quote.mark * unit),
        "midPx": _digits((quote.bid + quote.ask) / 2 * unit),
        "impactPxs": [_digits(quote.bid * unit), _digits(quote.ask * unit)],
        "dayBaseVlm": listing.units(quote.volume_24h),
    }


def _meta_and_contexts(view: View, query: Query) -> Any:
    delisted = {"funding": "0.0", "openInterest": "0.0", "prevDayPx": "0.38", "dayNtlVlm": "0.0", "premium": None}
    delisted |= {"oraclePx": "0.0", "markPx": "0.37", "midPx": None, "impactPxs": None, "dayBaseVlm": "0.0"}
    return [_universe(view), [*(_context(view, listing) for listing in LISTINGS), delisted]]


def _spot_meta(view: View, query: Query) -> Any:
    tokens = [
        ("USDC", 8, 8, None),
        ("PURR", 0, 5, None),
        ("UBTC", 5, 10, "Unit Bitcoin"),
        ("UETH", 4, 9, "Unit Ethereum"),
    ]
    return {
        "universe": [
            {"tokens": [1, 0], "name": "PURR/USDC", "index": 0, "isCanonical": True},
            {"tokens": [2, 0], "name": "@142", "index": 1, "isCanonical": False},
            {"tokens": [3, 0], "name": "@151", "index": 2, "isCanonical": False},
        ],
        "tokens": [
            {
                "name": name,
                "szDecimals": size,
                "weiDecimals": wei,
                "index": index,
                "tokenId": f"0x{index + 1:032x}",
                "isCanonical": index < 2,
                "evmContract": None,
                "fullName": full_name,
                "deployerTradingFeeShare": "0.0",
            }
            for index, (name, size, wei, full_name) in enumerate(tokens)
        ],
    }


def _spot_contexts(view: View, query: Query) -> Any:
    def context(coin: str, price: float, volume: float) -> dict[str, Any]:
        return {
            "prevDayPx": _digits(price),
            "dayNtlVlm": f"{volume * price:.4f}",
            "markPx": _digits(price),
            "midPx": _digits(price * 1.00001),
            "circulatingSupply": "1000.0",
            "coin": coin,
            "totalSupply": "1000.0",
            "dayBaseVlm": f"{volume:.4f}",
        }

    known = [(one.id, view.quote(one.base)) for one in SPOT if view.knows(one.base)]
    contexts = [context(coin, quote.spot, quote.volume_24h / 100) for coin, quote in known]
    return [_spot_meta(view, query), [context("PURR/USDC", 0.2, 1e5), *contexts]]


def _all_mids(view: View, query: Query) -> Any:
    known = [one for one in LISTINGS if view.knows(one.base)]
    return {
        one.id: _digits((view.quote(one.base).bid + view.quote(one.base).ask) / 2 * one.multiplier) for one in known
    }


def _predicted(view: View, query: Query) -> Any:
    known = [one for one in LISTINGS if view.knows(one.base)]
    rows = []
    for one in known:
        quote = view.quote(one.base)
        own = {
            "fundingRate": rate_text(quote.predicted_rate / quote.interval_h),
            "nextFundingTime": quote.next_settlement_ms,
            "fundingIntervalHours": 1,
        }
        rows.append([one.id, [["HlPerp", own]]])
    return rows


def _levels(side: Side, unit: float, ask: bool) -> list[dict[str, Any]]:
    """One side of the book: prices of five digits, rounded away from the other side, each at least a tick further."""
    levels: list[dict[str, Any]] = []
    ticks: int | None = None
    tick = 10.0 ** (math.floor(math.log10(side[0][0] * unit)) - 4)
    for price, size in side:
        own = math.ceil(price * unit / tick) if ask else math.floor(price * unit / tick)
        if ticks is not None:
            own = max(own, ticks + 1) if ask else min(own, ticks - 1)
        ticks = own
        levels.append({"px": _digits(ticks * tick), "sz": f"{size / unit:.4f}", "n": 3})
    return levels


def _book(view: View, query: Query) -> Any:
    listing = query["coin"]
    bids, asks = view.book(listing.base, LEVELS)
    levels = [_levels(bids, listing.multiplier, ask=False), _levels(asks, listing.multiplier, ask=True)]
    return {"coin": listing.id, "time": view.stamp_ms, "levels": levels}


def _candles(view: View, query: Query) -> Any:
    listing, unit = query["req.coin"], query["req.coin"].multiplier
    bars = view.bars(listing.base, Price.PERP, query["req.startTime"], query["req.endTime"], MOST_CANDLES, newest=True)
    return [
        {
            "t": bar.open_ms,
            "T": bar.open_ms + HOUR_MS - 1,
            "s": listing.id,
            "i": "1h",
            "o": _digits(bar.open * unit),
            "c": _digits(bar.close * unit),
            "h": _digits(bar.high * unit),
            "l": _digits(bar.low * unit),
            "v": listing.units(bar.volume),
            "n": 1_000,
        }
        for bar in bars
    ]


def _funding_history(view: View, query: Query) -> Any:
    listing = query["coin"]
    rows = view.settlements(listing.base, query["startTime"], query["endTime"], MOST_FUNDING, newest=False)
    return [
        {
            "coin": listing.id,
            "fundingRate": rate_text(row.rate),
            "premium": rate_text(row.rate - 0.0000125),
            "time": row.time_ms,
        }
        for row in rows
    ]


def _post(kind: str, answer: Any, **parameters: Parameter) -> Route:
    return Route("POST", "/info", answer, {"type": Parameter(one_of(kind)), **parameters})


COIN = Parameter(named(COINS))
MAIN_DEX = Parameter(one_of(""), "")

VENUE = Venue(
    "hyperliquid",
    (
        _post("meta", lambda view, query: _universe(view), dex=MAIN_DEX),
        _post("metaAndAssetCtxs", _meta_and_contexts, dex=MAIN_DEX),
        _post("spotMeta", _spot_meta),
        _post("spotMetaAndAssetCtxs", _spot_contexts),
        _post("perpDexs", lambda view, query: [None]),
        _post("exchangeStatus", lambda view, query: {"time": view.stamp_ms, "specialStatuses": None}),
        _post("allMids", _all_mids, dex=MAIN_DEX),
        _post("predictedFundings", _predicted),
        _post("l2Book", _book, coin=COIN, nSigFigs=Parameter(whole(2, 5), None)),
        Route(
            "POST",
            "/info",
            _candles,
            {
                "type": Parameter(one_of("candleSnapshot")),
                "req.coin": COIN,
                "req.interval": Parameter(one_of("1h")),
                "req.startTime": Parameter(milliseconds),
                "req.endTime": Parameter(milliseconds, None),
            },
        ),
        _post(
            "fundingHistory",
            _funding_history,
            coin=COIN,
            startTime=Parameter(milliseconds),
            endTime=Parameter(milliseconds, None),
        ),
    ),
    error_body={"status": "err", "response": "Internal error"},
    maintenance=(503, {"status": "err", "response": "The exchange is under maintenance"}),
    rate_limited=None,
)
