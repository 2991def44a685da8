"""Faults 63 to 65: a plan that comes late, is run in front of, or is sent again or elsewhere moves no funds."""

import sqlite3
from dataclasses import replace

import pytest
from vault_desk import ETH, PRICE, Desk, codes_of

from agent.decision import Proposal
from agent.execution import Outcome, Rehearsed, Status
from agent.execution.revert_codes import reason_for
from agent.reasons import Code
from agent.replay.stage import vault_terms
from chains.local import AGENT, deploy_vault
from chains.rpc import RpcError


def test_fault_64_a_pool_pushed_between_quote_and_swap_reverts_and_costs_nothing_but_gas(desk: Desk) -> None:
    before = desk.state()
    rehearsed = desk.rehearse(desk.plan(Proposal(spot_base_delta=ETH)))
    desk.local.mover.step(desk.forward(1), pool_price=PRICE * 1.004)
    assert isinstance(rehearsed, Rehearsed)
    outcome = desk.sender.send(rehearsed, "test")
    assert isinstance(outcome, Outcome)
    assert (outcome.status, outcome.reasons[0].code) == (Status.REVERTED, Code.SLIPPAGE)
    assert "AmountOutTooSmall" in outcome.reasons[0].message
    assert desk.state().total_assets == before.total_assets


@pytest.mark.parametrize(("side", "pushed"), [(1, 1.05), (-1, 0.95)], ids=["a buy", "a sale"])
def test_fault_64_a_front_runner_who_moves_the_pool_by_five_per_cent_gets_a_revert(
    desk: Desk, side: int, pushed: float
) -> None:
    assert desk.carry_out(Proposal(spot_base_delta=2 * ETH)) == []
    desk.move(3_600)
    before, wanted = desk.state(), Proposal(spot_base_delta=side * ETH)
    rehearsed = desk.rehearse(desk.plan(wanted))
    desk.local.mover.step(desk.forward(1), pool_price=PRICE * pushed)
    assert isinstance(rehearsed, Rehearsed)
    outcome = desk.sender.send(rehearsed, "test")
    assert isinstance(outcome, Outcome)
    assert (outcome.status, outcome.reasons[0].code) == (Status.REVERTED, Code.SLIPPAGE)
    after = desk.state()
    assert (after.spot_base, after.idle_assets) == (before.spot_base, before.idle_assets)
    assert codes_of(desk.plan(wanted)) == [Code.SLIPPAGE], "and the next plan is refused before it is sent"


def test_fault_65_a_plan_works_once_on_one_chain_for_one_vault(desk: Desk) -> None:
    rehearsed = desk.rehearse(desk.plan(Proposal(spot_base_delta=ETH)))
    assert isinstance(rehearsed, Rehearsed)
    plan, node = rehearsed.plan, desk.local.node
    assert desk.sender.send(rehearsed, "test").status is Status.MINED  # type: ignore[union-attr]
    after = desk.state()
    with sqlite3.connect(desk.journal.name) as database:
        ((raw,),) = database.execute("SELECT raw FROM attempts").fetchall()
    with pytest.raises(RpcError, match="nonce too low"):
        node.call("eth_sendRawTransaction", "0x" + raw.hex())
    assert codes_of(desk.rehearse(plan)) == [Code.PLAN_REPLAYED]
    assert codes_of(desk.rehearse(replace(plan, number=2, chain_id=1))) == [Code.WRONG_CHAIN]
    other = deploy_vault(node, desk.local.world, vault_terms(desk.config.policy)).vault
    call = {"from": AGENT, "to": other, "data": "0x" + rehearsed.calldata.hex()}
    with pytest.raises(RpcError) as refused:
        node.call("eth_call", call, "latest")
    assert reason_for(refused.value.revert_data or b"").code is Code.WRONG_CHAIN
    assert desk.state().spot_base == after.spot_base


def test_fault_63_a_plan_that_comes_too_late_reverts_and_the_funds_are_untouched(desk: Desk) -> None:
    before = desk.state()
    rehearsed = desk.rehearse(desk.plan(Proposal(spot_base_delta=ETH)))
    assert isinstance(rehearsed, Rehearsed)
    desk.forward(desk.config.execution.deadline_s)
    outcome = desk.sender.send(rehearsed, "test")
    assert isinstance(outcome, Outcome)
    assert (outcome.status, outcome.reasons[0].code) == (Status.REVERTED, Code.PLAN_EXPIRED)
    after = desk.state()
    assert (after.total_assets, after.plan_count) == (before.total_assets, before.plan_count)
