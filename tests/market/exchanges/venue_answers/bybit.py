"""What the server of Bybit answers."""

from typing import Any

from venue_answers.shared import HOUR_MS, Answers, next_settlement, settlements


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
