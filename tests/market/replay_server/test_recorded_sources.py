"""Recordings are served as they are: Parquet rows through the venue's pages, HTTP answers by their very request."""

import asyncio
import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ccxt.async_support as ccxt_async
import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from agent.market.replay_server import Fault, FaultKind, Histories, ReplayServer, VirtualClock, recorded_histories
from agent.market.replay_server.client import point_at
from agent.market.replay_server.command import moment_ms
from agent.market.replay_server.recorded import RecordedAnswers
from agent.market.replay_server.series import HOUR_MS
from agent.market.replay_server.venues import VENUES
from agent.market.replay_server.view import View
from agent.reasons import Refusal

AT_MS = moment_ms("2024-01-01")
RECORDED_MS = moment_ms("2026-07-03T12:00")  # after the recordings of Binance's HTTP answers


@pytest.fixture(scope="module")
def recorded(data_folder: Path) -> Histories:
    return recorded_histories(data_folder)


@pytest.fixture(scope="module")
def server(recorded: Histories) -> Iterator[ReplayServer]:
    with ReplayServer(recorded, VirtualClock(AT_MS)) as running:
        yield running


@pytest.fixture(scope="module")
def answers(data_folder: Path) -> RecordedAnswers:
    return RecordedAnswers(data_folder)


def pages(server: ReplayServer, venue: str, method: str, *arguments: Any, since: int, limit: int | None) -> list[Any]:
    """Every row from `since` on, page by page, as an untouched ccxt brings them."""

    async def collect() -> list[Any]:
        exchange = getattr(ccxt_async, venue)({"enableRateLimit": False})
        point_at(exchange, server.url(venue), lambda: server.clock.now_ms)
        found: list[Any] = []
        start = since
        try:
            await exchange.load_markets()
            while start <= server.clock.now_ms:
                rows = await getattr(exchange, method)(*arguments, start, limit)
                if not rows:
                    break
                found += rows
                start = (rows[-1][0] if isinstance(rows[-1], list) else rows[-1]["timestamp"]) + 1
        finally:
            await exchange.close()
        return found

    return asyncio.run(collect())


@pytest.mark.parametrize(("base", "total"), [("BTC", 0.07866), ("ETH", 0.08260), ("SOL", 0.01297), ("AVAX", 0.07451)])
def test_the_funding_of_2023_adds_up_to_the_golden_sum(base: str, total: float, server: ReplayServer) -> None:
    since = moment_ms("2023-01-01")
    symbol = f"{base}/USDT:USDT"
    rows = pages(server, "binance", "fetch_funding_rate_history", symbol, since=since, limit=1_000)
    # the settlement of midnight on New Year's Day carries a few milliseconds of jitter
    assert sum(row["fundingRate"] for row in rows if row["timestamp"] < AT_MS) == pytest.approx(total, abs=6e-6)


def test_recorded_candles_arrive_digit_by_digit(server: ReplayServer, data_folder: Path) -> None:
    since = moment_ms("2023-01-01")
    served = pages(server, "binance", "fetch_ohlcv", "BTC/USDT:USDT", "1h", since=since, limit=1_000)
    table = parquet.read_table(data_folder / "binance/perp/BTCUSDT-1h.parquet").to_pydict()
    whole = [row for row in served if row[0] < AT_MS]
    assert len(whole) == 8_760
    for place, name in enumerate(("open", "high", "low", "close", "volume"), start=1):
        assert [row[place] for row in whole] == table[name][: len(whole)]


def test_golden_volatility_of_2023_from_served_candles(server: ReplayServer) -> None:
    since = moment_ms("2023-01-01")
    for base, golden in (("BTC", 0.4277), ("ETH", 0.4663)):
        rows = pages(server, "binance", "fetch_ohlcv", f"{base}/USDT:USDT", "1h", since=since, limit=1_000)
        closes = np.array([row[4] for row in rows if row[0] < AT_MS])
        assert np.std(np.diff(np.log(closes)), ddof=1) * np.sqrt(8_760) == pytest.approx(golden, abs=5e-5)


def test_hyperliquid_serves_its_own_recording_with_the_change_of_interval(
    server: ReplayServer, data_folder: Path
) -> None:
    table = parquet.read_table(data_folder / "hyperliquid/funding/ETH.parquet")
    own = [int(stamp.timestamp() * 1_000) for stamp in table.column("time").to_pylist()]
    since, end = own[0], moment_ms("2023-07-01")
    rows = pages(server, "hyperliquid", "fetch_funding_rate_history", "ETH/USDC:USDC", since=since, limit=None)
    served = [(row["timestamp"], row["fundingRate"]) for row in rows if row["timestamp"] < end]
    rates = table.column("rate").to_pylist()
    assert served == [
        (time, pytest.approx(rate, abs=1e-10)) for time, rate in zip(own, rates, strict=True) if time < end
    ]
    gaps = set(np.round(np.diff([time for time, _ in served]) / HOUR_MS))
    assert {1, 8} <= gaps


def test_the_interval_of_sol_shrinks_in_november_2022(server: ReplayServer) -> None:
    since, end = moment_ms("2022-11-08"), moment_ms("2022-11-12")
    rows = pages(server, "binance", "fetch_funding_rate_history", "SOL/USDT:USDT", since=since, limit=1_000)
    times = [row["timestamp"] for row in rows if row["timestamp"] < end]
    assert set(np.round(np.diff(times) / HOUR_MS)) == {8, 4, 2}
    assert [row["fundingRate"] for row in rows].count(-0.02) >= 7


