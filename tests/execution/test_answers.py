import pytest

from agent.execution.answers import refusal_code
from agent.reasons import Code
from chains.rpc import RpcError


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("Insufficient funds for gas * price + value", Code.GAS_RESERVE),
        ("insufficient funds for gas * price + value: balance 0, tx cost 1", Code.GAS_RESERVE),
        ("max fee per gas less than block base fee: address 0x1, maxFeePerGas: 1, baseFee: 2", Code.GAS_RESERVE),
        ("intrinsic gas too low: gas 20000, minimum needed 21000", Code.GAS_RESERVE),
        ("transaction underpriced: tip needed 1, tip permitted 0", Code.GAS_RESERVE),
        ("exceeds block gas limit", Code.GAS_RESERVE),
        ("invalid chain id for signer", Code.WRONG_CHAIN),
    ],
)
def test_a_check_before_the_pool_is_a_certain_refusal(message: str, code: Code) -> None:
    assert refusal_code(RpcError(-32003, f"eth_sendRawTransaction: {message}")) is code


@pytest.mark.parametrize(
    "message",
    [
        "already known",
        "transaction already imported",
        "known transaction: 0xabc",
        "unknown transaction",
        "nonce too low: next nonce 5, tx nonce 4",
        "replacement transaction underpriced",
        "internal error",
        "txpool is full",
        "",
    ],
)
def test_everything_else_leaves_the_outcome_open(message: str) -> None:
    assert refusal_code(RpcError(-32000, f"eth_sendRawTransaction: {message}")) is None
