"""The client against a real server that answers badly."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from chains.rpc import Node, RpcError, RpcUnavailable

Answer = Callable[[Any], bytes]


class QuietServer(ThreadingHTTPServer):
    """A client that hung up before its answer is no event here; `goodbye` is set once a connection was closed."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.goodbye = threading.Event()

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass

    def shutdown_request(self, request: Any) -> None:
        super().shutdown_request(request)
        self.goodbye.set()


class Server:
    """A tiny HTTP server; `answer` makes the body out of the parsed request."""

    def __init__(self) -> None:
        self.answer: Answer = good
        self.status = 200
        self.requests: list[Any] = []
        self.authorization: str | None = None
        self.announced_extra = 0
        self.close_after_answer = False
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                server.requests.append(request)
                server.authorization = self.headers["Authorization"]
                closing = server.close_after_answer or server.announced_extra > 0
                body = server.answer(request)
                self.send_response(server.status)
                self.send_header("Content-Length", str(len(body) + server.announced_extra))
                self.end_headers()
                self.wfile.write(body)
                self.close_connection = closing

            def log_message(self, *_: object) -> None:
                pass

        self._http = QuietServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self.goodbye = self._http.goodbye
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


def good(request: Any) -> bytes:
    entries = request if isinstance(request, list) else [request]
    answers = [{"jsonrpc": "2.0", "id": entry["id"], "result": entry["method"]} for entry in entries]
    return json.dumps(answers if isinstance(request, list) else answers[0]).encode()


def always(text: str) -> Answer:
    return lambda request: text.replace("$ID", str(request["id"])).encode()


@pytest.fixture
def server() -> Iterator[Server]:
    running = Server()
    yield running
    running.close()


@pytest.fixture
def node(server: Server) -> Iterator[Node]:
    client = Node(server.url, timeout_s=30, max_response_bytes=10_000)
    yield client
    client.close()


def test_returns_the_result_of_a_good_answer(node: Node) -> None:
    assert node.call("eth_chainId") == "eth_chainId"
    assert node.round_trips == 1


def test_user_and_password_of_an_address_are_told_to_the_node_and_are_in_no_name(server: Server) -> None:
    address = server.url.removeprefix("http://")
    with closing(Node(f"http://ann:s%40crt@{address}")) as node:
        assert node.call("eth_chainId") == "eth_chainId"
        assert node.name == address
    assert server.authorization == "Basic YW5uOnNAY3J0"  # ann:s@crt
    with closing(Node(server.url)) as node:
        node.call("eth_chainId")
    assert server.authorization is None


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ('{"jsonrpc":"2.0","id":999,"result":"0x1"}', "carries id 999"),
        ('{"jsonrpc":"2.0","id":"$ID","result":"0x1"}', "carries id"),
        ('{"jsonrpc":"2.0","result":"0x1"}', "not a JSON-RPC 2.0 answer"),
        ('{"id":$ID,"result":"0x1"}', "not a JSON-RPC 2.0 answer"),
        ('{"jsonrpc":"2.0","id":$ID}', "either a result or an error"),
        (
            '{"jsonrpc":"2.0","id":$ID,"result":"0x1","error":{"code":1,"message":"both"}}',
            "either a result or an error",
        ),
        ('{"jsonrpc":"2.0","id":$ID,"result":null}', "null"),
        ('{"jsonrpc":"2.0","id":$ID,"error":"busy"}', "error without a code"),
        ('{"jsonrpc":"2.0","id":$ID,"result":NaN}', "NaN"),
        ('{"jsonrpc":"2.0","id":$ID,"result":-Infinity}', "Infinity"),
        ('{"jsonrpc":"2.0","id":$ID,"result":1e400}', "1e400"),
        ('{"jsonrpc":"2.0","id":$ID,"resu', "not JSON"),
        ("<html>try later</html>", "not JSON"),
        ("[]", "not a JSON-RPC 2.0 answer"),
        ("", "not JSON"),
        ("[" * 5000, "not JSON"),
        ('{"jsonrpc":"2.0","id":$ID,"result":"' + "a" * 10_000 + '"}', "above 10000"),
    ],
)
def test_believes_no_malformed_answer(server: Server, node: Node, body: str, complaint: str) -> None:
    server.answer = always(body)
    with pytest.raises(RpcUnavailable, match=complaint):
        node.call("eth_chainId")


