"""The gate: every limit of the contract, reported together, before anything is sent."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from vault_world import CARRY_CONFIG, ETH, HOUR, LOT, NOW, PRICE, SPOT_CONFIG, USD, World, invested

from agent.decision import Approved, Decision, Proposal, Refused, Target
from agent.market.observation import Mode, Observation
from agent.reasons import Code, Reason
from agent.risk import check, is_reducing
from agent.risk.change import measure
from agent.risk.costs import Costs


def decision(proposal: Proposal, exposure: float = 0.5) -> Decision:
    return Decision(NOW, "test", Target(exposure, 0.0, 0.0, 0.0), (), proposal, "a test")


def pair(lots: int, **cash: int) -> Proposal:
    """Both legs wider by so many lots, or narrower."""
    return Proposal(lots * LOT, -lots, lots < 0, **cash)


def ready() -> World:
    """A vault of one million with 300,000 of margin in the perp account."""
    return World(idle=700_000 * USD, equity=300_000 * USD)


def broken(proposal: Proposal, observation: Observation, **limits: float) -> dict[Code, Reason]:
    """What is broken, with these limits instead of the test policy's."""
    config = CARRY_CONFIG.model_copy(update={"policy": CARRY_CONFIG.policy.model_copy(update=limits)})
    verdict = check(decision(proposal), observation, config)
    return {} if isinstance(verdict, Approved) else {reason.code: reason for reason in verdict.reasons}


def with_vault(world: World, **changes: object) -> Observation:
    observation = world.observe()
    return replace(observation, vault=replace(observation.vault, **changes))  # type: ignore[arg-type]


def lots(usd: float) -> int:
    return int(usd / PRICE * 10**4)


def test_approves_what_is_inside_every_limit() -> None:
    proposal = pair(lots(500_000))
    verdict = check(decision(proposal), ready().observe(), CARRY_CONFIG)
    assert verdict == Approved(proposal)


def test_approves_nothing_to_do() -> None:
    assert check(decision(Proposal()), ready().observe(), CARRY_CONFIG) == Approved(Proposal())


def test_passes_on_the_refusals_of_a_decision() -> None:
    reason = Reason(Code.DATA_STALE, "old")
    verdict = check(replace(decision(pair(1)), refusals=(reason,)), ready().observe(), CARRY_CONFIG)
    assert verdict == Refused(pair(1), (reason,))


def test_refuses_too_much_gross_exposure() -> None:
    world = World(idle=400_000 * USD, spot_base=200 * ETH, size=-2_000_000, equity=200_000 * USD)
    reason = broken(pair(lots(450_000)), world.observe())[Code.GROSS_LEVERAGE]
    assert reason.value == pytest.approx(1.7)
    assert (reason.bound, reason.where) == (1.6, "policy.max_gross_leverage")


def test_refuses_a_lone_leg() -> None:
    reason = broken(Proposal(spot_base_delta=100 * ETH), ready().observe())[Code.NET_DELTA]
    assert (reason.value, reason.bound) == (pytest.approx(0.2), 0.05)


def test_refuses_a_trade_above_the_largest() -> None:
    world = World(idle=7_000_000 * USD, equity=3_000_000 * USD)
    assert broken(pair(lots(740_000)), world.observe()) == {}
    assert broken(pair(lots(751_000)), world.observe()).keys() == {Code.TRADE_TOO_LARGE}


def test_margin_counts_what_moves_before_the_order_and_not_what_arrives_later() -> None:
    world = World(idle=900_000 * USD, equity=40_000 * USD, venue_cash=60_000 * USD)
    size = lots(500_000)
    assert broken(pair(size), world.observe()).keys() == {Code.LIQUIDATION_TOO_CLOSE}
    assert broken(pair(size, to_perp=60_000 * USD), world.observe()) == {}
    assert Code.LIQUIDATION_TOO_CLOSE in broken(pair(size, deposit=60_000 * USD), world.observe())


def test_margin_after_an_order_is_less_by_its_worst_fill() -> None:
    """0.123 of margin per notional is a distance of 0.101, less 0.004 of worst loss it is 0.097."""
    world = World(idle=900_000 * USD, equity=61_500 * USD)
    reason = broken(pair(lots(500_000)), world.observe())[Code.LIQUIDATION_TOO_CLOSE]
    assert reason.value == pytest.approx((0.123 - 0.004 - 0.02) / 1.02)


def test_refuses_to_take_margin_home_when_liquidation_would_come_too_close() -> None:
    world = invested()
    away = Proposal(from_perp=world.equity - int(0.1 * world.leg_usd()[0] * USD))
    assert broken(away, world.observe()).keys() == {Code.LIQUIDATION_TOO_CLOSE}


