"""What the server of Kraken Futures answers."""

from typing import Any

from venue_answers.shared import Answers, iso, settlements


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
