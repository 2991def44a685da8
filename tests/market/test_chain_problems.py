"""Everything that can go wrong with a chain or a provider has a code of its own kind."""

import pytest

from agent.market.chain_problems import chain_reason, provider_reason
from agent.reasons import Code
from chains.functions import UndecodableResult
from chains.multicall import AnswerFromAnotherBlock
from chains.providers import (
    ChainForked,
    FaultKind,
    HeadStuck,
    ProviderFault,
    ProvidersDisagree,
    QuorumMissing,
)
from chains.rpc import BadAnswer, RpcError, RpcUnavailable


def test_a_problem_keeps_its_own_code_and_not_that_of_its_kind() -> None:
    codes = {
        ChainForked("x"): Code.CHAIN_FORK,
        HeadStuck("x"): Code.CHAIN_STUCK,
        QuorumMissing("x"): Code.CHAIN_QUORUM,
        ProvidersDisagree("x"): Code.CHAIN_DISAGREES,
        AnswerFromAnotherBlock("x"): Code.CHAIN_WRONG_BLOCK,
        BadAnswer("x"): Code.CHAIN_BAD_ANSWER,
        RpcUnavailable("x"): Code.CHAIN_UNREACHABLE,
        RpcError(1, "x"): Code.CHAIN_REFUSED,
        UndecodableResult("x"): Code.CHAIN_BAD_ANSWER,
    }
    assert {problem: chain_reason(problem).code for problem in codes} == codes


@pytest.mark.parametrize("kind", FaultKind)
def test_every_fault_of_a_provider_has_a_code_and_names_the_provider(kind: FaultKind) -> None:
    reason = provider_reason(ProviderFault("node.example:443", kind, "why"))
    assert reason.message == f"node.example:443: {kind}: why"
    assert reason.code in Code