class TestHealth:
    """Equity of 40,000 against a short of 500,000 at 25 times leverage: the venue asks for 10,000."""

    def world(self) -> World:
        return World(idle=900_000 * USD, equity=40_000 * USD)

    def test_refuses_a_position_that_the_venue_would_soon_close(self) -> None:
        reason = broken(pair(lots(500_000)), self.world().observe(), min_health=6.0)[Code.HEALTH_TOO_LOW]
        assert reason.value == pytest.approx((40_000 - 0.004 * 500_000) / 10_000)
        assert (reason.bound, reason.where) == (6.0, "policy.min_health")

    def test_is_a_limit_of_its_own_beside_the_distance(self) -> None:
        observation = self.world().observe()
        near = broken(pair(lots(500_000)), observation, min_liquidation_distance=0.03, min_health=6.0)
        assert near.keys() == {Code.HEALTH_TOO_LOW}
        assert broken(pair(lots(500_000)), observation, min_liquidation_distance=0.03, min_health=3.79) == {}

    def test_a_position_that_the_venue_may_close_now_has_none(self) -> None:
        world = World(idle=900_000 * USD, spot_base=250 * ETH, size=-2_500_000, equity=0)
        reason = broken(pair(1), world.observe())[Code.HEALTH_TOO_LOW]
        assert reason.value == 0

    def test_a_vault_without_a_perp_position_owes_nothing(self) -> None:
        assert broken(Proposal(deposit=1_000 * USD), World().observe(), min_health=6.0) == {}


class TestCaps:
    def test_refuses_too_much_at_one_venue(self) -> None:
        reason = broken(pair(lots(500_000)), ready().observe(), venue_cap=0.4)[Code.VENUE_CAP]
        assert (reason.value, reason.bound) == (pytest.approx(500_000), pytest.approx(400_000))
        assert reason.where == "policy.venue_cap"

    def test_refuses_more_dollars_at_one_venue_than_is_ever_allowed(self) -> None:
        reason = broken(pair(lots(500_000)), ready().observe(), venue_cap_usd=450_000.0)[Code.VENUE_CAP]
        assert (reason.bound, reason.where) == (450_000, "policy.venue_cap_usd")

    def test_cash_at_the_perp_venue_counts_as_much_as_a_position_there(self) -> None:
        sent = Proposal(deposit=150_000 * USD)
        reason = broken(sent, ready().observe(), venue_cap=0.4)[Code.VENUE_CAP]
        assert reason.value == pytest.approx(450_000)
        assert "perp" in reason.message
        assert broken(Proposal(deposit=100_000 * USD), ready().observe(), venue_cap=0.4) == {}

    def test_of_notional_and_value_the_larger_counts_and_not_their_sum(self) -> None:
        assert broken(pair(lots(390_000)), ready().observe(), venue_cap=0.4) == {}

    def test_refuses_too_much_of_the_base_token_over_all_venues(self) -> None:
        reason = broken(pair(lots(500_000)), ready().observe(), asset_cap=0.9)[Code.ASSET_CAP]
        assert (reason.value, reason.bound) == (pytest.approx(1_000_000), pytest.approx(900_000))
        assert reason.where == "policy.asset_cap"
        reason = broken(pair(lots(500_000)), ready().observe(), asset_cap_usd=900_000.0)[Code.ASSET_CAP]
        assert (reason.bound, reason.where) == (900_000, "policy.asset_cap_usd")

    def test_what_did_not_grow_is_not_checked(self) -> None:
        """A price, or a cap that was lowered, carried everything beyond its cap."""
        world, tight = invested(), {"venue_cap": 0.1, "asset_cap": 0.1}
        half = -world.size // 2
        assert broken(pair(-half), world.observe(), **tight) == {}
        assert broken(Proposal(from_perp=1_000 * USD), world.observe(), **tight) == {}
        assert broken(pair(1_000), world.observe(), **tight).keys() == {Code.VENUE_CAP, Code.ASSET_CAP}

    def test_a_reducing_plan_may_not_bring_cash_beyond_the_cap(self) -> None:
        world = World(idle=500_000 * USD, spot_base=100 * ETH, size=-1_000_000, equity=300_000 * USD)
        reduce = pair(-100_000, deposit=200_000 * USD)
        assert broken(reduce, world.observe(), venue_cap=0.4).keys() == {Code.VENUE_CAP}


