"""Faults 27 to 29 and 31 of exchange data: limits, outages, refused keys and requests that nobody answers."""

import asyncio

import pytest
from aiohttp import web
from asking import codes, observe, values
from two_venues import MARK, asked, two
from venue_answers import serve

from agent.market.exchanges.adapter import ALL, Exchanges
from agent.market.exchanges.venues import VENUES
from agent.market.reading import Quantity, VenueAnswer
from agent.reasons import Code


@pytest.mark.parametrize("status", [429, 418])
def test_fault_27_retry_after_is_honoured_and_the_sibling_goes_on(status: int) -> None:
    async def limited(request: web.Request) -> web.Response:
        return web.json_response({"code": -1003, "msg": "slow"}, status=status, headers={"Retry-After": "7"})

    seconds = 100.0
    clock = [seconds]
    with serve("binance", "krakenfutures") as servers:

        async def behave(request: web.Request) -> web.Response | None:
            return None if "exchangeInfo" in request.path else await limited(request)

        servers["binance"].behave = behave
        urls = {name: server.url for name, server in servers.items()}

        async def rounds() -> list[int]:
            counts = []
            async with Exchanges(list(servers), base_urls=urls, monotonic=lambda: clock[0]) as exchanges:
                for step in (0.0, 3.0, 3.9, 0.2):
                    clock[0] += step
                    binance, kraken = await exchanges.observe(["ETH"], MARK)
                    assert binance.readings == ()
                    assert set(codes(binance).values()) == {Code.SOURCE_RATE_LIMITED}
                    assert values(kraken) == {Quantity.MARK_PRICE: 3000.0}
                    counts.append(asked(servers["binance"]))
            return counts

        assert asyncio.run(rounds()) == [1, 1, 1, 2]  # asked again only after seven seconds


def test_fault_27_without_retry_after_each_pause_is_longer() -> None:
    from agent.market.exchanges.allowance import Allowance

    clock = [0.0]
    allowance = Allowance(1_200, lambda: clock[0])
    pauses = []
    for _ in range(12):
        allowance.pause(None)
        pauses.append(allowance.paused_s())
        clock[0] += pauses[-1]
    assert pauses[:4] == [1, 2, 4, 8]
    assert max(pauses) == 300


def test_fault_27_the_total_weight_is_bounded_whatever_is_asked() -> None:
    clock = [0.0]
    with serve("krakenfutures") as servers:
        urls = {"krakenfutures": servers["krakenfutures"].url}

        async def storm() -> tuple[float, list[Code]]:
            refused: list[Code] = []
            async with Exchanges(list(servers), base_urls=urls, monotonic=lambda: clock[0]) as exchanges:
                for _ in range(160):
                    (answer,) = await exchanges.observe(["ETH"], ALL)
                    refused += [one.reason.code for one in answer.rejections]
                return exchanges.link("krakenfutures").allowance.spent, refused

        spent, refused = asyncio.run(storm())
    assert spent <= VENUES["krakenfutures"].weight_per_minute
    assert Code.SOURCE_RATE_LIMITED in refused
    # Without the settlements, which were not asked for, the interval is not known either.
    assert set(refused) <= {Code.SOURCE_RATE_LIMITED, Code.FUNDING_INTERVAL_UNKNOWN}


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (503, "Service Unavailable", Code.SOURCE_DOWN),
        (500, "{}", Code.SOURCE_DOWN),
        (451, "unavailable for legal reasons", Code.SOURCE_DOWN),
        (504, "Gateway Time-out", Code.SOURCE_TIMEOUT),
        (200, '{"code": -1001, "msg": "Internal error; unable to process your request."}', Code.SOURCE_DOWN),
    ],
)
def test_fault_28_a_venue_that_is_down_is_out_and_the_sibling_decides(status: int, body: str, code: Code) -> None:
    async def down(request: web.Request) -> web.Response:
        return web.Response(
            status=status, text=body, content_type="application/json" if body[0] == "{" else "text/plain"
        )

    binance, kraken, _ = two(down)
    assert binance.readings == ()
    assert codes(binance) == {Quantity.MARK_PRICE: code}
    assert values(kraken) == {Quantity.MARK_PRICE: 3000.0}


def test_fault_28_maintenance_is_not_asked_again_at_once() -> None:
    async def maintenance(request: web.Request) -> web.Response:
        return web.json_response({"code": "50001", "msg": "Service temporarily unavailable", "data": []})

    with serve("okx") as servers:

        async def behave(request: web.Request) -> web.Response | None:
            return None if "instruments" in request.path else await maintenance(request)

        servers["okx"].behave = behave
        (answer,) = asyncio.run(observe(servers, "ETH", quantities=MARK, rounds=2, monotonic=lambda: 5.0))
        assert codes(answer) == {None: Code.SOURCE_DOWN}  # for the pause too: the code says why
        assert servers["okx"].requests.count("GET /api/v5/public/mark-price") == 1


def test_fault_28_without_a_network_there_is_one_clear_line_per_source() -> None:
    async def nobody() -> tuple[VenueAnswer, ...]:
        urls = dict.fromkeys(VENUES, "http://127.0.0.1:9")
        async with Exchanges(list(VENUES), base_urls=urls) as exchanges:
            return await exchanges.observe(["ETH"], MARK)

    answers = asyncio.run(nobody())
    assert [answer.source for answer in answers] == list(VENUES)
    for answer in answers:
        assert answer.readings == ()
        assert codes(answer) == {None: Code.SOURCE_DOWN}
        assert answer.source in answer.rejections[0].reason.message


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (401, '{"code": -2014, "msg": "API-key format invalid."}'),
        (401, '{"code": -2015, "msg": "Invalid API-key, IP, or permissions for action."}'),
        (400, '{"code": -1002, "msg": "You are not authorized to execute this request."}'),
    ],
)
def test_fault_29_a_refused_key_is_never_tried_again(status: int, body: str) -> None:
    async def refused(request: web.Request) -> web.Response:
        return web.Response(status=status, text=body, content_type="application/json")

    binance, kraken, server = two(refused, rounds=4, monotonic=lambda: 0.0)
    assert set(codes(binance).values()) == {Code.SOURCE_ACCESS}
    assert asked(server) == 1
    assert values(kraken) == {Quantity.MARK_PRICE: 3000.0}


def test_fault_31_an_exchange_is_only_ever_read_so_no_order_can_be_sent_twice() -> None:
    """Ballast sends no orders to exchanges: a perp order is an action of a plan, and its exactly-once is the journal's.

    What a timed-out order would be here is a request that may or may not have arrived. This proves that every request
    of the table only reads, so that asking again cannot act twice; fault 51 (tests of the journal and the sender)
    proves that the same bytes are sent again, never new ones, where acting is possible.
    """
    for venue in VENUES.values():
        for call in venue.calls:
            assert call.http.startswith("GET ") or (call.http, venue.name) == ("POST /info", "hyperliquid"), call.http
            assert not any(
                word in call.method.lower() for word in ("order/", "private", "withdraw", "transfer", "cancel")
            )

    async def never(request: web.Request) -> web.Response:
        await asyncio.sleep(60)
        return web.Response()

    binance, kraken, server = two(never, deadline_s=4)
    assert codes(binance) == {Quantity.MARK_PRICE: Code.SOURCE_TIMEOUT}
    assert asked(server) == 1  # unknown is not failed: a timeout is not asked again in the same round
    assert values(kraken) == {Quantity.MARK_PRICE: 3000.0}
