"""What the server of OKX answers."""

from typing import Any

from venue_answers.shared import HOUR_MS, Answers, next_settlement, settlements


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
        "nextFundingTime": str(next_settlement(now, 8) + 8 * HOUR_MS),
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
