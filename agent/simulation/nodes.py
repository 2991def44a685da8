"""Three providers of the simulated chain, one of which lies; they are late, silent, or on a branch that is gone."""

from collections.abc import Callable, Sequence
from typing import Any

from agent.simulation.chain import GAS_USED, GAS_USED_BY_NOTHING, Included, SimulatedBlock, SimulatedChain, read_sent
from agent.simulation.vault import QUOTER, Books, proceeds
from agent.simulation.world import World
from chains.functions import abi_decode, abi_encode
from chains.providers.worker import Job, Told
from chains.rpc import BadAnswer, BlockRef, Request, RpcError, RpcUnavailable, block_ref, data_bytes, pinned_call

CHAIN_ID = 31337
LARGEST_LAG = 4  # blocks
NAMES = ("first", "second", "liar")


class SimulatedNode:
    """One provider, asked as `chains.rpc.Node` is asked."""

    def __init__(self, name: str, world: World, chain: SimulatedChain) -> None:
        self.name = name
        self._world, self._chain = world, chain
        self._view = chain.head

    def call(self, method: str, *params: Any, nullable: bool = False, parse: Callable[[Any], Any] | None = None) -> Any:
        """One method, or why it came to nothing."""
        (result,) = self._exchange([(method, params)], nullable)
        return result if parse is None or result is None else parse(result)

    def batch(self, requests: Sequence[Request], *, nullable: bool = False) -> list[Any]:
        """Several methods in one round trip."""
        return self._exchange(requests, nullable)

    def head(self) -> BlockRef:
        """The newest block it knows."""
        block: BlockRef = self.call("eth_getBlockByNumber", "latest", False, parse=block_ref)
        return block

    def call_at(self, block_hash: str, to: str, data: bytes, *, sender: str | None = None) -> bytes:
        """A call in the state after a block."""
        answer: bytes = self.call("eth_call", *pinned_call(block_hash, to, data, sender), parse=data_bytes)
        return answer

    def _exchange(self, requests: Sequence[Request], nullable: bool) -> list[Any]:
        world, weather = self._world, self._world.weather
        late = self._chain.head.number - self._view.number <= LARGEST_LAG and world.strikes(weather.lag)
        if not late:
            self._view = self._chain.head
        if world.strikes(weather.timeout / 2):
            raise RpcUnavailable(f"{self.name}: not reached")
        results = [self._answer(method, list(params)) for method, params in requests]
        if world.strikes(weather.cut):
            world.cut_until_s = world.now_s + world.dice.randint(1, 60)
        if world.now_s <= world.cut_until_s or world.strikes(weather.timeout / 2):
            raise RpcUnavailable(f"{self.name}: no answer")
        if self.name == "liar" and world.strikes(weather.lie):
            results = [_lie(result, world) for result in results]
        if not nullable and any(result is None for result in results):
            raise BadAnswer(f"{self.name}: the node answered null")
        return results

    def _answer(self, method: str, params: list[Any]) -> Any:
        view, chain = self._view, self._chain
        if method == "eth_chainId":
            return hex(CHAIN_ID)
        if method == "eth_syncing":
            return False
        if method == "eth_getCode":
            return "0x"
        if method == "eth_getBlockByNumber":
            found = view if params[0] == "latest" else self._at_height(int(params[0], 16))
            return None if found is None else _block(found)
        if method == "eth_getTransactionCount":
            return hex(self._pending() if params[1] == "pending" else self._block_of(params[1]).nonce)
        if method == "eth_getTransactionReceipt":
            included = self._included(params[0])
            return None if included is None else _receipt(included)
        if method == "eth_getTransactionByHash":
            pooled = next((one for one in chain.pool.values() if one.hash == params[0]), None)
            return {"hash": params[0]} if pooled or self._included(params[0]) else None
        if method == "eth_call":
            return "0x" + self._call(params[0], params[1]).hex()
        if method == "eth_sendRawTransaction":
            return self._take(data_bytes(params[0]))
        raise RpcError(-32601, f"the method {method} does not exist")

    def _take(self, raw: bytes) -> str:
        sent = read_sent(raw)
        if sent.nonce < self._view.nonce:
            raise RpcError(-32000, "nonce too low")
        refused = self._chain.take(sent)
        if refused is not None:
            raise RpcError(-32000, refused)
        return sent.hash

    def _call(self, call: dict[str, str], where: Any) -> bytes:
        block = self._block_of(where)
        calldata = data_bytes(call["data"])
        if not calldata:
            return block.books.encoded()
        if call["to"] == QUOTER:
            ((_, _, coins, _, _),) = abi_decode("((address,address,uint256,uint24,uint160))", calldata[4:])
            return abi_encode("(uint256,uint160,uint32,uint256)", (proceeds(coins), 0, 0, 0))
        after = block.books.carried_out(calldata, block.timestamp)
        if isinstance(after, Books):
            return b""
        raise RpcError(3, "execution reverted", "0x" + after.hex())

    def _block_of(self, where: Any) -> SimulatedBlock:
        if where == "latest":
            return self._view
        if isinstance(where, dict):
            block = self._chain.blocks.get(where["blockHash"])
            if block is None or self._at_height(block.number) != block:
                raise RpcError(-32000, "hash is not currently canonical")
            return block
        found = self._at_height(int(where, 16))
        if found is None:
            raise RpcError(-32000, "header not found")
        return found

    def _at_height(self, number: int) -> SimulatedBlock | None:
        block = self._view
        while block.number > number:
            block = self._chain.blocks[block.parent]
        return block if block.number == number else None

    def _pending(self) -> int:
        nonce = self._view.nonce
        while nonce in self._chain.pool:
            nonce += 1
        return nonce

    def _included(self, transaction_hash: str) -> Included | None:
        return next((one for one in self._view.included if one.sent.hash == transaction_hash), None)


