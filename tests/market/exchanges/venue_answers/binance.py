"""What the server of Binance USD-M answers."""

from typing import Any

from venue_answers.shared import HOUR_MS, Answers, next_settlement, settlements


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
