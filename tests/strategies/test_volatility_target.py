"""The spot-only strategy in the small world."""

import pytest
from vault_world import PRICE, SPOT_CONFIG, USD, World, invested

from agent.market.observation import Mode


def test_buys_to_the_target_in_one_plan() -> None:
    world = World(config=SPOT_CONFIG)
    step = world.cycle()
    assert step.target is not None
    assert step.target.exposure == pytest.approx(0.20 / step.scalers[0].inputs[0][1])
    assert world.leg_usd()[0] == pytest.approx(step.target.exposure * 1e6, rel=1e-3)
    assert (step.proposal.perp_size_delta, step.proposal.deposit) == (0, 0)
    assert world.cycle().proposal.is_empty()


def test_more_volatility_means_less_exposure() -> None:
    exposures = []
    for hourly_move in (0.001, 0.004, 0.008, 0.016):
        target = World(config=SPOT_CONFIG, hourly_move=hourly_move).decide().target
        assert target is not None
        exposures.append(target.exposure)
    assert exposures == sorted(exposures, reverse=True)
    assert exposures[0] == 0.65


def test_the_unhedged_leg_stays_inside_the_net_delta_limit() -> None:
    policy = SPOT_CONFIG.policy.model_copy(update={"max_net_delta": 0.3})
    target = World(config=SPOT_CONFIG.model_copy(update={"policy": policy}), hourly_move=0.001).decide().target
    assert target is not None
    assert target.exposure + 1.25 * SPOT_CONFIG.strategy.sizing.band == pytest.approx(0.3)


def test_sells_to_the_far_edge_after_a_rise() -> None:
    world = invested(SPOT_CONFIG)
    world.move_price(1.6 * PRICE)
    step = world.cycle()
    assert step.proposal.spot_base_delta < 0
    assert world.cycle().proposal.is_empty()


def test_refills_the_reserve_after_a_redemption() -> None:
    world = invested(SPOT_CONFIG)
    world.redeem(world.idle)
    assert world.cycle().proposal.spot_base_delta < 0
    assert world.idle >= 0.049 * world.nav() * USD


def test_sells_for_the_queue_once_and_keeps_the_reserve() -> None:
    world = invested(SPOT_CONFIG)
    world.queued, wanted = 0.6, 0.6 * world.nav() * USD
    assert world.cycle().proposal.spot_base_delta < 0
    assert world.paid_out == pytest.approx(wanted, rel=0.001)
    assert world.idle >= 0.049 * world.nav() * USD
    assert world.cycle().proposal.is_empty()


def test_reduce_only_sells_everything() -> None:
    world = invested(SPOT_CONFIG)
    world.mode = Mode.REDUCE_ONLY
    assert world.decide().proposal.spot_base_delta == -world.spot_base
