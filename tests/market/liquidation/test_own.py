"""Liquidation prices of our own positions: the venues' vectors, and that equity meets maintenance at the price."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from agent.market.liquidation.own import (
    OwnPosition,
    aave_liquidation_price,
    binance_liquidation_price,
    buffered,
    bybit_liquidation_price,
    gate_liquidation_price,
    liquidation_price_of,
)
from agent.scaling import liquidation_price

sides = st.sampled_from([1, -1])
entries = st.floats(0.01, 1e5)
quantities = st.floats(1e-3, 1e4)
leverages = st.floats(1.01, 100)
rates = st.floats(0.001, 0.2)


def test_binance_isolated_vectors() -> None:
    ether = binance_liquidation_price(3_683.979, 1_456.84, 1_535_443.01, 0.10, 135_365.00)
    bitcoin = binance_liquidation_price(109.488, 32_481.98, 1_535_443.01, 0.025, 16_300.00)
    assert ether == pytest.approx(1_114.78, abs=0.005)
    assert bitcoin == pytest.approx(18_778.73, abs=0.005)


def test_binance_cross_vectors() -> None:
    """Both at once in one account, marks 31,967.27 and 1,335.18."""
    ether, bitcoin = (3_683.979, 1_456.84, 1_335.18, 0.10, 135_365.0), (109.488, 32_481.98, 31_967.27, 0.025, 16_300.0)

    def beside(other: tuple[float, ...]) -> dict[str, float]:
        quantity, entry, mark, rate, amount = other
        return {
            "other_maintenance": quantity * mark * rate - amount,
            "other_profit": quantity * (mark - entry),
        }

    wallet = 1_535_443.01
    found = [
        binance_liquidation_price(one[0], one[1], wallet, one[3], one[4], **beside(other))
        for one, other in ((ether, bitcoin), (bitcoin, ether))
    ]
    assert found == pytest.approx([1_153.26, 26_316.89], abs=0.005)


def test_small_vectors_of_every_venue() -> None:
    assert binance_liquidation_price(-1, 10, 2, 0.01, 0.01) == pytest.approx(11.891089, abs=1e-6)
    assert binance_liquidation_price(1, 10, 2, 0.01, 0.01) == pytest.approx(8.070707, abs=1e-6)
    assert [bybit_liquidation_price(side, 10, 5, 0.01) for side in (1, -1)] == pytest.approx([8.1, 11.9])
    assert [bybit_liquidation_price(side, 10, 10, 0.01) for side in (1, -1)] == pytest.approx([9.1, 10.9])
    assert gate_liquidation_price(1, 10, 2, 0.01, 0.0006) == pytest.approx(8.085709, abs=1e-6)
    assert gate_liquidation_price(-1, 10, 2, 0.01, 0.0006) == pytest.approx(11.874134, abs=1e-6)
    assert liquidation_price(2_000, 10, 4_000, 25) == pytest.approx(1_632.653061, abs=1e-6)
    assert liquidation_price(2_000, -10, 4_000, 25) == pytest.approx(2_352.941176, abs=1e-6)
    assert buffered(8.0, 10.0) == pytest.approx(8.1)
    assert buffered(12.0, 10.0) == pytest.approx(11.9)


def test_hyperliquid_vectors_of_equity_at_the_price() -> None:
    for size, secured in ((10, 326.5306), (-10, 470.5882)):
        price = liquidation_price(2_000, size, 4_000, 25)
        assert 4_000 + size * (price - 2_000) == pytest.approx(secured, abs=1e-4)


@given(sides, entries, quantities, leverages, rates, st.floats(0, 0.2))
def test_binance_equity_is_maintenance_at_the_price(
    side: int, entry: float, quantity: float, leverage: float, rate: float, cum: float
) -> None:
    notional = quantity * entry
    wallet, amount = notional / leverage, cum * notional
    price = binance_liquidation_price(
        side * quantity, entry, wallet, rate, amount, other_maintenance=0.01 * notional, other_profit=-0.02 * notional
    )
    equity = wallet - 0.02 * notional + side * quantity * (price - entry)
    assert equity == pytest.approx(quantity * price * rate - amount + 0.01 * notional, abs=1e-6 * notional)


@given(sides, entries, quantities, leverages, rates)
def test_bybit_equity_is_maintenance_at_the_price(
    side: int, entry: float, quantity: float, leverage: float, rate: float
) -> None:
    price = bybit_liquidation_price(side, entry, leverage, rate)
    equity = quantity * entry / leverage + side * quantity * (price - entry)
    assert equity == pytest.approx(quantity * entry * rate, abs=1e-6 * quantity * entry)


@given(sides, entries, quantities, leverages, rates, st.floats(0, 0.002))
def test_gate_and_okx_equity_is_maintenance_and_fee_at_the_price(
    side: int, entry: float, quantity: float, leverage: float, rate: float, fee: float
) -> None:
    margin = quantity * entry / leverage
    price = gate_liquidation_price(side * quantity, entry, margin, rate, fee)
    equity = margin + side * quantity * (price - entry)
    assert equity == pytest.approx(quantity * price * (rate + fee), abs=1e-6 * quantity * entry)


@given(sides, entries, quantities, leverages, st.integers(2, 50))
def test_hyperliquid_equity_is_maintenance_at_the_price(
    side: int, entry: float, quantity: float, leverage: float, max_leverage: int
) -> None:
    margin = quantity * entry / leverage
    price = liquidation_price(entry, side * quantity, margin, max_leverage)
    equity = margin + side * quantity * (price - entry)
    assert equity == pytest.approx(quantity * price / (2 * max_leverage), abs=1e-6 * quantity * entry)


@given(entries, quantities, st.floats(1.01, 10), st.floats(0.5, 0.95), st.booleans())
def test_aave_collateral_that_counts_is_debt_at_the_price(
    price_now: float, quantity: float, ratio: float, threshold: float, base_is_debt: bool
) -> None:
    other = quantity * price_now * ratio
    collateral, debt = (other, quantity) if base_is_debt else (quantity, other)
    price = aave_liquidation_price(collateral, debt, threshold, base_is_debt)
    counts = threshold * (collateral if base_is_debt else collateral * price)
    assert counts == pytest.approx(debt * price if base_is_debt else debt, rel=1e-9)


@given(
    st.sampled_from(["binance", "bybit", "gate", "okx", "hyperliquid", "aave"]), sides, entries, quantities, leverages
)
def test_every_venue_liquidates_longs_below_and_shorts_above_the_entry(
    venue: str, side: int, entry: float, quantity: float, leverage: float
) -> None:
    rate = 0.22 if venue == "aave" else 0.01
    assume(1 / leverage > 0.4)
    position = OwnPosition(venue, side * quantity, entry, quantity * entry / leverage, rate, 0.0005)  # type: ignore[arg-type]  # hypothesis gives text
    price = liquidation_price_of(position)
    assert price is None or (price < entry if side > 0 else price > entry)
    assert price is not None or side > 0, "only a long can be beyond any liquidation"


@pytest.mark.parametrize(
    ("size", "entry", "rate"), [(0.0, 10.0, 0.01), (1.0, 0.0, 0.01), (1.0, 10.0, 1.0), (float("nan"), 10.0, 0.01)]
)
def test_refuses_a_position_that_is_none(size: float, entry: float, rate: float) -> None:
    with pytest.raises(ValueError, match=r"size|entry"):
        binance_liquidation_price(size, entry, 1.0, rate)
    with pytest.raises(ValueError, match=r"size|entry"):
        gate_liquidation_price(size, entry, 1.0, rate, 0.0)
