"""Fixtures that several test folders share."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from chains.local import LocalChain, PerpSpec, WorldSpec, local_chain

GENESIS = 1_700_000_000
FIRST_PRICE = 3000.0


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """Recorded market data, which is kept outside of the project."""
    folder = os.environ.get("BALLAST_DATA")
    if not folder:
        pytest.skip("BALLAST_DATA does not name the folder of recorded market data")
    path = Path(folder)
    assert path.is_dir(), f"BALLAST_DATA={folder} is not a folder"
    return path


@pytest.fixture(scope="session")
def eth_spec() -> WorldSpec:
    """An ETH market at 3,000 USD with a perp, from a fixed instant."""
    perp = PerpSpec("ETH", size_decimals=4, max_leverage=25, index=1)
    return WorldSpec(GENESIS, "ETH", 18, FIRST_PRICE, perp)


@pytest.fixture(scope="session")
def chain(eth_spec: WorldSpec) -> Iterator[LocalChain]:
    """One local chain for the whole run; tests move time forward only, and share whatever they leave."""
    with local_chain(eth_spec) as running:
        yield running
