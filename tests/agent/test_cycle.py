"""One cycle on a real local chain: round trips, the gas reserve, and a loss that is latched before anything else."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from agent.config.file import load_config
from agent.decision import Proposal, Refused
from agent.execution import (
    Journal,
    LiveBroadcaster,
    LocalSigner,
    NodeSender,
    Plan,
    Rehearsed,
    Sender,
    Status,
    empty_plan,
    rehearse,
)
from agent.execution.answers import Client
from agent.market.choose import choose_market
from agent.market.observation import Mode
from agent.reasons import Code
from agent.replay import Stage, open_stage, parse_period
from agent.replay.depositors import Depositors
from agent.replay.stage import AGENT_ACTS_AFTER_S
from agent.strategies import decide
from chains.local import PerpTick
from chains.local.accounts import AGENT_TEST_KEY

PERIOD = parse_period("2023-02-01", "2023-02-03")
EMPTY_ACCOUNT = "0x" + "77" * 20


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    config = load_config("configs/eth-carry.yaml").config
    market = choose_market(config, None, PERIOD, seed=7).source
    with open_stage(config, market, PERIOD[0], tmp_path_factory.mktemp("cycle")) as stage:
        Depositors(stage.local.node, stage.site, ()).open_vault()
        yield stage


def test_the_first_cycles_deposit_margin_then_open_both_legs_then_rest(stage: Stage) -> None:
    outcomes = []
    for hour in stage.market.hours(*PERIOD)[:4]:
        stage.move_market(stage.market.world(hour))
        outcomes.append(stage.cycle.run(stage.clock.forward(AGENT_ACTS_AFTER_S)))
    first, second = outcomes[:2]
    assert first.decision.proposal.deposit > 0
    assert not first.decision.proposal.trades()
    assert second.after.spot_base > 0
    assert second.after.perp is not None
    assert second.after.perp.size < 0
    assert all(not outcome.refusals for outcome in outcomes)


def test_a_cycle_without_a_transaction_takes_two_round_trips(stage: Stage) -> None:
    stage.move_market(stage.market.world(stage.clock.now // 3_600 * 3_600 + 3_600))
    before = stage.local.node.round_trips
    outcome = stage.cycle.run(stage.clock.forward(AGENT_ACTS_AFTER_S))
    assert outcome.sent is None
    # one for the head and one for everything else
    assert stage.local.node.round_trips - before == 2


def test_fault_62_an_agent_without_gas_money_sends_nothing_and_says_what_it_needs(stage: Stage) -> None:
    observation = stage.cycle.observe(stage.clock.now)
    poor = replace(observation, vault=replace(observation.vault, agent_balance_wei=10**15, last_plan_at=0))
    verdict = stage.cycle.prepare(decide(poor, stage.config), poor)
    assert isinstance(verdict, Refused)
    (reason,) = verdict.reasons
    assert (reason.code, reason.value, reason.where) == (Code.GAS_RESERVE, 0.001, "execution.min_gas_balance")


def test_fault_62_an_agent_whose_gas_money_runs_low_says_so_in_time_and_goes_on(stage: Stage) -> None:
    vault = stage.reader.read()
    asked = {wei: stage.cycle.gas(replace(vault, agent_balance_wei=wei)) for wei in (10**17 - 1, 10**17, 3 * 10**17)}
    assert [None if reason is None else reason.code for reason in asked.values()] == [
        Code.GAS_RESERVE,
        Code.GAS_LOW,
        None,
    ]
    observation = stage.cycle.observe(stage.clock.now)
    low = replace(observation, vault=replace(observation.vault, agent_balance_wei=10**17, last_plan_at=0))
    assert not isinstance(stage.cycle.prepare(decide(low, stage.config), low), Refused)


def test_nothing_new_is_planned_while_a_plan_waits_and_its_end_opens_the_way(stage: Stage, tmp_path: Path) -> None:
    node, cycle = stage.local.node, stage.cycle
    before = node.call("evm_snapshot")
    broadcaster = LiveBroadcaster(node, NodeSender(node), clients={node.name: Client.ANVIL})
    signer = LocalSigner(AGENT_TEST_KEY)
    with Journal(tmp_path / "journal.db") as journal:
        nonce = int(node.call("eth_getTransactionCount", signer.address, "latest"), 16)
        journal.accept(signer.address, nonce, "a test", "the stage has a journal of its own")
        sender = Sender(node, signer, journal, broadcaster, 50.0, 10**8)
        live = replace(cycle, sender=sender)
        node.call("evm_setAutomine", False, nullable=True)
        observation = live.observe(stage.clock.now)
        empty = empty_plan(observation, live.config, live.venues, "to be waited for")
        rehearsed = rehearse(node, empty, live.agent, observation.vault.block)
        assert isinstance(rehearsed, Rehearsed)
        sender.send(rehearsed, "")
        waiting = live.run(stage.clock.now)
        assert (waiting.plan, waiting.sent) == (None, None)
        assert [reason.code for reason in waiting.refusals] == [Code.OUTCOME_UNKNOWN]
        node.call("evm_mine")
        found = live.finish()
        assert found is not None
        assert found.status is Status.MINED
        assert live.run(stage.clock.now).refusals == ()
    node.call("evm_setAutomine", True, nullable=True)
    node.call("evm_revert", before)


def test_the_agents_balance_is_read_with_the_vault(stage: Stage) -> None:
    balance = stage.reader.read().agent_balance_wei
    assert balance is not None
    assert 9_000 * 10**18 < balance <= 10_000 * 10**18


def test_a_broken_loss_limit_is_latched_although_the_gate_refuses_what_was_decided(stage: Stage) -> None:
    seen = stage.cycle.observe(stage.clock.now)
    fallen = replace(seen.vault, day_start_price_e18=seen.vault.share_price_e18 * 104 // 100)
    widen = replace(decide(seen, stage.config), proposal=Proposal(spot_base_delta=10**18, perp_size_delta=-10_000))
    plan = stage.cycle.prepare(widen, replace(seen, vault=fallen))
    assert isinstance(plan, Plan)
    assert plan.actions == ()
    assert isinstance(stage.cycle.prepare(widen, replace(seen, vault=replace(fallen, mode=Mode.REDUCE_ONLY))), Refused)


def test_a_broken_loss_limit_is_latched_before_any_proposal_and_then_everything_is_closed(stage: Stage) -> None:
    """The mark runs away from the oracle: the short loses five per cent of the vault, and the agent wants to act."""
    hour = stage.clock.now // 3_600 * 3_600 + 3_600
    stage.move_market(stage.market.world(hour))
    mark, spot = stage.last_spot * 1.08, stage.last_spot
    stage.local.mover.step(stage.clock.forward(1), perp=PerpTick(mark, spot, mark, mark, 0.0))
    latched = stage.cycle.run(stage.clock.forward(AGENT_ACTS_AFTER_S))
    assert not latched.decision.proposal.is_empty()
    assert latched.plan is not None
    assert latched.plan.actions == ()
    assert "policy.max_daily_loss is broken and has to be latched" in latched.plan.note
    assert [reason.code for reason in latched.refusals] == [Code.REDUCE_ONLY]
    assert latched.after.mode is Mode.REDUCE_ONLY

    stage.move_market(stage.market.world(hour + 3_600))
    closing = stage.cycle.run(stage.clock.forward(AGENT_ACTS_AFTER_S))
    assert closing.refusals == ()
    assert closing.after.gross_exposure < latched.after.gross_exposure
