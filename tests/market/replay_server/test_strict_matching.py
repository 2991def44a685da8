"""What the server does not know exactly is a 404 that says what is near, and is counted."""

import json
import urllib.error
import urllib.request
from typing import Any

import ccxt
import pytest

from agent.market.replay_server import ReplayServer
from agent.market.replay_server.matching import Miss, Parameter, Route, match, named, one_of, whole

from .conftest import Ask


def refused(address: str, body: bytes | None = None) -> Any:
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(address, body, timeout=60)
    with caught.value as error:
        assert error.code == 404
        return json.load(error)


@pytest.mark.parametrize(
    ("request_path", "complaint"),
    [
        ("/fapi/v1/klines?symbol=BTCUSDT&interval=1h&colour=red", "takes no colour"),
        ("/fapi/v1/klines?symbol=BTCUSD&interval=1h", "did you mean BTCUSDT?"),
        ("/fapi/v1/klines?symbol=btcusdt&interval=1h", "symbol=btcusdt"),
        ("/fapi/v1/klines?symbol=BTCUSDT&interval=1m", "takes 1h"),
        ("/fapi/v1/klines?symbol=BTCUSDT&interval=1h&limit=1501", "from 1 to 1500"),
        ("/fapi/v1/klines?symbol=BTCUSDT&interval=1h&limit=-1", "from 1 to 1500"),
        ("/fapi/v1/depth?symbol=BTCUSDT&limit=30", "takes 5 or 10 or"),
        ("/fapi/v1/klines?symbol=BTCUSDT&interval=1h&startTime=1e12", "takes a whole number"),
        ("/fapi/v1/klines?symbol=BTCUSDT", "needs interval"),
        ("/fapi/v1/klines?interval=1h", "needs symbol"),
        ("/fapi/v1/klines?symbol=BTCUSDT&symbol=ETHUSDT&interval=1h", "symbol given twice"),
    ],
)
def test_a_parameter_that_is_not_exact_is_refused(server: ReplayServer, request_path: str, complaint: str) -> None:
    answer = refused(server.url("binance") + request_path)
    assert any(complaint in one for one in answer["complaints"]), answer
    assert server.missed == 1


@pytest.mark.parametrize("path", ["/fapi/v1/kline", "/fapi/v2/klines", "/fapi/v1/klines/", "//fapi/v1/klines", "/"])
def test_a_path_that_is_not_exact_is_refused(server: ReplayServer, path: str) -> None:
    refused(f"{server.url('binance')}{path}?symbol=BTCUSDT&interval=1h")


def test_a_miss_names_the_nearest_requests(server: ReplayServer) -> None:
    answer = refused(f"{server.url('binance')}/fapi/v1/fundingRates?symbol=BTCUSDT")
    assert any(one.startswith("GET /fapi/v1/fundingRate?") for one in answer["nearest"])


def test_another_method_is_refused(server: ReplayServer) -> None:
    refused(f"{server.url('binance')}/fapi/v1/time", b"{}")


@pytest.mark.parametrize(
    "body",
    [
        b'{"type": "candleSnapshot", "req": {"coin": "BTC", "interval": "1h"}}',
        b'{"type": "candleSnapshot", "req": {"coin": "BTC", "interval": "1h", "startTime": 1}, "coin": "BTC"}',
        b'{"type": "l2Book", "coin": "btc"}',
        b'{"type": "l2book", "coin": "BTC"}',
        b'["type"]',
        b"type=l2Book",
        b"",
    ],
)
def test_a_body_that_is_not_exact_is_refused(server: ReplayServer, body: bytes) -> None:
    refused(f"{server.url('hyperliquid')}/info", body)


def test_parameters_of_a_post_belong_into_its_body(server: ReplayServer) -> None:
    answer = refused(f"{server.url('hyperliquid')}/info?coin=ETH", b'{"type": "meta"}')
    assert "body" in answer["complaints"][0]


def test_an_unknown_venue_is_told_which_there_are(server: ReplayServer) -> None:
    answer = refused(server.url("binance").removesuffix("binance") + "binanse/fapi/v1/time")
    assert "binance" in answer["complaints"][0]


def test_a_symbol_of_another_category_is_refused(server: ReplayServer) -> None:
    refused(f"{server.url('bybit')}/v5/market/tickers?category=inverse&symbol=BTCUSDT")


def test_milliseconds_where_gate_takes_seconds_are_refused(ask: Ask, server: ReplayServer) -> None:
    async def liquidations(exchange: Any) -> Any:
        return await exchange.fetch_liquidations("ETH/USDT:USDT", server.clock.now_ms - 1_000)

    with pytest.raises(ccxt.ExchangeNotAvailable, match="takes a whole number from 0 to 10000000000"):
        ask("gate", liquidations)


def test_misses_are_counted_and_kept(server: ReplayServer) -> None:
    for _ in range(3):
        refused(f"{server.url('okx')}/api/v5/public/nothing")
    assert server.missed == 3
    assert server.misses[0].request == "GET /api/v5/public/nothing"
    assert server.served["okx"] == 0


def test_a_route_matches_in_full_or_not_at_all() -> None:
    route = Route(
        "GET", "/a/{coin}", lambda view, query: None, {"coin": Parameter(one_of("BTC")), "n": Parameter(whole(1, 9))}
    )
    assert match([route], "GET", "/a/BTC", {"n": "3"})[1] == {"coin": "BTC", "n": 3}
    for path, given in (
        ("/a/BTC/x", {"n": "3"}),
        ("/a/ETH", {"n": "3"}),
        ("/a/BTC", {"n": "10"}),
        ("/xa/BTC", {"n": "3"}),
    ):
        with pytest.raises(Miss):
            match([route], "GET", path, given)


def test_a_name_in_the_path_cannot_be_given_again_in_the_query() -> None:
    route = Route("GET", "/a/{coin}", lambda view, query: None, {"coin": Parameter(named({"BTC": 1, "ETH": 2}))})
    assert match([route], "GET", "/a/BTC", {"coin": "ETH"})[1] == {"coin": 1}
