"""A receipt is believed only when it is whole and of the transaction that was asked for."""

from typing import Any

import pytest

from agent.execution.broadcast import parse_receipt
from chains.rpc import RpcUnavailable

HASH = "0x" + "ab" * 32
WHOLE: dict[str, Any] = {
    "transactionHash": HASH,
    "status": "0x1",
    "blockNumber": "0x10",
    "blockHash": "0x" + "CD" * 32,
    "gasUsed": "0x5208",
    "effectiveGasPrice": "0x7",
    "logs": [],
}


def test_a_whole_receipt_is_read() -> None:
    receipt = parse_receipt(WHOLE, HASH)
    assert receipt is not None
    assert (receipt.success, receipt.block_number, receipt.gas_used, receipt.gas_price_wei) == (True, 16, 21_000, 7)
    assert receipt.block_hash == "0x" + "cd" * 32, "in one spelling, because it is compared"
    assert parse_receipt(None, HASH) is None


@pytest.mark.parametrize(
    "change",
    [
        {"transactionHash": "0x" + "00" * 32},
        {"status": "0x2"},
        {"status": None},
        {"blockNumber": None},
        {"blockHash": "0x1"},
        {"blockHash": None},
        {"gasUsed": 21_000},
        {"effectiveGasPrice": "7"},
    ],
)
def test_a_receipt_of_something_else_or_with_a_part_missing_is_none(change: dict[str, Any]) -> None:
    with pytest.raises(RpcUnavailable):
        parse_receipt(WHOLE | change, HASH)


@pytest.mark.parametrize("answer", ["0x1", [], 7, True])
def test_what_is_no_receipt_at_all_is_refused(answer: Any) -> None:
    with pytest.raises(RpcUnavailable):
        parse_receipt(answer, HASH)