class SimulatedProvider:
    """Does jobs at once instead of on a thread of its own, so that their order is the seed's."""

    def __init__(self, node: SimulatedNode, world: World) -> None:
        self.name = node.name
        self._node, self._world = node, world

    def submit(self, job: Job, deliver: Callable[[Told], None], still_wanted: Callable[[], bool]) -> None:
        """Asks the node now; time passes, and the process may end before or after."""
        world = self._world
        world.point(f"{self.name} asked")
        world.wait(world.dice.choice((0, 0, 0, 0, 1, 2)))
        value, error = None, None
        try:
            value = job(self._node)  # type: ignore[arg-type]  # it answers as a Node does
        except (RpcError, RpcUnavailable) as failure:
            error = failure
        world.note(self.name, type(error).__name__ if error else _short(value))
        world.point(f"{self.name} answered")
        deliver(Told(self.name, value, error, 0.0))

    def abort(self) -> None:
        """Nothing is ever under way."""

    def close(self) -> None:
        """Nothing is open."""


def _short(value: Any) -> str:
    return repr(value)[:200]


def _lie(result: Any, world: World) -> Any:
    """Another number, another status, or nothing."""
    if isinstance(result, dict) and world.strikes(0.5):
        changed = {"status": "0x0" if result.get("status") == "0x1" else "0x1"} if "status" in result else {}
        return {**result, **changed, "blockHash": "0x" + "ee" * 32, "timestamp": hex(world.now_s + 999)}
    if isinstance(result, str) and len(result) > 2:
        return result[:-1] + f"{(int(result[-1], 16) + 1) % 16:x}"
    return None


def _block(block: SimulatedBlock) -> dict[str, str]:
    return {
        "number": hex(block.number),
        "hash": block.hash,
        "timestamp": hex(block.timestamp),
        "baseFeePerGas": hex(block.base_fee),
    }


def _receipt(included: Included) -> dict[str, Any]:
    return {
        "transactionHash": included.sent.hash,
        "status": hex(included.success),
        "blockNumber": hex(included.block_number),
        "blockHash": included.block_hash,
        "gasUsed": hex(GAS_USED if included.sent.is_plan else GAS_USED_BY_NOTHING),
        "effectiveGasPrice": hex(included.price),
        "logs": [],
    }
