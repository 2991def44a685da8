"""Secrets never leave the process."""

import io
import json
import logging
import sys
import threading
from urllib.parse import quote

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


@pytest.mark.parametrize(
    "text",
    [
        "keys/password: others may read it (mode 0644, expected 0600)",
        "the password does not open it",
        f"token 0x{'1a' * 20} has 6 decimals",
        f"expected the receipt of 0x{'ab' * 32}",
    ],
)
def test_leaves_sentences_about_secrets(text: str) -> None:
    assert Redactor()(text) == text


def test_hides_a_known_value_however_a_message_quotes_it() -> None:
    secret = 'cana"ry\\ pässword/1'
    redact = Redactor([secret])
    for written in (secret, repr(secret), json.dumps(secret), quote(secret, safe="")):
        shown = redact(f"refused {written} just now")
        assert "ry" not in shown, shown


def test_hides_secrets_inside_of_data_and_leaves_it_data() -> None:
    redact = Redactor(["canary-keystore"])
    data = {"codes": ["refused canary-keystore"], "canary-keystore": {"at": float("nan"), "hash": "0x" + "ab" * 32}}
    shown = json.loads(json.dumps(redact.data(data), allow_nan=False))
    assert shown == {"codes": [f"refused {HIDDEN}"], HIDDEN: {"at": "nan", "hash": "0x" + "ab" * 32}}


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


@pytest.mark.parametrize(
    ("address", "secret"),
    [
        ("tgram://123456789:canary-bot-token/4711", "canary-bot-token"),
        ("mailto://ann:canary-mail@example.org?to=bob@example.org", "canary-mail"),
        ("slack://canary-first/canary-second/canary-third", "canary-first"),
        ("https://ann:canary%2Fpass@node.example.org", "canary/pass"),
        ("https://ann:canary%2Fpass@node.example.org", "YW5uOmNhbmFyeS9wYXNz"),  # as a node is told them
    ],
)
def test_hides_the_parts_of_an_address_wherever_they_stand(address: str, secret: str) -> None:
    assert secret not in Redactor([address])(f"it refused {secret} just now")


def test_fault_81_a_crash_of_another_thread_goes_through_the_same_sink() -> None:
    stream, before = io.StringIO(), logging.getLogger().handlers[:]
    hooks = sys.excepthook, threading.excepthook
    start_logging(Redactor(["canary-keystore"]), stream)

    def crash() -> None:
        raise RuntimeError("canary-keystore")

    try:
        thread = threading.Thread(target=crash)
        thread.start()
        thread.join()
    finally:
        logging.getLogger().handlers[:] = before
        sys.excepthook, threading.excepthook = hooks
    assert "canary" not in stream.getvalue()
    assert json.loads(stream.getvalue())["message"] == "crashed"
