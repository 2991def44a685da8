"""Why a mined plan reverted: the contract's own error, and whether it ran out of gas."""

from agent.execution.broadcast import Receipt
from agent.execution.records import Attempt, Open
from agent.execution.rehearsal import is_revert
from agent.execution.revert_codes import reason_for
from agent.reasons import Code, Reason
from chains.artifacts import decode_revert
from chains.rpc import Reader, RpcError, RpcUnavailable


def explain_revert(node: Reader, opened: Open, attempt: Attempt, receipt: Receipt) -> tuple[Reason, str]:
    """The reason of a receipt with status 0, and the name of the contract's error, by which repetitions are counted.

    The call is repeated in the state after its block: good enough for a message and a name, not for money.
    """
    if receipt.gas_used >= attempt.gas_limit:
        message = f"reverted in block {receipt.block_number} with all its gas used up"
        used, limit = float(receipt.gas_used), float(attempt.gas_limit)
        return Reason(Code.GAS_EXHAUSTED, message, used, limit, "plan"), "out of gas"
    code, why, name = Code.TRANSACTION_REVERTED, "the reason could not be had", "unknown"
    call = {"from": opened.intent.signer, "to": opened.intent.vault, "data": "0x" + opened.intent.calldata.hex()}
    try:
        node.call("eth_call", call, hex(receipt.block_number))
        why = "it would go through in the state after its block"
    except RpcError as error:
        if is_revert(error):
            data = error.revert_data or b""
            found = reason_for(data)
            why, name = str(found), decode_revert(data).name
            code = code if found.code is Code.REHEARSAL_REVERTED else found.code
    except RpcUnavailable as error:
        why = f"the reason could not be had: {error}"
    return Reason(code, f"reverted in block {receipt.block_number}: {why}"), name
