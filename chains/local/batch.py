"""Many transactions of one account in one block: sent in one round trip, with addresses known before they stand."""

from typing import Any

from chains.artifacts import Artifact
from chains.functions import Function, abi_encode, constructor_inputs
from chains.local.sender import require_success, transaction_request
from chains.rpc import Node, data_bytes, quantity


class Batch:
    """Collects transactions of an unlocked account, then mines them together in the order they were added.

    Each carries its nonce, so that a contract's address is known as soon as its creation is added and what follows
    can name it. Nothing is sent before `mine`; the account must not send anything else until then.
    """

    def __init__(self, node: Node, account: str) -> None:
        self._node = node
        self._account = account
        self._first_nonce = quantity(node.call("eth_getTransactionCount", account, "pending"))
        self._transactions: list[tuple[dict[str, str], str]] = []

    def create(self, artifact: Artifact, *args: Any) -> str:
        """Adds the deployment of a contract and returns the address it will have."""
        address = created_address(self._account, self._first_nonce + len(self._transactions))
        arguments = abi_encode(constructor_inputs(artifact.abi), args)
        self._transactions.append(({"data": artifact.bytecode + arguments.hex()}, f"deploying {artifact.name}"))
        return address

    def send(self, to: str, function: Function, *args: Any, value: int = 0) -> None:
        """Adds a call of a function."""
        transaction = {"to": to, "data": "0x" + function.encode(*args).hex(), "value": hex(value)}
        self._transactions.append((transaction, f"{function.signature} at {to}"))

    def mine(self) -> list[dict[str, Any]]:
        """Mines one block with all the transactions and returns their receipts; the batch is empty after it.

        Raises
        ------
        TransactionFailed : the first that reverted, with the reason it would have after the block
        RpcUnavailable : a transaction found no place in the block
        """
        requests = [transaction_request(self._account, transaction) for transaction, _ in self._transactions]
        with_nonces = [{**one, "nonce": hex(self._first_nonce + i)} for i, one in enumerate(requests)]
        automine = self._node.call("anvil_getAutomine")
        self._node.call("evm_setAutomine", False, nullable=True)
        try:
            hashes = self._node.batch([("eth_sendTransaction", [one]) for one in with_nonces])
            self._node.call("evm_mine")
        finally:
            self._node.call("evm_setAutomine", automine, nullable=True)
        receipts = self._node.batch([("eth_getTransactionReceipt", [one]) for one in hashes])
        for receipt, request, (_, what) in zip(receipts, requests, self._transactions, strict=True):
            require_success(self._node, receipt, request, what)
        self._first_nonce += len(self._transactions)
        self._transactions = []
        return receipts


def created_address(creator: str, nonce: int) -> str:
    """Where a contract goes that this account creates at its nonce; a contract's own first nonce is 1.

    address = last 20 bytes of keccak256(rlp([creator, nonce]))
    """
    from eth_hash.auto import keccak

    digits = nonce.to_bytes((nonce.bit_length() + 7) // 8)
    encoded = digits if 0 < nonce < 0x80 else bytes([0x80 + len(digits)]) + digits
    items = b"\x94" + data_bytes(creator) + encoded
    return "0x" + keccak(bytes([0xC0 + len(items)]) + items)[12:].hex()
