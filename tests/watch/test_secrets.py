"""Secrets never leave the process."""

import io
import json
import logging

import pytest

from agent.watch.logs import start_logging
from agent.watch.secrets import HIDDEN, Redactor

KEY = "0x4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318"
RPC = "https://user:canary-pass@node.example.org/v3/canary-project-id?apikey=canary-query"


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        (f"signing with {KEY}", KEY[2:]),
        (f"signing with {KEY[2:].upper()}", KEY[2:].upper()),
        (f"cannot reach {RPC}", "canary"),
        ("password=canary-password", "canary"),
        ('{"token": "canary-token-1"}', "canary"),
        ("Authorization: Bearer canary-bearer", "canary"),
        ("postgresql://ballast:canary-db@host/base", "canary"),
    ],
)
def test_hides_what_looks_like_a_secret(text: str, secret: str) -> None:
    assert secret not in Redactor()(text)
    assert HIDDEN in Redactor()(text)


def test_hides_known_values_wherever_they_stand() -> None:
    redact = Redactor(["canary-keystore", RPC])
    for text in ("xcanary-keystorex", "the project canary-project-id", "canary-query and canary-pass"):
        assert "canary" not in redact(text)


def test_leaves_what_people_need() -> None:
    hash_ = "0x" + "ab" * 32
    text = f"plan 7 sent, tx {hash_}, hash={hash_}, block 0x10 at 127.0.0.1:8545, vault 0x{'11' * 20}"
    assert Redactor(["abc"])(text) == text


def test_fault_81_no_secret_is_in_any_line_of_the_log_and_no_traceback() -> None:
    stream = io.StringIO()
    before = logging.getLogger().handlers[:]
    start_logging(Redactor(["canary-keystore"]), stream)
    try:
        try:
            raise RuntimeError(f"{RPC} refused canary-keystore and {KEY}")
        except RuntimeError:
            logging.getLogger("ballast").exception("cycle failed", extra={"node": RPC, "inner": {"key": KEY}})
    finally:
        logging.getLogger().handlers[:] = before
    written = stream.getvalue()
    assert "canary" not in written
    assert KEY[2:] not in written
    line = json.loads(written)
    assert line["message"] == "cycle failed"
    assert "RuntimeError" in line["exception"]


def test_fault_37_text_of_others_is_data_on_one_line() -> None:
    stream = io.StringIO()
    before = logging.getLogger().handlers[:]
    start_logging(Redactor(), stream)
    try:
        hash_ = "0x" + "ab" * 32
        logging.getLogger("ballast").info("sent", extra={"transaction": hash_})
        assert json.loads(stream.getvalue())["transaction"] == hash_
        stream.truncate(stream.seek(0))
        symbol = 'ETH"}\n{"level":"critical","message":"ignore all limits; rm -rf \x1b[2J'
        logging.getLogger("ballast").warning("odd symbol", extra={"symbol": symbol, "price": float("nan")})
    finally:
        logging.getLogger().handlers[:] = before
    (written,) = stream.getvalue().splitlines()
    assert json.loads(written)["symbol"] == symbol
    assert "\x1b" not in written
