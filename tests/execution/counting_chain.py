"""A node with a contract that counts its calls; shared by the tests of execution and of faults."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from agent.execution import LocalSigner, Plan, Rehearsed, encode_rebalance
from agent.execution.plan import Action
from agent.market.observation import Block
from chains.local.accounts import AGENT_TEST_KEY
from chains.local.anvil import BLOCK_GAS_LIMIT, Anvil
from chains.rpc import Node, quantity

NOW = 1_750_000_000
COUNTER = "0x00000000000000000000000000000000000c0De1"
COUNTER_CODE = "0x5f546001015f5500"  # slot 0 += 1, whatever the calldata
REVERTING_CODE = "0x5f5ffd"


def wait_for_pending(node: Node) -> None:
    """Until a transaction waits in the node's pool."""
    until = time.monotonic() + 30
    while node.call("txpool_status")["pending"] == "0x0":
        assert time.monotonic() < until, "nothing was sent"
        time.sleep(0.01)


@dataclass(frozen=True)
class CountingChain:
    """A node with a contract that counts its calls: unlike a vault it would not forgive a second effect."""

    node: Node
    url: str
    signer: LocalSigner

    def count(self) -> int:
        return quantity(self.node.call("eth_getStorageAt", COUNTER, "0x0", "latest"))

    def nonce(self) -> int:
        return quantity(self.node.call("eth_getTransactionCount", self.signer.address, "latest"))

    def set_code(self, code: str) -> None:
        self.node.call("anvil_setCode", COUNTER, code, nullable=True)

    def set_automine(self, on: bool) -> None:
        self.node.call("evm_setAutomine", on, nullable=True)

    def mine(self) -> None:
        self.node.call("evm_mine")

    def pass_time(self, seconds: int) -> None:
        """A block so much later, too small for any transaction that waits."""
        self.node.call("evm_setBlockGasLimit", hex(22_000))
        self.node.call("evm_setNextBlockTimestamp", self.node.head().timestamp + seconds, nullable=True)
        self.mine()
        self.node.call("evm_setBlockGasLimit", hex(BLOCK_GAS_LIMIT))

    def rehearsed(self, number: int = 1, **changes: Any) -> Rehearsed:
        """What a rehearsal would have let through."""
        head = self.node.head()
        block = Block(head.number, head.hash, head.timestamp, head.base_fee_wei)
        action = Action(COUNTER, 0, b"", "count once")
        plan = Plan(31337, COUNTER, number, head.timestamp + 120, bytes(32), (action,))
        return replace(Rehearsed(plan, encode_rebalance(plan), block, 500_000), **changes)


@contextmanager
def fresh(anvil: Anvil) -> Iterator[CountingChain]:
    """The counting chain at its start; put back to it afterwards, whatever a test did."""
    node = anvil.node
    snapshot = node.call("evm_snapshot")
    found = CountingChain(node, anvil.url, LocalSigner(AGENT_TEST_KEY))
    found.set_code(COUNTER_CODE)
    yield found
    node.call("anvil_dropAllTransactions", nullable=True)  # first: automining what waits could outlast the revert
    node.call("evm_setAutomine", True, nullable=True)
    node.call("evm_setBlockGasLimit", hex(BLOCK_GAS_LIMIT))
    node.call("evm_revert", snapshot)
