"""Interest of a loan from balances and indexes, and what it leaves unexplained: nothing."""

from dataclasses import replace

import pytest
from small_vault import SmallVault

from agent.ledger import LoanIndexes, Swap, attribute
from agent.market.observation import LoanState, VaultState
from agent.units import Rate

RAY = 10**27
ETH = 10**18
USD = 10**6


def state(
    price: float, collateral: int, debt: int, supply_index: int, debt_index: int, idle: int = 0, block: int = 1
) -> VaultState:
    """A vault that is nothing but its loan; `collateral` and `debt` in units of their indexes."""
    made = SmallVault()
    plain = replace(made.state(), perp=None, spot_base=0)
    held, owed = collateral * supply_index // RAY, debt * debt_index // RAY
    loan = LoanState(
        size=-owed // 10**14,
        size_decimals=4,
        mark_price=price,
        account_value=0,
        withdrawable=0,
        collateral=held,
        debt=owed,
        liquidation_threshold=0.78,
        supply_rate=Rate(0.04, 8760.0),
        borrow_rate=Rate(0.02, 8760.0),
        scaled_collateral=collateral,
        scaled_debt=debt,
        supply_index_ray=supply_index,
        debt_index_ray=debt_index,
    )
    worth = held - int(owed * price / 10**12)
    return replace(
        plain,
        block=replace(plain.block, number=block),
        total_assets=idle + worth,
        idle_assets=idle,
        oracle_price=price,
        loan=loan,
    )


def test_interest_is_that_of_the_collateral_less_that_of_the_debt_at_the_ends_price() -> None:
    before = state(2_000.0, 200_000 * USD, 50 * ETH, RAY, RAY)
    after = state(2_100.0, 200_000 * USD, 50 * ETH, RAY * 1001 // 1000, RAY * 10005 // 10000, block=2)
    found = attribute(before, after).attribution
    assert found.interest == pytest.approx(200.0 - 50 * 0.0005 * 2_100)
    assert found.price == pytest.approx(-50 * 100.0)
    assert found.unexplained == pytest.approx(0, abs=1e-5)


def test_collateral_put_up_within_the_interval_bears_interest_from_then_on() -> None:
    before = state(2_000.0, 100_000 * USD, 0, RAY, RAY, idle=100_000 * USD)
    half = RAY * 1001 // 1000
    bought = 100_000 * USD * RAY // half
    after = state(2_000.0, 100_000 * USD + bought, 0, RAY * 1002 // 1000, RAY, block=2)
    found = attribute(before, after, loan_indexes=LoanIndexes(half, None)).attribution
    assert found.interest == pytest.approx(200.0 + 100_000 * (1.002 / 1.001 - 1))
    assert found.unexplained == pytest.approx(0, abs=1e-5)


def test_a_short_pays_fee_and_slippage_and_is_a_fill_of_the_loan() -> None:
    before = state(2_000.0, 200_000 * USD, 0, RAY, RAY)
    after = state(2_000.0, 200_000 * USD + 19_980 * USD, 10 * ETH, RAY, RAY, block=2)
    swap = Swap(19_980 * USD, -10 * ETH, 2_000.0, 500)
    step = attribute(before, after, loan_swaps=[swap])
    assert [fill.venue for fill in step.fills] == ["loan"]
    assert step.attribution.fees == pytest.approx(-10.0)
    assert step.attribution.slippage == pytest.approx(-10.0)
    assert step.attribution.unexplained == pytest.approx(0, abs=1e-5)


def test_collateral_that_vanished_is_not_explained_away() -> None:
    before = state(2_000.0, 200_000 * USD, 50 * ETH, RAY, RAY)
    after = state(2_000.0, 199_000 * USD, 50 * ETH, RAY, RAY, block=2)
    assert attribute(before, after).attribution.unexplained == pytest.approx(-1_000.0)


def test_refuses_a_loan_that_appears_between_two_states() -> None:
    before = state(2_000.0, 200_000 * USD, 0, RAY, RAY)
    with pytest.raises(ValueError, match="appeared or vanished"):
        attribute(replace(before, loan=None), before)
