"""Aave's arithmetic and encodings without a chain, and against indexes recorded on one."""

import csv
import gzip
from datetime import datetime
from decimal import Decimal
from itertools import pairwise
from math import exp, prod
from pathlib import Path

import pytest
from eth_abi.abi import decode
from hypothesis import given
from hypothesis import strategies as st

from chains.venues import aave_v3
from chains.venues.aave_v3 import RAY, YEAR_S, RateStrategy, ReserveData

TOKENS = ("0x" + "11" * 20,) * 4
STRATEGY = RateStrategy(RAY * 8 // 10, RAY // 100, RAY * 4 // 100, RAY * 75 // 100)

# The contract keeps (rate / year)^3 as an integer of ray: less than one unit is lost, times n^3 / 6.
LOST_BY_ROUNDING_IN_A_YEAR = YEAR_S**3 / 6 / RAY

rates_1y_ray = st.integers(0, 2 * RAY)
seconds = st.integers(0, 10 * YEAR_S)


def reserve(configuration_bits: int = 0, liquidity_index_ray: int = RAY) -> ReserveData:
    """A reserve updated at second 1,000 with 3 % for suppliers and 5 % for borrowers."""
    stored = (liquidity_index_ray, RAY * 3 // 100, RAY * 2, RAY * 5 // 100, 0)
    return ReserveData(configuration_bits, *stored, 1_000, 0, *TOKENS, 0, 0, 0)


def test_actions_are_kind_and_two_amounts() -> None:
    def fields(action: bytes) -> tuple[int, ...]:
        return tuple(decode(["uint8", "uint256", "uint256"], action))

    assert fields(aave_v3.supply(7)) == (1, 7, 0)
    assert fields(aave_v3.withdraw(7)) == (2, 7, 0)
    assert fields(aave_v3.withdraw(aave_v3.EVERYTHING)) == (2, 2**256 - 1, 0)
    assert fields(aave_v3.short(7, 3)) == (3, 7, 3)
    assert fields(aave_v3.cover(7, 3)) == (4, 7, 3)


def test_an_action_refuses_a_negative_amount() -> None:
    with pytest.raises(ValueError, match="cannot encode"):
        aave_v3.supply(-1)


@given(rates_1y_ray, seconds)
def test_debt_grows_at_least_as_fast_as_supply_at_the_same_rate(rate: int, duration: int) -> None:
    assert aave_v3.compounded_growth(rate, duration) >= aave_v3.linear_growth(rate, duration) >= RAY


@given(st.integers(0, RAY // 2), st.integers(0, YEAR_S))
def test_compounding_is_the_exponential_but_for_the_missing_terms(rate: int, duration: int) -> None:
    exponent = rate / RAY * duration / YEAR_S
    growth = aave_v3.compounded_growth(rate, duration) / RAY
    missing = exponent**4 / 20
    assert exp(exponent) - missing - LOST_BY_ROUNDING_IN_A_YEAR <= growth <= exp(exponent) + 1e-12


def test_a_year_at_ten_percent_by_hand() -> None:
    assert aave_v3.linear_growth(RAY // 10, YEAR_S) == RAY * 11 // 10
    by_hand = 1 + 0.1 + 0.1**2 / 2 + 0.1**3 / 6
    compounded = aave_v3.compounded_growth(RAY // 10, YEAR_S) / RAY
    assert by_hand - LOST_BY_ROUNDING_IN_A_YEAR < compounded < by_hand


def test_no_time_is_no_growth() -> None:
    assert aave_v3.linear_growth(RAY, 0) == aave_v3.compounded_growth(RAY, 0) == RAY


def test_indexes_grow_from_where_they_were_stored() -> None:
    now = 1_000 + YEAR_S
    assert reserve().liquidity_index_at(1_000) == RAY
    assert reserve().variable_borrow_index_at(1_000) == 2 * RAY
    assert reserve().liquidity_index_at(now) == RAY * 103 // 100
    assert reserve().variable_borrow_index_at(now) == 2 * aave_v3.compounded_growth(RAY * 5 // 100, YEAR_S)


def test_refuses_an_index_before_the_last_update() -> None:
    with pytest.raises(ValueError, match="before the reserve's last update"):
        reserve().liquidity_index_at(999)


def test_refuses_a_reserve_that_was_never_listed() -> None:
    unknown = reserve(liquidity_index_ray=0)
    for read in (unknown.liquidity_index_at, unknown.variable_borrow_index_at):
        with pytest.raises(ValueError, match="no reserve of the pool"):
            read(2_000)
    with pytest.raises(ValueError, match="no reserve of the pool"):
        _ = unknown.configuration


def test_parameters_stand_where_the_contract_packs_them() -> None:
    packed = 8_050 | 8_300 << 16 | 10_500 << 32 | 18 << 48 | 1 << 56 | 1 << 58
    packed |= 1_500 << 64 | 2_700_000 << 80 | 3_000_000 << 116 | 1_000 << 152
    parameters = reserve(packed).configuration
    assert parameters == (8_050, 8_300, 500, 18, True, False, False, True, 1_500, 2_700_000, 3_000_000, 1_000)
    assert reserve(packed | 1 << 57).configuration.is_frozen
    assert reserve(packed | 1 << 60).configuration.is_paused
    assert reserve(1 << 56).configuration.liquidation_bonus_bps == 0  # no collateral


@pytest.mark.parametrize(
    ("available", "debt", "borrow_percent"),
    [(100, 0, 1.0), (60, 40, 3.0), (20, 80, 5.0), (10, 90, 42.5), (0, 100, 80.0)],
)
def test_the_borrow_rate_has_a_kink_at_the_optimal_utilisation(
    available: int, debt: int, borrow_percent: float
) -> None:
    liquidity, borrow = STRATEGY.rates(available * 10**6, debt * 10**6, 1_000)
    assert borrow / RAY == pytest.approx(borrow_percent / 100, rel=1e-12)
    assert liquidity / RAY == pytest.approx(borrow_percent / 100 * debt / 100 * 0.9, rel=1e-12)


def test_utilisation_of_an_empty_reserve_is_zero_and_of_nonsense_refused() -> None:
    assert aave_v3.utilisation_ray(0, 0) == 0
    assert aave_v3.utilisation_ray(3, 1) == RAY // 4
    for wrong in ((-1, 1), (1, -1)):
        with pytest.raises(ValueError, match="utilisation"):
            aave_v3.utilisation_ray(*wrong)


def test_an_account_without_debt_has_the_highest_health_factor() -> None:
    assert aave_v3.health_factor_wad(0, 0, 0) == aave_v3.NO_DEBT_HEALTH_FACTOR_WAD
    assert aave_v3.health_factor_wad(100_000 * 10**8, 7_800, 30_000 * 10**8) == 26 * 10**17


@given(st.integers(10**8, 10**17), st.integers(5_000, 9_000), st.integers(10**12, 10**24))
def test_the_liquidation_price_is_the_first_at_which_the_health_factor_is_below_one(
    collateral_usd8: int, threshold_bps: int, debt: int
) -> None:
    price = aave_v3.short_liquidation_price_usd8(collateral_usd8, threshold_bps, debt, 18)

    def health(at_price: int) -> int:
        return aave_v3.health_factor_wad(collateral_usd8, threshold_bps, debt * at_price // 10**18)

    assert health(price) < aave_v3.WAD <= health(price - 1)


def test_refuses_a_liquidation_price_without_debt() -> None:
    with pytest.raises(ValueError, match="only a debt"):
        aave_v3.short_liquidation_price_usd8(10**8, 7_800, 0, 18)


def recorded(data_folder: Path) -> list[dict[str, str]]:
    rows: list[dict[str, str]] = []
    for path in sorted((data_folder / "onchain").glob("polygon-aave_v3-0x7ceb*.minute.csv.gz")):
        with gzip.open(path, "rt") as file:
            rows += csv.DictReader(file)
    assert len(rows) == 4 * 1440, "four days of minutes"
    return rows


def growth_by_formula(rows: list[dict[str, str]], column: str, linear: bool) -> float:
    """What the stored rates come to when each holds until the next row."""
    factor = aave_v3.linear_growth if linear else aave_v3.compounded_growth
    times = [datetime.fromisoformat(row["block_timestamp"]) for row in rows]
    steps = [int((later - earlier).total_seconds()) for earlier, later in pairwise(times)]
    rates = [int(Decimal(row[column]) * RAY) for row in rows]
    return prod(factor(rate, step) / RAY for rate, step in zip(rates, steps, strict=False)) - 1


def growth_of_index(rows: list[dict[str, str]], column: str) -> float:
    return float(Decimal(rows[-1][column]) / Decimal(rows[0][column]) - 1)


def test_the_recorded_debt_index_grows_as_the_formula_says(data_folder: Path) -> None:
    """Golden number of the recordings: equal within 0.02 %."""
    rows = recorded(data_folder)
    actual = growth_of_index(rows, "variable_borrow_index")
    assert actual == pytest.approx(growth_by_formula(rows, "variable_borrow_rate", linear=False), rel=2e-4)


def test_the_recorded_supply_index_grows_more_than_its_rate_says(data_folder: Path) -> None:
    """Golden number of the recordings: 8.3 % more."""
    rows = recorded(data_folder)
    actual = growth_of_index(rows, "liquidity_index")
    excess = actual / growth_by_formula(rows, "liquidity_rate", linear=True) - 1
    assert excess == pytest.approx(0.083, abs=0.001)
