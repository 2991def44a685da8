"""The carry strategy, cycle by cycle, in a small world that carries out what it proposes: in, held and out again."""

from dataclasses import replace
from typing import Any

import pytest
from vault_world import CARRY_CONFIG, CARRY_STRATEGY, LOT, MILLION, PRICE, SIZING, USD, World, invested

from agent.config import Config
from agent.market.observation import Mode
from agent.strategies import decide


def value_of(world: World, name: str) -> float:
    return next(part.value for part in world.decide().scalers if part.name == name)


class TestEntry:
    def test_deposits_first_and_opens_both_legs_in_a_later_plan(self) -> None:
        world = World()
        first = world.cycle()
        assert first.target is not None
        assert first.target.exposure == pytest.approx(0.65)
        assert not first.proposal.trades()
        assert first.proposal.deposit == pytest.approx(0.4 * 0.65 * MILLION, rel=1e-3)
        second = world.cycle()
        assert second.proposal.to_perp == first.proposal.deposit
        assert second.proposal.spot_base_delta == -second.proposal.perp_size_delta * LOT > 0
        assert not second.proposal.perp_reduce_only
        assert world.cycle().proposal.is_empty()

    def test_ends_at_the_target_with_the_target_margin(self) -> None:
        world = invested()
        assert world.leg_usd()[0] == pytest.approx(0.65 * 1e6, rel=2e-3)
        assert world.margin_ratio() == pytest.approx(0.4, rel=1e-2)

    def test_a_large_vault_enters_in_equal_slices_below_the_largest_trade(self) -> None:
        world = World(idle=5 * MILLION)
        world.cycle()
        slices = []
        while (step := world.cycle().proposal).trades():
            assert step.spot_base_delta == -step.perp_size_delta * LOT
            slices.append(2 * step.spot_base_delta / 1e18 * PRICE)
        assert len(slices) == 4
        assert max(slices) <= 1_500_000 * 0.99
        assert 0.9 * 0.65 <= world.leg_usd()[0] / world.nav() <= 0.65

    def test_slices_by_the_loss_limit_when_that_is_the_tighter_one(self) -> None:
        policy = CARRY_CONFIG.policy.model_copy(update={"max_loss_per_plan": 0.0005})
        world = World(config=CARRY_CONFIG.model_copy(update={"policy": policy}))
        world.cycle()
        step = world.cycle().proposal
        worst = step.spot_base_delta / 1e18 * PRICE * (0.0005 + 0.0005 + 0.003 + 0.001)
        assert 0 < worst <= 0.0005 * world.nav()

    @pytest.mark.parametrize(
        ("used", "worst", "part"),
        [({"loss_used_bps": 70}, 0.0030, 0.004), ({"turnover_used_bps": 27_000}, 0.30, 1.0)],
    )
    def test_slices_by_what_the_days_budgets_have_left(self, used: dict[str, Any], worst: float, part: float) -> None:
        world = World()
        world.cycle()
        seen = world.observe()
        step = decide(replace(seen, vault=replace(seen.vault, **used)), world.config).proposal
        traded = 2 * step.spot_base_delta / 1e18 * PRICE
        assert 0.85 * worst <= traded * part / world.nav() <= worst

    def test_waits_when_a_budget_is_used_up(self) -> None:
        seen = World(idle=700_000 * USD, equity=300_000 * USD).observe()
        step = decide(replace(seen, vault=replace(seen.vault, loss_used_bps=100)), CARRY_CONFIG)
        assert step.proposal.is_empty()
        assert "budgets refill" in step.note

    def test_stays_out_while_funding_has_not_paid_a_round_trip(self) -> None:
        world = World(funding_annual=0.01)  # 800 hours of it are 9 bp, a round trip costs 15
        assert world.decide().proposal.is_empty()
        assert "is not worth holding" in world.decide().note
        assert value_of(World(funding_annual=0.02), "funding") == 1.0

    def test_leaves_when_holding_has_cost_a_round_trip(self) -> None:
        world = invested(funding_annual=-0.02)
        assert value_of(world, "funding") == 0.0
        assert world.decide().proposal.spot_base_delta == -world.spot_base

    def test_leaves_the_idle_reserve(self) -> None:
        sizing = SIZING.model_copy(update={"max_exposure": 1.0, "min_idle": 0.2})
        strategy = CARRY_STRATEGY.model_copy(update={"sizing": sizing})
        world = invested(CARRY_CONFIG.model_copy(update={"strategy": strategy}))
        assert world.idle >= 0.2 * world.nav() * USD * 0.999

    def test_a_vault_smaller_than_the_smallest_trade_does_nothing(self) -> None:
        assert World(idle=600 * USD).decide().proposal.is_empty()


