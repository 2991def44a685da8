"""Two hundred worlds: crashes, reorganisations, lying providers, takeovers; one effect at most, nothing lost."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from agent.cli.main import app
from agent.execution.delivery import Delivery
from agent.execution.fees import FeePolicy
from agent.execution.journal import Journal
from agent.simulation.command import judge_seeds
from agent.simulation.run import simulate
from agent.simulation.vault import Books, proceeds, sales

SEEDS, CHUNK = 200, 20


@pytest.fixture(autouse=True)
def _from_the_project(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path(__file__).parents[2])


def broken(seeds: Iterator[int] | range) -> dict[int, str]:
    """Seeds that failed, with what they broke first."""
    return {one.seed: one.violations[0] for one in judge_seeds(seeds, jobs=1) if one.violations}


@pytest.mark.parametrize("first", range(0, SEEDS, CHUNK))
def test_every_intent_has_one_effect_at_most_and_the_end_that_the_chain_tells(first: int) -> None:
    verdicts = list(judge_seeds(range(first, first + CHUNK), jobs=1))
    assert [verdict for verdict in verdicts if verdict.violations] == []
    assert sum(verdict.plans for verdict in verdicts) > CHUNK
    assert sum(verdict.crashes for verdict in verdicts) > 0
    assert sum(verdict.takeovers for verdict in verdicts) > 0


@pytest.mark.parametrize("seed", [35, 2186])
def test_a_seed_that_found_a_fault_once_ends_well(seed: int) -> None:
    """35: at the highest fee, bytes that no pool held were not sent again. 2186: an accepted nonce was reorganised."""
    assert simulate(seed).violations == ()


@pytest.mark.parametrize("seed", [3, 4, 29, 37])
def test_a_seed_replays_bit_for_bit(seed: int) -> None:
    first, second = simulate(seed), simulate(seed)
    assert first == second
    assert len(first.digest) == 64


def test_bytes_that_leave_before_they_are_written_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    begin, start = Journal.begin, Delivery.__init__
    broadcasters: list[Any] = []

    def noting(self: Delivery, *parts: Any) -> None:
        broadcasters.append(parts[3])
        start(self, *parts)

    def too_early(self: Journal, intent: Any, attempt: Any) -> int:
        broadcasters[-1].broadcast(attempt.raw, attempt.hash, private=False)
        return begin(self, intent, attempt)

    monkeypatch.setattr(Delivery, "__init__", noting)
    monkeypatch.setattr(Journal, "begin", too_early)
    assert "left before it was in the journal" in broken(range(1))[0]


def test_a_replacement_for_less_than_a_tenth_more_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.execution.fees.BUMP_NUMERATOR", 109)
    monkeypatch.setattr("agent.execution.fees.BUMP_DENOMINATOR", 100)
    assert any("less than 10 % higher" in found for found in broken(range(16)).values())


def test_an_end_that_is_written_before_its_confirmations_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Delivery, "_depth", lambda delivery, receipt: 99)
    found = broken(range(4)).values()
    assert any("is mined with" in one or "is final with" in one for one in found)


def test_a_plan_that_moves_other_than_it_says_is_found_in_the_balances(monkeypatch: pytest.MonkeyPatch) -> None:
    carried_out = Books.carried_out

    def twice(books: Books, calldata: bytes, at_s: int) -> Books | bytes:
        after = carried_out(books, calldata, at_s)
        sold = sum(coins for coins, _ in sales(calldata))
        return replace(after, cash=after.cash + proceeds(sold)) if isinstance(after, Books) else after

    monkeypatch.setattr(Books, "carried_out", twice)
    assert any("cash and coins are" in found for found in broken(range(4)).values())


def test_plans_have_legs(monkeypatch: pytest.MonkeyPatch) -> None:
    sold = 0

    def noting(coins: int) -> int:
        nonlocal sold
        sold += coins
        return proceeds(coins)

    monkeypatch.setattr("agent.simulation.vault.proceeds", noting)
    simulate(0)
    assert sold > 0


def test_a_fee_above_the_cap_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FeePolicy, "cap", lambda self, *, urgent: 10**15)
    assert any("above its cap" in found for found in broken(range(16)).values())


def test_the_command_counts_and_exits_with_one_when_a_seed_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    good = CliRunner().invoke(app, ["simulate", "--seeds", "2", "--first", "5"])
    assert (good.exit_code, good.output.splitlines()[-1]) == (0, "seeds 2, failed 0")

    monkeypatch.setattr("agent.simulation.run.Judge.close", lambda judge, *_: judge.violations.append("planted"))
    bad = CliRunner().invoke(app, ["simulate", "--seeds", "2", "--first", "5"])
    assert (bad.exit_code, bad.output.splitlines()[-1]) == (1, "seeds 2, failed 2")
    assert "seed 5" in bad.output
    assert "replays" in bad.output
    assert "planted" in bad.output
