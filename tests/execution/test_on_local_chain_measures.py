"""The gate measures a plan as the real vault contract does."""

import pytest
from vault_desk import ETH, USD, Desk

from agent.decision import Proposal
from agent.ledger.receipts import checked_limits
from agent.policy import LOSS_WINDOW_S
from agent.risk import above_minimum, below_maximum
from agent.risk.change import measure
from agent.risk.costs import Costs
from agent.units import BPS


def test_the_budgets_on_chain_fill_as_the_gate_counts_them(desk: Desk) -> None:
    desk.carry_out(Proposal(deposit=100_000 * USD))
    desk.carry_out(Proposal(to_perp=100_000 * USD))
    desk.move(3_600)
    before = desk.state()
    assert (before.turnover_used_bps, before.loss_used_bps, before.emergency_loss_used_bps) == (0, 0, 0)
    opening = Proposal(spot_base_delta=40 * ETH, perp_size_delta=-40 * 10**4)
    change = measure(opening, before, Costs.of(desk.config))
    desk.send(opening)
    opened = desk.state()
    assert opened.turnover_used_bps == pytest.approx(change.traded_usd / change.nav_usd * BPS, abs=2)
    worst_bps = change.loss_usd / change.nav_usd * BPS
    assert 0.8 * worst_bps <= opened.loss_used_bps <= worst_bps + 1
    assert opened.emergency_loss_used_bps == 0

    desk.move(12 * 3_600)
    closing = Proposal(spot_base_delta=-opened.spot_base, perp_size_delta=40 * 10**4, perp_reduce_only=True)
    change = measure(closing, desk.state(), Costs.of(desk.config))
    desk.send(closing)
    closed = desk.state()
    drained = desk.config.policy.to_contract().loss_budget_bps * 12 * 3_600 / LOSS_WINDOW_S
    assert closed.loss_used_bps == pytest.approx(opened.loss_used_bps - drained, abs=1.1), "closing has its own budget"
    assert closed.turnover_used_bps == pytest.approx(change.traded_usd / change.nav_usd * BPS, abs=2), "half a day"
    worst_bps = change.loss_usd / change.nav_usd * BPS
    assert 0.8 * worst_bps <= closed.emergency_loss_used_bps <= worst_bps + 1


def test_the_gate_measures_health_and_venues_as_the_contract_does(desk: Desk) -> None:
    """Whatever the contract reports of the plan, its headroom is what the gate's own measure leaves."""
    desk.carry_out(Proposal(deposit=100_000 * USD))
    desk.carry_out(Proposal(to_perp=100_000 * USD))
    desk.move(3_600)
    proposal, policy = Proposal(spot_base_delta=80 * ETH, perp_size_delta=-80 * 10**4), desk.config.policy
    before = desk.state()
    after = measure(proposal, before, Costs.of(desk.config)).after
    logs = desk.send(proposal).logs
    left = checked_limits(logs, desk.site.policy, desk.site.vault)
    venue = max(after.venues().values())
    assert left["venue_cap"] == pytest.approx(below_maximum(venue, policy.venue_cap * 1_000_000), abs=1e-4)
    assert left["asset_cap"] == pytest.approx(below_maximum(after.gross_usd(), policy.asset_cap * 1_000_000), abs=1e-4)
    assert after.health is not None
    assert left["min_health"] == pytest.approx(above_minimum(after.health, policy.min_health), abs=1e-3)
    desk.move(3_600)
    settled = desk.state()
    assert settled.health_bps is not None
    assert settled.health_bps / BPS >= after.health, "the order was counted at its worst fill"
