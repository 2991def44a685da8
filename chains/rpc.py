"""A JSON-RPC client that is quick on a loopback node and believes no answer it has not checked."""

import http.client
import json
import math
import re
import select
import socket
import ssl
import time
from base64 import b64encode
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

Request = tuple[str, Sequence[Any]]

_QUANTITY = re.compile(r"0x[0-9a-fA-F]{1,64}")


class RpcUnavailable(Exception):
    """No usable answer came. Whether the node acted on the request is unknown, which is not the same as failed.

    `retry_after_s` is what an overloaded node asked for, None when it asked for nothing.
    """

    retry_after_s: float | None = None


class BadAnswer(RpcUnavailable):
    """An answer came and is not one: too large, cut off, not JSON, of the wrong shape, or to another question."""


class RpcError(Exception):
    """The node answered with a JSON-RPC error: it understood the request and refused it."""

    def __init__(self, code: int, message: str, data: Any = None) -> None:
        super().__init__(f"{message} (code {code})")
        self.code = code
        self.message = message
        self.data = data

    @property
    def revert_data(self) -> bytes | None:
        """What the contract reverted with, or None when the error is not an execution revert with data."""
        if isinstance(self.data, str) and self.data.startswith("0x"):
            return data_bytes(self.data)
        return None


@dataclass(frozen=True, slots=True)
class BlockRef:
    """One block, named by its hash so that a reorganisation cannot change what a read meant."""

    number: int
    hash: str
    timestamp: int
    base_fee_wei: int


class Reader(Protocol):
    """What reads a chain: one `Node`, or a pool of providers that must agree."""

    def call(self, method: str, *params: Any, nullable: bool = False, parse: Callable[[Any], Any] | None = None) -> Any:
        """The result of one method, made a value by `parse`."""
        ...

    def batch(self, requests: Sequence[Request], *, nullable: bool = False) -> list[Any]:
        """The results of several methods in one round trip."""
        ...

    def head(self) -> BlockRef:
        """The newest block."""
        ...

    def call_at(self, block_hash: str, to: str, data: bytes, *, sender: str | None = None) -> bytes:
        """What a contract call returns in the state after exactly this block."""
        ...


