"""The carry while holders want out: one redemption, and a queue of them."""

import pytest
from vault_world import CARRY_CONFIG, ETH, LOT, PRICE, SIZING, USD, World, invested

from agent.market.observation import Observation
from agent.risk import upkeep


def seen_legs(seen: Observation) -> tuple[float, float]:
    perp = seen.vault.perp
    assert perp is not None
    return seen.vault.spot_base / ETH * PRICE, perp.size / 10**4 * PRICE


class TestRedemption:
    def test_a_drained_reserve_takes_spare_margin_home_before_it_sells(self) -> None:
        world = invested()
        world.equity = int(0.5 * world.leg_usd()[0] * USD)
        world.redeem(world.idle)
        assert world.decide().proposal.from_perp > 0
        world.run_until_hold()
        assert world.idle + world.unswept >= 0.025 * world.nav() * USD

    def test_sells_both_legs_when_nothing_else_frees_cash(self) -> None:
        world = invested()
        world.equity = int(0.4 * world.leg_usd()[0] * USD)
        world.redeem(world.idle)
        step = world.decide()
        assert step.proposal.spot_base_delta == -step.proposal.perp_size_delta * LOT < 0
        assert "redemptions" in step.note
        world.run_until_hold()
        assert world.idle + world.unswept >= 0.025 * world.nav() * USD


class TestQueue:
    def test_cash_that_is_there_pays_the_queue_and_nothing_is_traded(self) -> None:
        world = invested()
        world.queued = 0.05
        seen = world.observe()
        assert world.decide().proposal.is_empty()
        assert "redemptions wait" in str(upkeep(seen, world.config.policy))
        world.cycle()
        assert (world.queued, world.leg_usd()) == (0.0, seen_legs(seen))

    @pytest.mark.parametrize("part", [0.08, 0.1, 0.2, 0.3, 0.5, 0.8, 0.95])
    def test_what_cash_does_not_cover_is_sold_once_from_both_legs_and_never_bought_back(self, part: float) -> None:
        world = invested()
        world.queued, wanted = part, int(part * world.nav() * USD)
        legs = [world.leg_usd()[0]]
        for _ in range(8):
            step = world.cycle().proposal
            assert abs(world.spot_base + world.size * LOT) <= LOT
            assert step.deposit == 0
            legs.append(world.leg_usd()[0])
        assert legs == sorted(legs, reverse=True)
        assert world.paid_out == pytest.approx(wanted, rel=0.002)
        assert world.queued == 0
        target = world.decide().target
        assert target is not None
        assert abs(legs[-1] / world.nav() - target.exposure) <= 1.3 * SIZING.band

    def test_most_of_it_is_paid_by_the_first_plan(self) -> None:
        world = invested()
        world.queued, wanted = 0.3, 0.3 * world.nav() * USD
        world.cycle()
        assert world.paid_out > 0.85 * wanted

    def test_the_target_is_a_part_of_what_stays(self) -> None:
        world = invested()
        before = world.decide().target
        world.queued = 0.4
        after = world.decide().target
        assert before is not None
        assert after is not None
        assert after.exposure == before.exposure
        assert after.spot_base == pytest.approx(0.6 * before.spot_base, rel=1e-3)

    def test_everything_queued_closes_everything(self) -> None:
        world = invested()
        world.queued, everything = 1.0, world.nav() * USD
        first = world.decide().proposal
        assert (first.spot_base_delta, first.perp_size_delta) == (-world.spot_base, -world.size)
        world.run_until_hold()
        assert (world.spot_base, world.size, world.venue_cash) == (0, 0, 0)
        assert world.paid_out == pytest.approx(everything, rel=0.003)

    def test_everything_queued_without_a_buffer_leaves_nothing_and_says_why(self) -> None:
        policy = CARRY_CONFIG.policy.model_copy(update={"flow_buffer": 0.0})
        world = invested(CARRY_CONFIG.model_copy(update={"policy": policy}))
        world.queued = 1.0
        assert "nothing is left to holders who do not wait" in world.decide().note
        world.run_until_hold()
        assert world.nav() < 1_000

    def test_low_margin_is_restored_by_a_sale_and_not_with_the_queues_cash(self) -> None:
        world = invested()
        world.queued, wanted = 0.06, 0.06 * world.nav() * USD
        world.move_price(1.09 * PRICE)
        assert world.margin_ratio() < 0.3
        step = world.cycle().proposal
        assert 0 < step.deposit <= -step.spot_base_delta / ETH * world.price * USD
        assert world.paid_out == pytest.approx(wanted, rel=0.002)
        world.run_until_hold()
        assert world.margin_ratio() >= 0.3

    def test_an_entry_uses_only_what_stays(self) -> None:
        world = World(queued=0.97)
        step = world.cycle().proposal
        assert step.deposit == pytest.approx(0.4 * 0.65 * 30_485 * USD, rel=1e-3)
        assert world.paid_out == pytest.approx(970_000 * USD, rel=0.001)
