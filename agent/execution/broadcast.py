"""How signed bytes reach a chain and how their receipt is found; the local chain's way."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from agent.execution.answers import Answer, Client, Verdict, read_answer
from agent.reasons import Code
from chains.events import Log, parse_logs
from chains.rpc import Reader, Request, RpcError, RpcUnavailable, data_bytes, quantity


@dataclass(frozen=True, slots=True)
class Receipt:
    """That a transaction is on chain; what it came to has to be read back."""

    hash: str
    block_number: int
    block_hash: str
    success: bool
    gas_used: int
    gas_price_wei: int
    logs: tuple[Log, ...]


@dataclass(frozen=True, slots=True)
class Sent:
    """What came of a broadcast: the answer of all nodes together, and the receipt if it came with it."""

    answer: Answer
    receipt: Receipt | None = None


class Broadcaster(Protocol):
    """Sends bytes once, and finds receipts."""

    def broadcast(self, raw: bytes, transaction_hash: str, *, private: bool) -> Sent:
        """Sends once; never raises, because after a broadcast there is always something to be said.

        Parameters
        ----------
        private : only to the chain's private relay, if it has one
        """
        ...

    def receipt(self, transaction_hash: str) -> Receipt | None:
        """The receipt, or None when the quorum knows of none.

        Raises
        ------
        RpcUnavailable, RpcError : nobody can say, or too few agree
        """
        ...

    def knows(self, transaction_hash: str) -> bool:
        """Whether a node still has the transaction, in its pool or on chain. Raises as `receipt`."""
        ...


class LocalBroadcaster:
    """The local chain mines on arrival: time set, bytes sent and receipt had in one round trip.

    Parameters
    ----------
    node : an automining anvil
    next_timestamp : gives the block time (unix seconds) of the transaction's block; without it the node's own step
    """

    def __init__(self, node: Reader, next_timestamp: Callable[[], int] | None = None) -> None:
        self._node = node
        self._next_timestamp = next_timestamp

    def broadcast(self, raw: bytes, transaction_hash: str, *, private: bool = False) -> Sent:
        requests: list[Request] = [("eth_sendRawTransactionSync", ["0x" + raw.hex()])]
        if self._next_timestamp is not None:
            requests.insert(0, ("evm_setNextBlockTimestamp", [self._next_timestamp()]))
        try:
            receipt = parse_receipt(self._node.batch(requests, nullable=True)[-1], transaction_hash)
        except RpcError as error:
            return Sent(read_answer(Client.ANVIL, error))
        except RpcUnavailable as error:
            return Sent(no_answer(error))
        return Sent(Answer(Verdict.IN_POOL, Code.ALREADY_KNOWN, "sent"), receipt)

    def receipt(self, transaction_hash: str) -> Receipt | None:
        return ask_receipt(self._node, transaction_hash)

    def knows(self, transaction_hash: str) -> bool:
        return self._node.call("eth_getTransactionByHash", transaction_hash, nullable=True) is not None


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
        block_hash="0x" + data_bytes(answer.get("blockHash")).hex(),
        success=status == 1,
        gas_used=quantity(answer.get("gasUsed")),
        gas_price_wei=quantity(answer.get("effectiveGasPrice")),
        logs=parse_logs(answer),
    )


def ask_receipt(node: Reader, transaction_hash: str) -> Receipt | None:
    """The receipt as the node, or enough providers, tell it. Raises RpcError or RpcUnavailable."""
    method, parse = "eth_getTransactionReceipt", partial(parse_receipt, transaction_hash=transaction_hash)
    found: Receipt | None = node.call(method, transaction_hash, nullable=True, parse=parse)
    return found


def no_answer(error: RpcUnavailable) -> Answer:
    """What is known when no answer came: nothing."""
    return Answer(Verdict.UNKNOWN, Code.OUTCOME_UNKNOWN, f"no answer to the broadcast: {error}")