class Node:
    """One endpoint over one kept-alive connection; not for use by several threads at once.

    Nothing is ever sent twice: a connection that the server closed while idle is replaced before a byte is written,
    and any failure after that is reported as `RpcUnavailable`.

    Parameters
    ----------
    url : http:// or https:// endpoint; user and password before an @ go into the Authorization header
    timeout_s : limit for connecting and, separately, for one whole answer
    max_response_bytes : a longer answer is refused

    Attributes
    ----------
    round_trips : HTTP requests made so far
    name : host and port; messages say no more of the address, because its path may hold a secret
    """

    def __init__(self, url: str, *, timeout_s: float = 10.0, max_response_bytes: int = 64 * 2**20) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("node url: expected http://host or https://host")
        if not 0 < timeout_s < math.inf:
            raise ValueError(f"timeout_s: expected a positive number of seconds, got {timeout_s}")
        self.url = url
        credentials, _, self.name = parts.netloc.rpartition("@")
        self.round_trips = 0
        self._timeout_s = timeout_s
        self._max_response_bytes = max_response_bytes
        self._next_id = 1
        self._path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._headers = {"Content-Type": "application/json"}
        if credentials:
            self._headers["Authorization"] = f"Basic {basic(credentials)}"
        self._connection: http.client.HTTPConnection
        if parts.scheme == "https":
            context = ssl.create_default_context()
            self._connection = http.client.HTTPSConnection(
                parts.hostname, parts.port, timeout=timeout_s, context=context
            )
        else:
            self._connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=timeout_s)

    def call(self, method: str, *params: Any, nullable: bool = False, parse: Callable[[Any], Any] | None = None) -> Any:
        """The result of one method, made a value by `parse` unless it is null.

        Raises
        ------
        RpcError : the node refused
        RpcUnavailable : no usable answer; a null counts as none unless `nullable`
        """
        request_id = self._take_ids(1)
        answer = self._exchange(_envelope(request_id, method, params))
        _check_envelope(answer, method)
        if answer["id"] != request_id and not (answer["id"] is None and "error" in answer):
            raise BadAnswer(f"{method}: the answer carries id {answer['id']!r}, asked was {request_id}")
        result = _result(answer, method, nullable)
        return result if parse is None or result is None else parse(result)

    def batch(self, requests: Sequence[Request], *, nullable: bool = False) -> list[Any]:
        """The results of several methods in one round trip, in the order asked.

        A node may work on the entries of a batch at the same time; only ask together what does not depend on order.

        Raises
        ------
        RpcError : the first entry the node refused
        RpcUnavailable : no usable answer for at least one entry
        """
        if not requests:
            return []
        first_id = self._take_ids(len(requests))
        answers = self._exchange([_envelope(first_id + i, m, p) for i, (m, p) in enumerate(requests)])
        if isinstance(answers, dict) and "error" in answers:
            _check_envelope(answers, "batch")
            return [_result(answers, "batch", nullable)]
        if not isinstance(answers, list) or len(answers) != len(requests):
            raise BadAnswer(f"batch: expected {len(requests)} answers, got {_excerpt(answers)}")
        by_id: dict[int, dict[str, Any]] = {}
        for answer in answers:
            _check_envelope(answer, "batch")
            answer_id = answer["id"]
            if type(answer_id) is not int or not first_id <= answer_id < first_id + len(requests):
                raise BadAnswer(f"batch: an answer carries id {answer_id!r} that was not asked for")
            if answer_id in by_id:
                raise BadAnswer(f"batch: two answers carry id {answer_id}")
            by_id[answer_id] = answer
        return [_result(by_id[first_id + i], method, nullable) for i, (method, _) in enumerate(requests)]

    def head(self) -> BlockRef:
        """The newest block."""
        block: BlockRef = self.call("eth_getBlockByNumber", "latest", False, parse=block_ref)
        return block

    def call_at(self, block_hash: str, to: str, data: bytes, *, sender: str | None = None) -> bytes:
        """What a contract call returns in the state after exactly this block.

        Raises
        ------
        RpcError : the call reverted (`revert_data` says why), or the node no longer has the block
        RpcUnavailable : no usable answer
        """
        answer: bytes = self.call("eth_call", *pinned_call(block_hash, to, data, sender), parse=data_bytes)
        return answer

    def close(self) -> None:
        """Gives the connection back; the next request opens a new one."""
        self._connection.close()

    def abort(self) -> None:
        """Ends a request that another thread waits for; that thread gets `RpcUnavailable`."""
        sock = self._connection.sock
        if sock is not None:
            with suppress(OSError):  # it ended by itself in the meantime
                sock.shutdown(socket.SHUT_RDWR)

    def _take_ids(self, count: int) -> int:
        first = self._next_id
        self._next_id += count
        return first

    def _exchange(self, payload: Any) -> Any:
        body = json.dumps(payload, separators=(",", ":"), allow_nan=False).encode()
        deadline = time.monotonic() + self._timeout_s
        try:
            self._drop_stale_connection()
            self.round_trips += 1
            self._connection.request("POST", self._path, body, self._headers)
            response = self._connection.getresponse()
            text = self._read_body(response, deadline)
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            kind = RpcUnavailable if isinstance(error, OSError) else BadAnswer
            raise kind(f"{self.name}: {type(error).__name__}: {error}") from error
        if response.status != 200:
            unavailable = RpcUnavailable(f"{self.name}: HTTP {response.status}: {text[:200]!r}")
            unavailable.retry_after_s = _retry_after_s(response.headers.get("Retry-After"))
            raise unavailable
        try:
            return json.loads(text, parse_constant=_refuse_constant, parse_float=_finite_float)
        except (ValueError, RecursionError) as error:
            raise BadAnswer(f"{self.name}: not JSON ({error}): {text[:200]!r}") from error

    def _drop_stale_connection(self) -> None:
        """A readable idle socket means that the server closed it or talks out of turn: start over."""
        sock = self._connection.sock
        if sock is not None and select.select([sock], [], [], 0)[0]:
            self._connection.close()

    def _read_body(self, response: http.client.HTTPResponse, deadline: float) -> bytes:
        announced = response.length
        if announced is not None and announced > self._max_response_bytes:
            raise http.client.HTTPException(f"answer of {announced} bytes is above {self._max_response_bytes}")
        chunks: list[bytes] = []
        size = 0
        while chunk := response.read1(2**20):
            chunks.append(chunk)
            size += len(chunk)
            if size > self._max_response_bytes:
                raise http.client.HTTPException(f"answer is longer than {self._max_response_bytes} bytes")
            if time.monotonic() > deadline:
                raise TimeoutError(f"the answer took longer than {self._timeout_s} s")
        if announced is not None and size != announced:
            raise http.client.IncompleteRead(b"", announced - size)
        response.read()  # nothing is left; this marks the connection as free for the next request
        return b"".join(chunks)


