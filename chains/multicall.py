"""Everything a cycle wants to know, read in one eth_call through Multicall3 and pinned to one block."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Generic, TypeVar

from chains.functions import Function, RawFunction, UndecodableResult
from chains.rpc import BadAnswer, BlockRef, Reader

T = TypeVar("T")

MULTICALL3_ADDRESS = "0xcA11bde05977b3631167028862bE2a173976CA11"

_AGGREGATE3 = Function("aggregate3((address,bool,bytes)[])", "((bool,bytes)[])")
_BLOCK_TIMESTAMP = Function("getCurrentBlockTimestamp()", "(uint256)")


@dataclass(frozen=True, slots=True)
class Call:
    """One view call: contract, function, arguments. The calldata are made once, here.

    With `may_revert` a revert is a result: a `CallReverted` in its place.
    """

    to: str
    function: Function | RawFunction
    args: tuple[Any, ...] = ()
    may_revert: bool = False
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


@dataclass(frozen=True, slots=True)
class Query(Generic[T]):
    """Calls whose results `make` one value, so that several queries can share a round trip."""

    calls: tuple[Call, ...]
    make: Callable[[Sequence[Any]], T]


class AnswerFromAnotherBlock(BadAnswer):
    """A node answered for another block than the one asked for, although the read was pinned."""


class ReadReverted(Exception):
    """A view call reverted although its caller needed it."""

    def __init__(self, reverted: CallReverted) -> None:
        super().__init__(f"{reverted.call.function.signature} at {reverted.call.to}: reverted 0x{reverted.data.hex()}")
        self.reverted = reverted


def read_all(node: Reader, block: BlockRef, calls: Sequence[Call], *, allow_reverts: bool = False) -> list[Any]:
    """The results of all calls in the state after `block`, in one round trip; two when the first answer is of another.

    Parameters
    ----------
    calls : any number of view calls
    allow_reverts : put a `CallReverted` in the result's place instead of raising

    Returns
    -------
    One entry per call: the value itself when the function returns one value, a tuple when it returns several.

    Raises
    ------
    ReadReverted : a call reverted that may not, and `allow_reverts` is off
    UndecodableResult : an answer has the wrong shape; usually no contract lives at that address
    AnswerFromAnotherBlock : the state read is not the one after `block`, although asked for twice
    RpcError, RpcUnavailable : the round trip failed
    """
    if not calls:
        return []
    calldata = _aggregate_calldata(tuple((call.to, call.calldata) for call in calls))
    answers, timestamp = _ask(node, block, calldata, len(calls))
    if timestamp != block.timestamp:
        # While anvil mines a block, it answers with that one's state and time; a moment later it heeds the pin.
        answers, timestamp = _ask(node, block, calldata, len(calls))
    if timestamp != block.timestamp:
        raise AnswerFromAnotherBlock(
            f"asked was the state after block {block.number} of time {block.timestamp}, the answer is of {timestamp}"
        )
    return [_value(call, ok, data, allow_reverts) for call, (ok, data) in zip(calls, answers, strict=True)]


def read_queries(node: Reader, block: BlockRef, queries: Sequence[Query[Any]]) -> list[Any]:
    """The value of every query in the state after `block`, all in one round trip; raises what `read_all` raises."""
    answers = iter(read_all(node, block, [call for query in queries for call in query.calls]))
    return [query.make([next(answers) for _ in query.calls]) for query in queries]


def _ask(node: Reader, block: BlockRef, calldata: bytes, count: int) -> tuple[Sequence[tuple[bool, bytes]], int]:
    """Success and data of each call, and the time of the block in whose state they were made."""
    (answers,) = _AGGREGATE3.decode(node.call_at(block.hash, MULTICALL3_ADDRESS, calldata))
    if len(answers) != count + 1:
        raise UndecodableResult(f"Multicall3 gave {len(answers)} answers to {count + 1} calls")
    (timestamp,) = _BLOCK_TIMESTAMP.decode(answers[0][1])
    return answers[1:], timestamp


@lru_cache(maxsize=256)
def _aggregate_calldata(calls: tuple[tuple[str, bytes], ...]) -> bytes:
    """The block's time comes first: it tells whether a node heeded the block that it was asked about."""
    clock = (MULTICALL3_ADDRESS, True, _BLOCK_TIMESTAMP.encode())
    return _AGGREGATE3.encode([clock, *((to, True, calldata) for to, calldata in calls)])


def _value(call: Call, success: bool, data: bytes, allow_reverts: bool) -> Any:
    if not success:
        reverted = CallReverted(call, data)
        if not (allow_reverts or call.may_revert):
            raise ReadReverted(reverted)
        return reverted
    try:
        values = call.function.decode(data)
    except UndecodableResult as error:
        raise UndecodableResult(f"{call.function.signature} at {call.to}: {error}") from error
    return values[0] if len(values) == 1 else values
