"""What each venue's server answers, in its documented shape, with another value in every field.

ETH everywhere; the values differ between fields so that no test can pass on the wrong one. Stamps are relative to the
moment of the request. `serve` puts them behind a real HTTP server for an untouched ccxt.
"""

import asyncio
import copy
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

HOUR_MS = 3_600_000
EIGHT_H = 8 * HOUR_MS

Answers = dict[str, Any]


def iso(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1_000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def settlements(now_ms: int, hours: int, count: int = 4) -> list[int]:
    """Stamps of the last settlements, oldest first, with a little jitter."""
    last = now_ms // (hours * HOUR_MS) * (hours * HOUR_MS)
    return [last - back * hours * HOUR_MS + (7 if back % 2 else 0) for back in reversed(range(count))]


def next_settlement(now_ms: int, hours: int) -> int:
    return settlements(now_ms, hours, 1)[0] + hours * HOUR_MS


def binance(now: int) -> Answers:
    def future(symbol: str, base: str, contract: str = "PERPETUAL", status: str = "TRADING") -> dict[str, Any]:
        return {
            "symbol": symbol,
            "pair": symbol.split("_")[0],
            "contractType": contract,
            "deliveryDate": 4133404800000 if contract == "PERPETUAL" else now + 30 * 24 * HOUR_MS,
            "onboardDate": 1569398400000,
            "status": status,
            "baseAsset": base,
            "quoteAsset": "USDT",
            "marginAsset": "USDT",
            "pricePrecision": 2,
            "quantityPrecision": 3,
            "baseAssetPrecision": 8,
            "quotePrecision": 8,
            "underlyingType": "COIN",
            "filters": [{"filterType": "PRICE_FILTER", "minPrice": "0.01", "maxPrice": "100000", "tickSize": "0.01"}],
            "orderTypes": ["LIMIT", "MARKET"],
            "timeInForce": ["GTC"],
        }

    def row(symbol: str, mark: str, index: str) -> dict[str, Any]:
        return {
            "symbol": symbol,
            "markPrice": mark,
            "indexPrice": index,
            "estimatedSettlePrice": "2997.13",
            "lastFundingRate": "0.00012345",
            "interestRate": "0.00010000",
            "nextFundingTime": next_settlement(now, 8),
            "time": now,
        }

    return {
        "GET /fapi/v1/exchangeInfo": {
            "timezone": "UTC",
            "serverTime": now,
            "symbols": [
                future("ETHUSDT", "ETH"),
                future("BTCUSDT", "BTC"),
                future("1000PEPEUSDT", "1000PEPE"),
                future("ETHUSDT_261225", "ETH", "CURRENT_QUARTER"),
                future("MATICUSDT", "MATIC", status="SETTLING"),
                future("POLUSDT", "POL"),
            ],
        },
        "GET /fapi/v1/premiumIndex?symbol=ETHUSDT": row("ETHUSDT", "3001.50", "3000.25"),
        "GET /fapi/v1/premiumIndex?symbol=1000PEPEUSDT": row("1000PEPEUSDT", "0.0121", "0.0120"),
        "GET /fapi/v1/openInterest?symbol=ETHUSDT": {
            "symbol": "ETHUSDT",
            "openInterest": "650000.125",
            "time": now - 5,
        },
        "GET /fapi/v1/openInterest?symbol=1000PEPEUSDT": {
            "symbol": "1000PEPEUSDT",
            "openInterest": "9000000",
            "time": now - 5,
        },
        "GET /fapi/v1/fundingRate": [
            {"symbol": "ETHUSDT", "fundingTime": at, "fundingRate": f"0.0000{3 + place}", "markPrice": "2990.1"}
            for place, at in enumerate(settlements(now, 8))
        ],
        "GET /fapi/v1/depth": {
            "lastUpdateId": 77,
            "E": now - 3,
            "T": now - 4,
            "bids": [["3001.00", "2.0"], ["3000.00", "10.0"], ["2900.00", "1000.0"]],
            "asks": [["3002.00", "3.0"], ["3003.00", "20.0"], ["3100.00", "2000.0"]],
        },
        "GET /futures/data/globalLongShortAccountRatio": [
            {
                "symbol": "ETHUSDT",
                "longShortRatio": "1.8105",
                "longAccount": "0.6442",
                "shortAccount": "0.3558",
                "timestamp": now - 60_000,
            }
        ],
        "GET /api/v3/ticker/bookTicker": {
            "symbol": "ETHUSDT",
            "bidPrice": "2999.80",
            "bidQty": "31.0",
            "askPrice": "3000.00",
            "askQty": "40.0",
        },
        "GET /api/v3/time": {"serverTime": now},
        "GET /fapi/v1/time": {"serverTime": now},
    }


def bybit(now: int) -> Answers:
    def answer(result: Any) -> dict[str, Any]:
        return {"retCode": 0, "retMsg": "OK", "result": result, "retExtInfo": {}, "time": now}

    def instrument(symbol: str, base: str, kind: str = "LinearPerpetual", status: str = "Trading") -> dict[str, Any]:
        return {
            "symbol": symbol,
            "contractType": kind,
            "status": status,
            "baseCoin": base,
            "quoteCoin": "USDT",
            "settleCoin": "USDT",
            "launchTime": "1584230400000",
            "deliveryTime": "0" if kind == "LinearPerpetual" else str(now + 30 * 24 * HOUR_MS),
            "deliveryFeeRate": "",
            "priceScale": "2",
            "leverageFilter": {"minLeverage": "1", "maxLeverage": "100.00", "leverageStep": "0.01"},
            "priceFilter": {"minPrice": "0.05", "maxPrice": "99999.90", "tickSize": "0.05"},
            "lotSizeFilter": {"maxOrderQty": "1500", "minOrderQty": "0.01", "qtyStep": "0.01"},
            "unifiedMarginTrade": True,
            "fundingInterval": 480,  # as old as the loading: the ticker says 4 h
            "copyTrading": "both",
        }

    ticker = {
        "symbol": "ETHUSDT",
        "lastPrice": "3003.30",
        "indexPrice": "3000.40",
        "markPrice": "3002.10",
        "prevPrice24h": "2950.00",
        "price24hPcnt": "0.0170",
        "highPrice24h": "3100.00",
        "lowPrice24h": "2900.00",
        "prevPrice1h": "3005.00",
        "openInterest": "401234.5",
        "openInterestValue": "1204546092.45",
        "turnover24h": "1352.94950046",
        "volume24h": "49337.318",
        "fundingRate": "-0.000034",
        "nextFundingTime": str(next_settlement(now, 4)),
        "predictedDeliveryPrice": "",
        "basisRate": "",
        "deliveryFeeRate": "",
        "deliveryTime": "0",
        "ask1Size": "11",
        "bid1Price": "3001.95",
        "ask1Price": "3002.25",
        "bid1Size": "12",
        "basis": "",
        "fundingIntervalHour": "4",
        "fundingCap": "0.005",
    }
    spot = {
        "symbol": "ETHUSDT",
        "bid1Price": "2999.90",
        "bid1Size": "2",
        "ask1Price": "3000.10",
        "ask1Size": "1.8",
        "lastPrice": "3000.01",
        "usdIndexPrice": "2998.3",
    }
    rows = [
        {"symbol": "ETHUSDT", "fundingRate": f"-0.0000{2 + place}", "fundingRateTimestamp": str(at)}
        for place, at in enumerate(settlements(now, 4))
    ]
    return {
        "GET /v5/market/instruments-info": answer(
            {
                "category": "linear",
                "list": [instrument("ETHUSDT", "ETH"), instrument("ETHUSDT-25DEC26", "ETH", "LinearFutures")],
                "nextPageCursor": "",
            }
        ),
        "GET /v5/market/tickers?category=linear": answer({"category": "linear", "list": [ticker]}),
        "GET /v5/market/tickers?category=spot": answer({"category": "spot", "list": [spot]}),
        "GET /v5/market/funding/history": answer({"category": "linear", "list": rows[::-1]}),
        "GET /v5/market/orderbook": answer(
            {
                "s": "ETHUSDT",
                "b": [["3001.95", "12"], ["2990.00", "30"]],
                "a": [["3002.25", "11"], ["3010.00", "40"]],
                "ts": now - 20,
                "u": 18521288,
                "seq": 7961638724,
                "cts": now - 30,
            }
        ),
        "GET /v5/market/account-ratio": answer(
            {"list": [{"symbol": "ETHUSDT", "buyRatio": "0.6", "sellRatio": "0.4", "timestamp": str(now - 90_000)}]}
        ),
    }


def okx(now: int) -> Answers:
    def answer(*data: Any) -> dict[str, Any]:
        return {"code": "0", "msg": "", "data": list(data)}

    def instrument(name: str, contract_value: str) -> dict[str, Any]:
        return {
            "instType": "SWAP",
            "instId": name,
            "instFamily": name.removesuffix("-SWAP"),
            "uly": name.removesuffix("-SWAP"),
            "baseCcy": "",
            "quoteCcy": "",
            "settleCcy": "USDT",
            "ctVal": contract_value,
            "ctMult": "1",
            "ctValCcy": name.split("-")[0],
            "ctType": "linear",
            "state": "live",
            "tickSz": "0.01",
            "lotSz": "0.01",
            "minSz": "0.01",
            "lever": "100",
            "listTime": "1611916828000",
            "expTime": "",
            "ruleType": "normal",
        }

    funding = {
        "instId": "ETH-USDT-SWAP",
        "instType": "SWAP",
        "method": "next_period",
        "fundingRate": "0.00011",
        "fundingTime": str(next_settlement(now, 8)),
        "nextFundingRate": "0.00077",
        "nextFundingTime": str(next_settlement(now, 8) + EIGHT_H),
        "minFundingRate": "-0.00375",
        "maxFundingRate": "0.00375",
        "settState": "settled",
        "settFundingRate": "0.00022",
        "ts": str(now - 11),
    }
    rows = [
        {
            "instId": "ETH-USDT-SWAP",
            "instType": "SWAP",
            "fundingRate": "0.00055",
            "realizedRate": f"0.0000{5 + place}",
            "fundingTime": str(at),
        }
        for place, at in enumerate(settlements(now, 8))
    ]
    other = {"instId": "BTC-USDT-SWAP", "instType": "SWAP", "ts": str(now)}
    return {
        "GET /api/v5/public/instruments": answer(
            instrument("ETH-USDT-SWAP", "0.1"), instrument("BTC-USDT-SWAP", "0.01")
        ),
        "GET /api/v5/public/funding-rate": answer(
            {**funding, "instId": "BTC-USDT-SWAP", "fundingRate": "0.009"}, funding
        ),
        "GET /api/v5/public/mark-price": answer(
            {**other, "markPx": "60000"}, {**other, "instId": "ETH-USDT-SWAP", "markPx": "3000.9"}
        ),
        "GET /api/v5/market/index-tickers": answer({"instId": "ETH-USDT", "idxPx": "2999.7", "ts": str(now - 2)}),
        "GET /api/v5/public/open-interest": answer(
            {**other, "oi": "1", "oiCcy": "2", "oiUsd": "3"},
            {**other, "instId": "ETH-USDT-SWAP", "oi": "5000000", "oiCcy": "500000", "oiUsd": "1500450000"},
        ),
        "GET /api/v5/public/funding-rate-history": answer(*rows[::-1]),
        "GET /api/v5/market/books": answer(
            {
                "bids": [["3000.5", "40", "0", "3"], ["2998.5", "60", "0", "1"], ["2000", "9", "0", "1"]],
                "asks": [["3001.5", "50", "0", "3"], ["3003.5", "70", "0", "1"], ["4000", "9", "0", "1"]],
                "ts": str(now - 12),
                "seqId": 123456,
            }
        ),
        "GET /api/v5/rubik/stat/contracts/long-short-account-ratio-contract": answer([str(now - 120_000), "2.41"]),
        "GET /api/v5/market/ticker": answer(
            {
                "instType": "SPOT",
                "instId": "ETH-USDT",
                "last": "2999.3",
                "bidPx": "2999.4",
                "askPx": "2999.6",
                "ts": str(now),
            }
        ),
    }


def hyperliquid(now: int) -> Answers:
    universe = [
        {"name": "BTC", "szDecimals": 5, "maxLeverage": 40},
        {"name": "ETH", "szDecimals": 4, "maxLeverage": 25},
        {"name": "kPEPE", "szDecimals": 0, "maxLeverage": 10},
        {"name": "FTM", "szDecimals": 0, "maxLeverage": 10, "isDelisted": True},
    ]

    def context(funding: str, interest: str, oracle: str, mark: str) -> dict[str, Any]:
        return {
            "funding": funding,
            "openInterest": interest,
            "prevDayPx": "2950.1",
            "dayNtlVlm": "299643445.12",
            "premium": "0.00031",
            "oraclePx": oracle,
            "markPx": mark,
            "midPx": "3000.05",
            "impactPxs": ["2999.9", "3000.2"],
            "dayBaseVlm": "99881.0",
        }

    return {
        "POST /info metaAndAssetCtxs": [
            {"universe": universe},
            [
                context("0.0000999", "30000.1", "60001.0", "60010.0"),
                context("0.0000125", "520000.25", "3000.2", "3000.7"),
                context("0.00002", "7000000000", "0.0119", "0.0120"),
                context("0.0", "0.0", "0.7", "0.7"),
            ],
        ],
        "POST /info fundingHistory": [
            {"coin": "ETH", "fundingRate": f"0.000011{place}", "premium": "0.0005", "time": at}
            for place, at in enumerate(settlements(now, 1, 5))
        ],
        "POST /info l2Book": {
            "coin": "ETH",
            "time": now - 8,
            "levels": [
                [{"px": "3000.5", "sz": "4", "n": 2}, {"px": "3000.0", "sz": "6", "n": 1}],
                [{"px": "3000.9", "sz": "5", "n": 2}, {"px": "3001.4", "sz": "7", "n": 1}],
            ],
        },
    }


def dydx(now: int) -> Answers:
    def market(name: str, price: str, status: str = "ACTIVE") -> dict[str, Any]:
        return {
            "clobPairId": "1",
            "ticker": name,
            "status": status,
            "oraclePrice": price,
            "priceChange24H": "59.9736",
            "volume24H": "1292729.3605",
            "trades24H": 9387,
            "nextFundingRate": "0.00000875",
            "initialMarginFraction": "0.02",
            "maintenanceMarginFraction": "0.012",
            "openInterest": "12052.5",
            "atomicResolution": -9,
            "quantumConversionExponent": -9,
            "tickSize": "0.1",
            "stepSize": "0.001",
            "stepBaseQuantums": 1000000,
            "subticksPerTick": 100000,
            "marketType": "CROSS",
            "openInterestLowerCap": "0",
            "openInterestUpperCap": "0",
            "baseOpenInterest": "11050.3",
            "defaultFundingRate1H": "0",
        }

    return {
        "GET /v4/perpetualMarkets": {
            "markets": {
                "ETH-USD": market("ETH-USD", "3000.33"),
                "LUNA-USD": market("LUNA-USD", "0.5", "FINAL_SETTLEMENT"),
            }
        },
        "GET /v4/historicalFunding/ETH-USD": {
            "historicalFunding": [
                {
                    "ticker": "ETH-USD",
                    "rate": f"0.0000087{place}",
                    "price": "2999.1",
                    "effectiveAtHeight": "44865196",
                    "effectiveAt": iso(at),
                }
                for place, at in enumerate(settlements(now, 1))
            ][::-1]
        },
        "GET /v4/orderbooks/perpetualMarket/ETH-USD": {
            "bids": [{"price": "3000", "size": "1.5"}, {"price": "2500", "size": "9"}],
            "asks": [{"price": "3001", "size": "2.5"}, {"price": "3500", "size": "9"}],
        },
    }


def deribit(now: int) -> Answers:
    def answer(result: Any) -> dict[str, Any]:
        return {
            "jsonrpc": "2.0",
            "result": result,
            "usIn": now * 1_000,
            "usOut": now * 1_000 + 9,
            "usDiff": 9,
            "testnet": False,
        }

    def instrument(name: str, base: str, inverse: bool) -> dict[str, Any]:
        settled = base if inverse else "USDC"
        return {
            "instrument_name": name,
            "kind": "future",
            "instrument_type": "reversed" if inverse else "linear",
            "future_type": "reversed" if inverse else "linear",
            "base_currency": base,
            "quote_currency": "USD" if inverse else "USDC",
            "counter_currency": "USD" if inverse else "USDC",
            "settlement_currency": settled,
            "settlement_period": "perpetual",
            "contract_size": 1 if inverse else 0.1,
            "tick_size": 0.05,
            "min_trade_amount": 1,
            "taker_commission": 0.0005,
            "maker_commission": 0.0,
            "is_active": True,
            "creation_timestamp": 1552568454000,
            "expiration_timestamp": 32503708800000,
            "max_leverage": 50,
            "price_index": "eth_usd",
            "state": "open",
        }

    def book(name: str, interest: float, levels: tuple[float, float]) -> dict[str, Any]:
        return {
            "timestamp": now - 6,
            "stats": {"volume": 60627.5, "low": 2900.5, "high": 3111.5, "price_change": 1.1, "volume_usd": 1000.0},
            "state": "open",
            "settlement_price": 2993.21,
            "open_interest": interest,
            "min_price": 2955.0,
            "max_price": 3055.5,
            "mark_price": 3000.61,
            "last_price": 3000.15,
            "instrument_name": name,
            "index_price": 3000.11,
            "funding_8h": 0.0000261,
            "current_funding": 0.0000412,
            "change_id": 14214947552,
            "best_bid_price": 3000.5,
            "best_bid_amount": levels[0],
            "best_ask_price": 3000.55,
            "best_ask_amount": levels[1],
            "bids": [[3000.5, levels[0]], [2800.0, 5_000_000.0]],
            "asks": [[3000.55, levels[1]], [3200.0, 5_000_000.0]],
        }

    return {
        "GET /api/v2/public/get_instruments": answer(
            [instrument("ETH-PERPETUAL", "ETH", True), instrument("SOL_USDC-PERPETUAL", "SOL", False)]
        ),
        "GET /api/v2/public/get_order_book?instrument_name=ETH-PERPETUAL": answer(
            book("ETH-PERPETUAL", 320_000_000.0, (1_500_000.0, 1_700_000.0))
        ),
        "GET /api/v2/public/get_order_book?instrument_name=SOL_USDC-PERPETUAL": answer(
            book("SOL_USDC-PERPETUAL", 150_000.0, (20.0, 30.0))
        ),
    }


def gate(now: int) -> Answers:
    contract = {
        "name": "ETH_USDT",
        "type": "direct",
        "quanto_multiplier": "0.01",
        "order_price_deviate": "0.5",
        "maintenance_rate": "0.005",
        "mark_type": "index",
        "last_price": "3000.8",
        "mark_price": "3000.95",
        "index_price": "3000.05",
        "funding_rate_indicative": "0.000999",
        "mark_price_round": "0.01",
        "funding_offset": 0,
        "in_delisting": False,
        "status": "trading",
        "risk_limit_base": "1000000",
        "interest_rate": "0.0003",
        "order_price_round": "0.05",
        "order_size_min": 1,
        "order_size_max": 1000000,
        "funding_interval": 28800,
        "leverage_min": "1",
        "leverage_max": "100",
        "maker_fee_rate": "-0.00025",
        "taker_fee_rate": "0.00075",
        "funding_rate": "0.000087",
        "funding_next_apply": next_settlement(now, 8) // 1_000,
        "short_users": 977,
        "config_change_time": 1609899548,
        "create_time": 1609899548,
        "trade_size": 28530850594,
        "position_size": 5223816,
        "long_users": 455,
        "orders_limit": 50,
        "trade_id": 10851092,
        "orderbook_id": 2129638396,
    }
    first_s = now // 300_000 * 300 - 11 * 300
    statistics = [
        {
            "time": first_s + place * 300,
            "lsr_taker": 9.37,
            "lsr_account": 1.10 + place / 100,
            "long_liq_size": 100,
            "long_liq_amount": 1.0,
            "long_liq_usd": 1000.0 + place,
            "short_liq_size": 200,
            "short_liq_amount": 2.0,
            "short_liq_usd": 500.0,
            "open_interest": 20_000_000 + place,
            "open_interest_usd": 600_190_000.0,
            "top_lsr_account": 1.9,
            "top_lsr_size": 1.7,
            "mark_price": 3000.9,
        }
        for place in range(12)
    ]
    return {
        "GET /api/v4/futures/usdt/contracts": [dict(contract)],
        "GET /api/v4/futures/usdt/contracts/ETH_USDT": contract,
        "GET /api/v4/futures/usdt/contract_stats": statistics,
        "GET /api/v4/futures/usdt/funding_rate": [
            {"t": at // 1_000, "r": f"0.00008{place}"} for place, at in enumerate(settlements(now, 8))
        ][::-1],
        "GET /api/v4/futures/usdt/order_book": {
            "current": now / 1_000 - 0.012,
            "update": now / 1_000 - 0.020,
            "asks": [{"p": "3001.0", "s": 700}, {"p": "3400", "s": 1}],
            "bids": [{"p": "3000.9", "s": 600}, {"p": "2600", "s": 1}],
        },
        "GET /api/v4/spot/tickers": [
            {
                "currency_pair": "ETH_USDT",
                "last": "3000.0",
                "lowest_ask": "3000.3",
                "highest_bid": "3000.1",
                "base_volume": "1",
            }
        ],
    }


def krakenfutures(now: int) -> Answers:
    def instrument(name: str) -> dict[str, Any]:
        return {
            "symbol": name,
            "type": "flexible_futures",
            "tickSize": 0.1,
            "contractSize": 1,
            "tradeable": True,
            "contractValueTradePrecision": 3,
            "openingDate": "2022-01-01T00:00:00.000Z",
            "tags": [],
        }

    ticker = {
        "symbol": "PF_ETHUSD",
        "last": 3001.1,
        "lastTime": iso(now - 600_000),
        "tag": "perpetual",
        "pair": "ETH:USD",
        "markPrice": 3000.0,
        "bid": 2999.6,
        "bidSize": 4.5,
        "ask": 2999.9,
        "askSize": 4.7,
        "vol24h": 1696,
        "volumeQuote": 73.5216,
        "openInterest": 31_000.5,
        "open24h": 2950.0,
        "high24h": 3050.0,
        "low24h": 2940.0,
        "lastSize": 12,
        "fundingRate": 0.03,
        "fundingRatePrediction": 0.045,
        "suspended": False,
        "indexPrice": 3000.5,
        "postOnly": False,
        "change24h": -0.46,
    }
    return {
        "GET /derivatives/api/v3/instruments": {
            "result": "success",
            "serverTime": iso(now),
            "instruments": [instrument("PF_ETHUSD"), instrument("PF_XBTUSD")],
        },
        "GET /derivatives/api/v3/tickers": {
            "result": "success",
            "serverTime": iso(now - 15),
            "tickers": [{**ticker, "symbol": "PF_XBTUSD", "markPrice": 60000.0}, ticker],
        },
        "GET /derivatives/api/v4/historicalfundingrates": {
            "result": "success",
            "serverTime": iso(now),
            "rates": [
                {"timestamp": iso(at), "fundingRate": 0.021 + place, "relativeFundingRate": 0.000007 + place / 1e6}
                for place, at in enumerate(settlements(now, 1, 6))
            ],
        },
        "GET /derivatives/api/v3/orderbook": {
            "result": "success",
            "serverTime": iso(now - 16),
            "orderBook": {"bids": [[2999.6, 4.5], [2500, 1]], "asks": [[2999.9, 4.7], [3500, 1]]},
        },
    }


ANSWERS: dict[str, Callable[[int], Answers]] = {
    "binance": binance,
    "bybit": bybit,
    "okx": okx,
    "hyperliquid": hyperliquid,
    "dydx": dydx,
    "deribit": deribit,
    "gate": gate,
    "krakenfutures": krakenfutures,
}


def find(answers: Answers, verb: str, path: str, query: dict[str, str], body: str) -> Any:
    """The answer of the most particular key: with query parameters, then without. KeyError when there is none."""
    kind = f" {json.loads(body)['type']}" if body else ""
    for key, answer in answers.items():
        bare, _, wanted = key.partition("?")
        if bare != f"{verb} {path}{kind}":
            continue
        if all(
            query.get(name) == value for name, _, value in (part.partition("=") for part in wanted.split("&") if part)
        ):
            return answer
    raise KeyError(f"{verb} {path} {query} {body}")


class Server:
    """Serves one venue's answers over HTTP; `change` edits them, `behave` takes over a request entirely."""

    def __init__(self, venue: str) -> None:
        self.venue = venue
        self.change: Callable[[Answers], None] = lambda answers: None
        self.behave: Callable[[web.Request], Any] | None = None
        self.requests: list[str] = []
        self.url = ""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.text()
        kind = f" {json.loads(body)['type']}" if body else ""
        self.requests.append(f"{request.method} {request.path}{kind}")
        if self.behave is not None:
            response = await self.behave(request)
            if response is not None:
                return response
        answers = copy.deepcopy(ANSWERS[self.venue](time.time_ns() // 1_000_000))
        self.change(answers)
        try:
            answer = find(answers, request.method, request.path, dict(request.query), body)
        except KeyError as error:
            return web.json_response({"error": str(error)}, status=404)
        return web.Response(
            text=answer if isinstance(answer, str) else json.dumps(answer), content_type="application/json"
        )


@contextmanager
def serve(*venues: str) -> Iterator[dict[str, Server]]:
    """Real HTTP servers on loopback, one per venue, in a thread of their own."""
    servers = {venue: Server(venue) for venue in venues}
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def start() -> list[web.AppRunner]:
        runners = []
        for server in servers.values():
            application = web.Application(client_max_size=2**20)
            application.router.add_route("*", "/{path:.*}", server.handle)
            runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
            await runner.setup()
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
            runners.append(runner)
        return runners

    runners = asyncio.run_coroutine_threadsafe(start(), loop).result(10)
    try:
        yield servers
    finally:
        for runner in runners:
            asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()
