"""Fault 81: canaries in the environment, the password, the addresses; the real agent runs, fails and crashes."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from eth_account import Account

from chains.local.accounts import AGENT, AGENT_TEST_KEY

ROOT = Path(__file__).parents[2]
CANARIES = {
    "password": "canary-password-4f1c9a",
    "rpc": "canary-rpc-key-77ab12cd",
    "path": "canary-rpc-path-31ee",
    "user": "canary-rpc-password-8d20",
    "token": "canary-status-token-0123456789abcdef",
    "alert": "canary-alert-5566aa",
    "other": "canary-environment-99ff31",
}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, free_port: int) -> Iterator[Path]:
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
    text = text.replace("status_port: 8790", f"status_port: {free_port}").replace(
        "metrics_port: 9464", "metrics_port: 0"
    )
    where = f"signer:\n  kind: keystore\n  path: {folder}/agent.json\n  password_file: {folder}/password\n"
    text = re.sub(r"signer:\n  kind: local.*\n", f'{where}  address: "{AGENT}"\n', text)
    text += '  alerts: ["env:CANARY_ALERT"]\n'
    file.write_text(text)
    (folder / "rpc").write_text(f"{url}/?key={CANARIES['rpc']}")
    yield file
    chain.send_signal(signal.SIGINT)
    chain.wait(20)


def environment(service: Path, rpc: str | None = None, alerts: int = 9) -> dict[str, str]:
    return {
        **os.environ,
        "CANARY_RPC": rpc or (service.parent / "rpc").read_text(),
        "CANARY_TOKEN": CANARIES["token"],
        "CANARY_ALERT": f"json://127.0.0.1:{alerts}/{CANARIES['alert']}",
        "CANARY_OTHER": CANARIES["other"],
    }


def ballast(service: Path, *words: str, rpc: str | None = None, alerts: int = 9) -> str:
    """Everything that a command prints."""
    done = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-m", "agent.cli", *words],
        cwd=ROOT,
        env=environment(service, rpc, alerts),
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


class Telltale:
    """A provider in front of the chain that refuses every broadcast, and any method asked of it, in words that hold
    everything it could know; and the webhook that alerts go to."""

    def __init__(self, url: str) -> None:
        self.refusing = {"eth_sendRawTransaction"}
        self.refused = 0
        self.alerts: list[str] = []
        known = [canary for name, canary in CANARIES.items() if name != "other"]  # of that it cannot know
        told = " ".join([*known, f"https://ann:{CANARIES['user']}@node/v2/{CANARIES['path']}?key=x"])
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if CANARIES["alert"] in self.path:
                    outer.alerts.append(body.decode())
                    answer = b"{}"
                else:
                    answer = self.forwarded(body)
                self.send_response(200)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def forwarded(self, body: bytes) -> bytes:
                asked = json.loads(body)
                methods = {one["method"] for one in (asked if isinstance(asked, list) else [asked])}
                if not methods & outer.refusing:
                    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
                    with urllib.request.urlopen(request, timeout=60) as answer:
                        return bytes(answer.read())
                outer.refused += 1
                error = {"code": -32000, "message": f"transaction underpriced: {told}"}
                answers = [
                    {"jsonrpc": "2.0", "id": one["id"], "error": error}
                    for one in (asked if isinstance(asked, list) else [asked])
                ]
                return json.dumps(answers if isinstance(asked, list) else answers[0]).encode()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://ann:{CANARIES['user']}@127.0.0.1:{self.port}/v2/{CANARIES['path']}?apikey={CANARIES['rpc']}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def telltale(service: Path) -> Iterator[Telltale]:
    opened = Telltale((service.parent / "rpc").read_text().partition("/?")[0])
    yield opened
    opened.close()


def test_fault_81_no_canary_of_a_provider_that_repeats_what_it_knows(service: Path, telltale: Telltale) -> None:
    with_it = {"rpc": telltale.url, "alerts": telltale.port}
    told = ballast(service, "run", str(service), "--cycles", "1", **with_it)
    told += ballast(service, "run", str(service), "--live", "--cycles", "1", **with_it)
    assert telltale.refused > 0, told
    telltale.refusing = {"eth_chainId", "eth_call"}
    told += ballast(service, "run", str(service), "--live", "--cycles", "1", **with_it)
    told += ballast(service, "kill", str(service), "eth-carry", **with_it)
    told += ballast(service, "status", str(service), **with_it) + ballast(service, "journal", str(service), **with_it)
    told += ballast(service, "resume", str(service), "eth-carry", **with_it)
    assert found_in(told) == []
    assert telltale.alerts != []
    assert found_in("".join(telltale.alerts)) == []
    kept = dict(written(service.parent))
    assert [name for name, text in kept.items() if found_in(text)] == []
    assert any("transaction underpriced" in text for text in kept.values()), "its words are kept, without the secrets"


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


CRASHING = """
import pathlib, sys
from agent.cli import service as commands
from agent.service import {module}
def crash(*_, **__):
    raise RuntimeError(sys.argv[2])
{module}.{name} = crash
sys.exit(commands.{command})
"""


@pytest.mark.parametrize(
    ("module", "name", "command"),
    [
        ("run", "read_site", "run_service_file(pathlib.Path(sys.argv[1]), False, 1)"),
        ("desk", "_names", "run_status(pathlib.Path(sys.argv[1]))"),
    ],
)
def test_fault_81_no_canary_in_a_traceback(service: Path, module: str, name: str, command: str) -> None:
    words = f"https://ann:{CANARIES['user']}@node/v2/{CANARIES['path']} password={CANARIES['password']}"
    script = CRASHING.format(module=module, name=name, command=command)
    done = subprocess.run(
        [sys.executable, "-c", script, str(service), words],
        cwd=ROOT,
        env=environment(service),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert "RuntimeError" in done.stderr
    assert found_in(done.stdout + done.stderr) == []
