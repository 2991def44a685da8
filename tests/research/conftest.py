"""The shipped strategies, and the folder's helpers for its tests."""

import sys
from pathlib import Path

import pytest

from agent.config import Config
from agent.config.file import load_config

sys.path.insert(0, str(Path(__file__).parent))

CONFIGS = Path(__file__).parents[2] / "configs"


@pytest.fixture(scope="session")
def carry() -> Config:
    return load_config(CONFIGS / "eth-carry.yaml").config


@pytest.fixture(scope="session")
def spot() -> Config:
    return load_config(CONFIGS / "eth-volatility-target.yaml").config
