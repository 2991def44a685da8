"""What a chain or one of its providers did wrong, as codes: `chains` itself knows none."""

from agent.reasons import Code, Reason
from chains.functions import UndecodableResult
from chains.multicall import AnswerFromAnotherBlock, ReadReverted
from chains.providers import ChainForked, FaultKind, HeadStuck, ProviderFault, ProvidersDisagree, QuorumMissing
from chains.rpc import BadAnswer, RpcError, RpcUnavailable

ChainProblem = RpcError | RpcUnavailable | ReadReverted | UndecodableResult
CHAIN_PROBLEMS = (RpcError, RpcUnavailable, ReadReverted, UndecodableResult)
WHERE = "providers"

# The first that fits counts, so the narrower ones come first.
_CODES: tuple[tuple[type[Exception], Code], ...] = (
    (ChainForked, Code.CHAIN_FORK),
    (HeadStuck, Code.CHAIN_STUCK),
    (QuorumMissing, Code.CHAIN_QUORUM),
    (ProvidersDisagree, Code.CHAIN_DISAGREES),
    (AnswerFromAnotherBlock, Code.CHAIN_WRONG_BLOCK),
    (BadAnswer, Code.CHAIN_BAD_ANSWER),
    (RpcUnavailable, Code.CHAIN_UNREACHABLE),
    (RpcError, Code.CHAIN_REFUSED),
    (ReadReverted, Code.CHAIN_REFUSED),
    (UndecodableResult, Code.CHAIN_BAD_ANSWER),
)

_FAULT_CODES = {
    FaultKind.NO_ANSWER: Code.CHAIN_UNREACHABLE,
    FaultKind.BAD_ANSWER: Code.CHAIN_BAD_ANSWER,
    FaultKind.REFUSED: Code.CHAIN_REFUSED,
    FaultKind.WRONG_CHAIN: Code.WRONG_CHAIN,
    FaultKind.SYNCING: Code.CHAIN_LAGGING,
    FaultKind.LAGGING: Code.CHAIN_LAGGING,
    FaultKind.AHEAD: Code.CHAIN_DISAGREES,
    FaultKind.FORKED: Code.CHAIN_FORK,
    FaultKind.DISAGREES: Code.CHAIN_DISAGREES,
}


def chain_reason(problem: ChainProblem) -> Reason:
    """Why the chain could not be read, with the code of what went wrong."""
    code = next(code for kind, code in _CODES if isinstance(problem, kind))
    return Reason(code, str(problem), where=WHERE)


def provider_reason(fault: ProviderFault) -> Reason:
    """What one provider was caught at; its answer was not used."""
    return Reason(_FAULT_CODES[fault.kind], f"{fault.provider}: {fault.kind}: {fault.detail}", where=WHERE)
