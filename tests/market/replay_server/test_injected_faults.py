"""Each fault reaches an untouched ccxt as the error, or the wrong number, that a real exchange's would be."""

import gzip
import math
import time
import urllib.error
import urllib.request
from typing import Any

import ccxt
import pytest

from agent.market.replay_server import Fault, FaultKind, ReplayServer
from agent.market.replay_server.series import HOUR_MS
from agent.market.replay_server.venues import VENUES

from .conftest import NOW_MS, Ask

PREMIUM = "/fapi/v1/premiumIndex"


async def funding_rate(exchange: Any) -> Any:
    return await exchange.fetch_funding_rate("BTC/USDT:USDT")


async def premium(exchange: Any) -> Any:
    return await exchange.fapiPublicGetPremiumIndex({"symbol": "BTCUSDT"})


def get(server: ReplayServer, path: str, venue: str = "binance") -> Any:
    return urllib.request.urlopen(server.url(venue) + path, timeout=60)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault(FaultKind.RATE_LIMITED, "binance", PREMIUM), ccxt.DDoSProtection),
        (Fault(FaultKind.BANNED, "binance", PREMIUM), ccxt.DDoSProtection),
        (Fault(FaultKind.RESTRICTED, "binance", PREMIUM), ccxt.ExchangeNotAvailable),
        (Fault(FaultKind.SERVER_ERROR, "binance", PREMIUM), ccxt.ExchangeNotAvailable),
        (Fault(FaultKind.SERVER_ERROR, "binance", PREMIUM, status=503), ccxt.ExchangeNotAvailable),
        (Fault(FaultKind.SERVER_ERROR, "binance", PREMIUM, status=504), ccxt.RequestTimeout),
        (Fault(FaultKind.MAINTENANCE, "binance", PREMIUM), ccxt.OnMaintenance),
        (Fault(FaultKind.ERROR_BODY, "binance", PREMIUM), ccxt.OperationFailed),
    ],
    ids=lambda one: f"{one.kind}-{one.status}" if isinstance(one, Fault) else one.__name__,
)
def test_refusals_of_an_exchange_are_the_errors_ccxt_has_for_them(
    fault: Fault, error: type[Exception], ask: Ask, server: ReplayServer
) -> None:
    server.inject(fault)
    with pytest.raises(error):
        ask("binance", funding_rate)
    assert fault.struck >= 1


@pytest.mark.parametrize("venue", VENUES)
def test_an_error_body_with_status_200_is_an_error_in_every_venue_but_one(
    venue: str, ask: Ask, perp: Any, server: ReplayServer
) -> None:
    async def book(exchange: Any) -> Any:
        server.inject(Fault(FaultKind.ERROR_BODY, venue))
        return await exchange.fetch_order_book(perp(exchange, "BTC"))

    if venue == "dydx":  # ccxt takes the error of an indexer for an empty book: whoever reads it has to look
        assert ask(venue, book)["bids"] == []
    else:
        with pytest.raises(ccxt.BaseError):
            ask(venue, book)


@pytest.mark.parametrize("venue", VENUES)
def test_every_venue_can_be_down_for_maintenance(venue: str, ask: Ask, perp: Any, server: ReplayServer) -> None:
    async def book(exchange: Any) -> Any:
        server.inject(Fault(FaultKind.MAINTENANCE, venue))
        return await exchange.fetch_order_book(perp(exchange, "BTC"))

    with pytest.raises(ccxt.BaseError):
        ask(venue, book)


@pytest.mark.parametrize(("kind", "status"), [(FaultKind.RATE_LIMITED, 429), (FaultKind.BANNED, 418)])
def test_refusals_for_haste_say_when_to_come_back(kind: FaultKind, status: int, server: ReplayServer) -> None:
    server.inject(Fault(kind, retry_after_s=17))
    with pytest.raises(urllib.error.HTTPError) as caught:
        get(server, "/fapi/v1/time")
    with caught.value as error:
        assert (error.code, error.headers["Retry-After"]) == (status, "17")


