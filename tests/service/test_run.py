"""The headless agent as a user runs it: a local chain and venues in real time, looked at, kept, stopped."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from agent.config.file import load_config
from agent.service.latches import Latches

ROOT = Path(__file__).parents[2]
START_S = 60


def ballast(*words: str, timeout_s: float = 120) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "agent.cli", *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=timeout_s)


def lines(done: subprocess.CompletedProcess[str], message: str) -> list[dict[str, object]]:
    """The log's lines with this message."""
    found = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]
    return [line for line in found if line["message"] == message]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The service file of a chain that lives for as long as the tests of this file."""
    folder = tmp_path_factory.mktemp("local")
    command = [sys.executable, "-m", "agent.cli", "local", "configs/eth-carry.yaml", "--out", str(folder)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    file, until = folder / "service.yaml", time.monotonic() + START_S
    while not file.exists() and process.poll() is None and time.monotonic() < until:
        time.sleep(0.1)
    text = file.read_text() if file.exists() else ""
    file.write_text(
        text.replace("status_port: 8790", "status_port: 0").replace("metrics_port: 9464", "metrics_port: 0")
    )
    try:
        assert text, process.stdout.read() if process.stdout and process.poll() is not None else "not started"
        yield file
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(20)


def test_looking_comes_before_trading_and_trading_is_asked_for(service: Path) -> None:
    refused = ballast("run", str(service), "--live", "--cycles", "1")
    assert refused.returncode == 2
    assert "DRY_RUN_MISSING" in refused.stderr

    looked = ballast("run", str(service), "--cycles", "1")
    assert looked.returncode == 0, looked.stderr
    (cycle,) = lines(looked, "cycle")
    assert cycle["codes"] == ["OBSERVE_ONLY"]
    assert cycle["transaction"] is None

    kept = ballast("run", str(service), "--live", "--cycles", "2")
    assert kept.returncode == 0, kept.stderr
    first, second = lines(kept, "cycle")
    assert first["ending"] == "sent"
    assert first["plan"] == 1
    assert str(first["transaction"]).startswith("0x")
    assert second["codes"] != ["OBSERVE_ONLY"]

    journal = ballast("journal", str(service))
    assert journal.returncode == 0
    assert "mined" in journal.stdout


@pytest.mark.parametrize("action", ["pause", "kill"])
def test_a_person_stops_and_resumes(service: Path, action: str) -> None:
    code = {"pause": "PAUSED", "kill": "KILLED"}[action]
    assert ballast(action, str(service), "eth-carry").returncode == 0
    status = ballast("status", str(service))
    assert status.returncode == 2
    assert code in status.stdout
    stopped = ballast("run", str(service), "--cycles", "1")
    (cycle,) = lines(stopped, "cycle")
    assert code in str(cycle["codes"])
    assert cycle["transaction"] is None
    resumed = ballast("resume", str(service), "eth-carry")
    assert resumed.returncode == 0
    assert f"cleared  {code}  eth-carry" in resumed.stdout
    assert ballast("status", str(service)).returncode == 0


def test_a_kill_file_stops_every_vault(service: Path) -> None:
    kill = service.parent / "state" / "KILL"
    kill.parent.mkdir(exist_ok=True)
    kill.touch()
    try:
        (cycle,) = lines(ballast("run", str(service), "--cycles", "1"), "cycle")
        assert "KILLED" in str(cycle["codes"])
        assert ballast("resume", str(service)).returncode == 2
    finally:
        kill.unlink()


def test_a_vault_that_nobody_knows_is_refused(service: Path) -> None:
    refused = ballast("pause", str(service), "nonsense")
    assert refused.returncode == 2
    assert "eth-carry" in refused.stderr


def test_fault_72_a_signal_ends_it_within_its_time(service: Path) -> None:
    assert ballast("run", str(service), "--cycles", "1").returncode == 0
    command = [sys.executable, "-m", "agent.cli", "run", str(service), "--live"]
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    for line in process.stderr:
        if '"ready"' in line:
            break
    beside = ballast("run", str(service), "--cycles", "1")
    assert beside.returncode == 0, "who only looks needs nothing of what the live one holds"
    assert lines(beside, "cycle") != []
    asked = time.monotonic()
    os.kill(process.pid, signal.SIGTERM)
    assert process.wait(30) == 0
    assert time.monotonic() - asked < 30
    assert '"stopped"' in process.stderr.read()


def test_who_only_looks_leaves_nothing_behind_but_that_it_looked(service: Path) -> None:
    file = service.with_name("looking.yaml")
    file.write_text(service.read_text().replace("state: state", "state: looking"))
    assert ballast("run", str(file), "--cycles", "1").returncode == 0
    folder = service.parent / "looking"
    assert {path.name for path in folder.iterdir()} == {"service.sqlite", "service.sqlite-journal"}
    with sqlite3.connect(folder / "service.sqlite") as database:
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        rows = {name: database.execute(f"SELECT COUNT(*) FROM {name}").fetchone()[0] for name in tables}
    assert {name for name, count in rows.items() if count} <= {"dry_runs"}, "of a cycle that nothing but this forbade"


def test_a_service_file_with_mistakes_names_all_of_them_with_their_lines(tmp_path: Path) -> None:
    file = tmp_path / "service.yaml"
    file.write_text("vaults: []\nnodes:\n  reed: [http://127.0.0.1:1]\nsigner:\n  kind: paper\n")
    refused = ballast("run", str(file))
    assert refused.returncode == 2
    for part in ("vaults", "line 1", "nodes.reed", "line 3", "did you mean nodes.read?", "signer"):
        assert part in refused.stderr


def started(file: Path, log: Path) -> subprocess.Popen[bytes]:
    with log.open("wb") as sink:
        command = [sys.executable, "-m", "agent.cli", "run", str(file), "--live"]
        return subprocess.Popen(command, cwd=ROOT, stderr=sink)


def wait_for(log: Path, word: str) -> None:
    until = time.monotonic() + START_S
    while word not in log.read_text():
        assert time.monotonic() < until, log.read_text()
        time.sleep(0.1)


def test_fault_66_a_leader_that_slept_through_its_lease_ends_and_the_standby_has_the_journal(
    service: Path, postgres: str, free_port: int, tmp_path: Path
) -> None:
    file = service.parent / "leased.yaml"
    file.write_text(
        service.read_text().replace("state: state", "state: leased")
        + f"\nlease: {{database: '{postgres}', lease_s: 5}}\n"
    )
    with closing(Latches(postgres)) as latches:
        latches.record_dry_run(load_config(ROOT / "configs" / "eth-carry.yaml").config_hash, 1_750_000_000, "looked at")
    logs = [tmp_path / name for name in ("first", "standby", "third")]
    running = [started(file, logs[0])]
    try:
        wait_for(logs[0], '"ready"')
        beside = ballast("run", str(file), "--cycles", "1")
        assert beside.returncode == 0, "who only looks waits for no lease"
        assert lines(beside, "cycle") != []
        shown = file.with_name("shown.yaml")
        shown.write_text(file.read_text().replace("status_port: 0", f"status_port: {free_port}"))
        running.append(started(shown, logs[1]))
        wait_for(logs[1], '"standby"')
        time.sleep(0.5)
        with urllib.request.urlopen(f"http://127.0.0.1:{free_port}/health", timeout=60) as health:
            assert health.status == 200, "a standby that waits is well"
        running[0].send_signal(signal.SIGSTOP)
        wait_for(logs[1], '"ready"')
        running[0].send_signal(signal.SIGCONT)
        assert running[0].wait(30) == 2
        assert "NOT_LEADER" in logs[0].read_text()

        running.append(started(file, logs[2]))
        wait_for(logs[2], '"standby"')
        running[2].send_signal(signal.SIGTERM)
        assert running[2].wait(30) == 0, "a standby that is told to stop has done nothing wrong"
        running[1].send_signal(signal.SIGTERM)
        assert running[1].wait(30) == 0, logs[1].read_text()
    finally:
        for process in running:
            process.kill()
            process.wait(10)


LIVE_ELSEWHERE = """
import dataclasses, pathlib, sys
from agent.cli.service import run_service_file
from agent.service.settings import LoadedService
local = LoadedService.chain
LoadedService.chain = lambda *given: dataclasses.replace(local(*given), name="elsewhere")
sys.exit(run_service_file(pathlib.Path(sys.argv[1]), True, 1))
"""


def test_off_the_local_chain_nothing_is_sent_without_an_allocation(service: Path) -> None:
    assert ballast("run", str(service), "--cycles", "1").returncode == 0
    command = [sys.executable, "-c", LIVE_ELSEWHERE, str(service)]
    refused = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert refused.returncode == 2, refused.stderr
    assert "ALLOCATION_MISSING" in refused.stderr
    assert lines(refused, "cycle") == []
