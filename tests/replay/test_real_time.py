"""`ballast local`: its clock, and what an agent knew of the last chain must not stop it on the next."""

import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent.reasons import Code, Refusal
from agent.replay.real_time import SERVICE, make_room
from agent.service.clock import clock_skew
from agent.service.settings import load_service, revealed
from chains.registry import load_chain
from chains.rpc import Node

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 3, 1, 14, 30, tzinfo=UTC)


def test_the_chain_has_the_walls_time_before_anybody_hears_of_it(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "agent.cli", "local", "configs/eth-carry.yaml", "--out", str(tmp_path)]
    chain = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 60
        while not (tmp_path / "service.yaml").exists() and time.monotonic() < until:
            time.sleep(0.01)
        (url,) = load_service(tmp_path / "service.yaml").service.nodes.read
        newest = Node(revealed(url)).head()
        assert clock_skew(time.time(), newest.timestamp, load_chain("local").block_time_s) is None
    finally:
        chain.send_signal(signal.SIGINT)
        chain.wait(20)


def test_what_an_agent_kept_of_the_last_chain_is_renamed_and_not_lost(tmp_path: Path) -> None:
    (tmp_path / "service.yaml").write_text(SERVICE)
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "journal.sqlite").write_text("plans of a chain that is gone")
    make_room(tmp_path, NOW)
    assert not (tmp_path / "state").exists()
    kept = tmp_path / "state-until-20260301-143000" / "journal.sqlite"
    assert kept.read_text() == "plans of a chain that is gone"


def test_a_folder_that_is_not_there_is_made(tmp_path: Path) -> None:
    make_room(tmp_path / "runs" / "local", NOW)
    assert (tmp_path / "runs" / "local").is_dir()


def test_another_service_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "service.yaml").write_text("state: state\nvaults: []\n")
    (tmp_path / "state").mkdir()
    with pytest.raises(Refusal) as refused:
        make_room(tmp_path, NOW)
    assert [reason.code for reason in refused.value.reasons] == [Code.CONFIG_OUT_OF_RANGE]
    assert (tmp_path / "state").is_dir()
