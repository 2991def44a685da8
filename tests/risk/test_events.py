"""What cannot wait for the next cycle."""

from dataclasses import replace

import pytest
from vault_world import CARRY_CONFIG, PRICE, SPOT_CONFIG, USD, World

from agent.market.observation import VaultState
from agent.risk.events import Event, event

BEFORE = World().observe().vault
HUNDRED = 100 * USD


def now(**changes: object) -> VaultState:
    return replace(BEFORE, **changes)  # type: ignore[arg-type]


def test_a_quiet_vault_waits_for_its_cycle() -> None:
    assert event(BEFORE, BEFORE, CARRY_CONFIG) is None


def test_a_liquidation_that_comes_near_cannot_wait() -> None:
    near = event(BEFORE, now(liquidation_distance_bps=1_499), CARRY_CONFIG)
    assert near == Event("distance to liquidation", 0.1499, pytest.approx(0.15))
    assert event(BEFORE, now(liquidation_distance_bps=1_501), CARRY_CONFIG) is None


def test_legs_that_drifted_apart_cannot_wait() -> None:
    """The strategy's band is 0.01 of the vault's value."""
    for drift in (2 * USD, -2 * USD):
        found = event(BEFORE, now(total_assets=HUNDRED, net_delta=drift), CARRY_CONFIG)
        assert found == Event("net delta", 0.02, 0.01)
    assert event(BEFORE, now(total_assets=HUNDRED, net_delta=1 * USD), CARRY_CONFIG) is None
    assert event(BEFORE, now(total_assets=1, net_delta=1), CARRY_CONFIG) is not None


def test_an_empty_vault_and_one_that_hedges_nothing_have_no_drift() -> None:
    assert event(BEFORE, now(total_assets=0, net_delta=1 * USD), CARRY_CONFIG) is None
    assert event(BEFORE, now(total_assets=HUNDRED, net_delta=90 * USD), SPOT_CONFIG) is None


@pytest.mark.parametrize("price", [PRICE * 1.04, PRICE * 0.96])
def test_a_price_that_moved_cannot_wait(price: float) -> None:
    found = event(BEFORE, now(oracle_price=price), CARRY_CONFIG)
    assert found == Event("price move", pytest.approx(0.04), 0.03)
    assert str(found) == "price move: 0.04 beyond 0.03"


def test_a_move_within_the_bound_waits() -> None:
    assert event(BEFORE, now(oracle_price=PRICE * 1.0299), CARRY_CONFIG) is None


def test_the_most_pressing_event_is_the_one_told() -> None:
    everything = {"liquidation_distance_bps": 100, "total_assets": HUNDRED, "net_delta": 9 * USD, "oracle_price": 1.0}
    found = event(BEFORE, now(**everything), CARRY_CONFIG)
    assert found is not None
    assert found.name == "distance to liquidation"
    del everything["liquidation_distance_bps"]
    found = event(BEFORE, now(**everything), CARRY_CONFIG)
    assert found is not None
    assert found.name == "net delta"
