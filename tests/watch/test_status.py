"""Fault 80: the endpoint tells strangers nothing and lets nobody start anything."""

import json
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest
from eth_account import Account
from eth_account.messages import encode_defunct
from eth_account.signers.local import LocalAccount

from agent.watch.secrets import Redactor
from agent.watch.status import Face, StatusServer, stop_message

TOKEN = "a-token-of-thirty-two-characters"
GUARDIAN = Account.from_key("0x" + "59" * 32)
STRANGER = Account.from_key("0x" + "5a" * 32)


class Service:
    """Remembers what it was asked to stop."""

    def __init__(self) -> None:
        self.well = True
        self.stopped: list[tuple[str, str, str]] = []

    def face(self) -> Face:
        return Face(
            health=lambda: (self.well, {"eth-carry": "12 s ago"}),
            status=lambda: {"vaults": ["eth-carry"]},
            stop=self.stop,
        )

    def stop(self, action: str, vault: str, by: str) -> None:
        if vault == "nonsense":
            raise LookupError("nothing was stopped")
        self.stopped.append((action, vault, by))


@pytest.fixture
def service() -> Service:
    return Service()


@pytest.fixture
def server(service: Service) -> Iterator[StatusServer]:
    opened = StatusServer(service.face(), 0, TOKEN, frozenset({GUARDIAN.address}))
    yield opened
    opened.close()


def ask(
    server: StatusServer, path: str, body: object = None, method: str | None = None, **headers: str
) -> tuple[int, dict[str, object]]:
    data = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
    request = urllib.request.Request(
        f"http://127.0.0.1:{server.port}{path}", data, {key.replace("_", "-"): value for key, value in headers.items()}
    )
    request.method = method or ("GET" if data is None else "POST")
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        text = error.read()
        return error.code, json.loads(text) if text.startswith(b"{") else {}


def signed(action: str, vault: str, at_s: int, account: LocalAccount = GUARDIAN) -> dict[str, object]:
    signature = account.sign_message(encode_defunct(text=stop_message(action, vault, at_s))).signature
    return {"action": action, "vault": vault, "at": at_s, "signature": "0x" + signature.hex()}


def test_health_needs_no_token_and_tells_nothing_else(server: StatusServer, service: Service) -> None:
    assert ask(server, "/health") == (200, {"well": True})
    service.well = False
    assert ask(server, "/health") == (503, {"well": False})


def test_fault_80_status_wants_the_token(server: StatusServer) -> None:
    assert ask(server, "/status")[0] == 401
    assert ask(server, "/status", Authorization="Bearer wrong-token-wrong-token")[0] == 403
    status, body = ask(server, "/status", Authorization=f"Bearer {TOKEN}")
    assert status == 200
    assert body == {"vaults": ["eth-carry"], "health": {"eth-carry": "12 s ago"}}


def test_fault_80_another_name_or_page_is_refused(server: StatusServer) -> None:
    assert ask(server, "/health", Host="evil.example.org")[0] == 403
    assert ask(server, "/health", Host=f"evil.example.org:{server.port}")[0] == 403
    assert ask(server, "/health", Origin="https://evil.example.org")[0] == 403
    assert ask(server, "/health", Host=f"localhost:{server.port}")[0] == 200


def test_fault_80_nothing_else_is_there(server: StatusServer) -> None:
    for path in ("/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/", "/stop"):
        assert ask(server, path)[0] in (404, 405)
    assert ask(server, "/status", {}, Authorization=f"Bearer {TOKEN}")[0] == 405
    assert ask(server, "/stop", b"x" * 100_000)[0] in (400, 413)


def test_fault_80_a_flood_is_turned_away_and_the_rest_goes_on(service: Service) -> None:
    server = StatusServer(service.face(), 0, TOKEN, requests_per_s=2)
    answers: list[int] = []
    threads = [
        threading.Thread(target=lambda: answers.extend(ask(server, "/health")[0] for _ in range(40))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(answers) == {200, 429}
    time.sleep(0.6)  # one more is allowed by now
    assert ask(server, "/health")[0] == 200
    server.close()


def test_a_guardian_stops_a_vault_with_a_signature(server: StatusServer, service: Service) -> None:
    assert ask(server, "/stop", signed("kill", "*", int(time.time())))[0] == 200
    assert service.stopped == [("kill", "*", GUARDIAN.address)]


def test_nobody_else_stops_anything(server: StatusServer, service: Service) -> None:
    now = int(time.time())
    again = signed("kill", "eth-carry", now)
    assert ask(server, "/stop", again)[0] == 200
    assert ask(server, "/stop", again)[0] == 403
    assert ask(server, "/stop", signed("kill", "eth-carry", now - 200))[0] == 403
    assert ask(server, "/stop", signed("kill", "eth-carry", now, STRANGER))[0] == 403
    assert ask(server, "/stop", {**signed("kill", "eth-carry", now), "vault": "*"})[0] == 403
    assert ask(server, "/stop", {**signed("kill", "eth-carry", now), "signature": "0x1234"})[0] == 403
    assert ask(server, "/stop", signed("resume", "eth-carry", now))[0] == 400
    for nonsense in (b"", b"[]", b"null", b'{"action": "kill"}', b"\xff\xfe"):
        assert ask(server, "/stop", nonsense, method="POST")[0] == 400
    assert len(service.stopped) == 1


def test_a_vault_that_nobody_knows_is_not_reported_as_stopped(server: StatusServer, service: Service) -> None:
    status, body = ask(server, "/stop", signed("kill", "nonsense", int(time.time())))
    assert (status, body) == (404, {"error": "nothing was stopped"})
    assert service.stopped == []


def test_a_signature_written_otherwise_is_the_same_signature(server: StatusServer, service: Service) -> None:
    once = signed("kill", "eth-carry", int(time.time()))
    assert ask(server, "/stop", once)[0] == 200
    text = str(once["signature"])
    for other in (text.upper(), "0X" + text[2:], "??" + text[2:].upper()):
        assert ask(server, "/stop", {**once, "signature": other})[0] == 403
    assert ask(server, "/stop", {**once, "signature": [text]})[0] == 403
    assert len(service.stopped) == 1


def test_a_token_that_is_no_text_is_another_token(server: StatusServer) -> None:
    assert ask(server, "/status", Authorization="Bearer \xff\xfe")[0] == 403


def test_fault_81_status_shows_no_secret() -> None:
    face = Face(lambda: (True, {}), lambda: {"codes": ["CHAIN_UNREACHABLE: HTTP 403: canary-of-the-node"]}, print)
    server = StatusServer(face, 0, TOKEN, redact=Redactor(["https://node.example/v2/canary-of-the-node"]))
    try:
        assert "canary" not in str(ask(server, "/status", Authorization=f"Bearer {TOKEN}"))
    finally:
        server.close()


def test_fault_81_status_hides_a_secret_that_json_writes_otherwise() -> None:
    secret = 'cana"ry-pässword'
    face = Face(lambda: (True, {}), lambda: {"note": f"refused {secret}", "transaction": "0x" + "ab" * 32}, print)
    server = StatusServer(face, 0, TOKEN, redact=Redactor([secret]))
    try:
        _, shown = ask(server, "/status", Authorization=f"Bearer {TOKEN}")
    finally:
        server.close()
    assert shown == {"note": "refused [hidden]", "transaction": "0x" + "ab" * 32, "health": {}}


def test_a_short_token_is_refused_at_the_start(service: Service) -> None:
    with pytest.raises(ValueError, match="at least 16"):
        StatusServer(service.face(), 0, "short")
