"""The policy's numbers reach the contract never looser than written, and every difference is told."""

import re
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategy_file import CONFIGS

from agent.config.file import load_config
from agent.config.models import LEAST_ORDER_REACH
from agent.policy import ContractLimits, Policy
from agent.reasons import Code

POLICY = load_config(CONFIGS / "eth-carry.yaml").config.policy
BINARY_ERROR = Fraction(1, 10**6)


def test_the_shipped_policy_becomes_these_constructor_arguments() -> None:
    of_a_plan = (16_000, 500, 1_500_000 * 10**6, 100, 100, 300, 800, 1_000, 600, 5_400)
    assert POLICY.to_contract().as_tuple() == (*of_a_plan, 30_000, 50, 50, 200)


@given(fraction=st.floats(0.0001, 0.05))
def test_fractions_round_towards_the_tighter_side(fraction: float) -> None:
    policy = POLICY.model_copy(update={"max_slippage": fraction, "min_liquidation_distance": fraction})
    limits, exact = policy.to_contract(), Fraction(fraction) * 10_000
    # Binary floats are off by far less than this, and 0.07 must be 700 basis points.
    assert limits.max_slippage_bps <= exact + BINARY_ERROR
    assert limits.max_slippage_bps > exact - 1
    assert limits.min_liquidation_distance_bps >= exact - BINARY_ERROR
    assert limits.min_liquidation_distance_bps < exact + 1


def test_whole_basis_points_are_kept_exactly() -> None:
    for bps in range(1, 10_001):
        assert POLICY.model_copy(update={"max_drawdown": bps / 10_000}).to_contract().max_drawdown_bps == bps


def test_no_difference_when_the_contract_holds_the_same() -> None:
    assert POLICY.differences(POLICY.to_contract()) == []


@pytest.mark.parametrize(("key", "name"), list(zip(Policy.model_fields, ContractLimits.__slots__, strict=True)))
def test_a_limit_that_differs_on_chain_is_told_by_its_key_in_the_file(key: str, name: str) -> None:
    limits = POLICY.to_contract()
    (reason,) = POLICY.differences(replace(limits, **{name: getattr(limits, name) + 1}))
    assert (reason.code, reason.where) == (Code.POLICY_MISMATCH, f"policy.{key}")
    assert reason.bound is not None
    assert reason.value == reason.bound - 1


def test_the_least_order_tolerance_reaches_what_the_perp_adapter_asks_for() -> None:
    adapter = (CONFIGS.parent / "contracts/src/adapters/HyperCorePerp.sol").read_text()
    (least_bps,) = re.findall(r"LEAST_REACH_BPS = (\d+);", adapter)
    assert int(least_bps) == pytest.approx(LEAST_ORDER_REACH * 10_000)
