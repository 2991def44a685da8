"""When answers agree, and what was wrong with those that do not: pure, so that every case can be tried."""

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from chains.providers.health import FaultKind
from chains.providers.problems import StillSyncing, WrongChain
from chains.providers.worker import Told
from chains.rpc import BadAnswer, BlockRef, RpcError

_EXECUTION_REVERTED = 3  # JSON-RPC error code of a revert, which not every client uses
_REVERT_WORDS = re.compile(r"\brevert(ed)?\b", re.IGNORECASE)


class Opinion(NamedTuple):
    """What a provider says: a value, or that the call reverts with these data. Clients word a revert differently."""

    reverted: bool
    content: Any


def opinion(told: Told) -> Opinion | None:
    """What may be compared with others' answers; None when the provider said nothing usable."""
    if told.error is None:
        return Opinion(False, told.value)
    if not isinstance(told.error, RpcError) or not _is_revert(told.error):
        return None
    try:
        return Opinion(True, told.error.revert_data or b"")
    except BadAnswer:
        return None


def _is_revert(error: RpcError) -> bool:
    return error.code == _EXECUTION_REVERTED or bool(_REVERT_WORDS.search(error.message))


def agreed(answers: Sequence[Told], needed: int) -> Told | None:
    """The answer that at least `needed` providers give alike; there can be one only when `needed` is a majority."""
    for told in answers:
        own = opinion(told)
        if own is not None and sum(opinion(other) == own for other in answers) >= needed:
            return told
    return None


def fault_of_silence(told: Told) -> FaultKind | None:
    """The fault of an answer that is no opinion; None when it is one."""
    if opinion(told) is not None:
        return None
    kinds = {
        WrongChain: FaultKind.WRONG_CHAIN,
        StillSyncing: FaultKind.SYNCING,
        BadAnswer: FaultKind.BAD_ANSWER,
        RpcError: FaultKind.REFUSED,
    }
    for kind, fault in kinds.items():
        if isinstance(told.error, kind):
            return fault
    return FaultKind.NO_ANSWER


def fault_of_head(block: BlockRef, accepted: BlockRef, max_lag_blocks: int) -> FaultKind | None:
    """What is wrong with a provider's newest block beside the accepted one; None when it is merely a little off."""
    if block.number == accepted.number and block != accepted:
        return FaultKind.FORKED
    if block.number < accepted.number - max_lag_blocks:
        return FaultKind.LAGGING
    if block.number > accepted.number + max_lag_blocks:
        return FaultKind.AHEAD
    return None


def shared_height(heads: Sequence[BlockRef], needed: int) -> int:
    """The greatest height that at least `needed` providers have reached; a lone liar cannot lift it."""
    return sorted((head.number for head in heads), reverse=True)[needed - 1]
