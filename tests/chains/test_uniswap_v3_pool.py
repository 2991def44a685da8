"""The pool as read tick by tick, held against what the real pool and quoter do."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal, getcontext

import pytest

from chains import artifacts
from chains.local import DEPLOYER, LocalChain, Sender, WorldSpec, local_chain
from chains.multicall import read_all, read_queries
from chains.venues import uniswap_v3
from chains.venues.uniswap_v3 import MAX_SQRT_PRICE, MAX_TICK, MIN_SQRT_PRICE
from chains.venues.uniswap_v3_pool import OutsideOfWindow, PoolState, pool
from chains.venues.uniswap_v3_ticks import Tick, depth, moved, sqrt_price_at_tick

SPACING = 10
WINDOW_S = 1_800


@pytest.fixture(scope="module")
def market(eth_spec: WorldSpec) -> Iterator[LocalChain]:
    """A pool with liquidity stacked in three ranges around the price, beside the one over the full range."""
    with local_chain(replace(eth_spec, perp=None)) as chain:
        tick = read(chain).tick // SPACING * SPACING
        provide = artifacts.load("MarketMover").function("provideLiquidity")
        base = read(chain).liquidity
        for low, high, share in ((-20, 20, 3), (-60, 40, 2), (10, 30, 5)):
            Sender(chain.node, DEPLOYER).send(
                chain.world.mover, provide, tick + low * SPACING // 10, tick + high * SPACING // 10, base // share
            )
        yield chain


def read(chain: LocalChain, centre_tick: int | None = None, window_s: int = WINDOW_S) -> PoolState:
    block = chain.node.head()
    (state,) = read_all(chain.node, block, [uniswap_v3.slot0(chain.world.pool)])
    centre = state[1] if centre_tick is None else centre_tick
    (found,) = read_queries(chain.node, block, [pool(chain.world.pool, SPACING, window_s, centre)])
    assert isinstance(found, PoolState)
    return found


def test_prices_of_ticks_are_the_contracts() -> None:
    assert (sqrt_price_at_tick(-MAX_TICK), sqrt_price_at_tick(MAX_TICK)) == (MIN_SQRT_PRICE, MAX_SQRT_PRICE)
    assert sqrt_price_at_tick(0) == 2**96
    getcontext().prec = 60
    for tick in (-200_000, -1, 1, 12_345, 300_000):
        exact = Decimal("1.0001") ** (Decimal(tick) / 2) * 2**96
        assert abs(sqrt_price_at_tick(tick) - exact) / exact < Decimal("1e-9")
    with pytest.raises(ValueError, match="outside"):
        sqrt_price_at_tick(MAX_TICK + 1)


def test_the_pool_stands_in_the_tick_it_says(market: LocalChain) -> None:
    state = read(market)
    assert sqrt_price_at_tick(state.tick) <= state.sqrt_price_x96 < sqrt_price_at_tick(state.tick + 1)
    assert state.unlocked
    assert (state.fee_ppm, state.tick_spacing) == (500, SPACING)
    assert len(state.ticks) == 6


@pytest.mark.parametrize("bps", [5, -5, 35, -35, 500, -500])
def test_depth_is_what_the_quoter_gives_to_the_last_unit_paid(market: LocalChain, bps: int) -> None:
    state, world = read(market), market.world
    token0, token1 = sorted((world.base, world.usdc), key=lambda token: int(token, 16))
    found = state.depth(bps)
    tokens = (token1, token0) if bps > 0 else (token0, token1)
    steps = len(state.ticks) + 1  # in each of which a part of a unit is rounded up
    calls = [
        uniswap_v3.quote_exact_input(world.quoter, *tokens, amount, state.fee_ppm)
        for amount in (found.amount_in, found.amount_in - 2 * steps)
    ]
    most, least = (uniswap_v3.Quote(*one) for one in read_all(market.node, market.node.head(), calls))
    assert least.amount_out <= found.amount_out <= most.amount_out
    assert most.sqrt_price_x96_after == pytest.approx(moved(state.sqrt_price_x96, bps), rel=1e-9)


def test_a_price_that_stands_on_a_tick_is_above_it(market: LocalChain) -> None:
    edge = sqrt_price_at_tick(100)
    lower = depth(edge, 10**18, [Tick(100, 9 * 10**17)], sqrt_price_at_tick(50), 500)
    upper = depth(edge, 10**18, [Tick(100, 9 * 10**17)], sqrt_price_at_tick(150), 500)
    below = depth(edge, 10**17, [], sqrt_price_at_tick(50), 500)
    above = depth(edge, 10**18, [], sqrt_price_at_tick(150), 500)
    assert (lower, upper) == (below, above)


def test_refuses_a_depth_beyond_the_ticks_it_knows(market: LocalChain) -> None:
    away = read(market, centre_tick=read(market).tick + 40_000)
    with pytest.raises(OutsideOfWindow):
        away.depth(5)
    with pytest.raises(OutsideOfWindow):
        read(market).depth(9_900)


def test_ticks_that_cannot_be_of_one_pool_are_refused() -> None:
    with pytest.raises(ValueError, match="liquidity below zero"):
        depth(sqrt_price_at_tick(0), 10, [Tick(10, -11)], sqrt_price_at_tick(20), 500)


def test_the_mean_price_is_that_of_the_window(market: LocalChain) -> None:
    start = market.node.head().timestamp
    market.mover.step(start + 3_600, pool_price=3_000)
    low = read(market).tick
    market.mover.step(start + 7_200, pool_price=3_300)
    high = read(market).tick
    market.mover.step(start + 7_200 + 900)
    mean = read(market, window_s=1_800).mean_tick
    assert mean is not None
    assert mean == pytest.approx((low + high) / 2, abs=1)


def test_a_pool_that_remembers_less_than_the_window_has_no_mean(market: LocalChain) -> None:
    assert read(market, window_s=30 * 86_400).mean_tick is None
