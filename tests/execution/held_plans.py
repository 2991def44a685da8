"""A plan that was sent and waits in the pool of a node that mines when it is told to."""

from typing import Any

from agent.execution import Journal, LiveBroadcaster, NodeSender, Outcome, Sender, SendRules, Status
from agent.execution.answers import Client
from chains.rpc import Node

RULES = SendRules(poll_s=0.01)


def sender_on(chain: Any, journal: Journal, node: Node | None = None, max_fee_gwei: float = 50.0) -> Sender:
    node = node or chain.node
    broadcaster = LiveBroadcaster(node, NodeSender(node), clients={node.name: Client.ANVIL})
    return Sender(node, chain.signer, journal, broadcaster, max_fee_gwei, 10**8, rules=RULES)


def hold(chain: Any, journal: Journal, **options: Any) -> Sender:
    chain.set_automine(False)
    sender = sender_on(chain, journal, **options)
    sent = sender.send(chain.rehearsed(), "")
    assert isinstance(sent, Outcome)
    assert sent.status is Status.UNKNOWN
    return sender
