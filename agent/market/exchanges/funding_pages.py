"""How each venue's settlements are paged: the request for a window, and how many rows a page has."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType

from agent.market.exchanges import settlements
from agent.market.exchanges.market import Market


@dataclass(frozen=True, slots=True)
class Funding:
    """How a venue's settlements are paged.

    `forward` venues answer with the first rows after a moment. The others answer with the last rows of a window, so a
    window must not hold more settlements than a page has rows: no venue settles more often than once an hour.
    """

    method: str
    rows: settlements.Rows
    limit: int
    params: Callable[[Market, int, int, int], dict[str, object]]  # market, first and last ms, limit
    forward: bool = False


def iso(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1_000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


FUNDING: Mapping[str, Funding] = MappingProxyType(
    {
        "binance": Funding(
            "fapiPublicGetFundingRate",
            settlements.binance_rows,
            1_000,
            lambda market, first, last, limit: {
                "symbol": market.id,
                "startTime": first,
                "endTime": last,
                "limit": limit,
            },
            forward=True,
        ),
        "bybit": Funding(
            "publicGetV5MarketFundingHistory",
            settlements.bybit_rows,
            200,
            lambda market, first, last, limit: {
                "category": "linear",
                "symbol": market.id,
                "startTime": first,
                "endTime": last,
                "limit": limit,
            },
        ),
        "okx": Funding(
            "publicGetPublicFundingRateHistory",
            settlements.okx_rows,
            100,
            lambda market, first, last, limit: {
                "instId": market.id,
                "before": first - 1,
                "after": last + 1,
                "limit": limit,
            },
        ),
        "hyperliquid": Funding(
            "publicPostInfo",
            settlements.hyperliquid_rows,
            500,
            lambda market, first, last, limit: {
                "type": "fundingHistory",
                "coin": market.id,
                "startTime": first,
                "endTime": last,
            },
            forward=True,
        ),
        "dydx": Funding(
            "indexerGetHistoricalFundingMarket",
            settlements.dydx_rows,
            100,
            lambda market, first, last, limit: {"market": market.id, "limit": limit, "effectiveBeforeOrAt": iso(last)},
        ),
        "deribit": Funding(
            "publicGetGetFundingRateHistory",
            settlements.deribit_rows,
            720,
            lambda market, first, last, limit: {
                "instrument_name": market.id,
                "start_timestamp": first,
                "end_timestamp": last,
            },
        ),
        "gate": Funding(
            "publicFuturesGetSettleFundingRate",
            settlements.gate_rows,
            1_000,
            lambda market, first, last, limit: {
                "settle": market.settle,
                "contract": market.id,
                "from": math.ceil(first / 1_000),
                "to": last // 1_000,
                "limit": limit,
            },
        ),
        "krakenfutures": Funding(
            "publicGetHistoricalfundingrates",
            settlements.kraken_rows,
            100_000,  # everything in one answer
            lambda market, first, last, limit: {"symbol": market.id},
        ),
    }
)
