"""Every change of net asset value is explained by its parts, and a wrong number shows as unexplained."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_vault import SmallVault, without_perp

from agent.ledger import Flow, Gas, Swap, UnexplainedError, attribute, require_explained

UNIT = 1e-6  # USD, the smallest unit


@pytest.fixture
def vault() -> SmallVault:
    """Ten million dollars: 2,000 base long, 2,000 short, 2 million of margin."""
    vault = SmallVault(cents=200_000)
    vault.deposit(10_000_000 * 10**6)
    vault.buy_spot(4_000_000 * 10**6, 0)
    vault.to_perp(2_000_000 * 10**6)
    vault.order(-20_000_000, 0)
    return vault


def test_price_move_of_both_legs_cancels_and_basis_is_apart(vault: SmallVault) -> None:
    before = vault.state()
    vault.pass_hour(oracle=210_000, mark=210_300, funding_rate_e9=0)
    parts = attribute(before, vault.state()).attribution
    assert parts.price == pytest.approx((vault.spot_base / 1e18 - 2_000) * 100)
    assert parts.basis == pytest.approx(-2_000 * 3)
    assert parts.total == pytest.approx(parts.price + parts.basis, abs=2 * UNIT)


def test_funding_is_what_the_venue_paid(vault: SmallVault) -> None:
    before = vault.state()
    vault.pass_hour(oracle=200_000, mark=200_000, funding_rate_e9=12_500)
    parts = attribute(before, vault.state()).attribution
    assert parts.funding == pytest.approx(2_000 * 2_000 * 12_500e-9)
    assert parts.total == parts.funding


def test_deposit_and_withdrawal_are_flows_and_nothing_else(vault: SmallVault) -> None:
    before = vault.state()
    vault.deposit(500_000 * 10**6)
    vault.withdraw(200_000 * 10**6)
    parts = attribute(before, vault.state(), flow=Flow(500_000 * 10**6, 200_000 * 10**6)).attribution
    assert (parts.deposits, parts.withdrawals, parts.total) == (500_000, -200_000, 300_000)


def test_swap_pays_the_pool_fee_and_the_rest_is_slippage(vault: SmallVault) -> None:
    before = vault.state()
    swap = vault.buy_spot(1_000_000 * 10**6, slippage_ppm=300)
    step = attribute(before, vault.state(), swaps=[swap])
    assert step.attribution.fees == pytest.approx(-500.0)
    assert step.attribution.slippage == pytest.approx(-(1_000_000 - 500) * 300e-6)
    assert step.fills[0].price == pytest.approx(2_000 * (1 + 300e-6), rel=1e-6)


def test_perp_order_pays_its_fee_and_the_distance_from_the_mark(vault: SmallVault) -> None:
    before = vault.state()
    vault.order(5_000_000, slippage_ppm=200)
    step = attribute(before, vault.state())
    assert step.attribution.slippage == pytest.approx(-1_000_000 * 200e-6)
    assert step.attribution.fees == pytest.approx(-1_000_000 * 1.0002 * 450e-6)
    assert step.fills[0].price == pytest.approx(2_000.4)
    assert abs(step.attribution.unexplained) < UNIT


def test_gas_lowers_net_asset_value_that_the_vault_itself_does_not_see(vault: SmallVault) -> None:
    state = vault.state()
    parts = attribute(state, state, gas=[Gas(used=500_000, price_wei=10**9, native_usd=40.0)]).attribution
    assert parts.gas == parts.total == pytest.approx(-0.02)
    assert parts.unexplained == 0


def test_cash_on_its_way_changes_nothing(vault: SmallVault) -> None:
    before = vault.state()
    vault.send_home(300_000 * 10**6)
    on_the_way = vault.state()
    vault.arrive_home()
    assert attribute(before, on_the_way).attribution.total == 0
    assert attribute(on_the_way, vault.state()).attribution.total == 0


def test_spot_only_vault_has_no_perp_parts(vault: SmallVault) -> None:
    before = vault.state()
    vault.oracle = 202_000
    after = vault.state()
    parts = attribute(without_perp(before), without_perp(after)).attribution
    assert parts.price == pytest.approx(vault.spot_base / 1e18 * 20)
    assert abs(parts.unexplained) < 2 * UNIT


def test_liquidation_is_its_own_part_and_shows_its_price(vault: SmallVault) -> None:
    before = vault.state()
    vault.pass_hour(oracle=280_000, mark=280_000, funding_rate_e9=0)
    vault.liquidate(cents=295_000)
    step = attribute(before, vault.state())
    assert step.attribution.liquidation == pytest.approx(-2_000 * 150)
    assert step.attribution.slippage == 0
    (fill,) = step.fills
    assert (fill.venue, fill.base) == ("liquidation", 2_000.0)
    assert fill.price == pytest.approx(2_950.0)


@pytest.mark.parametrize("wrong", ["total_assets", "spot_base", "oracle_price"])
def test_a_wrong_number_of_the_vault_is_unexplained(vault: SmallVault, wrong: str) -> None:
    before = vault.state()
    vault.pass_hour(oracle=201_000, mark=201_050, funding_rate_e9=11_000)
    swap = vault.buy_spot(100_000 * 10**6, 100)
    good = vault.state()
    bad = replace(good, **{wrong: getattr(good, wrong) * 1_001 // 1_000})
    require_explained(attribute(before, good, swaps=[swap]).attribution, 10_000_000)
    if wrong == "spot_base":  # quantities follow from the swaps, so a wrong end shows in the next interval
        before, bad = bad, good
    with pytest.raises(UnexplainedError, match="missing, or a state was misread"):
        require_explained(attribute(before, bad, swaps=[swap]).attribution, 10_000_000)


@pytest.mark.parametrize("wrong", ["mark_price", "funding_received", "fees_paid", "traded_notional"])
def test_a_wrong_number_of_the_perp_account_is_unexplained(vault: SmallVault, wrong: str) -> None:
    before = vault.state()
    vault.pass_hour(oracle=201_000, mark=201_050, funding_rate_e9=11_000)
    vault.order(-1_000_000, 100)
    good = vault.state()
    assert good.perp is not None
    bad = replace(good, perp=replace(good.perp, **{wrong: getattr(good.perp, wrong) * 1.2}))
    require_explained(attribute(before, good).attribution, 10_000_000)
    with pytest.raises(UnexplainedError):
        require_explained(attribute(before, bad).attribution, 10_000_000)


def test_a_forgotten_swap_or_flow_is_unexplained(vault: SmallVault) -> None:
    before = vault.state()
    vault.buy_spot(1_000_000 * 10**6, 100)
    vault.deposit(50 * 10**6)
    assert attribute(before, vault.state()).attribution.unexplained == pytest.approx(50 - 599.95, abs=1e-3)


def test_not_a_number_is_never_explained(vault: SmallVault) -> None:
    parts = attribute(vault.state(), vault.state()).attribution
    with pytest.raises(UnexplainedError):
        require_explained(replace(parts, unexplained=float("nan")), 10_000_000)


def test_refuses_states_out_of_order_or_of_two_vaults(vault: SmallVault) -> None:
    first = vault.state()
    vault.pass_hour(200_000, 200_000, 0)
    with pytest.raises(ValueError, match="is before block"):
        attribute(vault.state(), first)
    with pytest.raises(ValueError, match="two vaults"):
        attribute(first, replace(first, base=first.asset))
    with pytest.raises(ValueError, match="appeared or vanished"):
        attribute(first, without_perp(first))


def test_refuses_a_lifetime_sum_that_shrank(vault: SmallVault) -> None:
    state = vault.state()
    assert state.perp is not None
    with pytest.raises(ValueError, match="cannot shrink"):
        attribute(state, replace(state, perp=replace(state.perp, fees_paid=0)))


@pytest.mark.parametrize("deltas", [(1, 1), (0, 5), (-3, -4)])
def test_refuses_a_swap_that_does_not_trade_one_side_for_the_other(deltas: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="gives one side"):
        Swap(*deltas, oracle_price=2_000.0, fee_ppm=500)


hours = st.tuples(
    st.integers(100_000, 400_000),  # oracle, cents
    st.integers(-3_000, 3_000),  # mark above oracle, cents
    st.integers(-400_000, 400_000),  # funding of the hour, 1e-9
    st.integers(0, 3_000_000),  # deposit, USD
    st.integers(-900_000, 900_000),  # spot traded, USD; below 2 USD nothing
    st.integers(-5_000_000, 5_000_000),  # lots ordered
    st.integers(0, 5_000),  # slippage, ppm
    st.booleans(),  # cash goes home
)


@given(st.lists(hours, min_size=1, max_size=6))
def test_any_sequence_of_events_is_explained_to_the_unit(sequence: list[tuple[int, ...]]) -> None:
    vault = SmallVault()
    vault.deposit(50_000_000 * 10**6)
    vault.buy_spot(10_000_000 * 10**6, 100)
    vault.to_perp(30_000_000 * 10**6)
    before = first = vault.state()
    total = 0.0
    for oracle, premium, funding, deposit, spot_usd, lots, slippage, home in sequence:
        vault.deposit(deposit * 10**6)
        vault.pass_hour(oracle, oracle + premium, funding)
        swaps = []
        if spot_usd > 1:
            swaps.append(vault.buy_spot(spot_usd * 10**6, slippage))
        if spot_usd < -1:
            swaps.append(vault.sell_spot(-spot_usd * 10**18 // 4_000, slippage))
        if lots:
            vault.order(lots, slippage)
        vault.send_home(1_000 * 10**6) if home else vault.arrive_home()
        after = vault.state()
        parts = attribute(before, after, swaps=swaps, flow=Flow(deposits=deposit * 10**6)).attribution
        assert abs(parts.unexplained) < 5 * UNIT
        assert parts.fees <= 0
        total += parts.total
        before = after
    assert total == pytest.approx((before.total_assets - first.total_assets) / 1e6, abs=1e-4)
