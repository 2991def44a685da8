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
from agent.policy import LATCH_MODES, ContractCap, ContractLimits, Policy
from agent.reasons import Code, Reason

POLICY = load_config(CONFIGS / "eth-carry.yaml").config.policy
VENUE_CAP, ASSET_CAP = POLICY.venue_cap_to_contract(), POLICY.asset_cap_to_contract()
LIMIT_KEYS = list(Policy.model_fields)[: len(ContractLimits.__slots__)]
BINARY_ERROR = Fraction(1, 10**6)
DAY_S = 86_400


def differences(
    limits: ContractLimits | None = None, venue: ContractCap = VENUE_CAP, asset: ContractCap = ASSET_CAP
) -> list[Reason]:
    """What differs when one venue of two, or the one base token, has another cap."""
    venues = {"0xspot": VENUE_CAP, "0xperp": venue}
    return POLICY.differences(limits or POLICY.to_contract(), venues, {"0xbase": asset})


def test_the_shipped_policy_becomes_these_constructor_arguments() -> None:
    positions = (16_000, 500, 1_000, 30_000, 200)
    costs = (100, 100, 45, 40, 30_000)
    losses, shares = (300, 500, 800), (2_500, 5)
    pace = (1_500_000 * 10**6, 600, 5_400, 172_800, 1, 50_000_000 * 10**6)
    assert POLICY.to_contract().as_tuple() == (*positions, *costs, *losses, *shares, *pace)
    assert VENUE_CAP.as_tuple() == (25_000_000 * 10**6, 10_000)
    assert ASSET_CAP.as_tuple() == (50_000_000 * 10**6, 16_000)


def test_a_latch_is_the_number_of_its_mode() -> None:
    for name, number in LATCH_MODES.items():
        assert POLICY.model_copy(update={"latch_mode": name}).to_contract().latch_mode == number


@given(fraction=st.floats(0.0001, 0.05))
def test_fractions_round_towards_the_tighter_side(fraction: float) -> None:
    below = {"max_slippage", "max_weekly_loss", "loss_budget", "max_growth"}
    # The buffer too: what those who leave pay less, those who stay pay.
    above = {"min_liquidation_distance", "min_health", "min_idle", "flow_buffer"}
    limits = POLICY.model_copy(update=dict.fromkeys(below | above, fraction)).to_contract()
    caps = POLICY.model_copy(update={"venue_cap": fraction, "asset_cap": fraction})
    exact = Fraction(fraction) * 10_000
    # Binary floats are off by far less than this, and 0.07 must be 700 basis points.
    rounded_down = [getattr(limits, f"{key}_bps") for key in below]
    rounded_down += [caps.venue_cap_to_contract().bps, caps.asset_cap_to_contract().bps]
    assert all(exact - 1 < bps <= exact + BINARY_ERROR for bps in rounded_down)
    assert all(exact - BINARY_ERROR <= getattr(limits, f"{key}_bps") < exact + 1 for key in above)


def test_whole_basis_points_are_kept_exactly() -> None:
    for bps in range(1, 10_001):
        limits = POLICY.model_copy(update={"max_drawdown": bps / 10_000, "min_health": bps / 10_000}).to_contract()
        assert (limits.max_drawdown_bps, limits.min_health_bps) == (bps, bps)


def test_no_difference_when_the_contract_holds_the_same() -> None:
    assert differences() == []


@pytest.mark.parametrize(("key", "name"), list(zip(LIMIT_KEYS, ContractLimits.__slots__, strict=True)))
def test_a_limit_that_differs_on_chain_is_told_by_its_key_in_the_file(key: str, name: str) -> None:
    limits = POLICY.to_contract()
    (reason,) = differences(replace(limits, **{name: getattr(limits, name) + 1}))
    assert (reason.code, reason.where) == (Code.POLICY_MISMATCH, f"policy.{key}")
    assert reason.bound is not None
    assert reason.value == reason.bound - 1


@pytest.mark.parametrize("part", ["amount", "bps"])
def test_a_cap_that_differs_on_chain_is_told_by_its_key_and_by_whose_it_is(part: str) -> None:
    key = "_usd" if part == "amount" else ""
    (of_venue,) = differences(venue=replace(VENUE_CAP, **{part: getattr(VENUE_CAP, part) - 1}))
    assert (of_venue.code, of_venue.where) == (Code.POLICY_MISMATCH, f"policy.venue_cap{key}")
    assert "0xperp" in of_venue.message
    (of_token,) = differences(asset=replace(ASSET_CAP, **{part: getattr(ASSET_CAP, part) - 1}))
    assert (of_token.where, "0xbase" in of_token.message) == (f"policy.asset_cap{key}", True)


def test_a_venue_without_a_cap_in_the_contract_differs_in_both_of_its_numbers() -> None:
    assert [reason.where for reason in differences(venue=ContractCap(0, 0))] == [
        "policy.venue_cap_usd",
        "policy.venue_cap",
    ]


def test_every_limit_is_compared_and_none_twice() -> None:
    rows = POLICY.compare(POLICY.to_contract(), {"0xspot": VENUE_CAP}, {"0xbase": ASSET_CAP})
    assert [row.key for row in rows] == list(Policy.model_fields)


class TestWorstLoss:
    def test_is_both_budgets_and_what_drains_of_them_meanwhile(self) -> None:
        policy = POLICY.model_copy(update={"loss_budget": 0.007, "emergency_loss_budget": 0.0035})
        assert policy.worst_loss(0) == pytest.approx(0.0105)
        assert policy.worst_loss(DAY_S) == pytest.approx(0.012)
        assert policy.worst_loss(7 * DAY_S) == pytest.approx(0.021)

    def test_counts_the_basis_points_that_the_contract_counts(self) -> None:
        policy = POLICY.model_copy(update={"loss_budget": 0.00459, "emergency_loss_budget": 0.0040})
        assert policy.worst_loss(0) == pytest.approx(0.0085)

    @given(first=st.integers(0, 10**7), second=st.integers(0, 10**7))
    def test_two_windows_one_after_the_other_never_allow_less_than_one(self, first: int, second: int) -> None:
        assert POLICY.worst_loss(first) + POLICY.worst_loss(second) >= POLICY.worst_loss(first + second)


def test_the_least_order_tolerance_reaches_what_the_perp_adapter_asks_for() -> None:
    adapter = (CONFIGS.parent / "contracts/src/adapters/HyperCorePerp.sol").read_text()
    (least_bps,) = re.findall(r"LEAST_REACH_BPS = (\d+);", adapter)
    assert int(least_bps) == pytest.approx(LEAST_ORDER_REACH * 10_000)