@pytest.mark.parametrize("venue", VENUES)
def test_markets_load_while_only_some_assets_are_known(venue: str, recorded: Histories) -> None:
    async def symbols(server: ReplayServer) -> list[str]:
        exchange = getattr(ccxt_async, venue)({"enableRateLimit": False})
        point_at(exchange, server.url(venue), lambda: server.clock.now_ms)
        try:
            return list(await exchange.load_markets())
        finally:
            await exchange.close()

    with ReplayServer(recorded, VirtualClock(moment_ms("2021-06-01"))) as server:
        found = asyncio.run(symbols(server))
    assert any(symbol.startswith("AVAX/") for symbol in found), "the candles of the others begin in 2023"


@pytest.mark.parametrize("base", ["BTC", "ETH", "SOL", "AVAX"])
@pytest.mark.parametrize("moment", ["2023-03-10T12:30", "2024-01-01T00:30", "2024-06-01T23:59"])
def test_prices_of_one_asset_belong_to_one_hour(base: str, moment: str, recorded: Histories) -> None:
    now_ms = moment_ms(moment)
    quote = View("binance", recorded, now_ms, now_ms, {}).quote(base)
    assert quote.stamp_ms == now_ms, "every series of it was recorded in the hour before"
    assert max(quote.mark, quote.index, quote.spot) / min(quote.mark, quote.index, quote.spot) < 1.005


def test_an_hour_that_was_not_recorded_is_a_hole(recorded: Histories) -> None:
    with ReplayServer(recorded, VirtualClock(moment_ms("2025-01-01"))) as server:
        address = f"{server.url('binance')}/fapi/v1/premiumIndex?symbol=BTCUSDT"
        told = json.load(urllib.request.urlopen(address, timeout=60))
    assert told["time"] < moment_ms("2024-07-02"), "nothing was recorded for half a year, and the stamp says so"


def get(server: ReplayServer, venue: str, path: str, body: dict[str, Any] | None = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    return json.load(urllib.request.urlopen(server.url(venue) + path, data, timeout=60))


def test_recorded_http_answers_are_served_byte_by_byte(
    recorded: Histories, answers: RecordedAnswers, data_folder: Path
) -> None:
    with ReplayServer(recorded, VirtualClock(RECORDED_MS), answers) as server:
        address = f"{server.url('binance')}/fapi/v1/exchangeInfo"
        body = urllib.request.urlopen(address, timeout=60).read()
        assert body == (data_folder / "http/binance/fapi-v1-exchangeInfo.json").read_bytes()
        assert len(get(server, "binance", "/fapi/v1/premiumIndex")) == 821


def test_a_cassette_answers_its_own_body_and_no_other(recorded: Histories, answers: RecordedAnswers) -> None:
    request = {"type": "userRateLimit", "user": "0x31ca8395cf837de08b24da3f660e77761dfb974b"}
    with ReplayServer(recorded, VirtualClock(RECORDED_MS), answers) as server:
        assert "nRequestsUsed" in get(server, "hyperliquid", "/info", request)
        assert "nRequestsUsed" in get(server, "hyperliquid", "/info", dict(reversed(request.items())))
        with pytest.raises(urllib.error.HTTPError) as caught:
            get(server, "hyperliquid", "/info", request | {"user": "0x0000000000000000000000000000000000000000"})
        caught.value.close()


def test_a_recording_waits_for_its_moment(recorded: Histories, answers: RecordedAnswers) -> None:
    with ReplayServer(recorded, VirtualClock(AT_MS), answers) as server:
        symbols = get(server, "binance", "/fapi/v1/exchangeInfo")["symbols"]
    assert len(symbols) < 20, "in 2024 nobody could know the list of 2026"


def test_an_untouched_ccxt_loads_the_818_recorded_markets(recorded: Histories, answers: RecordedAnswers) -> None:
    async def count(server: ReplayServer) -> int:
        exchange = ccxt_async.binance({"options": {"fetchMarkets": {"types": ["linear"]}}})
        point_at(exchange, server.url("binance"))
        try:
            return len(await exchange.load_markets())
        finally:
            await exchange.close()

    with ReplayServer(recorded, VirtualClock(RECORDED_MS), answers) as server:
        assert asyncio.run(count(server)) > 800


def test_a_fault_that_a_recording_cannot_show_says_so(recorded: Histories, answers: RecordedAnswers) -> None:
    with ReplayServer(recorded, VirtualClock(RECORDED_MS), answers) as server:
        server.inject(Fault(FaultKind.STALE))
        with pytest.raises(urllib.error.HTTPError, match="501") as caught:
            get(server, "binance", "/fapi/v1/premiumIndex")
        caught.value.close()


def test_a_file_with_a_naive_clock_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "binance" / "perp"
    folder.mkdir(parents=True)
    stamps = pa.array([0, HOUR_MS], pa.timestamp("ms"))
    prices = {name: [1.0, 1.0] for name in ("open", "high", "low", "close", "volume")}
    parquet.write_table(pa.table({"time": stamps, **prices}), folder / "BTCUSDT-1h.parquet")
    with pytest.raises(Refusal, match="must be timestamp"):
        recorded_histories(tmp_path)


def test_a_file_out_of_order_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "binance" / "perp"
    folder.mkdir(parents=True)
    stamps = pa.array([HOUR_MS, 0], pa.timestamp("ms", tz="UTC"))
    prices = {name: [1.0, 1.0] for name in ("open", "high", "low", "close", "volume")}
    parquet.write_table(pa.table({"time": stamps, **prices}), folder / "BTCUSDT-1h.parquet")
    with pytest.raises(Refusal, match="DATA_OUT_OF_ORDER"):
        recorded_histories(tmp_path)


def test_a_folder_without_recordings_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="DATA_MISSING"):
        recorded_histories(tmp_path)
