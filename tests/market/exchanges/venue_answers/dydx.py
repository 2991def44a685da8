"""What the server of dYdX v4 answers."""

from typing import Any

from venue_answers.shared import Answers, iso, settlements


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
