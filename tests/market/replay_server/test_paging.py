"""Loops over pages, as each venue's rules have it, bring the whole history: every row once, none left out."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from agent.market.replay_server import Histories
from agent.market.replay_server.series import HOUR_MS

from .conftest import FIRST_MS, NOW_MS, Ask

SINCE_MS = FIRST_MS // HOUR_MS * HOUR_MS
MOST_PAGES = 200


async def forwards(page: Callable[[int], Awaitable[list[int]]], step_ms: int = 1) -> list[int]:
    """Pages from `SINCE_MS` on, each beginning behind the last row of the one before."""
    found: list[int] = []
    since = SINCE_MS
    for _ in range(MOST_PAGES):
        rows = await page(since)
        if not rows:
            return found
        assert rows == sorted(rows)
        assert rows[0] >= since
        found += rows
        since = rows[-1] + step_ms
    raise AssertionError("the pages never end")


async def backwards(page: Callable[[int], Awaitable[list[int]]]) -> list[int]:
    """Pages that end before the first row of the one before, back to the beginning."""
    found: list[int] = []
    before = NOW_MS + 1
    for _ in range(MOST_PAGES):
        rows = sorted(await page(before))
        if not rows:
            return found
        assert rows[-1] < before
        found = rows + found
        before = rows[0]
    raise AssertionError("the pages never end")


def times(histories: Histories, venue: str, what: str) -> list[int]:
    history = histories.of(venue, "ETH")
    stamps = history.funding.time_ms if what == "funding" else history.perp.open_ms
    return [time for time in stamps.tolist() if SINCE_MS <= time <= NOW_MS]


@pytest.mark.parametrize("venue", ["binance", "bybit", "okx", "hyperliquid", "gate", "deribit", "krakenfutures"])
def test_candles_page_forwards_through_ccxt(venue: str, ask: Ask, perp: Any, histories: Histories) -> None:
    limits = {"okx": 300, "deribit": 1_000, "hyperliquid": None}

    async def collect(exchange: Any) -> list[int]:
        symbol = perp(exchange, "ETH")

        async def page(since: int) -> list[int]:
            if since > NOW_MS:
                return []
            rows = await exchange.fetch_ohlcv(symbol, "1h", since, limits.get(venue, 500))
            return [row[0] for row in rows]

        return await forwards(page, HOUR_MS)

    assert ask(venue, collect) == times(histories, venue, "candles")


@pytest.mark.parametrize("venue", ["binance", "bybit", "hyperliquid", "deribit"])
def test_funding_pages_forwards_through_ccxt(venue: str, ask: Ask, perp: Any, histories: Histories) -> None:
    async def collect(exchange: Any) -> list[int]:
        symbol = perp(exchange, "ETH")

        async def page(since: int) -> list[int]:
            limit = {"binance": 100, "bybit": 50, "hyperliquid": 500}.get(venue)
            return [row["timestamp"] for row in await exchange.fetch_funding_rate_history(symbol, since, limit)]

        return await forwards(page)

    assert ask(venue, collect) == times(histories, venue, "funding")


def test_funding_of_okx_pages_backwards_with_after(ask: Ask, histories: Histories) -> None:
    async def collect(exchange: Any) -> list[int]:
        async def page(before: int) -> list[int]:
            request = {"instId": "ETH-USDT-SWAP", "after": before, "limit": 100}
            answer = await exchange.publicGetPublicFundingRateHistory(request)
            return [int(row["fundingTime"]) for row in answer["data"]]

        return await backwards(page)

    whole = histories.of("okx", "ETH").funding.time_ms.tolist()
    assert ask("okx", collect) == [time for time in whole if time <= NOW_MS]


def test_funding_and_candles_of_dydx_page_backwards(ask: Ask, histories: Histories) -> None:
    async def collect(exchange: Any) -> tuple[list[int], list[int]]:
        async def funding(before: int) -> list[int]:
            request = {"market": "ETH-USD", "effectiveBeforeOrAt": exchange.iso8601(before - 1)}
            answer = await exchange.indexerGetHistoricalFundingMarket(request)
            return [exchange.parse8601(row["effectiveAt"]) for row in answer["historicalFunding"]]

        async def candles(before: int) -> list[int]:
            request = {"market": "ETH-USD", "resolution": "1HOUR", "toISO": exchange.iso8601(before), "limit": 500}
            answer = await exchange.indexerGetCandlesPerpetualMarketsMarket(request)
            return [exchange.parse8601(row["startedAt"]) for row in answer["candles"]]

        return await backwards(funding), await backwards(candles)

    funding, candles = ask("dydx", collect)
    history = histories.of("dydx", "ETH")
    assert funding == [time for time in history.funding.time_ms.tolist() if time <= NOW_MS]
    assert candles == [time for time in history.perp.open_ms.tolist() if time <= NOW_MS]


def test_the_indexer_of_dydx_ignores_the_since_that_ccxt_misspells(ask: Ask, perp: Any) -> None:
    async def old_candles(exchange: Any) -> list[Any]:
        return await exchange.fetch_ohlcv(perp(exchange, "ETH"), "1h", SINCE_MS, 5)

    assert ask("dydx", old_candles)[0][0] > NOW_MS - 6 * HOUR_MS


def test_funding_of_gate_comes_newest_first_within_its_window(ask: Ask, histories: Histories) -> None:
    async def collect(exchange: Any) -> list[int]:
        async def page(before: int) -> list[int]:
            request = {"settle": "usdt", "contract": "ETH_USDT", "to": before // 1_000 - 1, "limit": 100}
            rows = await exchange.publicFuturesGetSettleFundingRate(request)
            return [int(row["t"]) * 1_000 for row in rows]

        return await backwards(page)

    whole = histories.of("gate", "ETH").funding.time_ms.tolist()
    assert ask("gate", collect) == [time for time in whole if time <= NOW_MS]


def test_kraken_sends_the_whole_history_of_funding_at_once(ask: Ask, perp: Any, histories: Histories) -> None:
    async def collect(exchange: Any) -> list[tuple[int, float]]:
        rows = await exchange.fetch_funding_rate_history(perp(exchange, "ETH"))
        return [(row["timestamp"], row["fundingRate"]) for row in rows]

    funding = histories.of("krakenfutures", "ETH").funding
    known = zip(funding.time_ms.tolist(), funding.value.tolist(), strict=True)
    assert ask("krakenfutures", collect) == [(time, rate) for time, rate in known if time <= NOW_MS]


def test_open_interest_of_bybit_is_walked_with_its_cursor(ask: Ask, histories: Histories) -> None:
    async def collect(exchange: Any) -> list[int]:
        found: list[int] = []
        cursor: dict[str, str] = {}
        for _ in range(MOST_PAGES):
            request = {"category": "linear", "symbol": "ETHUSDT", "intervalTime": "1h", "limit": 200, **cursor}
            result = (await exchange.publicGetV5MarketOpenInterest(request))["result"]
            found = [int(row["timestamp"]) for row in reversed(result["list"])] + found
            if not result["nextPageCursor"]:
                return found
            cursor = {"cursor": result["nextPageCursor"]}
        raise AssertionError("the cursor never ends")

    whole = histories.of("bybit", "ETH").open_interest.time_ms.tolist()
    assert ask("bybit", collect) == [time for time in whole if time <= NOW_MS]


def test_statistics_of_binance_reach_back_thirty_days_only(ask: Ask, perp: Any) -> None:
    async def oldest(exchange: Any) -> Any:
        request = {"symbol": "ETHUSDT", "period": "1h", "startTime": SINCE_MS, "limit": 500}
        return await exchange.fapiDataGetOpenInterestHist(request)

    first = int(ask("binance", oldest)[0]["timestamp"])
    assert 0 <= first - (NOW_MS - 30 * 24 * HOUR_MS) < HOUR_MS
