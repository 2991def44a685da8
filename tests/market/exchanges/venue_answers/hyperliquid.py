"""What the server of Hyperliquid answers."""

from typing import Any

from venue_answers.shared import Answers, settlements


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