def basic(credentials: str) -> str:
    """User and password as they stand in an address, in the form that HTTP wants (RFC 7617)."""
    user, _, password = credentials.partition(":")
    return b64encode(f"{unquote(user)}:{unquote(password)}".encode()).decode()


def quantity(value: Any) -> int:
    """An integer from its 0x form; anything else is refused."""
    if not isinstance(value, str) or not _QUANTITY.fullmatch(value):
        raise BadAnswer(f"expected a 0x quantity, got {_excerpt(value)}")
    return int(value, 16)


def data_bytes(value: Any) -> bytes:
    """Bytes from their 0x form; anything else is refused."""
    if not isinstance(value, str) or not value.startswith("0x"):
        raise BadAnswer(f"expected 0x data, got {_excerpt(value)}")
    try:
        data = bytes.fromhex(value[2:])
    except ValueError as error:
        raise BadAnswer(f"expected 0x data, got {_excerpt(value)}") from error
    if 2 * len(data) != len(value) - 2:  # fromhex skips spaces
        raise BadAnswer(f"expected 0x data, got {_excerpt(value)}")
    return data


def block_ref(block: Any) -> BlockRef:
    """The reference of a block object as the node returns it."""
    if not isinstance(block, dict):
        raise BadAnswer(f"expected a block, got {_excerpt(block)}")
    missing = [key for key in ("number", "hash", "timestamp", "baseFeePerGas") if key not in block]
    if missing:
        raise BadAnswer(f"block without {', '.join(missing)}: {_excerpt(block)}")
    if len(data_bytes(block["hash"])) != 32:
        raise BadAnswer(f"expected a block hash of 32 bytes, got {block['hash']!r}")
    return BlockRef(
        quantity(block["number"]), block["hash"].lower(), quantity(block["timestamp"]), quantity(block["baseFeePerGas"])
    )


def pinned_call(
    block_hash: str, to: str, data: bytes, sender: str | None = None
) -> tuple[dict[str, str], dict[str, Any]]:
    """Parameters of an `eth_call` in the state after exactly this block (EIP-1898)."""
    call = {"to": to, "data": "0x" + data.hex()}
    if sender is not None:
        call["from"] = sender
    return call, {"blockHash": block_hash, "requireCanonical": True}


def _retry_after_s(header: str | None) -> float | None:
    """Seconds of a Retry-After header; its other form, a date, is read as nothing asked."""
    return float(header) if header is not None and re.fullmatch(r"\d{1,6}", header) else None


def _envelope(request_id: int, method: str, params: Sequence[Any]) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": request_id, "method": method, "params": list(params)}


def _check_envelope(answer: Any, method: str) -> None:
    if not isinstance(answer, dict) or answer.get("jsonrpc") != "2.0" or "id" not in answer:
        raise BadAnswer(f"{method}: not a JSON-RPC 2.0 answer: {_excerpt(answer)}")
    if ("result" in answer) == (answer.get("error") is not None):
        raise BadAnswer(f"{method}: expected either a result or an error: {_excerpt(answer)}")


def _result(answer: dict[str, Any], method: str, nullable: bool) -> Any:
    error = answer.get("error")
    if error is not None:
        if not isinstance(error, dict) or type(error.get("code")) is not int:
            raise BadAnswer(f"{method}: an error without a code: {_excerpt(error)}")
        raise RpcError(error["code"], f"{method}: {error.get('message')}", error.get("data"))
    if answer["result"] is None and not nullable:
        raise BadAnswer(f"{method}: the node answered null")
    return answer["result"]


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is not a number")


def _finite_float(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} does not fit a float")
    return value


def _excerpt(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 200 else text[:200] + "..."
