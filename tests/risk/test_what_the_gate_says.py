"""Every refusal of the gate in full: what was measured, the value, the bound, and where to change it."""

import math
from dataclasses import replace

import pytest
from vault_world import CARRY_CONFIG, ETH, LOT, NOW, PRICE, USD, World

from agent.decision import Decision, Proposal, Refused, Target
from agent.market.observation import Mode, Observation
from agent.reasons import Code, Reason
from agent.risk import check


def broken(proposal: Proposal, observation: Observation, **limits: float) -> dict[Code, Reason]:
    """What is broken, with these limits instead of the test policy's."""
    config = CARRY_CONFIG.model_copy(update={"policy": CARRY_CONFIG.policy.model_copy(update=limits)})
    decision = Decision(NOW, "test", Target(0.5, 0.0, 0.0, 0.0), (), proposal, "a test")
    verdict = check(decision, observation, config)
    assert isinstance(verdict, Refused)
    return {reason.code: reason for reason in verdict.reasons}


def said(found: dict[Code, Reason]) -> dict[Code, tuple[str, object, object, str]]:
    return {code: (one.message, about(one.value), about(one.bound), one.where) for code, one in found.items()}


def about(number: float | None) -> object:
    return None if number is None else pytest.approx(number, rel=1e-4)


def pair(usd: float) -> Proposal:
    lots = int(usd / PRICE * 10**4)
    return Proposal(lots * LOT, -lots)


def ready() -> World:
    return World(idle=700_000 * USD, equity=300_000 * USD)


def with_vault(world: World, **changes: object) -> Observation:
    observation = world.observe()
    return replace(observation, vault=replace(observation.vault, **changes))  # type: ignore[arg-type]


def test_of_a_plan_that_is_too_large_for_everything() -> None:
    observation = with_vault(
        World(idle=900_000 * USD, equity=100_000 * USD), last_plan_at=NOW - 1, share_price_e18=9 * 10**17
    )
    assert said(broken(Proposal(800 * ETH, -4_500_000), observation)) == {
        Code.COOLDOWN: ("seconds since the last plan", 1, 600, "policy.cooldown_s"),
        Code.TRADE_TOO_LARGE: ("notional of the plan in USD", 2_500_000, 1_500_000, "policy.max_trade_usd"),
        Code.GROSS_LEVERAGE: ("gross exposure / NAV after the plan", 2.5, 1.6, "policy.max_gross_leverage"),
        Code.NET_DELTA: ("|net delta| / NAV after the plan", 0.7, 0.05, "policy.max_net_delta"),
        Code.LIQUIDATION_TOO_CLOSE: (
            "distance to liquidation after the plan",
            0.0854031,
            0.1,
            "policy.min_liquidation_distance",
        ),
        Code.VENUE_CAP: ("USD at the spot venue", 1_600_000, 1_000_000, "policy.venue_cap"),
        Code.ASSET_CAP: ("USD of the base token", 2_500_000, 1_600_000, "policy.asset_cap"),
        Code.MIN_IDLE: ("idle cash / NAV after the plan", -0.7016, 0.02, "policy.min_idle"),
        Code.DAILY_LOSS: ("loss since the start of the day", 0.1, 0.03, "policy.max_daily_loss"),
        Code.WEEKLY_LOSS: ("loss since the start of the week", 0.1, 0.05, "policy.max_weekly_loss"),
        Code.DRAWDOWN: ("drawdown from the highest share price", 0.1, 0.08, "policy.max_drawdown"),
    }


