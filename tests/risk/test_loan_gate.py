"""The gate counts a loan as it counts a perp: notional, health, distance, and what both swaps may lose."""

import pytest
from loan_world import CONFIG, LoanWorld, opened
from vault_world import LOT, NOW, PRICE, USD

from agent.decision import Approved, Decision, Proposal, Target
from agent.reasons import Code
from agent.risk import check
from agent.risk.change import Change, measure
from agent.risk.costs import Costs

COSTS = Costs.of(CONFIG)


def pair(usd: float, **cash: int) -> Proposal:
    lots = int(usd / PRICE * 10**4)
    return Proposal(lots * LOT, -lots, lots < 0, **cash)


def change(vault: LoanWorld, proposal: Proposal) -> Change:
    return measure(proposal, vault.observe().vault, COSTS)


def codes(vault: LoanWorld, proposal: Proposal, **limits: float) -> list[Code]:
    config = CONFIG.model_copy(update={"policy": CONFIG.policy.model_copy(update=limits)})
    decision = Decision(NOW, "test", Target(0.4, 0.0, 0.0, 0.0), (), proposal, "a test")
    verdict = check(decision, vault.observe(), config)
    return [] if isinstance(verdict, Approved) else [reason.code for reason in verdict.reasons]


def funded() -> LoanWorld:
    """A vault of one million with 432,000 of collateral."""
    return LoanWorld(idle=568_000 * USD, equity=432_000 * USD)


def test_both_legs_count_and_cancel() -> None:
    after = change(funded(), pair(480_000)).after
    assert after.gross_usd() == pytest.approx(960_000, abs=1)
    assert after.net_usd() == pytest.approx(0, abs=1e-6)


def test_health_is_collateral_times_threshold_over_debt_after_the_worst_fill() -> None:
    after = change(funded(), pair(480_000)).after
    equity = 432_000 - 480_000 * COSTS.spot_slippage(PRICE, PRICE, buys=False)
    assert after.health == pytest.approx((equity + 480_000) / 480_000 * 0.78)
    assert after.liquidation_distance == pytest.approx(after.health - 1)


def test_collateral_put_up_counts_at_once_and_collateral_taken_home_is_gone() -> None:
    vault = opened()
    before = change(vault, Proposal(spot_base_delta=1)).before
    more = change(vault, Proposal(deposit=10_000 * USD))
    less = change(vault, Proposal(withdraw=10_000 * USD))
    assert before.health is not None
    assert more.after.health is not None
    assert less.after.health is not None
    assert less.after.health < before.health < more.after.health
    assert more.idle_after_usd == pytest.approx(more.idle_before_usd - 10_000)
    assert less.idle_after_usd == pytest.approx(less.idle_before_usd + 10_000)


def test_the_loss_of_both_swaps_is_bounded() -> None:
    worst = change(funded(), pair(480_000))
    assert worst.perp_slippage == pytest.approx(0.001)
    assert worst.loss_usd == pytest.approx(2 * 480_000 * 0.001)


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        ({}, None),
        ({"min_health": 1.5}, Code.HEALTH_TOO_LOW),
        ({"min_liquidation_distance": 0.5}, Code.LIQUIDATION_TOO_CLOSE),
        ({"max_gross_leverage": 0.9}, Code.GROSS_LEVERAGE),
        ({"max_slippage": 0.0009}, Code.SLIPPAGE),
        ({"max_loss_per_plan": 0.0009}, Code.PLAN_LOSS),
        ({"venue_cap": 0.4}, Code.VENUE_CAP),
    ],
)
def test_each_limit_stops_an_opening_that_breaks_it(limits: dict[str, float], code: Code | None) -> None:
    found = codes(funded(), pair(480_000), **limits)
    assert found == ([] if code is None else [code])


def test_a_cut_may_leave_a_health_that_is_still_too_low_when_it_improves_it() -> None:
    vault = opened(2_950.0)
    assert codes(vault, pair(-200_000)) == []
    assert Code.HEALTH_TOO_LOW in codes(vault, Proposal(perp_size_delta=-1_000))
