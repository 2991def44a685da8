"""Transactions of the local chain's own accounts, mined one by one; the agent's are signed elsewhere."""

from dataclasses import dataclass
from typing import Any

from chains.artifacts import Artifact, decode_revert
from chains.functions import Function, abi_encode, constructor_inputs
from chains.rpc import Node, RpcError

GAS_LIMIT = 15_000_000
MAX_FEE_WEI = 100 * 10**9


class TransactionFailed(Exception):
    """A transaction of the local chain's set-up or market reverted, which is a fault of the simulation."""


@dataclass(frozen=True, slots=True)
class Sender:
    """Sends from one unlocked account and waits until each transaction is mined and successful."""

    node: Node
    account: str

    def create(self, artifact: Artifact, *args: Any) -> str:
        """Deploys a contract and returns its address."""
        arguments = abi_encode(constructor_inputs(artifact.abi), args)
        receipt = self._mine({"data": artifact.bytecode + arguments.hex()}, f"deploying {artifact.name}")
        return str(receipt["contractAddress"])

    def send(self, to: str, function: Function, *args: Any, value: int = 0) -> dict[str, Any]:
        """Calls a function in a transaction and returns the receipt."""
        transaction = {"to": to, "data": "0x" + function.encode(*args).hex(), "value": hex(value)}
        return self._mine(transaction, f"{function.signature} at {to}")

    def _mine(self, transaction: dict[str, str], what: str) -> dict[str, Any]:
        request = transaction_request(self.account, transaction)
        receipt = self.node.call("eth_sendTransactionSync", request)
        return require_success(self.node, receipt, request, what)


def transaction_request(account: str, transaction: dict[str, str]) -> dict[str, str]:
    """A transaction with all the fields that the node would otherwise have to work out."""
    fees = {"gas": hex(GAS_LIMIT), "maxFeePerGas": hex(MAX_FEE_WEI), "maxPriorityFeePerGas": "0x0"}
    return {"from": account, **transaction, **fees}


def require_success(node: Node, receipt: Any, request: dict[str, str], what: str) -> dict[str, Any]:
    """The receipt itself, or `TransactionFailed` with the reason the contract gave."""
    if isinstance(receipt, dict) and receipt.get("status") == "0x1":
        return receipt
    try:
        node.call("eth_call", request, "latest")
    except RpcError as error:
        reason = decode_revert(error.revert_data) if error.revert_data is not None else error.message
        raise TransactionFailed(f"{what}: {reason}") from error
    raise TransactionFailed(f"{what}: failed with receipt {receipt}")
