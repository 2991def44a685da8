"""Two hundred worlds: crashes, reorganisations, lying providers, takeovers; one effect at most, nothing lost."""

import os
from pathlib import Path

import pytest

from agent.cli.main import app
from agent.simulation import command, run
from agent.simulation.command import judge_seeds
from agent.simulation.run import Verdict, simulate

SEEDS, CHUNK = 200, 20


@pytest.fixture(autouse=True)
def _from_the_project() -> None:
    os.chdir(Path(__file__).parents[2])


@pytest.mark.parametrize("first", range(0, SEEDS, CHUNK))
def test_every_intent_has_one_effect_at_most_and_the_end_that_the_chain_tells(first: int) -> None:
    verdicts = list(judge_seeds(range(first, first + CHUNK), jobs=1))
    assert [verdict.violations for verdict in verdicts if verdict.violations] == []
    assert sum(verdict.plans for verdict in verdicts) > CHUNK
    assert sum(verdict.crashes for verdict in verdicts) > 0
    assert sum(verdict.takeovers for verdict in verdicts) > 0


@pytest.mark.parametrize("seed", [3, 4, 29, 37])
def test_a_seed_replays_bit_for_bit(seed: int) -> None:
    first, second = simulate(seed), simulate(seed)
    assert first == second
    assert len(first.digest) == 64