class TestScalers:
    def test_every_part_is_recorded_with_its_numbers_and_a_sentence(self) -> None:
        scalers = World().decide().scalers
        assert [part.name for part in scalers] == [
            "volatility_target",
            "max_exposure",
            "gross_cap",
            "cash_cap",
            "funding",
            "open_interest",
            "liquidation_distance",
            "drawdown",
        ]
        assert all(part.sentence for part in scalers)
        exposure = min(part.value for part in scalers[:4])
        for part in scalers[4:]:
            exposure *= part.value
        target = World().decide().target
        assert target is not None
        assert target.exposure == exposure

    def test_exposure_falls_with_the_drawdown_and_is_zero_at_the_limit(self) -> None:
        exposures = []
        for lost in (0.0, 0.02, 0.05, 0.079, 0.08):
            target = World(share_price=int(10**18 * (1 - lost))).decide().target
            assert target is not None
            exposures.append(target.exposure)
        assert exposures == sorted(exposures, reverse=True)
        assert exposures[1] == pytest.approx(exposures[0])
        assert exposures[-1] == pytest.approx(0)

    def test_a_wild_price_brings_liquidation_too_few_deviations_near(self) -> None:
        assert value_of(World(hourly_move=0.005), "liquidation_distance") == 1.0
        assert value_of(World(hourly_move=0.03), "liquidation_distance") < 0.6

    def test_works_without_open_interest_in_the_strategy(self) -> None:
        strategy = CARRY_STRATEGY.model_copy(update={"open_interest": None})
        world = World(config=CARRY_CONFIG.model_copy(update={"strategy": strategy}))
        observation = world.observe()
        assert "open_interest" not in [part.name for part in world.decide().scalers]
        assert observation.market.open_interest is not None


class TestBand:
    def test_holds_inside_the_band(self) -> None:
        world = invested()
        for price in (1.02 * PRICE, 0.99 * PRICE):
            world.move_price(price)
            assert not world.decide().proposal.trades()

    def test_reduces_both_legs_to_the_far_edge(self) -> None:
        world = invested()
        world.move_price(1.15 * PRICE)
        step = world.decide().proposal
        assert step.spot_base_delta == -step.perp_size_delta * LOT < 0
        assert step.perp_reduce_only
        world.carry_out(step)
        assert world.leg_usd()[0] == pytest.approx(1.1 * 0.65 * world.nav(), rel=1e-3)

    def test_never_repeats_a_tiny_trade(self) -> None:
        world = invested()
        for hour in range(48):
            world.move_price(world.price * (1.0005 if hour % 2 else 0.9995))
            assert world.cycle().proposal.is_empty()


class TestExit:
    @pytest.mark.parametrize("idle", [MILLION, 20 * MILLION])
    def test_brings_everything_home_in_a_bounded_number_of_cycles(self, idle: int) -> None:
        world = invested(idle=idle)
        world.funding_annual = -0.05
        slices = 2 * world.leg_usd()[0] / (1_500_000 * 0.99)
        assert world.run_until_hold() <= slices + 5
        assert (world.spot_base, world.size, world.equity, world.venue_cash) == (0, 0, 0, 0)

    def test_slices_by_the_emergency_budget_and_never_by_the_others(self) -> None:
        world = invested(funding_annual=-0.05)
        seen = world.observe()
        used_up = replace(seen.vault, loss_used_bps=100, turnover_used_bps=30_000)
        assert decide(replace(seen, vault=used_up), world.config).proposal.spot_base_delta == -world.spot_base
        half = replace(seen.vault, emergency_loss_used_bps=80)
        step = decide(replace(seen, vault=half), world.config)
        assert 0.85 * 0.002 <= 2 * -step.proposal.spot_base_delta / 1e18 * PRICE * 0.004 / world.nav() <= 0.002
        assert "more slices follow" in step.note

    def test_a_cut_that_has_to_wait_holds_instead_of_widening(self) -> None:
        world = invested()
        world.size //= 2
        seen = world.observe()
        step = decide(replace(seen, vault=replace(seen.vault, emergency_loss_used_bps=100)), world.config)
        assert step.proposal.is_empty()
        assert "too little to cut, though spot and perp differ" in step.note

    def test_closes_a_position_smaller_than_the_smallest_trade(self) -> None:
        world = invested(funding_annual=-0.05, spot_base=LOT * 1_000, size=-1_000, equity=100 * USD)
        step = world.decide().proposal
        assert (step.spot_base_delta, step.perp_size_delta) == (-LOT * 1_000, 1_000)

    def test_dust_is_not_traded_hour_after_hour(self) -> None:
        world = World(funding_annual=-0.05, spot_base=3 * LOT, size=-5, equity=2 * USD)
        assert world.decide().proposal.is_empty()

    def test_reduce_only_unwinds_without_a_forecast_and_never_widens(self) -> None:
        world = invested()
        world.mode = Mode.REDUCE_ONLY
        step = world.decide()
        assert step.target is not None
        assert step.target.exposure == 0
        assert "until a person returns it to Active" in step.note
        assert step.proposal.spot_base_delta == -world.spot_base
        world.run_until_hold()
        assert world.idle + world.unswept == pytest.approx(world.nav() * USD, abs=USD)

    def test_reduce_only_during_warm_up(self) -> None:
        observation = invested(mode=Mode.REDUCE_ONLY).observe()
        rows = observation.market.history
        short = type(rows)(
            *(
                None if a is None else a[-50:]
                for a in (rows.time_s, rows.spot, rows.perp, rows.funding, rows.open_interest)
            )
        )
        decision = decide(replace(observation, market=replace(observation.market, history=short)), CARRY_CONFIG)
        assert decision.refusals == ()
        assert decision.proposal.perp_reduce_only


def test_a_target_below_the_smallest_trade_is_no_target() -> None:
    strategy = CARRY_STRATEGY.model_copy(update={"sizing": SIZING.model_copy(update={"max_exposure": 0.0004})})
    config: Config = CARRY_CONFIG.model_copy(update={"strategy": strategy})
    assert World(config=config).decide().proposal.is_empty()
