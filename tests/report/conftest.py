"""A finished carry run for the report's tests, made by the ledger's generator."""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "ledger"))

from carry_run import carry_result, carry_run

from agent.ledger import DecisionRow


@dataclass(frozen=True, slots=True)
class CarryRun:
    """Everything a report is made of."""

    result: dict[str, Any]
    cycles: Any
    decisions: list[DecisionRow]


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CarryRun]:
    """Sixty days of hourly cycles."""
    finished = carry_run(tmp_path_factory.mktemp("run") / "ledger.sqlite")
    with finished.ledger as ledger:
        yield CarryRun(carry_result(finished), ledger.cycles_table(), ledger.largest_decisions())
