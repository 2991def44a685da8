"""Fault 81: canaries in the environment, the password, the addresses; the real agent runs, fails and crashes."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from eth_account import Account

from chains.local.accounts import AGENT, AGENT_TEST_KEY

ROOT = Path(__file__).parents[2]
CANARIES = {
    "password": "canary-password-4f1c9a",
    "rpc": "canary-rpc-key-77ab12cd",
    "token": "canary-status-token-0123456789abcdef",
    "alert": "canary-alert-5566aa",
    "other": "canary-environment-99ff31",
}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The service file of a local chain, with a keystore, and everything secret named by where it is kept."""
    folder = tmp_path_factory.mktemp("canary")
    command = [sys.executable, "-m", "agent.cli", "local", "configs/eth-carry.yaml", "--out", str(folder)]
    chain = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    file, until = folder / "service.yaml", time.monotonic() + 60
    while not file.exists() and chain.poll() is None and time.monotonic() < until:
        time.sleep(0.1)
    text = file.read_text()
    url = text.split('read: ["')[1].split('"')[0]
    keystore = folder / "agent.json"
    keystore.write_text(json.dumps(Account.encrypt(bytes.fromhex(AGENT_TEST_KEY[2:]), CANARIES["password"])))
    keystore.chmod(0o600)
    (folder / "password").write_text(CANARIES["password"])
    (folder / "password").chmod(0o600)
    text = text.replace(f'read: ["{url}"]', 'read: ["env:CANARY_RPC"]')
    text = text.replace("status_token: local-token-for-trying", "status_token: env:CANARY_TOKEN")
    text = text.replace("status_port: 8790", "status_port: 8797").replace("metrics_port: 9464", "metrics_port: 0")
    where = f"signer:\n  kind: keystore\n  path: {folder}/agent.json\n  password_file: {folder}/password\n"
    text = re.sub(r"signer:\n  kind: local.*\n", f'{where}  address: "{AGENT}"\n', text)
    text += '  alerts: ["env:CANARY_ALERT"]\n'
    file.write_text(text)
    (folder / "rpc").write_text(f"{url}/?key={CANARIES['rpc']}")
    yield file
    chain.send_signal(signal.SIGINT)
    chain.wait(20)


def environment(service: Path, rpc: str | None = None) -> dict[str, str]:
    return {
        **os.environ,
        "CANARY_RPC": rpc or (service.parent / "rpc").read_text(),
        "CANARY_TOKEN": CANARIES["token"],
        "CANARY_ALERT": f"json://127.0.0.1:9/{CANARIES['alert']}",
        "CANARY_OTHER": CANARIES["other"],
    }


def ballast(service: Path, *words: str, rpc: str | None = None) -> str:
    """Everything that a command prints."""
    done = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-m", "agent.cli", *words],
        cwd=ROOT,
        env=environment(service, rpc),
        capture_output=True,
        text=True,
        timeout=120,
    )
    return done.stdout + done.stderr


def found_in(text: str) -> list[str]:
    return [name for name, canary in CANARIES.items() if canary in text]


def written(folder: Path) -> Iterator[tuple[str, str]]:
    """Every file that the agent wrote, journal and database included."""
    for path in sorted((folder / "state").rglob("*")):
        if path.is_file():
            yield path.name, path.read_bytes().decode("latin-1")


def test_fault_81_no_canary_in_what_a_run_prints_or_writes(service: Path) -> None:
    looked = ballast(service, "run", str(service), "--cycles", "1")
    sent = ballast(service, "run", str(service), "--live", "--cycles", "2")
    assert '"ending": "sent"' in sent, looked + sent
    told = looked + sent + ballast(service, "status", str(service)) + ballast(service, "journal", str(service))
    assert found_in(told) == []
    names = []
    for name, text in written(service.parent):
        names.append(name)
        assert found_in(text) == [], name
    assert "journal.sqlite" in names


def test_fault_81_no_canary_in_how_a_run_fails(service: Path) -> None:
    nobody = f"http://127.0.0.1:9/v2/{CANARIES['rpc']}"
    for text in (
        ballast(service, "run", str(service), "--cycles", "1", rpc=nobody),
        ballast(service, "run", str(service), "--cycles", "1", rpc=f"no address {CANARIES['rpc']}"),
    ):
        assert text.strip() != ""
        assert found_in(text) == [], text


def test_fault_81_no_canary_when_it_crashes(service: Path) -> None:
    command = [sys.executable, "-X", "faulthandler", "-m", "agent.cli", "run", str(service)]
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment(service), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert process.stdout is not None
    seen = []
    for line in process.stdout:
        seen.append(line)
        if '"ready"' in line:
            break
    os.kill(process.pid, signal.SIGABRT)
    seen.append(process.stdout.read())
    assert process.wait(30) == -signal.SIGABRT
    told = "".join(seen)
    assert "Fatal Python error" in told
    assert found_in(told) == []
