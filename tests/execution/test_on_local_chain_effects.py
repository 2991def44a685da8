"""Plans carried out by the real vault contract, on real Uniswap and the HyperCore stand-in, and read back."""

from vault_desk import ETH, PRICE, USD, Desk, codes_of

from agent.decision import Proposal
from agent.execution import Plan, Status, compare_effect
from agent.execution.rehearsal import GAS_LIMIT
from agent.ledger.receipts import withdrawn_in
from agent.reasons import Code
from agent.risk import upkeep
from chains.artifacts import load
from chains.functions import Function
from chains.local import DEPOSITOR
from chains.local.sender import Sender as Account
from chains.multicall import Call, read_all

APPROVE = Function("approve(address,uint256)", "(bool)")


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


def test_opening_both_legs_leaves_a_third_of_the_gas_unused(desk: Desk) -> None:
    desk.carry_out(Proposal(deposit=200_000 * USD))
    desk.carry_out(Proposal(to_perp=200_000 * USD))
    desk.move(3_600)
    outcome = desk.send(Proposal(spot_base_delta=80 * ETH, perp_size_delta=-80 * 10**4))
    assert outcome.gas_used is not None
    assert outcome.gas_used < GAS_LIMIT * 2 // 3
