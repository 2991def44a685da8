"""Tries the exact transaction on the node, in the state it was planned for, before anything is signed."""

import re
from dataclasses import dataclass

from agent.decision import Refused
from agent.execution.plan import Plan, encode_rebalance
from agent.execution.revert_codes import reason_for
from agent.market.observation import Block
from agent.reasons import Code, Reason
from chains.rpc import Reader, RpcError

# Every plan gets the same gas, and is rehearsed with it: a node's estimate can lie, and takes it dozens of executions.
# Opening both legs uses 830,000; what is not used costs nothing.
GAS_LIMIT = 1_500_000

_OUT_OF_GAS = re.compile(r"out ?of ?gas", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """A plan that went through on the node; only this can be sent."""

    plan: Plan
    calldata: bytes
    block: Block  # the state it went through in
    gas_limit: int


def rehearse(node: Reader, plan: Plan, agent: str, block: Block) -> Rehearsed | Refused[Plan]:
    """Calls `rebalance(plan)` as the agent in the state after `block`, with the gas it will have; one round trip.

    Returns
    -------
    The plan ready to be sent, or refused with the contract's error under its code.

    Raises
    ------
    RpcError, RpcUnavailable : the node could not say; nothing is known about the plan
    """
    calldata = encode_rebalance(plan)
    call = {"from": agent, "to": plan.vault, "data": "0x" + calldata.hex(), "gas": hex(GAS_LIMIT)}
    try:
        node.call("eth_call", call, {"blockHash": block.hash, "requireCanonical": True})
    except RpcError as error:
        if is_revert(error):
            return Refused(plan, (reason_for(error.revert_data or b""),))
        if _OUT_OF_GAS.search(error.message):
            message = f"the plan needs more than {GAS_LIMIT} gas, split it"
            return Refused(plan, (Reason(Code.GAS_EXHAUSTED, message, where="plan"),))
        raise
    return Rehearsed(plan, calldata, block, GAS_LIMIT)


def is_revert(error: RpcError) -> bool:
    """Whether the node says that the contract reverted, as opposed to that it could not run the call."""
    return error.revert_data is not None or "execution reverted" in error.message
