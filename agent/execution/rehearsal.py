"""Tries the exact transaction on the node, in the state it was planned for, before anything is signed."""

from dataclasses import dataclass

from agent.decision import Refused
from agent.execution.plan import Plan, encode_rebalance
from agent.execution.revert_codes import reason_for
from agent.market.observation import Block
from agent.reasons import Code, Reason
from chains.rpc import Node, RpcError, quantity

# An estimate is the node's word and not believed outside of these. Gas that is not used costs nothing.
MIN_GAS_LIMIT = 500_000
MAX_GAS_LIMIT = 3_000_000
GAS_MARGIN = 50_000


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """A plan that went through on the node; only this can be sent."""

    plan: Plan
    calldata: bytes
    block: Block  # the state it went through in
    gas_limit: int


def rehearse(node: Node, plan: Plan, agent: str, block: Block) -> Rehearsed | Refused[Plan]:
    """Calls `rebalance(plan)` as the agent in the state after `block`, and estimates its gas, in one round trip.

        gas limit = 1.25 x estimate + 50,000, at least 500,000

    Returns
    -------
    The plan ready to be sent, or refused with the contract's error under its code, or refused because it would need
    more than 3,000,000 gas.

    Raises
    ------
    RpcError, RpcUnavailable : the node could not say; nothing is known about the plan
    """
    calldata = encode_rebalance(plan)
    call = {"from": agent, "to": plan.vault, "data": "0x" + calldata.hex()}
    state = {"blockHash": block.hash, "requireCanonical": True}
    try:
        _, estimate = node.batch([("eth_call", [call, state]), ("eth_estimateGas", [call, state])])
    except RpcError as error:
        if not is_revert(error):
            raise
        return Refused(plan, (reason_for(error.revert_data or b""),))
    gas_limit = max(quantity(estimate) * 5 // 4 + GAS_MARGIN, MIN_GAS_LIMIT)
    if gas_limit > MAX_GAS_LIMIT:
        reason = Reason(
            Code.REHEARSAL_REVERTED,
            "the plan needs more gas than any plan should",
            float(gas_limit),
            float(MAX_GAS_LIMIT),
            "split the plan",
        )
        return Refused(plan, (reason,))
    return Rehearsed(plan, calldata, block, gas_limit)


def is_revert(error: RpcError) -> bool:
    """Whether the node says that the contract reverted, as opposed to that it could not run the call."""
    return error.revert_data is not None or "execution reverted" in error.message
