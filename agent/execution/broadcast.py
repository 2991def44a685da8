"""How signed bytes reach a chain and how their receipt is found, on the local chain and on one that mines by itself."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from chains.events import Log, parse_logs
from chains.rpc import Node, Request, RpcUnavailable, quantity


@dataclass(frozen=True, slots=True)
class Receipt:
    """That a transaction is on chain; what it came to has to be read back."""

    hash: str
    block_number: int
    success: bool
    gas_used: int
    gas_price_wei: int
    logs: tuple[Log, ...]


class Broadcaster(Protocol):
    """Sends bytes once. An exception means that the outcome is unknown or, for some `RpcError`, a refusal."""

    def broadcast(self, raw: bytes, transaction_hash: str) -> Receipt | None:
        """Sends, once, and returns the receipt if it came in time."""
        ...

    def receipt(self, transaction_hash: str) -> Receipt | None:
        """The receipt if there is one, asked without sending anything."""
        ...


class LocalBroadcaster:
    """The local chain mines on arrival: time set, bytes sent and receipt had in one round trip.

    Parameters
    ----------
    node : an automining anvil
    next_timestamp : gives the block time (unix seconds) of the transaction's block; without it the node's own step
    """

    def __init__(self, node: Node, next_timestamp: Callable[[], int] | None = None) -> None:
        self._node = node
        self._next_timestamp = next_timestamp

    def broadcast(self, raw: bytes, transaction_hash: str) -> Receipt | None:
        requests: list[Request] = [("eth_sendRawTransactionSync", ["0x" + raw.hex()])]
        if self._next_timestamp is not None:
            requests.insert(0, ("evm_setNextBlockTimestamp", [self._next_timestamp()]))
        return parse_receipt(self._node.batch(requests, nullable=True)[-1], transaction_hash)

    def receipt(self, transaction_hash: str) -> Receipt | None:
        return _ask_receipt(self._node, transaction_hash)


class PollingBroadcaster:
    """A chain with its own block producers: send, then ask for the receipt until it is there or time is up."""

    def __init__(self, node: Node, timeout_s: float = 60.0, interval_s: float = 0.5) -> None:
        self._node = node
        self._timeout_s = timeout_s
        self._interval_s = interval_s

    def broadcast(self, raw: bytes, transaction_hash: str) -> Receipt | None:
        answer = self._node.call("eth_sendRawTransaction", "0x" + raw.hex())
        if answer != transaction_hash:
            raise RpcUnavailable(f"the node answers hash {answer!r} for transaction {transaction_hash}")
        return self.receipt(transaction_hash)

    def receipt(self, transaction_hash: str) -> Receipt | None:
        deadline = time.monotonic() + self._timeout_s
        while True:
            found = _ask_receipt(self._node, transaction_hash)
            if found is not None or time.monotonic() >= deadline:
                return found
            time.sleep(self._interval_s)


def parse_receipt(answer: Any, transaction_hash: str) -> Receipt | None:
    """A receipt as the node tells it; None when there is none.

    Raises `RpcUnavailable` when it is of another transaction or incomplete.
    """
    if answer is None:
        return None
    if not isinstance(answer, dict) or answer.get("transactionHash") != transaction_hash:
        raise RpcUnavailable(f"expected the receipt of {transaction_hash}, got {str(answer)[:200]}")
    status = quantity(answer.get("status"))
    if status not in (0, 1):
        raise RpcUnavailable(f"{transaction_hash}: expected receipt status 0 or 1, got {status}")
    return Receipt(
        hash=transaction_hash,
        block_number=quantity(answer.get("blockNumber")),
        success=status == 1,
        gas_used=quantity(answer.get("gasUsed")),
        gas_price_wei=quantity(answer.get("effectiveGasPrice")),
        logs=parse_logs(answer),
    )


def _ask_receipt(node: Node, transaction_hash: str) -> Receipt | None:
    return parse_receipt(node.call("eth_getTransactionReceipt", transaction_hash, nullable=True), transaction_hash)