def test_of_a_day_that_has_no_room_left() -> None:
    perp = ready().observe().vault.perp
    assert perp is not None
    observation = with_vault(
        ready(),
        turnover_used_bps=28_001,
        loss_used_bps=96,
        oracle_updated_at=NOW - 5_401,
        perp=replace(perp, pending_until=NOW + 30),
        mode=Mode.REDUCE_ONLY,
        pool_price=PRICE * 1.009,
        day_start_price_e18=0,
    )
    unknown = "loss since the start of the day is unknown: its start price is 0"
    assert said(broken(pair(100_000), observation, max_loss_per_plan=0.0005)) == {
        Code.REDUCE_ONLY: ("the vault may only reduce", None, None, "vault.mode"),
        Code.EFFECT_PENDING: ("an earlier action may still take effect", NOW, NOW + 30, ""),
        Code.ORACLE_STALE: ("age of the oracle's price in seconds", 5_401, 5_400, "policy.max_oracle_age_s"),
        Code.SLIPPAGE: ("worst spot fill against the oracle", 0.010009, 0.01, "policy.max_slippage"),
        Code.PLAN_LOSS: ("worst loss of the plan / NAV", 0.0014009, 0.0005, "policy.max_loss_per_plan"),
        Code.TURNOVER: ("notional in the bucket with this plan / NAV", 3.0001, 3.0, "policy.max_turnover"),
        Code.LOSS_BUDGET: ("worst losses in the budget with this plan / NAV", 0.0110009, 0.01, "policy.loss_budget"),
        Code.DAILY_LOSS: (unknown, None, None, "policy.max_daily_loss"),
    }


def test_of_a_short_leg_that_is_too_thin_and_too_dear() -> None:
    world = World(idle=900_000 * USD, equity=40_000 * USD)
    found = broken(pair(500_000), world.observe(), min_health=6.0, max_slippage=0.0029)
    assert said(found)[Code.HEALTH_TOO_LOW] == (
        "what secures the short leg / what its venue asks for, after the plan",
        3.8,
        6.0,
        "policy.min_health",
    )
    assert said(found)[Code.SLIPPAGE] == (
        "worst fill of the short leg against its reference price",
        0.003,
        0.0029,
        "policy.max_slippage",
    )


def test_of_a_reducing_plan_whose_budget_is_used_up() -> None:
    hurt = World(idle=0, spot_base=900 * ETH, size=-8_000_000, equity=80_000 * USD)
    found = broken(Proposal(-200 * ETH, 1_000_000, True), with_vault(hurt, emergency_loss_used_bps=95))
    assert said(found) == {
        Code.EMERGENCY_LOSS_BUDGET: (
            "worst losses of reducing plans in the budget / NAV",
            0.0095 + 1_200 / 1_880_000,
            0.01,
            "policy.emergency_loss_budget",
        )
    }


def at_mark(price: float) -> Observation:
    perp = ready().observe().vault.perp
    assert perp is not None
    return with_vault(ready(), perp=replace(perp, mark_price=price))


@pytest.mark.parametrize(
    ("observation", "code", "message", "where"),
    [
        (with_vault(ready(), mode=Mode.HALTED), Code.HALTED, "the vault is halted", "vault.mode"),
        (
            with_vault(ready(), oracle_price=math.nan),
            Code.DATA_NOT_POSITIVE,
            "prices must be positive numbers, got [nan, 2000.0, 2000.0]",
            "",
        ),
        (
            with_vault(ready(), oracle_price=math.inf),
            Code.DATA_NOT_FINITE,
            "prices must be finite numbers, got [inf, 2000.0, 2000.0]",
            "",
        ),
        (
            with_vault(ready(), pool_price=math.inf),
            Code.DATA_NOT_FINITE,
            "prices must be finite numbers, got [2000.0, inf, 2000.0]",
            "",
        ),
        (
            at_mark(math.inf),
            Code.DATA_NOT_FINITE,
            "prices must be finite numbers, got [2000.0, 2000.0, inf]",
            "",
        ),
        (
            with_vault(ready(), oracle_price=1e-300, pool_price=1e300),
            Code.DATA_NOT_FINITE,
            "not a finite number: worst loss, idle cash",
            "",
        ),
    ],
)
def test_of_a_vault_that_cannot_be_judged(observation: Observation, code: Code, message: str, where: str) -> None:
    assert said(broken(pair(1_000), observation)) == {code: (message, None, None, where)}


def test_of_a_target_that_is_no_number() -> None:
    decision = Decision(NOW, "test", Target(math.nan, 0.0, 0.0, 0.0), (), pair(1_000), "a test")
    verdict = check(decision, ready().observe(), CARRY_CONFIG)
    assert verdict == Refused(pair(1_000), (Reason(Code.DATA_NOT_FINITE, "not a finite number: target"),))
