"""Plans carried out by the real vault contract, on real Uniswap and the HyperCore stand-in, and read back."""

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from agent.config import Config
from agent.decision import Approved, Proposal, Refused
from agent.execution import (
    Journal,
    LocalBroadcaster,
    LocalSigner,
    Outcome,
    Plan,
    PoolQuoter,
    Rehearsed,
    Sender,
    Status,
    Venues,
    compare_effect,
    empty_plan,
    make_plan,
    rehearse,
)
from agent.execution.rehearsal import GAS_LIMIT
from agent.execution.revert_codes import reason_for
from agent.ledger.receipts import checked_limits, withdrawn_in
from agent.market.observation import VaultState
from agent.market.vault_reader import VaultReader, VaultSite
from agent.policy import LOSS_WINDOW_S
from agent.reasons import Code
from agent.replay.stage import vault_terms
from agent.risk import above_minimum, below_maximum, upkeep
from agent.risk.change import measure
from agent.risk.costs import Costs
from agent.units import BPS
from chains.artifacts import load
from chains.functions import Function
from chains.local import (
    AGENT,
    AGENT_TEST_KEY,
    DEPOSITOR,
    GUARDIAN,
    LocalChain,
    PerpSpec,
    PerpTick,
    VaultAddresses,
    World,
    WorldSpec,
    deploy_vault,
    deposit,
    local_chain,
)
from chains.local.sender import Sender as Account
from chains.multicall import Call, read_all
from chains.registry import load_chain
from chains.rpc import RpcError

GENESIS = 1_750_000_000
PRICE = 2500.0
ETH = 10**18
USD = 10**6
APPROVE = Function("approve(address,uint256)", "(bool)")
PERP = PerpSpec(coin="ETH", size_decimals=4, max_leverage=25, index=1)


@dataclass
class Desk:
    """A funded vault on a local chain and everything that execution needs to act for it."""

    local: LocalChain
    site: VaultSite
    venues: Venues
    config: Config
    journal: Journal
    now: int = GENESIS
    observe: Any = None
    sender: Sender = field(init=False)

    def __post_init__(self) -> None:
        broadcaster = LocalBroadcaster(self.local.node, lambda: self.forward(2))
        self.sender = Sender(self.local.node, LocalSigner(AGENT_TEST_KEY), self.journal, broadcaster, 50.0, 10**8)

    def forward(self, seconds: int) -> int:
        self.now += seconds
        return self.now

    def state(self) -> VaultState:
        return VaultReader(self.local.node, self.site, AGENT).read()

    def move(self, seconds: int, mark: float = PRICE, second_oracle: float = PRICE) -> None:
        """Time passes, prices are fresh, and HyperCore acts on everything that is due."""
        tick = PerpTick(mark, second_oracle, mark, mark, 0.0)
        self.local.mover.step(self.forward(seconds), feed_price=PRICE, perp=tick)
        self.local.mover.process(self.forward(load_chain("local").core_action_bound_s))

    def plan(self, proposal: Proposal) -> Plan | Refused[Proposal]:
        state = self.state()
        quoter = PoolQuoter(self.local.node, self.venues, state, self.config.vault.pool_fee)
        return make_plan(Approved(proposal), self.observe(state), self.config, self.venues, quoter)

    def rehearse(self, plan: Plan | Refused[Proposal], agent: str = AGENT) -> Rehearsed | Refused[Plan]:
        assert isinstance(plan, Plan), plan
        return rehearse(self.local.node, plan, agent, self.state().block)

    def send(self, proposal: Proposal) -> Outcome:
        rehearsed = self.rehearse(self.plan(proposal))
        assert isinstance(rehearsed, Rehearsed), rehearsed
        outcome = self.sender.send(rehearsed, "test")
        assert isinstance(outcome, Outcome), outcome
        return outcome

    def send_empty(self, why: str) -> Outcome:
        rehearsed = self.rehearse(empty_plan(self.observe(self.state()), self.config, self.venues, why))
        assert isinstance(rehearsed, Rehearsed), rehearsed
        outcome = self.sender.send(rehearsed, rehearsed.plan.note)
        assert isinstance(outcome, Outcome), outcome
        return outcome

    def carry_out(self, proposal: Proposal) -> list[Code]:
        """Sends a plan, waits until the venues have acted, and says what is missing."""
        self.move(3_600)
        before = self.state()
        outcome = self.send(proposal)
        assert outcome.status is Status.MINED, outcome
        self.move(3_600)
        missing = compare_effect(before, proposal, self.state(), self.config.execution.swap_tolerance)
        self.sender.record_effect(outcome, missing)
        return [reason.code for reason in missing]


