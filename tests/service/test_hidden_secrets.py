"""Fault 81: what a provider says may quote our secrets; no database, status, alert or terminal repeats it."""

import io
import json
import threading
import urllib.request
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from rich.console import Console
from vault_world import NOW

from agent.config.file import load_config
from agent.execution.journal import Journal
from agent.execution.records import Attempt, Intent, Status
from agent.reasons import Code, Reason, Refusal
from agent.service.desk import report_journal, report_resume, report_status
from agent.service.face import face_of
from agent.service.failures import with_service
from agent.service.latches import Latches
from agent.service.settings import LoadedService, load_service
from agent.service.worker import FAILURES, Worker
from agent.watch.alerts import Alerts, Severity
from agent.watch.metrics import Metrics
from agent.watch.secrets import Redactor
from agent.watch.status import StatusServer
from chains.rpc import RpcUnavailable

CONFIG = Path(__file__).parents[2] / "configs" / "eth-carry.yaml"
PATH, QUERY, PASSWORD = "canary-path-5c1b", "canary-query-77ab", "canary-pass-4f1c"
KEYSTORE, CLOUD = "canary keystore 99", "canary/cloud+66"
RPC = f"https://ann:{PASSWORD}@node.example.org/v2/{PATH}?apikey={QUERY}"
# As an address, and in words that no pattern would find.
TOLD = f"GET {RPC} failed: project {PATH} of ann ({PASSWORD}) with {QUERY}, {KEYSTORE!r} and {CLOUD} is over quota"
INTENT = Intent("0xSigner", 31337, "0xVault", 7, b"calldata", TOLD, bytes(32), 100, NOW)
ATTEMPT = Attempt(b"signed bytes", "0x" + "ab" * 32, 3, 500_000, 2 * 10**9, 10**8)


@pytest.fixture
def loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LoadedService:
    """A service whose secrets are in the environment, in a keystore's password file, and in an address."""
    monkeypatch.setenv("CANARY_RPC", RPC)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", CLOUD)
    (tmp_path / "password").write_text(KEYSTORE + "\n")
    file = tmp_path / "service.yaml"
    file.write_text(
        f"vaults: [{{config: '{CONFIG}', site: a.json}}]\nnodes: {{read: ['env:CANARY_RPC']}}\n"
        f"signer: {{kind: keystore, address: '0x{'11' * 20}', path: a.json, password_file: password}}\n"
    )
    (tmp_path / "state").mkdir()
    return load_service(file)


def canaries_in(text: str) -> list[str]:
    return [one for one in (PATH, QUERY, PASSWORD, KEYSTORE, CLOUD, "canary") if one in text]


def written(loaded: LoadedService) -> str:
    return "".join(path.read_bytes().decode("latin-1") for path in sorted(loaded.state.iterdir()))


def test_no_sentence_of_the_journal_holds_one(loaded: LoadedService) -> None:
    path = Path(loaded.journal_place)
    with Journal(path, Redactor(loaded.secrets())) as journal:
        intent_id = journal.begin(INTENT, ATTEMPT)
        assert journal.unfinished("0xSigner") is not None, "its digest is of what stands there"
        journal.conclude(intent_id, Status.UNKNOWN, TOLD, code=Code.OUTCOME_UNKNOWN)
        journal.conclude(intent_id, Status.MINED, TOLD)
        journal.record_effect(intent_id, TOLD)
        journal.accept("0xSigner", 4, "ann", TOLD)
    assert canaries_in(written(loaded)) == []
    with Journal(path, str) as journal:
        journal.accept("0xSigner", 4, "ann", TOLD)
    assert len(canaries_in(written(loaded))) == 6, "they are found when nothing hides them"


def test_a_journal_that_nobody_told_of_secrets_still_hides_what_looks_like_one(tmp_path: Path) -> None:
    with Journal(tmp_path / "journal.sqlite") as journal:
        journal.accept("0xSigner", 4, "ann", f"GET {RPC} failed")
    text = "".join(path.read_bytes().decode("latin-1") for path in tmp_path.iterdir())
    assert "GET https://[hidden]@node.example.org/[hidden] failed" in text
    assert canaries_in(text) == []


class Chat:
    """Remembers what people were told."""

    def __init__(self) -> None:
        self.told = ""

    def send(self, severity: Severity, title: str, body: str) -> bool:
        self.told += title + body
        return True


def raising(error: Exception) -> Any:
    def fail(*_: object) -> None:
        raise error

    return fail


@pytest.mark.parametrize("error", [RpcUnavailable(TOLD), RuntimeError(TOLD)])
def test_no_latch_status_alert_or_terminal_holds_one_when_cycles_fail(loaded: LoadedService, error: Exception) -> None:
    redact, chat = Redactor(loaded.secrets()), Chat()
    latches = Latches(loaded.latches_url, redact)
    built: Any = SimpleNamespace(loaded=load_config(CONFIG), cycle=SimpleNamespace(run=raising(error)), bring_up=int)
    alerts = Alerts(chat, redact, lambda: float(NOW))
    worker = Worker(built, latches, Metrics(), alerts, threading.Lock(), wall=lambda: float(NOW))
    for _ in range(FAILURES):
        worker.run()
    latches.record_dry_run("abc", NOW, TOLD)
    latches.set("eth-carry", Reason(Code.TRANSACTION_STUCK, TOLD, where=RPC), NOW, "the agent")

    token = "a-token-of-thirty-two-characters"
    server = StatusServer(face_of([worker], latches, 3_600), 0, token, redact=redact)
    request = urllib.request.Request(f"http://127.0.0.1:{server.port}/status")
    request.add_header("Authorization", f"Bearer {token}")
    with urllib.request.urlopen(request, timeout=60) as answer:
        status = answer.read().decode()
    server.close()
    latches.close()

    terminal = Console(file=io.StringIO(), width=200)
    report_status(loaded.path, terminal)
    report_resume(loaded.path, "eth-carry", terminal)
    shown = terminal.file.getvalue()  # type: ignore[attr-defined]  # it is the StringIO from above
    assert "TRANSACTION_STUCK" in shown
    assert str(json.loads(status)["vaults"]["eth-carry"]["codes"]) != "[]"
    assert chat.told != ""
    assert [canaries_in(text) for text in (written(loaded), status, chat.told, shown)] == [[], [], [], []]


def test_what_another_process_wrote_is_hidden_again_where_a_person_reads_it(loaded: LoadedService) -> None:
    with Journal(Path(loaded.journal_place), str) as journal:
        journal.conclude(journal.begin(replace(INTENT, reason=f"because {PATH}"), ATTEMPT), Status.MINED, "")
    terminal = Console(file=io.StringIO(), width=200)
    report_journal(loaded.path, 10, terminal)
    shown = terminal.file.getvalue()  # type: ignore[attr-defined]  # it is the StringIO from above
    assert "because [hidden]" in shown


@pytest.mark.parametrize("error", [RpcUnavailable(TOLD), Refusal(Reason(Code.WRONG_CHAIN, TOLD, where=RPC))])
def test_a_command_that_fails_says_why_without_them(loaded: LoadedService, error: Exception) -> None:
    with pytest.raises(Refusal) as refused:
        with_service(raising(error))(loaded.path)
    assert canaries_in(str(refused.value) + repr(refused.value.reasons)) == []


def test_a_person_who_lacks_the_secrets_can_still_stop_and_see(
    loaded: LoadedService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CANARY_RPC")
    loaded.beside("password").unlink()
    assert CLOUD in loaded.secrets()
    assert report_status(loaded.path, Console(file=io.StringIO())) == 0
