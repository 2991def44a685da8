"""One cycle on a real local chain: round trips, the gas reserve, and what a refusal leaves undone."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from agent.config.file import load_config
from agent.decision import Refused
from agent.market.choose import choose_market
from agent.reasons import Code
from agent.replay import Stage, open_stage, parse_period
from agent.replay.depositors import Depositors
from agent.replay.stage import AGENT_ACTS_AFTER_S
from agent.strategies import decide

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


def test_an_agent_without_gas_money_sends_nothing_and_says_what_it_needs(stage: Stage) -> None:
    observation = stage.cycle.observe(stage.clock.now)
    poor = replace(observation, vault=replace(observation.vault, agent_balance_wei=10**15, last_plan_at=0))
    verdict = stage.cycle.prepare(decide(poor, stage.config), poor)
    assert isinstance(verdict, Refused)
    (reason,) = verdict.reasons
    assert (reason.code, reason.value, reason.where) == (Code.GAS_RESERVE, 0.001, "execution.min_gas_balance")


def test_the_agents_balance_is_read_with_the_vault(stage: Stage) -> None:
    balance = stage.reader.read().agent_balance_wei
    assert balance is not None
    assert 9_000 * 10**18 < balance <= 10_000 * 10**18
