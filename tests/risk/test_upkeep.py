"""When an empty plan is due."""

from dataclasses import replace

import pytest
from vault_world import NOW, POLICY, World

from agent.market.observation import Mode, Observation, VaultState
from agent.reasons import Code, Reason
from agent.risk import latch_due, sign_of_life_due, upkeep

DAY = 86_400
MARKS = ("day_start_price_e18", "week_start_price_e18", "high_water_mark_e18")


def due(**changes: object) -> str | None:
    seen = World().observe()
    vault: VaultState = replace(seen.vault, **{"last_plan_at": NOW, **changes})  # type: ignore[arg-type]
    return upkeep(Observation(seen.time, seen.market, vault), POLICY)


def test_nothing_is_due_when_today_had_a_plan_and_nothing_is_broken() -> None:
    assert due() is None


def test_the_first_cycle_of_a_day_marks_its_share_price() -> None:
    assert "UTC day" in str(due(last_plan_at=NOW // DAY * DAY - 1))


def test_a_vault_without_holders_or_halted_needs_none() -> None:
    assert due(last_plan_at=0, total_supply=0) is None
    assert due(last_plan_at=0, mode=Mode.HALTED) is None


@pytest.mark.parametrize(
    ("start", "price", "limit"),
    [
        ("day_start_price_e18", 96_999, "max_daily_loss"),
        ("week_start_price_e18", 94_999, "max_weekly_loss"),
        ("high_water_mark_e18", 91_999, "max_drawdown"),
    ],
)
def test_a_loss_beyond_its_limit_is_to_be_latched(start: str, price: int, limit: str) -> None:
    marks = dict.fromkeys(MARKS, price * 10**13)
    assert due(share_price_e18=price * 10**13, **marks) is None
    assert limit in str(due(share_price_e18=price * 10**13, **{**marks, start: 10**18}))


def test_a_loss_at_its_limit_is_not_beyond_it() -> None:
    assert due(share_price_e18=97 * 10**16) is None
    assert due(share_price_e18=95 * 10**16, day_start_price_e18=95 * 10**16) is None
    lately = {"day_start_price_e18": 92 * 10**16, "week_start_price_e18": 92 * 10**16}
    assert due(share_price_e18=92 * 10**16, **lately) is None


def test_a_latched_vault_is_not_latched_again() -> None:
    assert due(share_price_e18=1, mode=Mode.REDUCE_ONLY) is None


def test_cash_that_came_back_is_brought_home() -> None:
    perp = World().observe().vault.perp
    assert perp is not None
    assert "goes home" in str(due(perp=replace(perp, unswept=1)))


def test_the_queue_is_paid_as_soon_as_there_is_cash_for_it() -> None:
    waiting = {"queued_assets": 1_000 * 10**6, "queued_since": NOW - 600}
    assert "redemptions wait in the queue" in str(due(**waiting))
    assert "redemptions wait in the queue" in str(due(**waiting, mode=Mode.REDUCE_ONLY))
    assert due(**waiting, idle_assets=0) is None
    assert due(**waiting, idle_assets=3) is None, "what a fill leaves behind is not worth a plan of its own"
    assert "redemptions wait in the queue" in str(due(**waiting, idle_assets=10**6))
    assert due(queued_assets=0) is None


SILENT = {"last_plan_at": NOW - DAY - 1, "last_sign_at": NOW - DAY - 1}


def sign(*refusals: Reason, **changes: object) -> str | None:
    seen = World().observe()
    vault: VaultState = replace(seen.vault, **{**SILENT, **changes})  # type: ignore[arg-type]
    return sign_of_life_due(Observation(seen.time, seen.market, vault), POLICY, refusals)


@pytest.mark.parametrize(
    "code",
    [
        Code.QUORUM_TOO_FEW,
        Code.DATA_GAP,
        Code.SOURCE_DOWN,
        Code.SOURCE_TIMEOUT,
        Code.SOURCE_RATE_LIMITED,
        Code.SOURCE_ACCESS,
        Code.SOURCE_MALFORMED,
        Code.MARKET_CLOSED,
    ],
)
def test_an_outage_of_the_venues_is_no_silence(code: Code) -> None:
    assert "24 h" in str(sign(Reason(code, "", where="market.spot")))
    assert sign(Reason(code, ""), last_plan_at=NOW - DAY + 1) is None


@pytest.mark.parametrize(
    "reason",
    [
        Reason(Code.PAUSED, ""),
        Reason(Code.KILLED, ""),
        Reason(Code.CLOCK_SKEW, ""),
        Reason(Code.NOT_LEADER, ""),
        Reason(Code.ORACLE_STALE, ""),
        Reason(Code.DATA_NOT_POSITIVE, "", where="vault.oracle_price"),
    ],
)
def test_a_person_who_said_stop_and_a_chain_in_doubt_get_no_sign(reason: Reason) -> None:
    assert sign(Reason(Code.SOURCE_DOWN, ""), reason) is None


def test_loss_limits_of_a_vault_without_a_start_price_or_without_holders_are_not_latched() -> None:
    seen = World().observe()
    lost = replace(seen.vault, share_price_e18=1)
    assert latch_due(replace(seen, vault=lost), POLICY) is not None
    assert latch_due(replace(seen, vault=replace(lost, **dict.fromkeys(MARKS, 0))), POLICY) is None
    assert latch_due(replace(seen, vault=replace(lost, total_supply=0)), POLICY) is None


def test_an_agent_that_may_decide_gives_no_sign() -> None:
    assert sign() is None


def test_silence_is_counted_from_the_last_plan_or_sign_whichever_came_later() -> None:
    blind = Reason(Code.SOURCE_DOWN, "")
    assert sign(blind, last_plan_at=NOW - DAY) == (
        "nothing may be decided, and the vault has not heard from its agent for 24 h"
    )
    assert sign(blind, last_plan_at=NOW - DAY + 1) is None
    assert sign(blind, last_sign_at=NOW - DAY + 1) is None


def test_a_halted_vault_and_one_without_holders_need_no_sign() -> None:
    blind = Reason(Code.SOURCE_DOWN, "")
    assert sign(blind, mode=Mode.REDUCE_ONLY) is not None
    assert sign(blind, mode=Mode.HALTED) is None
    assert sign(blind, total_supply=0) is None
