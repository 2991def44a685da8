"""The adapter between the venues and the quorum: names that are not known, few requests, and markets kept."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from aiohttp import web
from asking import ask, codes, observe, values
from venue_answers import ANSWERS, next_settlement, serve

from agent.market.exchanges.adapter import CORE, Exchanges
from agent.market.exchanges.connection import moved, retry_after_s
from agent.market.exchanges.link import MARKETS_MAX_AGE_S, Failed
from agent.market.exchanges.venues import REQUESTS, VENUES
from agent.market.reading import Quantity
from agent.reasons import Code, Refusal


@pytest.mark.parametrize(("name", "nearest"), [("binanse", "binance"), ("Bybit", "bybit"), ("kraken", "krakenfutures")])
def test_an_unknown_venue_is_refused_with_the_nearest_names(name: str, nearest: str) -> None:
    with pytest.raises(Refusal) as refused:
        Exchanges([name])
    (reason,) = refused.value.reasons
    assert reason.code is Code.VENUE_UNKNOWN
    assert nearest in reason.message


@pytest.mark.parametrize(("base", "nearest"), [("ETHH", "ETH"), ("BTX", "BTC"), ("PEEPE", "1000PEPE")])
def test_an_unknown_asset_is_told_with_the_nearest_names(base: str, nearest: str) -> None:
    answer, _ = ask("binance", base=base)
    assert codes(answer) == {None: Code.MARKET_UNKNOWN}
    assert nearest in answer.rejections[0].reason.message


def test_one_unknown_asset_does_not_cost_the_known_one() -> None:
    with serve("binance") as servers:
        known, unknown = asyncio.run(observe(servers, "ETH", "NOTHING", quantities=CORE))
    assert values(known)[Quantity.MARK_PRICE] == 3001.5
    assert codes(unknown) == {None: Code.MARKET_UNKNOWN}


@pytest.mark.parametrize(
    ("venue", "quantities", "requests"),
    [
        ("binance", [Quantity.MARK_PRICE, Quantity.INDEX_PRICE], 1),
        ("binance", [Quantity.FUNDING_RATE], 2),
        ("binance", [Quantity.OPEN_INTEREST_USD], 2),
        ("bybit", [Quantity.MARK_PRICE, Quantity.OPEN_INTEREST, Quantity.BEST_BID], 1),
        ("deribit", list(Quantity), 1),
        ("gate", [Quantity.FUNDING_RATE, Quantity.MARK_PRICE], 1),
        ("krakenfutures", [Quantity.MARK_PRICE, Quantity.BEST_ASK], 1),
        ("dydx", [Quantity.LONG_SHORT_RATIO], 0),
    ],
)
def test_no_more_is_asked_than_what_is_wanted_takes(venue: str, quantities: list[Quantity], requests: int) -> None:
    with serve(venue) as servers:
        (answer,) = asyncio.run(observe(servers, "ETH", quantities=quantities))
        loaded = 2 if venue == "bybit" else 1  # ccxt asks Bybit for what is not yet launched as well
        assert len(servers[venue].requests) == loaded + requests
    assert set(values(answer)) == set(quantities) - VENUES[venue].lacks
    assert answer.rejections == ()


def test_markets_are_loaded_once_and_again_when_they_are_old() -> None:
    clock = [0.0]
    with serve("binance") as servers:

        async def rounds() -> list[int]:
            counts = []
            urls = {"binance": servers["binance"].url}
            async with Exchanges(["binance"], base_urls=urls, monotonic=lambda: clock[0]) as exchanges:
                for step in (0, 60, MARKETS_MAX_AGE_S):
                    clock[0] += step
                    await exchanges.observe(["ETH"], [Quantity.MARK_PRICE])
                    counts.append(servers["binance"].requests.count("GET /fapi/v1/exchangeInfo"))
            return counts

        assert asyncio.run(rounds()) == [1, 1, 2]


@pytest.mark.parametrize("venue", list(VENUES))
def test_of_the_markets_the_rows_of_the_venue_are_not_kept(venue: str) -> None:
    with serve(venue) as servers:

        async def kept() -> list[object]:
            async with Exchanges([venue], base_urls={venue: servers[venue].url}) as exchanges:
                assert (await exchanges.market(venue, "ETH")).base == "ETH"
                known = exchanges.link(venue).exchange
                both = [*known.markets.values(), *(one for same in known.markets_by_id.values() for one in same)]
                return [market["info"] for market in both]

        rows = asyncio.run(kept())
    assert rows
    assert not any(rows)


def test_a_list_of_markets_that_takes_longer_than_the_deadline_is_there_in_the_next_round() -> None:
    async def slow_list(request: web.Request) -> None:
        if request.path.endswith("exchangeInfo"):
            await asyncio.sleep(0.6)

    with serve("binance") as servers:
        servers["binance"].behave = slow_list

        async def rounds() -> list[object]:
            urls = {"binance": servers["binance"].url}
            told: list[object] = []
            async with Exchanges(["binance"], base_urls=urls) as exchanges:
                for _ in range(4):
                    (answer,) = await exchanges.observe(["ETH"], [Quantity.MARK_PRICE], 0.25)
                    told.append(codes(answer) or values(answer))
            return told

        told = asyncio.run(rounds())
        assert told[0] == {None: Code.SOURCE_TIMEOUT}
        assert told[-1] == {Quantity.MARK_PRICE: 3001.5}
        assert servers["binance"].requests.count("GET /fapi/v1/exchangeInfo") == 1


@pytest.mark.parametrize(("patience_s", "answered"), [(0.0, False), (0.1, False), (5.0, True)])
def test_a_download_waits_for_the_allowance_and_an_observation_does_not(patience_s: float, answered: bool) -> None:
    with serve("okx") as servers:

        async def drained() -> bool:
            async with Exchanges(["okx"], base_urls={"okx": servers["okx"].url}) as exchanges:
                link = exchanges.link("okx")
                assert link.allowance.take(VENUES["okx"].weight_per_minute)
                await link.ask("publicGetPublicMarkPrice", 2.0, {"instType": "SWAP"}, patience_s=patience_s)
                return True

        if answered:
            assert asyncio.run(drained())
            return
        with pytest.raises(Failed) as failed:
            asyncio.run(drained())
        assert failed.value.reason.code is Code.SOURCE_RATE_LIMITED


def test_settlements_are_asked_again_only_when_another_is_due() -> None:
    with serve("krakenfutures") as servers:
        clock = [time.time_ns() // 1_000_000]
        due = next_settlement(clock[0], 1)

        async def rounds() -> list[int]:
            counts = []
            urls = {"krakenfutures": servers["krakenfutures"].url}
            async with Exchanges(["krakenfutures"], base_urls=urls, clock_ms=lambda: clock[0]) as exchanges:
                for at in (clock[0], clock[0] + 1, due + 1, due + 2):
                    clock[0] = at
                    (answer,) = await exchanges.observe(["ETH"], [Quantity.SETTLED_FUNDING_RATE])
                    assert values(answer) == {Quantity.SETTLED_FUNDING_RATE: 0.000012}
                    path = "GET /derivatives/api/v4/historicalfundingrates"
                    counts.append(servers["krakenfutures"].requests.count(path))
            return counts

        # The server's own clock has not reached the hour, so the new settlement is not there yet and asked for again.
        assert asyncio.run(rounds()) == [1, 1, 2, 3]


def test_all_venues_are_asked_at_the_same_time() -> None:
    """Each request waits 0.2 s; one after the other they would take more than five seconds."""

    async def slowly(request: object) -> None:
        await asyncio.sleep(0.2)

    with serve(*ANSWERS) as servers:
        urls = {name: server.url for name, server in servers.items()}

        async def timed() -> float:
            async with Exchanges(list(servers), base_urls=urls) as exchanges:
                await exchanges.observe(["ETH"])
                for server in servers.values():
                    server.behave = slowly
                began = asyncio.get_running_loop().time()
                answers = await exchanges.observe(["ETH"])
                assert all(answer.readings for answer in answers)
                return asyncio.get_running_loop().time() - began

        assert asyncio.run(timed()) < 2.5
        assert sum(len(server.requests) for server in servers.values()) > 25


def test_no_request_outlives_a_round_that_its_caller_gave_up() -> None:
    async def never(request: web.Request) -> None:
        if not request.path.endswith("instruments"):
            await asyncio.sleep(5)

    with serve("krakenfutures") as servers:
        servers["krakenfutures"].behave = never

        async def given_up() -> set[str]:
            urls = {"krakenfutures": servers["krakenfutures"].url}
            async with Exchanges(["krakenfutures"], base_urls=urls) as exchanges:
                await exchanges.observe(["ETH"], [Quantity.MARK_PRICE], 0.5)  # the markets are loaded
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(0.2):
                        await exchanges.observe(["ETH"])
                await asyncio.sleep(0)
                return {task.get_coro().__qualname__ for task in asyncio.all_tasks() if not task.done()}

        assert not {name for name in asyncio.run(given_up()) if name.startswith("Link")}


def test_closing_leaves_no_connection_behind(recwarn: pytest.WarningsRecorder) -> None:
    ask("krakenfutures")
    assert not [one for one in recwarn if issubclass(one.category, ResourceWarning)]


def test_addresses_move_with_their_paths() -> None:
    urls = {
        "fapi": "https://fapi.binance.com/fapi/v1",
        "ws": {"linear": "wss://fstream.binance.com/ws"},
        "rest": "https://{hostname}",
    }
    assert moved(urls, "http://127.0.0.1:81/binance/") == {
        "fapi": "http://127.0.0.1:81/binance/fapi/v1",
        "ws": {"linear": "ws://127.0.0.1:81/binance/ws"},
        "rest": "http://127.0.0.1:81/binance",
    }


def test_retry_after_is_seconds_or_a_date() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    assert retry_after_s("17", now) == 17
    assert retry_after_s(format_datetime(now + timedelta(seconds=90), usegmt=True), now) == 90
    assert retry_after_s(format_datetime(now - timedelta(seconds=90), usegmt=True), now) == 0
    assert retry_after_s(None, now) is None
    assert retry_after_s("soon", now) is None
    assert retry_after_s("-5", now) is None
    assert retry_after_s("9" * 30, now) is None


def test_the_list_of_requests_names_every_call_of_every_venue() -> None:
    assert {name: len(listed) for name, listed in REQUESTS.items()} == {
        name: len(venue.calls) + len(venue.markets_http) for name, venue in VENUES.items()
    }
