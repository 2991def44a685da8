"""`ballast replay-server` serves until it is interrupted, and refuses what it cannot do with a line."""

import json
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from rich.console import Console

from agent.market.replay_server.command import interruption, moment_ms, serve
from agent.reasons import Refusal

COMMAND = [sys.executable, "-m", "agent.cli", "replay-server", "--port", "0"]


@pytest.fixture(autouse=True)
def without_recordings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BALLAST_DATA", raising=False)


def test_the_command_serves_every_venue_until_it_is_interrupted() -> None:
    with subprocess.Popen([*COMMAND, "--at", "2023-03-01T12:00"], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        urls = {}
        while len(urls) < 8:
            found = re.fullmatch(r"(\w+)\s+(http://\S+)\s*", process.stdout.readline())
            if found:
                urls[found[1]] = found[2]
        told = json.load(urllib.request.urlopen(f"{urls['binance']}/fapi/v1/time", timeout=60))
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read()
    assert process.returncode == 0
    assert 0 <= told["serverTime"] - moment_ms("2023-03-01T12:00") < 60_000
    assert "binance 1" in rest


def test_a_port_that_is_taken_is_a_line_and_not_a_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code = serve(port, None, "2023-03-01", 7, 0, False, Console())
    assert code == 2
    assert f"cannot serve on port {port}" in capsys.readouterr().out


def test_a_moment_that_is_none_is_refused() -> None:
    with pytest.raises(Refusal, match="soon is no moment"):
        moment_ms("soon")


def test_moments_are_in_utc_unless_they_say_otherwise() -> None:
    assert moment_ms("2023-03-01") == moment_ms("2023-03-01T01:00+01:00") == 1_677_628_800_000


def test_a_data_folder_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="DATA_MISSING"):
        serve(0, tmp_path / "nowhere", None, 7, 0, False, Console())


def test_a_clock_outside_of_what_was_recorded_is_refused(data_folder: Path) -> None:
    with pytest.raises(Refusal, match=r"recorded, .* reaches from 2020-09-23"):
        serve(0, data_folder, "2019-06-01", 7, 0, False, Console())


def test_ctrl_c_is_what_it_was_when_the_server_is_gone() -> None:
    before = signal.getsignal(signal.SIGINT)
    with interruption() as stop:
        signal.raise_signal(signal.SIGINT)
        assert stop.is_set()
    assert signal.getsignal(signal.SIGINT) is before
