"""The shipped strategy files, which the tests of configuration change line by line."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # for strategy_file.py, which the tests beside it share

from strategy_file import CONFIGS, StrategyFile


@pytest.fixture
def carry(tmp_path: Path) -> StrategyFile:
    return StrategyFile(tmp_path / "carry.yaml", (CONFIGS / "eth-carry.yaml").read_text())


@pytest.fixture
def spot(tmp_path: Path) -> StrategyFile:
    return StrategyFile(tmp_path / "spot.yaml", (CONFIGS / "eth-volatility-target.yaml").read_text())
