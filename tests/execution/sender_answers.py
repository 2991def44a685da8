"""A broadcaster for a real node, and what a sender's answers say."""

from typing import Any

from agent.decision import Refused
from agent.execution import LiveBroadcaster, NodeSender, Outcome
from agent.execution.answers import Client
from agent.reasons import Code
from chains.rpc import Node


def live(node: Node) -> LiveBroadcaster:
    return LiveBroadcaster(node, NodeSender(node), clients={node.name: Client.ANVIL})


def outcome_of(result: Any) -> Outcome:
    assert isinstance(result, Outcome), result
    return result


def code_of(result: Any) -> Code:
    assert isinstance(result, (Refused, Outcome)), result
    code: Code = result.reasons[0].code
    return code
