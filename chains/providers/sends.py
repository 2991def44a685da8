"""What each provider said of one broadcast; what it means for the transaction is for the sender to judge."""

from dataclasses import dataclass

from chains.functions import keccak
from chains.rpc import BadAnswer, Node, RpcError, RpcUnavailable


@dataclass(frozen=True, slots=True)
class SendAnswer:
    """One provider's answer: the transaction's hash, its refusal, or `RpcUnavailable` when nobody knows."""

    provider: str
    hash: str | None
    error: RpcError | RpcUnavailable | None

    @property
    def accepted(self) -> bool:
        """Whether the provider took the bytes into its pool."""
        return self.hash is not None


def send_once(node: Node, raw: bytes) -> str:
    """Sends the bytes and returns their hash; a provider that answers another hash answered something else."""
    expected = "0x" + keccak(raw).hex()
    answer = node.call("eth_sendRawTransaction", "0x" + raw.hex())
    if not isinstance(answer, str) or answer.lower() != expected:
        raise BadAnswer(f"{node.name}: answers hash {str(answer)[:80]!r} to transaction {expected}")
    return expected
