"""Margin and balance of the carry: what moves between vault and perp, and between the two legs."""

import pytest
from vault_world import CARRY_CONFIG, CARRY_STRATEGY, ETH, LOT, MILLION, PRICE, SIZING, USD, World, invested


class TestMargin:
    def test_a_rise_inside_the_band_is_answered_with_cash_not_with_trades(self) -> None:
        world = invested()
        world.move_price(1.09 * PRICE)
        assert world.margin_ratio() < 0.3
        first = world.cycle()
        assert first.proposal.deposit > 0
        assert not first.proposal.trades()
        second = world.cycle()
        assert second.proposal.to_perp == first.proposal.deposit
        assert not second.proposal.trades()
        assert world.margin_ratio() > 0.3
        assert world.cycle().proposal.is_empty()

    def test_margin_that_cash_cannot_restore_is_cut_by_as_much_as_needed(self) -> None:
        wide = CARRY_STRATEGY.model_copy(update={"sizing": SIZING.model_copy(update={"band": 0.26})})
        world = World(CARRY_CONFIG.model_copy(update={"strategy": wide}), 54_000 * USD, 350 * ETH, -3_500_000)
        world.equity = 196_000 * USD
        assert world.margin_ratio() == pytest.approx(0.28)
        before = world.leg_usd()[0]
        cut = world.cycle()
        assert cut.proposal.perp_reduce_only
        assert "margin is low" in cut.note
        assert 0.9 * before < world.leg_usd()[0] < before
        world.run_until_hold()
        assert world.margin_ratio() >= 0.3

    def test_near_liquidation_both_legs_are_cut_at_once_and_unsliced(self) -> None:
        world = invested(idle=10 * MILLION)
        world.move_price(1.34 * PRICE)
        step = world.cycle()
        assert "liquidation is nearer than the policy allows" in step.note
        assert abs(step.proposal.spot_base_delta) / 1e18 * world.price > 1_500_000
        assert world.margin_ratio() == pytest.approx(0.4, rel=0.02)

    def test_cash_on_the_venue_goes_to_the_margin_before_the_vaults(self) -> None:
        world = invested(venue_cash=120_000 * USD)
        world.move_price(1.2 * PRICE)
        step = world.decide().proposal
        assert (step.to_perp, step.deposit) == (120_000 * USD, 0)

    def test_margin_above_its_bound_comes_home_down_to_the_target(self) -> None:
        world = invested()
        world.move_price(0.75 * PRICE)
        world.run_until_hold()
        assert 0.3 <= world.margin_ratio() <= 0.55
        assert world.venue_cash == 0

    def test_a_deposit_is_never_followed_by_its_own_withdrawal(self) -> None:
        world = World()
        for _ in range(24):
            step = world.cycle().proposal
            assert step.from_perp == step.withdraw == 0


class TestBalance:
    def test_an_auto_deleveraged_perp_sells_spot_and_is_not_reopened_in_the_same_plan(self) -> None:
        world = invested()
        world.size //= 3
        step = world.decide().proposal
        assert step.perp_size_delta == 0
        assert world.spot_base + step.spot_base_delta == pytest.approx(-world.size * LOT, abs=LOT)

    def test_a_liquidated_perp_sells_all_spot(self) -> None:
        world = invested(size=0, equity=2_000 * USD)
        step = world.decide().proposal
        assert step.spot_base_delta == -world.spot_base
        assert step.perp_size_delta == 0

    def test_a_perp_without_spot_is_bought_back(self) -> None:
        world = invested()
        world.spot_base //= 2
        step = world.decide().proposal
        assert step.spot_base_delta == 0
        assert step.perp_size_delta > 0
        assert step.perp_reduce_only

    def test_a_perp_of_the_wrong_sign_is_closed(self) -> None:
        world = invested()
        world.size = -world.size
        step = world.decide().proposal
        assert step.perp_size_delta == -world.size
        assert step.perp_reduce_only
        assert step.spot_base_delta == -world.spot_base

    def test_a_difference_inside_the_delta_band_waits_and_is_healed_by_the_next_trade(self) -> None:
        world = invested()
        world.spot_base -= 17 * LOT + 12_345
        assert world.decide().proposal.is_empty()
        world.high_water = 105 * 10**16  # a drawdown that halves the size
        world.carry_out(world.decide().proposal)
        assert world.spot_base == -world.size * LOT

    def test_wei_lost_in_a_swap_cost_no_lot(self) -> None:
        world = invested()
        world.spot_base -= 3
        world.high_water = 105 * 10**16
        step = world.decide().proposal
        assert (world.spot_base + step.spot_base_delta) == -(world.size + step.perp_size_delta) * LOT
