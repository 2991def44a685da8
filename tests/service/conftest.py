"""A database of latches; the vault world is shared with tests/strategies."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.service.latches import Latches

sys.path.insert(0, str(Path(__file__).parents[1] / "strategies"))


@pytest.fixture
def latches(tmp_path: Path) -> Iterator[Latches]:
    opened = Latches(f"sqlite:///{tmp_path / 'service.sqlite'}")
    yield opened
    opened.close()
