"""Encodings and scales of the venues, without a chain."""

import math

import pytest
from eth_abi.abi import decode
from hypothesis import given
from hypothesis import strategies as st

from chains.venues import chainlink, hypercore, uniswap_v3
from chains.venues.uniswap_v3 import Pair

LOW, HIGH = "0x" + "11" * 20, "0x" + "ee" * 20


@pytest.mark.parametrize("base_decimals", [8, 18])
@pytest.mark.parametrize(("base", "quote"), [(LOW, HIGH), (HIGH, LOW)])
@given(price=st.floats(1e-4, 1e6))
def test_a_price_survives_the_pools_scale(base: str, quote: str, base_decimals: int, price: float) -> None:
    pair = Pair(base, quote, base_decimals, 6)
    assert math.isclose(pair.price(pair.sqrt_price_x96(price)), price, rel_tol=1e-7)


def test_matches_a_square_root_price_of_mainnets_eth_usdc_pool() -> None:
    # USDC is token0 there: sqrtPriceX96 = sqrt(1e18 / (1e6 x 2500)) x 2^96 = 20000 x 2^96.
    assert Pair(HIGH, LOW, 18, 6).sqrt_price_x96(2500.0) == 20_000 * 2**96


@pytest.mark.parametrize("price", [0.0, -1.0, math.nan, math.inf])
def test_refuses_a_price_that_is_no_price(price: float) -> None:
    with pytest.raises(ValueError, match="price"):
        Pair(LOW, HIGH, 18, 6).sqrt_price_x96(price)


def test_refuses_the_price_of_a_pool_that_was_never_initialised() -> None:
    with pytest.raises(ValueError, match="initialised"):
        Pair(LOW, HIGH, 18, 6).price(0)


def test_spot_actions_are_kind_amount_and_minimum() -> None:
    assert decode(["uint8", "uint256", "uint256"], uniswap_v3.buy(7, 3)) == (1, 7, 3)
    assert decode(["uint8", "uint256", "uint256"], uniswap_v3.sell(7, 3)) == (2, 7, 3)


@pytest.mark.parametrize(
    ("kind", "action"),
    [(1, hypercore.deposit), (2, hypercore.to_perp), (3, hypercore.from_perp), (4, hypercore.withdraw)],
)
def test_transfer_actions_are_kind_and_amount(kind: int, action: object) -> None:
    assert callable(action)
    assert decode(["uint8", "uint256"], action(123)) == (kind, 123)


def test_an_order_keeps_its_sign_and_refuses_what_does_not_fit() -> None:
    data = hypercore.order(-5, 10**8, reduce_only=True)
    assert decode(["uint8", "int64", "uint64", "bool"], data) == (5, -5, 10**8, True)
    with pytest.raises(ValueError, match="cannot encode"):
        hypercore.order(2**63, 10**8, reduce_only=False)


@given(st.integers(1, 10**15), st.integers(0, 6))
def test_limit_prices_are_on_the_venues_grid_and_on_the_safe_side(limit: int, size_decimals: int) -> None:
    low, high = hypercore.limit_price_down(limit, size_decimals), hypercore.limit_price_up(limit, size_decimals)
    assert low <= limit <= high
    for price in (low, high):
        assert price % 10 ** (2 + size_decimals) == 0
        figures = len(str(price).rstrip("0"))
        assert figures <= 5 or price % 10**8 == 0


@pytest.mark.parametrize(
    ("limit", "size_decimals", "down", "up"),
    [
        (2999_12345678, 4, 2999_10000000, 2999_20000000),  # five figures bind
        (123456_78000000, 5, 123456_00000000, 123457_00000000),  # whole numbers always pass
        (12345678, 4, 12000000, 13000000),  # 6 - 4 places bind
    ],
)
def test_limit_price_examples(limit: int, size_decimals: int, down: int, up: int) -> None:
    assert hypercore.limit_price_down(limit, size_decimals) == down
    assert hypercore.limit_price_up(limit, size_decimals) == up


def test_scales_of_the_venue_by_example() -> None:
    assert hypercore.raw_price_nearest(2000.0, 4) == 200_000
    assert hypercore.price(200_000, 4) == 2000.0


def test_a_chainlink_round_that_was_never_answered_is_no_price() -> None:
    assert chainlink.Round(1, 300_000_000_000, 1, 1, 1).price(8) == 3000.0
    for answer, updated_at in ((0, 1), (-1, 1), (5, 0)):
        with pytest.raises(ValueError, match="expected a positive"):
            chainlink.Round(1, answer, 1, updated_at, 1).price(8)