@pytest.fixture(scope="module")
def stage(
    config: Config, site_of: Callable[[World, VaultAddresses], VaultSite]
) -> Iterator[tuple[LocalChain, VaultSite, Venues]]:
    with local_chain(WorldSpec(GENESIS, "ETH", 18, PRICE, PERP)) as local:
        world = local.world
        addresses = deploy_vault(local.node, world, vault_terms(config.policy))
        deposit(local.node, world, addresses.vault, DEPOSITOR, 1_000_000 * USD)
        site = site_of(world, addresses)
        venues = Venues(31337, addresses.vault, addresses.spot_adapter, addresses.perp_adapter, world.quoter)
        yield local, site, venues


@pytest.fixture
def desk(stage: tuple[LocalChain, VaultSite, Venues], config: Config, observe: Any, tmp_path: Path) -> Iterator[Desk]:
    local, site, venues = stage
    snapshot = local.node.call("evm_snapshot")
    with Journal(tmp_path / "journal.db") as journal:
        desk = Desk(local, site, venues, config, journal, local.node.head().timestamp, observe)
        desk.move(3_600)
        yield desk
    local.node.call("evm_revert", snapshot)


def codes_of(refused: object) -> list[Code]:
    assert isinstance(refused, Refused), refused
    return [reason.code for reason in refused.reasons]


def test_a_carry_is_opened_and_closed_step_by_step_and_every_effect_arrives(desk: Desk) -> None:
    assert desk.carry_out(Proposal(deposit=200_000 * USD)) == []
    assert desk.carry_out(Proposal(to_perp=200_000 * USD)) == []
    assert desk.carry_out(Proposal(spot_base_delta=80 * ETH, perp_size_delta=-80 * 10**4)) == []
    opened = desk.state()
    assert opened.perp is not None
    assert opened.perp.size == -80 * 10**4
    assert 0 <= opened.spot_base - 80 * ETH < 10**12  # the quote for exactly 80 buys 80, to the last digits
    assert abs(opened.net_delta) < opened.total_assets // 100
    closing = Proposal(spot_base_delta=-opened.spot_base, perp_size_delta=80 * 10**4, perp_reduce_only=True)
    assert desk.carry_out(closing) == []
    assert desk.carry_out(Proposal(from_perp=150_000 * USD)) == []
    assert desk.carry_out(Proposal(withdraw=150_000 * USD)) == []
    closed = desk.state()
    assert (closed.gross_exposure, closed.spot_base, closed.plan_count) == (0, 0, 6)


def test_an_empty_plan_brings_cash_home(desk: Desk) -> None:
    for proposal in (Proposal(deposit=50_000 * USD), Proposal(withdraw=20_000 * USD)):
        assert desk.carry_out(proposal) == []
    before = desk.state()
    assert before.perp is not None
    assert before.perp.unswept == 20_000 * USD
    desk.send_empty("cash goes home")
    assert desk.state().idle_assets - before.idle_assets == 20_000 * USD


