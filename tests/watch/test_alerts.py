"""People hear what is new, once, and of the rest in the digest."""

import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from agent.reasons import Code
from agent.watch.alerts import CRITICAL, REPEAT_S, Alerts, AppriseChannel, Severity, severity_of
from agent.watch.secrets import Redactor


class Clock:
    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def webhook() -> Iterator[tuple[str, list[dict[str, str]]]]:
    """A real receiver of Apprise's JSON webhooks."""
    received: list[dict[str, str]] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"json://127.0.0.1:{server.server_port}", received
    server.shutdown()
    server.server_close()


def test_an_alert_reaches_a_webhook_once_until_it_is_over(webhook: tuple[str, list[dict[str, str]]]) -> None:
    url, received = webhook
    clock = Clock()
    alerts = Alerts(AppriseChannel([url]), Redactor(), clock)
    assert alerts.raise_("eth-carry", Code.DAILY_LOSS, "lost 3.1 %")
    assert not alerts.raise_("eth-carry", Code.DAILY_LOSS, "lost 3.2 %")
    assert alerts.raise_("btc-carry", Code.DAILY_LOSS, "lost 3.1 %")
    alerts.over("eth-carry", frozenset())
    assert alerts.raise_("eth-carry", Code.DAILY_LOSS, "lost 3.3 %")
    clock.now += REPEAT_S
    assert alerts.raise_("eth-carry", Code.DAILY_LOSS, "still")
    assert [one["message"] for one in received] == ["lost 3.1 %", "lost 3.1 %", "lost 3.3 %", "still"]
    assert received[0]["type"] == "failure"
    assert received[0]["title"] == "eth-carry: DAILY_LOSS"


def test_what_passes_by_itself_waits_for_the_digest(webhook: tuple[str, list[dict[str, str]]]) -> None:
    url, received = webhook
    alerts = Alerts(AppriseChannel([url]), Redactor(), Clock())
    for _ in range(3):
        assert not alerts.raise_("eth-carry", Code.WARMING_UP, "too little history")
    assert received == []
    assert alerts.digest(["eth-carry: 1,000,000 USDC"])
    assert "eth-carry: WARMING_UP x 3" in received[0]["message"]
    assert alerts.digest([])
    assert received[1]["message"] == "no refusals"


def test_a_channel_that_does_not_answer_stops_nothing_and_is_tried_again() -> None:
    alerts = Alerts(AppriseChannel(["json://127.0.0.1:9"]), Redactor(), Clock())
    assert not alerts.raise_("eth-carry", Code.DAILY_LOSS, "lost 3.1 %")
    assert not alerts.raise_("eth-carry", Code.DAILY_LOSS, "lost 3.1 %")


def test_secrets_do_not_travel_in_alerts(webhook: tuple[str, list[dict[str, str]]]) -> None:
    url, received = webhook
    alerts = Alerts(AppriseChannel([url]), Redactor(["canary-value"]), Clock())
    alerts.raise_("eth-carry", Code.DAILY_LOSS, "at canary-value")
    assert "canary" not in json.dumps(received)


def test_an_address_that_nobody_knows_is_refused_at_the_start_without_telling_it() -> None:
    with pytest.raises(ValueError, match="does not know") as refused:
        AppriseChannel(["nonsense://canary-token"])
    assert "canary" not in str(refused.value)


def test_every_code_has_a_severity() -> None:
    assert {severity_of(code) for code in Code} == set(Severity)
    assert severity_of(Code.SENT_AGAINST_INTENDED) is Severity.CRITICAL


def test_whatever_wakes_a_person_has_a_row_in_the_runbook() -> None:
    rows = (Path(__file__).parents[2] / "docs/runbook.md").read_text().splitlines()
    situations = " ".join(row.split("|")[1] for row in rows if row.startswith("| "))
    assert {code for code in CRITICAL if f"`{code}`" not in situations} == set()


def test_every_alert_of_prometheus_has_a_row_in_the_runbook() -> None:
    root = Path(__file__).parents[2]
    alerts = re.findall(r"alert: (\w+)", (root / "docker/prometheus/alerts.yml").read_text())
    runbook = (root / "docs/runbook.md").read_text()
    assert len(alerts) >= 5
    assert [name for name in alerts if f"`{name}`" not in runbook] == []
