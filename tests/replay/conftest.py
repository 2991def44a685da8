"""One short replay of the synthetic market that several tests look at."""

from pathlib import Path

import pytest

from agent.config.file import LoadedConfig, load_config
from agent.market.choose import ChosenMarket, choose_market
from agent.replay import parse_period, replay
from agent.replay.run import Replayed

CONFIGS = Path(__file__).parents[2] / "configs"
PERIOD = ("2023-02-01", "2023-02-12")


@pytest.fixture(scope="session")
def carry() -> LoadedConfig:
    return load_config(CONFIGS / "eth-carry.yaml")


@pytest.fixture(scope="session")
def market(carry: LoadedConfig) -> ChosenMarket:
    return choose_market(carry.config, None, parse_period(*PERIOD), seed=7)


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("replay")


@pytest.fixture(scope="session")
def replayed(carry: LoadedConfig, market: ChosenMarket, folder: Path) -> Replayed:
    """Twelve synthetic days: real contracts, real transactions, depositors that come and go."""
    return replay(carry, market.source, parse_period(*PERIOD), folder, seed=7, synthetic=True)