def test_an_empty_plan_pays_those_who_wait_as_far_as_the_cash_goes(desk: Desk) -> None:
    assert desk.carry_out(Proposal(deposit=700_000 * USD)) == []
    node, queue = desk.local.node, load("RedemptionQueue")
    half = 500_000 * 10**12
    Account(node, DEPOSITOR).send(desk.site.vault, APPROVE, desk.site.queue, half)
    Account(node, DEPOSITOR).send(desk.site.queue, queue.function("requestRedeem"), half, DEPOSITOR, DEPOSITOR)
    desk.now = node.head().timestamp
    before = desk.state()
    assert before.queued_assets > before.idle_assets > 299_000 * USD
    due = upkeep(desk.observe(before), desk.config.policy)
    assert "redemptions wait in the queue" in str(due)

    outcome = desk.send_empty(str(due))
    after = desk.state()
    assert outcome.status is Status.MINED
    paid = before.idle_assets - after.idle_assets
    assert withdrawn_in(outcome.logs, desk.site.vault) == paid
    assert after.idle_assets < 10, "all the cash, but for the last part of a share"
    assert upkeep(desk.observe(after), desk.config.policy) is None, "and that is not paid hour after hour"
    gained = after.queued_assets - (before.queued_assets - paid)
    assert 0 <= gained < desk.config.policy.flow_buffer * paid, "of the buffer that the paid ones left"
    assert after.queued_since == before.queued_since
    claimable = Call(desk.site.queue, queue.function("maxWithdraw"), (DEPOSITOR,))
    assert read_all(node, node.head(), [claimable]) == [paid]


def test_a_swap_brings_what_was_quoted(desk: Desk) -> None:
    before = desk.state()
    plan = desk.plan(Proposal(spot_base_delta=3 * ETH))
    assert isinstance(plan, Plan)
    desk.send(Proposal(spot_base_delta=3 * ETH))
    after = desk.state()
    assert before.idle_assets - after.idle_assets == plan.actions[0].asset_in
    assert 0 <= after.spot_base - 3 * ETH < 10**12


def test_a_silently_rejected_order_is_a_missing_effect_although_the_receipt_is_good(desk: Desk) -> None:
    desk.carry_out(Proposal(deposit=100_000 * USD))
    desk.carry_out(Proposal(to_perp=100_000 * USD))
    before = desk.state()
    proposal = Proposal(perp_size_delta=-10 * 10**4)
    assert desk.send(proposal).status is Status.MINED
    desk.move(2, mark=PRICE * 0.98)  # the market falls below the limit before HyperCore acts
    (reason,) = compare_effect(before, proposal, desk.state(), 0.0005)
    assert reason.code is Code.EFFECT_MISSING
    assert "wanted a change of -10, got 0; the venue rejected an action" in reason.message


def test_an_order_that_has_not_acted_yet_is_pending(desk: Desk) -> None:
    desk.carry_out(Proposal(deposit=100_000 * USD))
    desk.carry_out(Proposal(to_perp=100_000 * USD))
    before = desk.state()
    proposal = Proposal(perp_size_delta=-10 * 10**4)
    desk.send(proposal)
    assert [r.code for r in compare_effect(before, proposal, desk.state(), 0.0005)] == [Code.EFFECT_PENDING]
    assert codes_of(desk.rehearse(desk.plan(proposal))) == [Code.EFFECT_PENDING]


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


def test_a_plan_that_eats_all_its_gas_is_refused(desk: Desk) -> None:
    plan = desk.plan(Proposal(spot_base_delta=ETH))
    assert isinstance(plan, Plan)
    endless = "0x00000000000000000000000000000000000e4d1e"
    desk.local.node.call("anvil_setCode", endless, "0x5b5f56", nullable=True)
    assert codes_of(desk.rehearse(replace(plan, vault=endless))) == [Code.GAS_EXHAUSTED]


def test_opening_both_legs_leaves_a_third_of_the_gas_unused(desk: Desk) -> None:
    desk.carry_out(Proposal(deposit=200_000 * USD))
    desk.carry_out(Proposal(to_perp=200_000 * USD))
    desk.move(3_600)
    outcome = desk.send(Proposal(spot_base_delta=80 * ETH, perp_size_delta=-80 * 10**4))
    assert outcome.gas_used is not None
    assert outcome.gas_used < GAS_LIMIT * 2 // 3


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
