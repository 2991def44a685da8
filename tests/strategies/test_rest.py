"""Whatever the state, the strategy comes to rest, and what it proposes passes the gate."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from vault_world import CARRY_CONFIG, ETH, LOT, PRICE, SPOT_CONFIG, USD, World

from agent.decision import Approved
from agent.risk import check
from agent.risk.upkeep import LEAST_PAYMENT_USD

DUST_USD = 10.2 + 1e-9  # what counts as closed, and a lot
usd = st.integers(0, 500_000).map(lambda whole: whole * USD)


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Any mix of cash, legs that need not match, and margin that can be far too small or large."""
    lots = draw(st.integers(0, 4_000_000))
    short = max(0, lots + draw(st.one_of(st.integers(-40_000, 40_000), st.integers(-2_000_000, 2_000_000))))
    share_price = draw(st.sampled_from((10**18, 97 * 10**16, 94 * 10**16)))
    return World(
        idle=draw(usd),
        spot_base=lots * LOT + draw(st.integers(-5, 5)) * (lots > 0),
        size=-short,
        equity=int(draw(st.floats(0.03, 1.2)) * short / 10**4 * PRICE * USD) + draw(usd) * (short == 0),
        venue_cash=draw(usd),
        funding_annual=draw(st.sampled_from((-0.1, 0.01, 0.03, 0.045, 0.2))),
        share_price=share_price,
        day_start=share_price,
        week_start=share_price,
        queued=draw(st.sampled_from((0.0, 0.0, 0.07, 0.4, 1.0))),
        hourly_move=draw(st.sampled_from((0.003, 0.01, 0.025))),
    )


@settings(max_examples=60, deadline=None)
@given(world=worlds())
def test_any_state_comes_to_rest_at_a_constant_price(world: World) -> None:
    world.run_until_hold(most=30)
    assert all(world.cycle().proposal.is_empty() for _ in range(3))


@settings(max_examples=60, deadline=None)
@given(world=worlds())
def test_at_rest_the_legs_hedge_margin_is_inside_its_bounds_and_the_queue_is_paid(world: World) -> None:
    world.run_until_hold(most=30)
    spot, perp = world.leg_usd()
    assert abs(spot + perp) <= max(DUST_USD, 0.01 * world.nav())
    # Below its bound only by less than the smallest transfer.
    assert world.equity / USD >= 0.3 * abs(perp) - 500
    if world.funding_annual < 0:
        assert max(spot, -perp) <= DUST_USD
        assert world.venue_cash < 500 * USD
        assert world.equity < 500 * USD
    # What is left waits for amounts worth bringing home from the venue; crumbs go with the day's first plan.
    left = world.queued_assets() / USD
    assert left < LEAST_PAYMENT_USD or (left <= 1_000 and spot <= DUST_USD)


@settings(max_examples=60, deadline=None)
@given(world=worlds())
def test_what_is_proposed_passes_the_gate_in_every_cycle(world: World) -> None:
    for _ in range(8):
        observation = world.observe()
        decision = world.decide()
        verdict = check(decision, observation, CARRY_CONFIG)
        assert isinstance(verdict, Approved), (verdict, decision.note)
        world.cycle()


@settings(max_examples=60, deadline=None)
@given(world=worlds(), fall=st.floats(0.5, 1.0), rise=st.floats(1.0, 1.3))
def test_a_plan_trades_one_way_and_widens_both_legs_alike(world: World, fall: float, rise: float) -> None:
    for price in (PRICE * fall, PRICE * fall * rise):
        step = world.cycle(price).proposal
        if step.perp_reduce_only or step.spot_base_delta < 0:
            assert step.spot_base_delta <= 0 <= step.perp_size_delta
        elif step.trades():
            assert step.spot_base_delta >= 0 >= step.perp_size_delta
            assert abs(world.spot_base + world.size * LOT) <= LOT


@settings(max_examples=60, deadline=None)
@given(
    idle=usd,
    spot_base=st.integers(0, 500 * ETH),
    hourly_move=st.sampled_from((0.001, 0.005, 0.02)),
    share_price=st.sampled_from((10**18, 95 * 10**16, 92 * 10**16)),
)
def test_spot_only_comes_to_rest_through_the_gate(
    idle: int, spot_base: int, hourly_move: float, share_price: int
) -> None:
    world = World(SPOT_CONFIG, idle, spot_base, hourly_move=hourly_move, share_price=share_price)
    world.day_start = world.week_start = share_price
    for _ in range(6):
        assert isinstance(check(world.decide(), world.observe(), SPOT_CONFIG), Approved)
        world.cycle()
    assert world.cycle().proposal.is_empty()


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_a_week_of_random_prices_trades_seldom(seed: int) -> None:
    """Hourly moves of 1 %: margin moves cash, the legs hold inside their band."""
    world = World()
    world.run_until_hold()
    trades = 0
    for move in np.random.default_rng(seed).normal(0, 0.01, 168):
        trades += world.cycle(world.price * float(np.exp(move))).proposal.trades()
    assert trades <= 12