def test_worst_loss_counts_tolerances_fees_and_a_pool_away_from_the_oracle() -> None:
    world = ready()
    tight = CARRY_CONFIG.policy.model_copy(update={"max_loss_per_plan": 0.001})
    config = CARRY_CONFIG.model_copy(update={"policy": tight})
    verdict = check(decision(pair(lots(500_000))), world.observe(), config)
    assert isinstance(verdict, Refused)
    assert [reason.code for reason in verdict.reasons] == [Code.PLAN_LOSS]
    assert verdict.reasons[0].value == pytest.approx(0.5 * (0.001 + 0.003 + 0.001))
    dear = with_vault(world, pool_price=PRICE * 1.009)
    assert broken(pair(lots(500_000)), dear).keys() == {Code.SLIPPAGE}


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"mode": Mode.HALTED}, Code.HALTED),
        ({"mode": Mode.REDUCE_ONLY}, Code.REDUCE_ONLY),
        ({"oracle_updated_at": NOW - 5_401}, Code.ORACLE_STALE),
        ({"last_plan_at": NOW - 599}, Code.COOLDOWN),
        ({"share_price_e18": 969 * 10**15}, Code.DAILY_LOSS),
        ({"share_price_e18": 919 * 10**15, "day_start_price_e18": 919 * 10**15}, Code.DRAWDOWN),
        ({"day_start_price_e18": 0}, Code.DAILY_LOSS),
        ({"share_price_e18": 949 * 10**15, "day_start_price_e18": 949 * 10**15}, Code.WEEKLY_LOSS),
        ({"week_start_price_e18": 0}, Code.WEEKLY_LOSS),
        ({"turnover_used_bps": 28_001}, Code.TURNOVER),
        ({"loss_used_bps": 96}, Code.LOSS_BUDGET),
        ({"oracle_price": math.nan}, Code.DATA_NOT_POSITIVE),
        ({"oracle_price": 0.0}, Code.DATA_NOT_POSITIVE),
        ({"pool_price": 0.0}, Code.DATA_NOT_POSITIVE),
        ({"pool_price": math.inf}, Code.DATA_NOT_FINITE),
    ],
)
def test_refuses_to_widen(changes: dict[str, object], code: Code) -> None:
    assert code in broken(pair(lots(100_000)), with_vault(ready(), **changes))


def test_the_budgets_of_a_day_count_with_what_this_plan_adds() -> None:
    """Two legs of 100,000 are 0.2 of turnover, and lose at worst 0.1 x (0.001 + 0.004) = 5 basis points."""
    fits = with_vault(ready(), turnover_used_bps=27_999, loss_used_bps=94)
    assert broken(pair(lots(100_000)), fits) == {}
    found = broken(pair(lots(100_000)), with_vault(ready(), turnover_used_bps=28_001, loss_used_bps=96))
    assert found.keys() == {Code.TURNOVER, Code.LOSS_BUDGET}
    assert (found[Code.TURNOVER].value, found[Code.TURNOVER].bound) == (pytest.approx(3.0001), 3.0)
    assert (found[Code.LOSS_BUDGET].value, found[Code.LOSS_BUDGET].bound) == (pytest.approx(0.0101), 0.01)


def test_keeps_the_policys_idle_cash_unless_a_plan_takes_none() -> None:
    world = World(idle=70_000 * USD, spot_base=300 * ETH, size=-3_000_000, equity=330_000 * USD)
    reason = broken(pair(lots(60_000)), world.observe())[Code.MIN_IDLE]
    assert (reason.value, reason.bound) == (pytest.approx(0.00994), 0.02)
    assert broken(pair(lots(49_000)), world.observe()) == {}
    drained = World(idle=10_000 * USD, spot_base=300 * ETH, size=-3_000_000, equity=390_000 * USD)
    assert broken(Proposal(perp_size_delta=-lots(20_000)), drained.observe()) == {}


def test_a_weeks_loss_is_told_with_its_bound_and_its_place() -> None:
    slow = with_vault(ready(), share_price_e18=945 * 10**15, day_start_price_e18=950 * 10**15)
    found = broken(pair(lots(100_000)), slow)
    assert found.keys() == {Code.WEEKLY_LOSS}
    reason = found[Code.WEEKLY_LOSS]
    assert (reason.value, reason.bound, reason.where) == (pytest.approx(0.055), 0.05, "policy.max_weekly_loss")
    assert broken(pair(-1), with_vault(invested(), share_price_e18=945 * 10**15)) == {}


def test_refuses_while_an_effect_is_outstanding() -> None:
    perp = ready().observe().vault.perp
    assert perp is not None
    pending = with_vault(ready(), perp=replace(perp, pending_until=NOW + 30))
    assert broken(pair(1), pending).keys() == {Code.EFFECT_PENDING}


def test_limits_themselves_are_allowed() -> None:
    at_limits = with_vault(ready(), share_price_e18=97 * 10**16, last_plan_at=NOW - 600, oracle_updated_at=NOW - 5_400)
    assert broken(pair(lots(100_000)), at_limits) == {}
    week = with_vault(ready(), share_price_e18=95 * 10**16, day_start_price_e18=95 * 10**16)
    assert broken(pair(lots(100_000)), week) == {}
    assert broken(pair(lots(400_000)), ready().observe(), venue_cap=0.4, asset_cap=0.8) == {}


