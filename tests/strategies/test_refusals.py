"""What forbids deciding at all."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from vault_world import CARRY_CONFIG, HOUR, NOW, World, history, invested, market_view

from agent.decision import Decision, Proposal
from agent.market.observation import History, Mode, Observation, VaultState
from agent.reasons import Code, Reason
from agent.strategies import decide


def decided(vault: VaultState | None = None, rows: History | None = None, **market: Any) -> Decision:
    observation = World().observe()
    view = market_view(rows) if rows is not None else observation.market
    view = replace(view, **market)
    return decide(Observation(NOW, view, vault or observation.vault), CARRY_CONFIG)


def codes(decision: Decision) -> list[Code]:
    assert decision.target is None
    assert decision.proposal == Proposal()
    return [reason.code for reason in decision.refusals]


def vault_with(**changes: Any) -> VaultState:
    return replace(World().observe().vault, **changes)


def test_decides_when_everything_is_known() -> None:
    assert decided().refusals == ()


def test_takes_over_every_problem_of_the_market() -> None:
    problems = (Reason(Code.DATA_STALE, "old", where="market.spot"), Reason(Code.FUNDING_STALE, "older"))
    assert codes(decided(problems=problems)) == [Code.DATA_STALE, Code.FUNDING_STALE]


@pytest.mark.parametrize("name", ["spot", "funding", "open_interest"])
def test_refuses_when_a_fact_is_unknown(name: str) -> None:
    assert codes(decided(**{name: None})) == [Code.DATA_MISSING]


def test_says_once_what_the_market_already_reported_missing() -> None:
    problem = Reason(Code.FUNDING_STALE, "too old", where="market.funding")
    assert codes(decided(funding=None, problems=(problem,))) == [Code.FUNDING_STALE]


def test_refuses_a_nan_in_the_history() -> None:
    rows = history()
    rows.spot[5] = math.nan
    assert codes(decided(rows=rows)) == [Code.DATA_NOT_FINITE]


def test_refuses_a_zero_in_open_interest() -> None:
    rows = history()
    assert rows.open_interest is not None
    rows.open_interest[5] = 0.0
    assert codes(decided(rows=rows)) == [Code.DATA_NOT_POSITIVE]


def test_refuses_a_history_that_knows_the_future() -> None:
    assert codes(decided(rows=history(end=NOW + HOUR))) == [Code.DATA_OUT_OF_ORDER]


def test_refuses_old_funding_and_old_open_interest() -> None:
    view = World().observe().market
    assert view.funding is not None
    assert view.open_interest is not None
    funding = (view.funding[0], replace(view.funding[1], at=NOW - 11 * HOUR))
    interest = replace(view.open_interest, at=NOW - 4 * HOUR)
    assert codes(decided(funding=funding, open_interest=interest)) == [Code.FUNDING_STALE, Code.OPEN_INTEREST_STALE]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"oracle_price": 2_050.0, "pool_price": 2_050.0}, Code.ORACLE_DEVIATION),
        ({"pool_price": 1_950.0}, Code.POOL_DEVIATION),
        ({"oracle_updated_at": NOW - 5_401}, Code.ORACLE_STALE),
        ({"oracle_updated_at": NOW + 1}, Code.ORACLE_INVALID),
        ({"oracle_price": math.nan}, Code.DATA_NOT_FINITE),
        ({"pool_price": 0.0}, Code.DATA_NOT_POSITIVE),
        ({"perp": None}, Code.DATA_MISSING),
        ({"mode": Mode.HALTED}, Code.HALTED),
    ],
)
def test_refuses_a_vault_state_that_cannot_be_trusted(changes: dict[str, object], code: Code) -> None:
    assert codes(decided(vault_with(**changes))) == [code]


def test_refuses_while_an_effect_is_outstanding() -> None:
    perp = World().observe().vault.perp
    assert perp is not None
    assert codes(decided(vault_with(perp=replace(perp, pending_until=NOW + 1)))) == [Code.EFFECT_PENDING]
    assert decided(vault_with(perp=replace(perp, pending_until=NOW))).refusals == ()


def test_refuses_while_warming_up() -> None:
    rows = history(hours=100)
    assert codes(decided(rows=rows)) == [Code.WARMING_UP]


def test_shows_everything_that_is_wrong_at_once() -> None:
    found = codes(decided(vault_with(pool_price=1_950.0, oracle_updated_at=NOW - 9_999), spot=None))
    assert found == [Code.DATA_MISSING, Code.ORACLE_STALE]
    found = codes(decided(vault_with(pool_price=1_950.0, oracle_updated_at=NOW - 9_999)))
    assert found == [Code.POOL_DEVIATION, Code.ORACLE_STALE]


def test_an_empty_vault_is_a_hold_and_no_refusal() -> None:
    decision = World(idle=0, supply=0).decide()
    assert decision.refusals == ()
    assert decision.proposal.is_empty()
    assert "no shares" in decision.note


def test_never_widens_with_bad_data_whatever_the_position() -> None:
    world = invested()
    world.problems = (Reason(Code.DATA_STALE, "old"),)
    assert world.decide().proposal.is_empty()


def test_equal_observations_give_equal_decisions() -> None:
    assert World().decide() == World().decide()


def test_does_not_change_what_it_was_given() -> None:
    observation = World().observe()
    before = observation.market.history.spot.copy()
    decide(observation, CARRY_CONFIG)
    assert np.array_equal(before, observation.market.history.spot)
