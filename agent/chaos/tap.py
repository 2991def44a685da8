"""Stands between an agent and its node and signer, and tells what passes; the agent cannot see it."""

import http.client
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

Listener = Callable[[str, str], bool]


class Tap:
    """Whoever listens is told "asked METHOD" before a request goes on and "answered METHOD" before its answer does.

    `listen` returns whether the message may pass; one that may not is dropped, and its connection closed.
    """

    def __init__(self) -> None:
        self.listen: Listener = lambda when, method: True


@contextmanager
def node_tap(node_url: str, tap: Tap) -> Iterator[str]:
    """An address that answers as the node does. A batch counts as its last method; an answer of null as nothing."""
    target = urlsplit(node_url)

    def answer(path: str, body: bytes) -> bytes | None:
        asked = json.loads(body)
        method = asked[-1]["method"] if isinstance(asked, list) else asked["method"]
        if not tap.listen("asked", method):
            return None
        upstream = http.client.HTTPConnection(str(target.hostname), target.port, timeout=30)
        try:
            upstream.request("POST", "/", body, {"Content-Type": "application/json"})
            text = upstream.getresponse().read()
        finally:
            upstream.close()
        told = json.loads(text)
        something = isinstance(told, list) or told.get("result") is not None or "error" in told
        return text if not something or tap.listen("answered", method) else None

    with _server(answer) as url:
        yield url


@contextmanager
def signer_tap(private_key: str, tap: Tap) -> Iterator[str]:
    """A signer with the interface of Web3Signer, whose method is called "sign"."""
    from eth_account import Account
    from eth_utils.crypto import keccak

    account = Account.from_key(private_key)

    def answer(path: str, body: bytes) -> bytes | None:
        if not tap.listen("asked", "sign"):
            return None
        signature = account.unsafe_sign_hash(keccak(bytes.fromhex(json.loads(body)["data"][2:]))).signature
        return b"0x" + bytes(signature).hex().encode() if tap.listen("answered", "sign") else None

    with _server(answer) as url:
        yield url


@contextmanager
def _server(answer: Callable[[str, bytes], bytes | None]) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            text = answer(self.path, self.rfile.read(int(self.headers["Content-Length"])))
            if text is None:
                self.close_connection = True
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, format: str, *args: Any) -> None:
            """Says nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False

        def handle_error(self, request: Any, client_address: Any) -> None:
            """A client that was killed while it was answered is what this is for."""

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