def test_null_is_a_result_where_the_caller_allows_it(server: Server, node: Node) -> None:
    server.answer = always('{"jsonrpc":"2.0","id":$ID,"result":null}')
    assert node.call("eth_getTransactionReceipt", "0x00", nullable=True) is None


def test_a_refusal_of_the_node_carries_its_code_and_revert_data(server: Server, node: Node) -> None:
    server.answer = always('{"jsonrpc":"2.0","id":$ID,"error":{"code":3,"message":"reverted","data":"0x08c379a0"}}')
    with pytest.raises(RpcError, match="reverted") as refusal:
        node.call("eth_call")
    assert refusal.value.code == 3
    assert refusal.value.revert_data == bytes.fromhex("08c379a0")


def test_an_http_error_is_unavailable_whatever_its_body_says(server: Server, node: Node) -> None:
    server.status = 503
    with pytest.raises(RpcUnavailable, match="HTTP 503"):
        node.call("eth_chainId")


def test_a_cut_off_answer_is_unavailable(server: Server, node: Node) -> None:
    server.announced_extra = 5
    with pytest.raises(RpcUnavailable):
        node.call("eth_chainId")


def test_a_batch_is_one_round_trip_and_keeps_the_order_asked(server: Server, node: Node) -> None:
    server.answer = lambda request: json.dumps(list(reversed(json.loads(good(request))))).encode()
    assert node.batch([("first", []), ("second", []), ("third", [])]) == ["first", "second", "third"]
    assert node.round_trips == 1


@pytest.mark.parametrize(
    "spoil",
    [
        lambda answers: answers[:1],
        lambda answers: [answers[0], answers[0]],
        lambda answers: [answers[0], {**answers[1], "id": 77}],
        lambda answers: [answers[0], {**answers[1], "id": True}],
        lambda answers: [answers[0], "text"],
        lambda answers: answers[0],
    ],
    ids=["short", "twice the same id", "foreign id", "boolean id", "not an object", "not a list"],
)
def test_a_batch_believes_no_malformed_answer(server: Server, node: Node, spoil: Callable[[Any], Any]) -> None:
    server.answer = lambda request: json.dumps(spoil(json.loads(good(request)))).encode()
    with pytest.raises(RpcUnavailable):
        node.batch([("first", []), ("second", [])])


def test_an_answer_that_takes_too_long_is_unavailable(server: Server) -> None:
    wait = threading.Event()
    server.answer = lambda request: good(request) if wait.wait(5) else b""
    node = Node(server.url, timeout_s=0.1)
    with pytest.raises(RpcUnavailable, match="imed"):
        node.call("eth_chainId")
    wait.set()
    node.close()


def test_a_send_whose_answer_is_lost_is_not_sent_again(server: Server, node: Node) -> None:
    node.call("eth_chainId")
    server.announced_extra = 5
    with pytest.raises(RpcUnavailable):
        node.call("eth_sendRawTransaction", "0x02")
    assert [request["method"] for request in server.requests] == ["eth_chainId", "eth_sendRawTransaction"]


def test_goes_on_after_the_server_closed_an_idle_connection(server: Server, node: Node) -> None:
    server.close_after_answer = True
    for _ in range(3):
        assert node.call("eth_chainId") == "eth_chainId"
        assert server.goodbye.wait(30)
        server.goodbye.clear()
    assert len(server.requests) == 3


def test_nobody_listening_is_unavailable() -> None:
    with socket.socket() as reserved:
        reserved.bind(("127.0.0.1", 0))
        node = Node(f"http://127.0.0.1:{reserved.getsockname()[1]}", timeout_s=1)
        with pytest.raises(RpcUnavailable, match="refused"):
            node.call("eth_chainId")


@pytest.mark.parametrize("url", ["ftp://host", "127.0.0.1:8545", "http://"])
def test_refuses_an_address_that_is_no_http_endpoint(url: str) -> None:
    with pytest.raises(ValueError, match="node url"):
        Node(url)
