"""A store made of the recorded files; makes the small series importable, whatever way the tests are collected."""

import shutil
import sys
from pathlib import Path

import pytest

from agent.market.store import Imported, Store, import_recorded, open_store

sys.path.insert(0, str(Path(__file__).parent))

RECORDED = (
    "binance/funding/BTCUSDT.parquet",
    "binance/funding/ETHUSDT.parquet",
    "binance/funding/SOLUSDT.parquet",
    "binance/funding/AVAXUSDT.parquet",
    "binance/spot/AVAXUSDT-1h.parquet",
    "binance/perp/AVAXUSDT-1h.parquet",
    "binance/perp/BTCUSDT-1h.parquet",
    "binance/perp/ETHUSDT-1h.parquet",
    "binance/mark/AVAXUSDT-1h.parquet",
    "hyperliquid/funding/BTC.parquet",
)


@pytest.fixture(scope="session")
def recorded(data_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Store, Imported]:
    """The recordings that the golden numbers are about, in a store, and what was noticed on the way."""
    folder = tmp_path_factory.mktemp("recorded")
    for file in (*RECORDED, *(f"onchain/{path.name}" for path in (data_folder / "onchain").glob("*.csv.gz"))):
        (folder / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(data_folder / file, folder / file)
    store = open_store(tmp_path_factory.mktemp("store"))
    return store, import_recorded(folder, store)


@pytest.fixture(scope="session")
def recorded_store(recorded: tuple[Store, Imported]) -> Store:
    return recorded[0]