def test_half_of_the_json_arrives(server: ReplayServer) -> None:
    whole = get(server, f"{PREMIUM}?symbol=BTCUSDT").read()
    server.inject(Fault(FaultKind.TRUNCATED))
    assert get(server, f"{PREMIUM}?symbol=BTCUSDT").read() == whole[: len(whole) // 2]


def test_a_captcha_page_arrives_with_status_200(server: ReplayServer) -> None:
    server.inject(Fault(FaultKind.HTML))
    with get(server, "/fapi/v1/time") as answer:
        assert answer.status == 200
        assert answer.headers["Content-Type"].startswith("text/html")
        assert b"<html>" in answer.read()


def test_a_bomb_is_small_on_the_wire_and_64_mb_unpacked(server: ReplayServer) -> None:
    server.inject(Fault(FaultKind.GZIP_BOMB))
    with get(server, "/fapi/v1/time") as answer:
        packed = answer.read()
        assert answer.headers["Content-Encoding"] == "gzip"
    assert len(packed) < 100_000
    assert len(gzip.decompress(packed)) == 64 * 2**20


def test_a_dripping_answer_takes_its_time(server: ReplayServer) -> None:
    server.inject(Fault(FaultKind.DRIP, delay_ms=10))
    started = time.perf_counter()
    with get(server, "/fapi/v1/time") as answer:
        length = len(answer.read())
    assert time.perf_counter() - started >= (length - 1) * 0.009


def test_a_client_that_hangs_up_on_a_dripping_answer_leaves_the_server_well(server: ReplayServer) -> None:
    server.inject(Fault(FaultKind.DRIP, delay_ms=1_000, times=1))
    with pytest.raises(TimeoutError):
        urllib.request.urlopen(f"{server.url('binance')}/fapi/v1/time", timeout=0.2).read()
    assert get(server, "/fapi/v1/time").status == 200


def test_a_delayed_answer_is_right_but_late(server: ReplayServer) -> None:
    server.inject(Fault(FaultKind.DELAY, delay_ms=80))
    started = time.perf_counter()
    assert b"serverTime" in get(server, "/fapi/v1/time").read()
    assert time.perf_counter() - started >= 0.08


def test_the_wrong_symbol_is_named_in_the_answer(ask: Ask, server: ReplayServer) -> None:
    server.inject(Fault(FaultKind.WRONG_SYMBOL, "binance", PREMIUM))
    told = ask("binance", premium)
    assert told["symbol"] != "BTCUSDT"


def test_wrong_values_stand_under_the_right_name(ask: Ask, server: ReplayServer) -> None:
    server.inject(Fault(FaultKind.WRONG_VALUES, "binance", PREMIUM))
    told = ask("binance", premium)
    assert told["symbol"] == "BTCUSDT"
    assert float(told["markPrice"]) < 10_000


def test_a_wrong_symbol_does_not_strike_what_names_no_symbol(server: ReplayServer) -> None:
    whole = get(server, PREMIUM).read()
    fault = server.inject(Fault(FaultKind.WRONG_SYMBOL))
    assert get(server, PREMIUM).read() == whole
    assert fault.struck == 0


@pytest.mark.parametrize(("kind", "shift_ms"), [(FaultKind.STALE, -HOUR_MS), (FaultKind.FUTURE, HOUR_MS)])
def test_stamps_are_shifted_while_values_move(kind: FaultKind, shift_ms: int, ask: Ask, server: ReplayServer) -> None:
    server.inject(Fault(kind))

    async def two(exchange: Any) -> Any:
        first = await premium(exchange)
        server.set_time(NOW_MS + 5_000)
        return first, await premium(exchange)

    first, second = ask("binance", two)
    assert int(first["time"]) == NOW_MS + shift_ms
    assert int(second["time"]) == NOW_MS + 5_000 + shift_ms
    assert first["markPrice"] != second["markPrice"]


def test_frozen_values_stand_while_stamps_move(ask: Ask, server: ReplayServer) -> None:
    server.inject(Fault(FaultKind.FROZEN, "bybit"))

    async def two(exchange: Any) -> Any:
        request = {"category": "linear", "symbol": "BTCUSDT"}
        first = await exchange.publicGetV5MarketTickers(request)
        server.set_time(NOW_MS + 5_000)
        return first, await exchange.publicGetV5MarketTickers(request)

    first, second = ask("bybit", two)
    assert first["result"] == second["result"]
    assert (int(first["time"]), int(second["time"])) == (NOW_MS, NOW_MS + 5_000)


@pytest.mark.parametrize("value", [None, "", "NaN", "1e400", "9" * 60, -1.5, "\u0000; rm -rf"], ids=repr)
def test_a_field_can_hold_anything(value: object, ask: Ask, server: ReplayServer) -> None:
    server.inject(Fault(FaultKind.VALUE, "binance", PREMIUM, field="markPrice", value=value))
    assert ask("binance", premium)["markPrice"] == value


@pytest.mark.parametrize(("value", "token"), [(math.nan, "NaN"), (math.inf, "Infinity")])
def test_a_bare_nan_is_no_json_and_reaches_the_caller_as_text(
    value: float, token: str, ask: Ask, server: ReplayServer
) -> None:
    server.inject(Fault(FaultKind.VALUE, "binance", PREMIUM, field="markPrice", value=value))
    told = ask("binance", premium)
    assert isinstance(told, str)
    assert f'"markPrice": {token}' in told


def test_a_field_that_the_answer_lacks_is_not_passed_over(server: ReplayServer) -> None:
    server.inject(Fault(FaultKind.VALUE, field="markprice", value=0))
    with pytest.raises(urllib.error.HTTPError, match="501") as caught:
        get(server, f"{PREMIUM}?symbol=BTCUSDT")
    with caught.value as error:
        assert b"has no field 'markprice'" in error.read()


def test_a_fault_strikes_as_often_as_it_was_told(server: ReplayServer) -> None:
    fault = server.inject(Fault(FaultKind.SERVER_ERROR, times=2))
    for _ in range(2):
        with pytest.raises(urllib.error.HTTPError) as caught:
            get(server, "/fapi/v1/time")
        caught.value.close()
    assert get(server, "/fapi/v1/time").status == 200
    assert fault.struck == 2


def test_a_fault_strikes_only_its_venue_and_path(server: ReplayServer) -> None:
    server.inject(Fault(FaultKind.SERVER_ERROR, "binance", "/fapi/v1/premium"))
    assert get(server, "/fapi/v1/time").status == 200
    assert get(server, "/v5/market/time", "bybit").status == 200
    with pytest.raises(urllib.error.HTTPError) as caught:
        get(server, PREMIUM)
    caught.value.close()
    server.clear()
    assert get(server, PREMIUM).status == 200


def test_faults_that_could_never_strike_are_refused(server: ReplayServer) -> None:
    with pytest.raises(ValueError, match="needs the field"):
        Fault(FaultKind.VALUE)
    with pytest.raises(ValueError, match="at least once"):
        Fault(FaultKind.HTML, times=0)
    with pytest.raises(ValueError, match="no venue 'binanse'"):
        server.inject(Fault(FaultKind.HTML, "binanse"))
