"""Broadcasting on a chain with its own block producers: to every endpoint at once, or to a private relay alone."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from agent.execution.answers import Answer, Client, Verdict, client_of, read_answer
from agent.execution.broadcast import Receipt, Sent, ask_receipt, no_answer
from agent.reasons import Code
from chains.providers import SendAnswer
from chains.providers.sends import send_once
from chains.registry import Chain
from chains.rpc import Node, Reader, RpcError, RpcUnavailable

_ASK_TIMEOUT_S = 5.0


class RawSender(Protocol):
    """Where signed bytes go: to each endpoint once, never again. A pool of providers, or one node."""

    def send_raw(self, raw: bytes) -> Sequence[SendAnswer]:
        """Every endpoint's answer."""
        ...


class NodeSender:
    """One endpoint that takes signed bytes."""

    def __init__(self, node: Node) -> None:
        self._node = node

    def send_raw(self, raw: bytes) -> list[SendAnswer]:
        """Sends once and says what the node said."""
        try:
            return [SendAnswer(self._node.name, send_once(self._node, raw), None)]
        except (RpcError, RpcUnavailable) as error:
            return [SendAnswer(self._node.name, None, error)]


class LiveBroadcaster:
    """Sends to a live chain and reads receipts by its reader's quorum.

    Parameters
    ----------
    reader : one node, or a pool that answers only what enough providers tell alike
    public : where bytes go
    relay : the chain's private relay, if it has one: a plan's first bytes go there alone, so that nobody trades in
        front of them; replacements, cancellations and urgent plans go to `public`
    clients : the client behind each endpoint of `public` and `relay`, by name; without it no refusal is certain
    """

    def __init__(
        self,
        reader: Reader,
        public: RawSender,
        *,
        relay: RawSender | None = None,
        clients: Mapping[str, Client | None] | None = None,
    ) -> None:
        self._reader = reader
        self._public = public
        self._relay = relay
        self._clients = clients or {}

    def broadcast(self, raw: bytes, transaction_hash: str, *, private: bool) -> Sent:
        """Sends once to where it belongs; the answers of all endpoints make one."""
        sender = self._relay if private and self._relay is not None else self._public
        answers = [self._understood(answer) for answer in sender.send_raw(raw)]
        return Sent(together(answers))

    def receipt(self, transaction_hash: str) -> Receipt | None:
        """The receipt, or None when enough providers know of none."""
        return ask_receipt(self._reader, transaction_hash)

    def knows(self, transaction_hash: str) -> bool:
        """Whether enough providers still have the transaction, in their pools or on chain."""
        found: bool | None = self._reader.call(
            "eth_getTransactionByHash", transaction_hash, nullable=True, parse=lambda answer: answer is not None
        )
        return bool(found)

    def _understood(self, answer: SendAnswer) -> Answer:
        if answer.accepted:
            return Answer(Verdict.IN_POOL, Code.ALREADY_KNOWN, f"taken by {answer.provider}")
        if isinstance(answer.error, RpcError):
            return read_answer(self._clients.get(answer.provider), answer.error)
        return no_answer(answer.error or RpcUnavailable(f"{answer.provider} said nothing"))


def together(answers: Sequence[Answer]) -> Answer:
    """One answer of many: in the pool when any has it, refused only when all refuse, otherwise unknown."""
    for verdict in (Verdict.IN_POOL, Verdict.UNKNOWN):
        for answer in answers:
            if answer.verdict is verdict:
                return answer
    return answers[0] if answers else Answer(Verdict.UNKNOWN, Code.OUTCOME_UNKNOWN, "no endpoint was asked")


def open_broadcaster(chain: Chain, reader: Reader, public: RawSender, send_urls: Sequence[str]) -> LiveBroadcaster:
    """The broadcaster of a live chain, with its private relay, once every sending endpoint was asked what it is.

    Parameters
    ----------
    send_urls : the endpoints behind `public`
    """
    relay = NodeSender(Node(chain.private_relay)) if chain.private_relay else None
    return LiveBroadcaster(reader, public, relay=relay, clients=dict(map(_client_behind, send_urls)))


def _client_behind(url: str) -> tuple[str, Client | None]:
    """An endpoint's name and client; none when it does not say, and then none of its refusals is certain."""
    node = Node(url, timeout_s=_ASK_TIMEOUT_S)
    try:
        return node.name, client_of(str(node.call("web3_clientVersion")))
    except (RpcError, RpcUnavailable):
        return node.name, None
    finally:
        node.close()
