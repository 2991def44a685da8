"""Between deciding and sending."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from vault_world import CARRY_CONFIG, NOW, World

from agent.config import ControlsConfig
from agent.execution import Plan
from agent.market.observation import Observation
from agent.reasons import Code, Reason
from agent.service.guard import ServiceGuard
from agent.service.kill_switch import KillSwitch, stop
from agent.service.latches import Latches, Value
from agent.strategies import decide

CONTROLS = ControlsConfig(max_plans_per_hour=3, max_trading_plans_per_day=5)
MINUTE = 60


def plan(number: int) -> Plan:
    return Plan(31337, "0x" + "11" * 20, number, NOW + 120, b"\0" * 32, ())


@pytest.fixture
def guard(tmp_path: Path, latches: Latches) -> Callable[..., ServiceGuard]:
    def made(carried_out: int | None = 0, leads: Reason | None = None) -> ServiceGuard:
        switch = KillSwitch(tmp_path, latches)
        times = {"block_time_s": 10, "interval_s": 3_600}
        return ServiceGuard("eth-carry", CONTROLS, latches, switch, lambda: carried_out, lambda: leads, **times)

    return made


def watched(guard: ServiceGuard, observation: Observation | None = None) -> list[Code]:
    return [reason.code for reason in guard.watch(observation or World().observe()).market.problems]


def test_a_quiet_day_is_decided_and_sent(guard: Callable[..., ServiceGuard]) -> None:
    assert watched(guard()) == []
    assert guard().allow(plan(1), 5_000.0, NOW) == ()


def test_the_hour_has_its_plans_and_no_more(guard: Callable[..., ServiceGuard]) -> None:
    made = guard()
    for number in range(3):
        assert made.allow(plan(number), 0.0, NOW + number * MINUTE) == ()
    (refused,) = made.allow(plan(3), 0.0, NOW + 30 * MINUTE)
    assert (refused.code, refused.value, refused.bound) == (Code.PLAN_RATE, 3, 3)
    assert made.allow(plan(3), 5_000.0, NOW + 30 * MINUTE, reduces=True) == ()
    assert made.allow(plan(3), 0.0, NOW + 61 * MINUTE) == ()


def test_a_strategy_that_does_not_arrive_is_disabled_until_a_person_enables_it(
    guard: Callable[..., ServiceGuard], latches: Latches
) -> None:
    made = guard()
    for number in range(5):
        assert made.allow(plan(number), 5_000.0, NOW - (12 - 2 * number) * 3_600) == ()
    assert watched(made) == [Code.REPEATED_EXECUTION]
    later = World(time=NOW + 3 * 86_400).observe()
    assert watched(guard(), later) == [Code.REPEATED_EXECUTION]
    latches.clear("eth-carry", NOW + 3 * 86_400, "ann")
    assert watched(guard(), later) == []


def test_plans_that_trade_nothing_are_no_repetition(guard: Callable[..., ServiceGuard]) -> None:
    made = guard()
    for number in range(6):
        made.allow(plan(number), 0.0, NOW - (12 - 2 * number) * 3_600)
    assert watched(made) == []


def test_a_plan_that_nobody_intended_stops_the_vault(guard: Callable[..., ServiceGuard], latches: Latches) -> None:
    assert watched(guard()) == []
    observation = World().observe()
    somebody = replace(observation, vault=replace(observation.vault, plan_count=1))
    assert watched(guard(), somebody) == [Code.SENT_AGAINST_INTENDED]
    assert [latch.reason.code for latch in latches.active("eth-carry")] == [Code.SENT_AGAINST_INTENDED]
    latches.clear("eth-carry", NOW, "ann")
    assert watched(guard(), somebody) == []


def test_a_journal_that_knows_more_than_the_vault_stops_it_too(guard: Callable[..., ServiceGuard]) -> None:
    assert watched(guard()) == []
    assert watched(guard(carried_out=1)) == [Code.SENT_AGAINST_INTENDED]


def test_a_pause_is_seen_before_deciding_and_again_before_sending(
    guard: Callable[..., ServiceGuard], latches: Latches
) -> None:
    made = guard()
    assert watched(made) == []
    stop(latches, "eth-carry", Code.PAUSED, "lunch", "ann")
    assert [reason.code for reason in made.allow(plan(1), 0.0, NOW)] == [Code.PAUSED]
    decision = decide(made.watch(World().observe()), CARRY_CONFIG)
    assert decision.target is None
    assert decision.proposal.is_empty()


def test_who_does_not_lead_sends_nothing(guard: Callable[..., ServiceGuard]) -> None:
    follower = guard(leads=Reason(Code.NOT_LEADER, "another leads"))
    assert watched(follower) == [Code.NOT_LEADER]
    assert [reason.code for reason in follower.allow(plan(1), 0.0, NOW)] == [Code.NOT_LEADER]


def test_a_price_that_ran_away_is_not_followed(guard: Callable[..., ServiceGuard]) -> None:
    observation = World().observe()
    spot = observation.market.spot
    assert spot is not None
    jumped = replace(observation, market=replace(observation.market, spot=replace(spot, value=spot.value * 1.12)))
    seen = guard().watch(jumped)
    assert [reason.code for reason in seen.market.cautions] == [Code.PRICE_COLLAR]
    assert seen.market.problems == ()


def test_all_vaults_widen_nothing_when_together_they_lost_too_much(
    guard: Callable[..., ServiceGuard], latches: Latches
) -> None:
    latches.record_value("btc-carry", Value(900_000.0, 300_000.0, NOW))
    seen = guard().watch(World().observe())
    (caution,) = seen.market.cautions
    assert caution.code is Code.PORTFOLIO_DRAWDOWN
    assert caution.value == pytest.approx(300_000 / 2_200_000)
    assert decide(seen, CARRY_CONFIG).proposal.spot_base_delta == 0


def test_a_database_that_is_gone_sends_nothing(
    tmp_path: Path, guard: Callable[..., ServiceGuard], latches: Latches
) -> None:
    made = guard()
    (tmp_path / "service.sqlite").write_bytes(b"gone" * 1_000)
    assert Code.STATE_UNREADABLE in watched(made)
    assert Code.STATE_UNREADABLE in [reason.code for reason in made.allow(plan(1), 0.0, NOW)]


@pytest.mark.parametrize("skew_s", [-31, 41])
def test_fault_70_a_clock_that_is_apart_from_the_chain_holds(guard: Callable[..., ServiceGuard], skew_s: int) -> None:
    observation = World().observe()
    assert watched(guard(), replace(observation, time=observation.time + skew_s)) == [Code.CLOCK_SKEW]
    nearly = skew_s + (1 if skew_s < 0 else -1)
    assert watched(guard(), replace(observation, time=observation.time + nearly)) == []


def test_fault_77_the_first_cycle_after_a_sleep_only_looks(guard: Callable[..., ServiceGuard]) -> None:
    made = guard()
    assert watched(made) == []
    assert watched(made, World(time=NOW + 6 * 3_600).observe()) == [Code.MISSED_CYCLES]
    assert watched(made, World(time=NOW + 7 * 3_600).observe()) == []


def test_a_plan_on_its_way_is_no_plan_that_nobody_intended(
    guard: Callable[..., ServiceGuard], latches: Latches
) -> None:
    """Mined, and not confirmed yet: the vault has counted it, the journal has not."""
    observation = World().observe()
    mined = replace(observation, vault=replace(observation.vault, plan_count=1))
    assert watched(guard()) == []
    assert watched(guard(carried_out=None), mined) == []
    assert watched(guard(carried_out=1), mined) == []


def test_a_baseline_is_not_taken_while_a_plan_is_on_its_way(guard: Callable[..., ServiceGuard]) -> None:
    observation = World().observe()
    mined = replace(observation, vault=replace(observation.vault, plan_count=1))
    assert watched(guard(carried_out=None), mined) == []
    assert watched(guard(carried_out=1), mined) == []


def test_a_plan_that_fails_again_and_again_uses_up_the_hour(guard: Callable[..., ServiceGuard]) -> None:
    made = guard()
    for minute in range(3):
        assert made.allow(plan(7), 5_000.0, NOW + minute * MINUTE) == ()
    assert [reason.code for reason in made.allow(plan(7), 5_000.0, NOW + 3 * MINUTE)] == [Code.PLAN_RATE]
