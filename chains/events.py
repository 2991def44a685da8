"""Contract events as receipts carry them: prepared once, decoded by topic."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from eth_utils.crypto import keccak

from chains.functions import abi_decode
from chains.rpc import RpcUnavailable, data_bytes


@dataclass(frozen=True, slots=True)
class Log:
    """One log of a receipt; address in lower case."""

    address: str
    topics: tuple[bytes, ...]
    data: bytes


@dataclass(frozen=True)
class Event:
    """One event: `Event("Transfer(address,address,uint256)", "(uint256)")`.

    Parameters
    ----------
    signature : name and all argument types, as the first topic is made of
    unindexed : types of the arguments that stand in the data, in parentheses
    """

    signature: str
    unindexed: str

    @cached_property
    def topic(self) -> bytes:
        return keccak(text=self.signature)

    def matches(self, log: Log) -> bool:
        """Whether the log is one of these events."""
        return bool(log.topics) and log.topics[0] == self.topic

    def decode(self, log: Log) -> tuple[Any, ...]:
        """The arguments in the data; indexed ones are in `log.topics[1:]`."""
        return abi_decode(self.unindexed, log.data)


def parse_logs(receipt: dict[str, Any]) -> tuple[Log, ...]:
    """The logs of a receipt as the node tells it. Raises `RpcUnavailable` when they are incomplete."""
    logs = receipt.get("logs")
    if not isinstance(logs, list):
        raise RpcUnavailable("a receipt without logs is no receipt")
    try:
        return tuple(
            Log(log["address"].lower(), tuple(data_bytes(topic) for topic in log["topics"]), data_bytes(log["data"]))
            for log in logs
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise RpcUnavailable(f"a log of the receipt is incomplete: {error!r}") from error
