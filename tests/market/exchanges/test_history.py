"""Pages of the past from the replay server: complete, in order, each row once, and what is not one is refused."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from itertools import pairwise
from typing import Any

import pytest
from venue_answers import Answers, serve

from agent.market.exchanges.adapter import Exchanges
from agent.market.exchanges.history import HOUR_MS, Page
from agent.market.exchanges.venues import VENUES
from agent.market.replay_server import ReplayServer, VirtualClock, synthetic_histories
from agent.reasons import Code, Refusal

BEGIN_MS = 1_704_067_200_000  # 2024-01-01
NOW_MS = BEGIN_MS + 40 * 24 * HOUR_MS + 1_800_000
SINCE_MS = BEGIN_MS + 5 * 24 * HOUR_MS


@pytest.fixture(scope="module")
def server() -> Iterator[ReplayServer]:
    with ReplayServer(synthetic_histories(BEGIN_MS, NOW_MS + HOUR_MS), VirtualClock(NOW_MS)) as running:
        yield running


Ask = Callable[[Exchanges, int], Awaitable[Page]]


def everything(server: ReplayServer, venue: str, ask: Ask) -> list[tuple[float, ...]]:
    """All pages from SINCE_MS to the server's present."""

    async def follow() -> list[tuple[float, ...]]:
        rows: list[tuple[float, ...]] = []
        at_ms = SINCE_MS
        urls = {venue: server.url(venue)}
        async with Exchanges([venue], base_urls=urls, clock_ms=lambda: server.clock.now_ms) as exchanges:
            for _ in range(100):
                page = await ask(exchanges, at_ms)
                rows += page.rows
                if page.next_ms >= NOW_MS // HOUR_MS * HOUR_MS:
                    return rows
                assert page.next_ms > at_ms, "a page must come nearer to the present"
                at_ms = page.next_ms
        raise AssertionError("too many pages")

    return asyncio.run(follow())


def hours_between(rows: list[tuple[float, ...]]) -> set[int]:
    times = [row[0] for row in rows]
    return {round((later - earlier) / HOUR_MS) for earlier, later in pairwise(times)}


@pytest.mark.parametrize("venue", VENUES)
def test_settlements_are_complete_in_order_and_once_each(server: ReplayServer, venue: str) -> None:
    rows = everything(server, venue, lambda exchanges, at: exchanges.funding_history(venue, "ETH", at))
    hours = 1 if venue in ("hyperliquid", "dydx", "deribit", "krakenfutures") else 8
    assert hours_between(rows) == {hours}
    assert len(rows) == pytest.approx(35 * 24 / hours, abs=1)
    assert all(abs(rate) < 0.04 for _, rate in rows)


@pytest.mark.parametrize("venue", VENUES)
def test_candles_are_closed_complete_and_once_each(server: ReplayServer, venue: str) -> None:
    rows = everything(server, venue, lambda exchanges, at: exchanges.candles(venue, "ETH", at))
    assert hours_between(rows) == {1}
    assert rows[0][0] == SINCE_MS
    assert rows[-1][0] == NOW_MS // HOUR_MS * HOUR_MS - HOUR_MS  # the bar that is running is left out
    assert all(len(row) == 6 and row[3] <= min(row[1], row[4]) and row[2] >= max(row[1], row[4]) for row in rows)


def test_volumes_are_coins_whatever_the_venue_counts(server: ReplayServer) -> None:
    """Gate counts contracts of 0.01 ETH; its share of Binance's volume is far from a hundredfold."""

    def traded(venue: str) -> float:
        return sum(
            row[5] for row in everything(server, venue, lambda exchanges, at: exchanges.candles(venue, "ETH", at))
        )

    volume = {venue: traded(venue) for venue in ("binance", "okx", "gate")}
    assert 0.05 < volume["gate"] / volume["binance"] < 2
    assert 0.05 < volume["okx"] / volume["binance"] < 2


@pytest.mark.parametrize("venue", ["binance", "bybit", "okx", "gate", "krakenfutures"])
def test_mark_prices_have_no_volume(server: ReplayServer, venue: str) -> None:
    rows = everything(server, venue, lambda exchanges, at: exchanges.candles(venue, "ETH", at, kind="mark"))
    assert hours_between(rows) == {1}
    assert {len(row) for row in rows} == {5}


@pytest.mark.parametrize("venue", ["binance", "bybit", "okx", "gate"])
def test_spot_candles_need_no_list_of_spot_markets(server: ReplayServer, venue: str) -> None:
    perp = everything(server, venue, lambda exchanges, at: exchanges.candles(venue, "ETH", at))
    spot = everything(server, venue, lambda exchanges, at: exchanges.candles(venue, "ETH", at, kind="spot"))
    assert [row[0] for row in spot] == [row[0] for row in perp]
    assert [row[1:] for row in spot] != [row[1:] for row in perp]
    assert all(one[4] == pytest.approx(other[4], rel=0.05) for one, other in zip(spot, perp, strict=True))


