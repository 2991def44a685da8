"""A pull that is killed at any moment and started again, or disturbed by its venue, ends with the same files."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import numpy as np
import pytest
from small_series import content, ms

from agent.market.exchanges.adapter import Exchanges
from agent.market.replay_server import Fault, FaultKind, ReplayServer, VirtualClock, synthetic_histories
from agent.market.store import Key, Kind, open_store
from agent.market.store.pull import pull_series

VENUE = "hyperliquid"  # settles every hour
FROM_MS, TO_MS = ms(2023, 1, 1), ms(2023, 7, 1)
KEYS = (Key(Kind.FUNDING, VENUE, "ETH"), Key(Kind.PERP, VENUE, "ETH", "1h"))
KILLS = 4


class Stopped(BaseException):
    """Stands for the power cut."""


@pytest.fixture(scope="module")
def server() -> Iterator[ReplayServer]:
    histories = synthetic_histories(FROM_MS, ms(2023, 8, 1), assets=("ETH",))
    with ReplayServer(histories, VirtualClock(ms(2023, 7, 20))) as running:
        yield running


def pull(folder: Path, server: ReplayServer) -> None:
    """As `ballast data pull` does, in this process."""

    async def run() -> None:
        async with Exchanges([VENUE], base_urls={VENUE: server.url(VENUE)}) as client:
            for key in KEYS:
                await pull_series(client, open_store(folder), key, "ETH", FROM_MS, TO_MS)

    asyncio.run(run())


def command(folder: Path, server: ReplayServer) -> list[str]:
    period = ["--since", "2023-01-01", "--until", "2023-07-01"]
    series = ["--series", "funding", "--series", "perp"]
    place = ["--store", str(folder), "--base-url", server.url(VENUE)]
    return [sys.executable, "-m", "agent.cli", "data", "pull", VENUE, "ETH", *period, *series, *place]


@pytest.fixture(scope="module")
def undisturbed(server: ReplayServer, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("undisturbed")
    pull(folder, server)
    store = open_store(folder)
    assert len(store.funding(VENUE, "ETH").time_ms) == len(store.candles(VENUE, "ETH").time_ms) == 181 * 24
    files = content(folder)
    assert sorted(files) == sorted(f"{key.folder}/2023-{month:02}.parquet" for key in KEYS for month in range(1, 7))
    return files


@pytest.mark.slow
def test_killed_at_random_moments(server: ReplayServer, undisturbed: dict[str, bytes], tmp_path: Path) -> None:
    random = np.random.Generator(np.random.PCG64(11))
    unfinished = 0
    for files in sorted(random.integers(1, 9, KILLS).tolist()):
        process = subprocess.Popen(command(tmp_path, server), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        deadline = time.monotonic() + 60
        while len(list(tmp_path.rglob("*.parquet"))) < files and process.poll() is None:
            assert time.monotonic() < deadline, "it stores nothing"
            time.sleep(0.002)
        time.sleep(random.uniform(0, 0.02))
        if process.poll() is None:
            os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        unfinished += content(tmp_path) != undisturbed
    assert unfinished >= 2, "the machine is too fast for this test: kill earlier"
    finished = subprocess.run(command(tmp_path, server), capture_output=True, text=True, timeout=120)
    assert finished.returncode == 0, finished.stderr
    assert content(tmp_path) == undisturbed


@pytest.mark.slow
def test_stopped_before_any_rename(
    server: ReplayServer, undisturbed: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each run gets one write further than the one before it, and is cut off with a finished but unnamed file."""
    rename = Path.rename
    for run in count(1):
        assert run < 100
        renames = count()

        def cut_off(path: Path, target: Path, renames: Iterator[int] = renames) -> Path:
            if next(renames) >= 1:
                raise Stopped
            return rename(path, target)

        monkeypatch.setattr(Path, "rename", cut_off)
        try:
            pull(tmp_path, server)
        except Stopped:
            continue
        break
    assert run > 10
    assert content(tmp_path) == undisturbed


@pytest.mark.slow
def test_a_venue_in_trouble_is_asked_again(server: ReplayServer, tmp_path: Path) -> None:
    async def hurry(seconds: float) -> None:
        await asyncio.sleep(seconds / 8)

    kinds = (FaultKind.RATE_LIMITED, FaultKind.SERVER_ERROR, FaultKind.TRUNCATED, FaultKind.WRONG_SYMBOL)
    key = Key(Kind.PERP, "binance", "ETHUSDT", "1h")

    async def run(folder: Path, fault: Fault | None) -> dict[str, bytes]:
        async with Exchanges(["binance"], base_urls={"binance": server.url("binance")}) as client:
            if fault is not None:
                server.inject(fault)
            await pull_series(client, open_store(folder), key, "ETH", FROM_MS, TO_MS, sleep=hurry)
        return content(folder)

    sound = asyncio.run(run(tmp_path / "sound", None))
    for kind in kinds:
        fault = Fault(kind, "binance", "/fapi/v1/klines", times=2, retry_after_s=1)
        try:
            assert asyncio.run(run(tmp_path / kind, fault)) == sound
        finally:
            server.clear()
        assert fault.struck == 2
