"""Everything a cycle wants to know, read in one eth_call through Multicall3 and pinned to one block."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from chains.functions import Function, RawFunction, UndecodableResult
from chains.rpc import BlockRef, Node

MULTICALL3_ADDRESS = "0xcA11bde05977b3631167028862bE2a173976CA11"

_AGGREGATE3 = Function("aggregate3((address,bool,bytes)[])", "((bool,bytes)[])")


@dataclass(frozen=True, slots=True)
class Call:
    """One view call: contract, function, arguments. The calldata are made once, here."""

    to: str
    function: Function | RawFunction
    args: tuple[Any, ...] = ()
    calldata: bytes = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "calldata", self.function.encode(*self.args))


@dataclass(frozen=True, slots=True)
class CallReverted:
    """What stands in the place of a result when that call reverted."""

    call: Call
    data: bytes

    @property
    def selector(self) -> bytes:
        """The first four bytes of the revert data, empty when there were none."""
        return self.data[:4]


class ReadReverted(Exception):
    """A view call reverted although its caller needed it."""

    def __init__(self, reverted: CallReverted) -> None:
        super().__init__(f"{reverted.call.function.signature} at {reverted.call.to}: reverted 0x{reverted.data.hex()}")
        self.reverted = reverted


def read_all(node: Node, block: BlockRef, calls: Sequence[Call], *, allow_reverts: bool = False) -> list[Any]:
    """The results of all calls in the state after `block`, in one round trip.

    Parameters
    ----------
    calls : any number of view calls
    allow_reverts : put a `CallReverted` in the result's place instead of raising

    Returns
    -------
    One entry per call: the value itself when the function returns one value, a tuple when it returns several.

    Raises
    ------
    ReadReverted : a call reverted and `allow_reverts` is off
    UndecodableResult : an answer has the wrong shape; usually no contract lives at that address
    RpcError, RpcUnavailable : the round trip failed
    """
    if not calls:
        return []
    calldata = _aggregate_calldata(tuple((call.to, call.calldata) for call in calls))
    (answers,) = _AGGREGATE3.decode(node.call_at(block.hash, MULTICALL3_ADDRESS, calldata))
    if len(answers) != len(calls):
        raise UndecodableResult(f"Multicall3 gave {len(answers)} answers to {len(calls)} calls")
    return [_value(call, ok, data, allow_reverts) for call, (ok, data) in zip(calls, answers, strict=True)]


@lru_cache(maxsize=256)
def _aggregate_calldata(calls: tuple[tuple[str, bytes], ...]) -> bytes:
    return _AGGREGATE3.encode([(to, True, calldata) for to, calldata in calls])


def _value(call: Call, success: bool, data: bytes, allow_reverts: bool) -> Any:
    if not success:
        reverted = CallReverted(call, data)
        if not allow_reverts:
            raise ReadReverted(reverted)
        return reverted
    try:
        values = call.function.decode(data)
    except UndecodableResult as error:
        raise UndecodableResult(f"{call.function.signature} at {call.to}: {error}") from error
    return values[0] if len(values) == 1 else values
