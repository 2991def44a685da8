"""Fault 48: parameters of a lending market that do not fit each other."""

from dataclasses import replace

import pytest

from agent.market.oracle_facts import reserve_problem
from agent.reasons import Code
from chains.local import LocalChain, add_aave
from chains.multicall import read_queries
from chains.venues import aave_v3_market
from chains.venues.aave_v3_market import ReserveState


@pytest.fixture(scope="module")
def reserve(chain: LocalChain) -> ReserveState:
    """WETH at the real Aave, read once."""
    snapshot = chain.node.call("evm_snapshot")
    aave = add_aave(chain.node, chain.world)
    block = chain.node.head()
    (tokens,) = aave_v3_market.read_tokens(chain.node, block, aave.pool, [chain.world.base])
    (found,) = read_queries(chain.node, block, [aave_v3_market.reserve(aave.pool, aave.oracle, tokens)])
    chain.node.call("evm_revert", snapshot)
    assert isinstance(found, ReserveState)
    return found


@pytest.mark.parametrize(
    "change",
    [
        {"ltv_bps": 8_400},  # above the threshold, which itself is in range
        {"liquidation_threshold_bps": 9_900},  # in range, but not with this bonus
        {"liquidation_threshold_bps": 10_001},
        {"liquidation_bonus_bps": 2_500},
        {"liquidation_bonus_bps": 0},
        {"decimals": 0},
        {"reserve_factor_bps": 10_001},
    ],
    ids=lambda change: str(next(iter(change.items()))),
)
def test_fault_48_one_parameter_out_of_step_refuses_the_whole_set(
    reserve: ReserveState, change: dict[str, int]
) -> None:
    assert reserve_problem("base", reserve) is None
    problem = reserve_problem("base", replace(reserve, parameters=reserve.parameters._replace(**change)))
    assert problem is not None
    assert problem.code is Code.VENUE_PARAMETERS
