"""What the real vault contract and the real pool refuse, under the codes of the gate, before anything is sent."""

from dataclasses import replace

import pytest
from vault_desk import ETH, PRICE, USD, Desk, codes_of

from agent.decision import Proposal, Refused
from agent.execution import Plan
from agent.execution.rehearsal import GAS_LIMIT
from agent.reasons import Code, Reason
from chains.artifacts import load
from chains.local import DEPOSITOR, GUARDIAN
from chains.local.sender import Sender as Account


def test_the_contract_refuses_under_the_codes_of_the_gate(desk: Desk) -> None:
    assert codes_of(desk.rehearse(desk.plan(Proposal(spot_base_delta=30 * ETH)))) == [Code.NET_DELTA]
    two_transfers = Proposal(deposit=1_000 * USD, to_perp=1_000 * USD)
    assert codes_of(desk.rehearse(desk.plan(two_transfers))) == [Code.EFFECT_PENDING]
    small = desk.plan(Proposal(spot_base_delta=ETH))
    assert codes_of(desk.rehearse(small, agent=DEPOSITOR)) == [Code.SIGNER_ROLE]
    assert isinstance(small, Plan)
    assert codes_of(desk.rehearse(replace(small, vault=small.vault, chain_id=1))) == [Code.WRONG_CHAIN]
    desk.send(Proposal(spot_base_delta=ETH))
    assert codes_of(desk.rehearse(desk.plan(Proposal(spot_base_delta=ETH)))) == [Code.COOLDOWN]
    assert codes_of(desk.rehearse(small)) == [Code.PLAN_REPLAYED]  # its number is used up
    desk.local.mover.process(desk.forward(desk.config.policy.max_oracle_age_s + 1))
    assert codes_of(desk.rehearse(desk.plan(Proposal(spot_base_delta=-ETH // 2)))) == [Code.ORACLE_STALE]


def test_two_price_sources_that_disagree_stop_plans_under_the_gates_code(desk: Desk) -> None:
    plan = desk.plan(Proposal(spot_base_delta=ETH))
    desk.move(60, second_oracle=PRICE * 1.04)
    assert codes_of(desk.rehearse(plan)) == [Code.ORACLE_DEVIATION]


def test_the_caps_of_the_contract_refuse_under_the_codes_of_the_gate(desk: Desk) -> None:
    policy, cap_of = load("Policy"), (100_000 * USD, 10_000)
    guardian = Account(desk.local.node, GUARDIAN)
    assert desk.site.perp is not None
    guardian.send(desk.site.policy, policy.function("tightenCap"), desk.site.perp.adapter, cap_of)
    desk.now = desk.local.node.head().timestamp
    sent = Proposal(deposit=100_001 * USD)
    (reason,) = desk.rehearse(desk.plan(sent)).reasons  # type: ignore[union-attr]
    assert (reason.code, reason.value, reason.bound) == (Code.VENUE_CAP, 100_001 * USD, 100_000 * USD)
    guardian.send(desk.site.policy, policy.function("tightenCap"), desk.site.base.address, (2_000 * USD, 10_000))
    desk.now = desk.local.node.head().timestamp
    assert codes_of(desk.rehearse(desk.plan(Proposal(spot_base_delta=ETH)))) == [Code.ASSET_CAP]


def test_a_plan_that_eats_all_its_gas_is_refused(desk: Desk) -> None:
    plan = desk.plan(Proposal(spot_base_delta=ETH))
    assert isinstance(plan, Plan)
    endless = "0x00000000000000000000000000000000000e4d1e"
    desk.local.node.call("anvil_setCode", endless, "0x5b5f56", nullable=True)
    refused = desk.rehearse(replace(plan, vault=endless))
    assert isinstance(refused, Refused)
    message = f"the plan needs more than {GAS_LIMIT} gas, split it"
    assert refused.reasons == (Reason(Code.GAS_EXHAUSTED, message, where="plan"),)


def test_a_halted_vault_refuses_as_halted(desk: Desk) -> None:
    plan = desk.plan(Proposal(spot_base_delta=ETH))
    Account(desk.local.node, GUARDIAN).send(desk.venues.vault, load("Vault").function("makeSafer"), 2)
    assert codes_of(desk.rehearse(plan)) == [Code.HALTED]


def test_a_pool_pushed_away_from_the_oracle_is_refused_before_any_transaction(desk: Desk) -> None:
    desk.local.mover.step(desk.forward(1), pool_price=PRICE * 1.02)
    assert codes_of(desk.plan(Proposal(spot_base_delta=ETH))) == [Code.SLIPPAGE]


@pytest.mark.parametrize("base_delta", [10**9 * ETH, -(10**9) * ETH])
def test_more_than_the_pool_holds_is_refused_as_slippage(desk: Desk, base_delta: int) -> None:
    assert codes_of(desk.plan(Proposal(spot_base_delta=base_delta))) == [Code.SLIPPAGE]
