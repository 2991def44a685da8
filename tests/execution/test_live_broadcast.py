"""What several endpoints say of one broadcast, and what goes to a private relay."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from agent.execution import Journal, LiveBroadcaster, NodeSender, Outcome, Sender, SendRules, Status
from agent.execution.answers import Answer, Client, Verdict
from agent.execution.live_broadcast import open_broadcaster, together
from agent.reasons import Code
from chains.providers import SendAnswer
from chains.registry import load_chain
from chains.rpc import Node, RpcError, RpcUnavailable

HASH = "0x" + "ab" * 32
POOR = RpcError(-32003, "eth_sendRawTransaction: insufficient funds for gas * price + value")
KNOWN = RpcError(-32000, "eth_sendRawTransaction: already known")


@dataclass
class Endpoints:
    """Endpoints that answer what they are told to."""

    answers: list[SendAnswer]
    seen: list[bytes] = field(default_factory=list)

    def send_raw(self, raw: bytes) -> list[SendAnswer]:
        self.seen.append(raw)
        return self.answers


def verdict(chain: Any, *errors: Exception | None) -> tuple[Verdict, Code]:
    answers = [
        SendAnswer(f"node{number}", HASH if error is None else None, error)  # type: ignore[arg-type]
        for number, error in enumerate(errors)
    ]
    clients: dict[str, Client | None] = {f"node{number}": Client.GETH for number in range(len(errors))}
    sent = LiveBroadcaster(chain.node, Endpoints(answers), clients=clients).broadcast(b"", HASH, private=False)
    return sent.answer.verdict, sent.answer.code


def test_one_endpoint_that_has_the_bytes_is_enough(chain: Any) -> None:
    assert verdict(chain, POOR, None, RpcUnavailable("away"))[0] is Verdict.IN_POOL
    assert verdict(chain, POOR, KNOWN) == (Verdict.IN_POOL, Code.ALREADY_KNOWN)


def test_a_refusal_is_certain_only_when_every_endpoint_refuses(chain: Any) -> None:
    assert verdict(chain, POOR, POOR) == (Verdict.REFUSED, Code.GAS_RESERVE)
    assert verdict(chain, POOR, RpcUnavailable("no answer yet")) == (Verdict.UNKNOWN, Code.OUTCOME_UNKNOWN)
    assert verdict(chain, POOR, RpcError(-1, "something new")) == (Verdict.UNKNOWN, Code.ANSWER_UNCLASSED)


def test_nobody_asked_is_nothing_known() -> None:
    assert together([]) == Answer(Verdict.UNKNOWN, Code.OUTCOME_UNKNOWN, "no endpoint was asked")


def test_an_endpoint_of_a_client_nobody_knows_refuses_nothing_for_certain(chain: Any) -> None:
    answers = [SendAnswer("gateway", None, POOR)]
    sent = LiveBroadcaster(chain.node, Endpoints(answers)).broadcast(b"", HASH, private=False)
    assert sent.answer.verdict is Verdict.UNKNOWN


def test_a_plans_first_bytes_go_to_the_relay_alone_and_its_replacement_to_everybody(chain: Any, tmp_path: Path) -> None:
    relay, public = Endpoints([SendAnswer("relay", HASH, None)]), Endpoints([SendAnswer("node", HASH, None)])
    broadcaster = LiveBroadcaster(chain.node, public, relay=relay)
    chain.set_automine(False)
    with Journal(tmp_path / "journal.db") as journal:
        sender = Sender(chain.node, chain.signer, journal, broadcaster, 50.0, 10**8, rules=SendRules(poll_s=0.01))
        sender.send(chain.rehearsed(), "")
        sender.finish_unfinished()
        assert (len(relay.seen), len(set(relay.seen)), len(public.seen)) == (2, 1, 0)
        chain.pass_time(121)
        sender.finish_unfinished()
        assert (len(relay.seen), len(public.seen)) == (2, 1)


def test_an_urgent_plan_does_not_wait_for_a_relay(chain: Any, tmp_path: Path) -> None:
    relay, public = Endpoints([]), Endpoints([SendAnswer("node", HASH, None)])
    with Journal(tmp_path / "journal.db") as journal:
        broadcaster = LiveBroadcaster(chain.node, public, relay=relay)
        Sender(chain.node, chain.signer, journal, broadcaster, 50.0, 10**8).send(chain.rehearsed(), "", urgent=True)
    assert (len(relay.seen), len(public.seen)) == (0, 1)


def test_a_broadcaster_asks_every_endpoint_what_it_is(chain: Any, tmp_path: Path) -> None:
    away = "http://127.0.0.1:1"
    registered = replace(load_chain("local"), private_relay=chain.url)
    broadcaster = open_broadcaster(registered, chain.node, NodeSender(Node(away)), [chain.url, away])
    assert broadcaster._clients == {chain.node.name: Client.ANVIL, "127.0.0.1:1": None}
    with Journal(tmp_path / "journal.db") as journal:
        rules = SendRules(wait_s=10.0, poll_s=0.01)  # the node answers before it has mined
        sender = Sender(chain.node, chain.signer, journal, broadcaster, 50.0, 10**8, rules=rules)
        sent = sender.send(chain.rehearsed(), "")
        assert isinstance(sent, Outcome)
        assert (sent.status, chain.count()) == (Status.MINED, 1), "through the relay, since the public node is away"


def test_the_rules_are_the_chains() -> None:
    ethereum_like = replace(load_chain("local"), confirmation_blocks=2, finality_blocks=64, replace_after_s=36)
    rules = SendRules.of(ethereum_like, wait_s=20.0, poll_s=0.5)
    assert (rules.confirmation_blocks, rules.finality_blocks, rules.replace_after_s) == (2, 64, 36)
    with pytest.raises(ValueError, match="confirmation_blocks"):
        SendRules(confirmation_blocks=3, finality_blocks=2)
    with pytest.raises(ValueError, match="positive times"):
        SendRules(poll_s=0)
