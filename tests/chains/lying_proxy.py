"""A JSON-RPC proxy in front of a real node that can lie, stand still, fall silent or answer rubbish."""

import http.client
import json
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

Entry = dict[str, Any]


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hung up before its answer is no event here."""


class LyingProxy:
    """Truthful until one of its attributes is set.

    Attributes
    ----------
    ask : changes a request before the node sees it
    tell : changes a result before the client sees it
    body : makes the whole answer out of the request, without asking the node
    down : hangs up without an answer
    delay_s : waits before it answers, after the node has acted
    status, headers : of the HTTP answer
    """

    def __init__(self, node_url: str) -> None:
        self.ask: Callable[[Entry], Entry] = lambda entry: entry
        self.tell: Callable[[Entry, Any], Any] = lambda entry, result: result
        self.body: Callable[[Any], bytes] | None = None
        self.down = False
        self.delay_s = 0.0
        self.status = 200
        self.headers: dict[str, str] = {}
        self.requests: list[Entry] = []
        proxy, host = self, urlsplit(node_url).netloc

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def setup(self) -> None:
                super().setup()
                self.node = http.client.HTTPConnection(host, timeout=60)

            def finish(self) -> None:
                self.node.close()
                super().finish()

            def do_POST(self) -> None:
                asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                proxy.requests += asked if isinstance(asked, list) else [asked]
                if proxy.down:
                    self.close_connection = True
                    return
                body = proxy.body(asked) if proxy.body is not None else json.dumps(self.forward(asked)).encode()
                time.sleep(proxy.delay_s)
                self.send_response(proxy.status)
                for name, value in proxy.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def forward(self, asked: Any) -> Any:
                changed = [proxy.ask(entry) for entry in asked] if isinstance(asked, list) else proxy.ask(asked)
                self.node.request("POST", "/", json.dumps(changed), {"Content-Type": "application/json"})
                answers = json.loads(self.node.getresponse().read())
                pairs = zip(asked, answers, strict=True) if isinstance(asked, list) else [(asked, answers)]
                for entry, answer in pairs:
                    if "result" in answer:
                        answer["result"] = proxy.tell(entry, answer["result"])
                return answers

            def log_message(self, *_: object) -> None:
                pass

        self._server = _Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.name = f"127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def be_truthful(self) -> None:
        """Ends every lie."""
        self.ask, self.tell, self.body = (lambda entry: entry), (lambda entry, result: result), None
        self.down, self.delay_s, self.status, self.headers, self.requests = False, 0.0, 200, {}, []

    def close(self) -> None:
        """Ends the proxy; the node lives on."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def about(method: str, change: Callable[[Any], Any]) -> Callable[[Entry, Any], Any]:
    """A lie about the results of one method only."""
    return lambda entry, result: change(result) if entry["method"] == method else result