@pytest.mark.parametrize("venue", ["binance", "bybit", "okx", "gate"])
def test_open_interest_is_in_coins(server: ReplayServer, venue: str) -> None:
    async def last_month() -> Page:
        urls = {venue: server.url(venue)}
        async with Exchanges([venue], base_urls=urls, clock_ms=lambda: server.clock.now_ms) as exchanges:
            return await exchanges.open_interest_history(venue, "ETH", NOW_MS - 48 * HOUR_MS)

    page = asyncio.run(last_month())
    assert len(page.rows) >= 40
    assert all(10_000 < coins < 2_000_000 for _, coins in page.rows)


@pytest.mark.parametrize(
    ("venue", "ask"),
    [
        ("dydx", lambda exchanges: exchanges.candles("dydx", "ETH", SINCE_MS, kind="mark")),
        ("deribit", lambda exchanges: exchanges.candles("deribit", "ETH", SINCE_MS, kind="spot")),
        ("hyperliquid", lambda exchanges: exchanges.open_interest_history("hyperliquid", "ETH", SINCE_MS)),
    ],
)
def test_what_a_venue_lacks_is_refused_and_not_empty(server: ReplayServer, venue: str, ask: Any) -> None:
    async def one() -> Page:
        urls = {venue: server.url(venue)}
        async with Exchanges([venue], base_urls=urls, clock_ms=lambda: server.clock.now_ms) as exchanges:
            page: Page = await ask(exchanges)
            return page

    with pytest.raises(Refusal) as refused:
        asyncio.run(one())
    assert refused.value.reasons[0].code is Code.DATA_MISSING


def page_of(change: Callable[[Answers], None], kind: str = "candles") -> Page:
    """One page from Binance with a changed answer."""
    with serve("binance") as servers:
        servers["binance"].change = change

        async def one() -> Page:
            urls = {"binance": servers["binance"].url}
            async with Exchanges(["binance"], base_urls=urls) as exchanges:
                page: Page = await getattr(exchanges, kind)("binance", "ETH", SINCE_MS, 2)
                return page

        return asyncio.run(one())


def bars(*rows: list[Any]) -> Callable[[Answers], None]:
    def change(answers: Answers) -> None:
        answers["GET /fapi/v1/klines"] = [[*row, 0, "0", 0, "0", "0", "0"] for row in rows]

    return change


GOOD = [SINCE_MS, "10", "12", "9", "11", "5"]


def test_a_page_that_is_good_passes() -> None:
    page = page_of(bars(GOOD, [SINCE_MS + HOUR_MS, "11", "12", "9", "11", "0"]))
    assert page == Page(
        ((SINCE_MS, 10.0, 12.0, 9.0, 11.0, 5.0), (SINCE_MS + HOUR_MS, 11.0, 12.0, 9.0, 11.0, 0.0)),
        SINCE_MS + 2 * HOUR_MS,
    )


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ([SINCE_MS + HOUR_MS, "10", "9", "9", "11", "5"], Code.DATA_INCONSISTENT),
        ([SINCE_MS + HOUR_MS, "0", "12", "0", "11", "5"], Code.DATA_NOT_POSITIVE),
        ([SINCE_MS + HOUR_MS, "10", "12", "9", "NaN", "5"], Code.DATA_NOT_FINITE),
        ([SINCE_MS + HOUR_MS, "10", "12", "9", "11", "-5"], Code.DATA_NOT_POSITIVE),
        ([SINCE_MS + HOUR_MS, "10", "12", "9", None, "5"], Code.DATA_MISSING),
        ([SINCE_MS, "10", "12", "9", "11", "5"], Code.DATA_PAGES),  # told twice
        ([SINCE_MS + 9 * HOUR_MS, "10", "12", "9", "11", "5"], Code.DATA_PAGES),  # not asked for
    ],
)
def test_a_page_with_a_bad_row_is_refused_as_a_whole(row: list[Any], code: Code) -> None:
    with pytest.raises(Refusal) as refused:
        page_of(bars(GOOD, row))
    assert refused.value.reasons[0].code is code


def test_settlements_of_another_market_are_refused() -> None:
    def other(answers: Answers) -> None:
        for row in answers["GET /fapi/v1/fundingRate"]:
            row["symbol"] = "BTCUSDT"

    with pytest.raises(Refusal) as refused:
        page_of(other, "funding_history")
    assert refused.value.reasons[0].code is Code.WRONG_MARKET