def test_reports_every_broken_limit_together() -> None:
    observation = with_vault(
        World(idle=900_000 * USD, equity=100_000 * USD), last_plan_at=NOW, share_price_e18=9 * 10**17
    )
    found = broken(Proposal(lots(1_600_000) * LOT, -lots(900_000)), observation)
    assert found.keys() == {
        Code.COOLDOWN,
        Code.TRADE_TOO_LARGE,
        Code.GROSS_LEVERAGE,
        Code.NET_DELTA,
        Code.LIQUIDATION_TOO_CLOSE,
        Code.VENUE_CAP,
        Code.ASSET_CAP,
        Code.MIN_IDLE,
        Code.DAILY_LOSS,
        Code.WEEKLY_LOSS,
        Code.DRAWDOWN,
    }
    assert all(reason.where.startswith("policy.") for reason in found.values())


class TestReducing:
    def hurt(self) -> World:
        """Far outside gross, net and liquidation bounds, right after another plan, with losses."""
        return World(idle=0, spot_base=900 * ETH, size=-8_000_000, equity=80_000 * USD, share_price=9 * 10**17)

    def test_may_stay_outside_bounds_that_it_makes_better(self) -> None:
        observation = with_vault(self.hurt(), last_plan_at=NOW, mode=Mode.REDUCE_ONLY)
        assert broken(Proposal(-200 * ETH, 1_000_000, True), observation) == {}

    def test_passes_with_the_normal_budgets_used_up_and_no_idle_cash(self) -> None:
        observation = with_vault(self.hurt(), turnover_used_bps=30_000, loss_used_bps=100)
        assert broken(Proposal(-200 * ETH, 1_000_000, True), observation) == {}

    def test_has_a_loss_budget_of_its_own(self) -> None:
        """Selling 400,000 and buying back 200,000 can lose 1,200 USD of the value of 1.88 million."""
        observation = with_vault(self.hurt(), emergency_loss_used_bps=95)
        found = broken(Proposal(-200 * ETH, 1_000_000, True), observation)
        assert found.keys() == {Code.EMERGENCY_LOSS_BUDGET}
        assert found[Code.EMERGENCY_LOSS_BUDGET].value == pytest.approx(0.0095 + 1_200 / 1_880_000)

    def test_may_not_make_net_delta_worse(self) -> None:
        assert broken(Proposal(0, 1_000_000, True), self.hurt().observe()).keys() == {Code.NET_DELTA}

    def test_may_not_make_the_liquidation_distance_or_health_worse(self) -> None:
        proposal = Proposal(-10 * ETH, from_perp=40_000 * USD)
        assert broken(proposal, self.hurt().observe()).keys() == {Code.LIQUIDATION_TOO_CLOSE, Code.HEALTH_TOO_LOW}

    def test_turning_a_leg_over_is_not_reducing(self) -> None:
        world = invested(mode=Mode.REDUCE_ONLY)
        over = Proposal(0, -2 * world.size)
        assert Code.REDUCE_ONLY in broken(over, world.observe())

    @given(before=st.integers(-50, 50), after=st.integers(-50, 50))
    def test_is_reducing_means_no_larger_and_no_change_of_side(self, before: int, after: int) -> None:
        smaller = abs(after) <= abs(before) and (after == 0 or (after > 0) == (before > 0))
        assert is_reducing((before,), (after,)) == smaller

    def test_one_growing_leg_spoils_it(self) -> None:
        assert not is_reducing((10, -10), (0, -11))


def test_a_cash_move_waits_for_no_cooldown() -> None:
    world = World()
    assert broken(Proposal(deposit=1_000 * USD), with_vault(world, last_plan_at=world.time)) == {}


def test_a_vault_without_value_may_not_widen() -> None:
    assert Code.GROSS_LEVERAGE in broken(pair(1), World(idle=0).observe())


def test_cooldown_is_counted_from_the_last_plan() -> None:
    world = ready()
    world.time += HOUR
    assert broken(pair(1), world.observe()) == {}


def test_a_vault_of_spot_only_has_one_leg_and_no_margin() -> None:
    buys = World(config=SPOT_CONFIG).observe()
    after = measure(Proposal(spot_base_delta=ETH), buys.vault, Costs.of(SPOT_CONFIG)).after
    assert (after.gross_usd(), after.net_usd(), after.perp_value_usd) == (PRICE, PRICE, 0.0)
    assert (after.liquidation_distance, after.health) == (None, None)
    assert check(decision(Proposal(spot_base_delta=ETH)), buys, SPOT_CONFIG) == Approved(Proposal(spot_base_delta=ETH))
