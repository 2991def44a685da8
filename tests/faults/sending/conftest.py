"""A chain that counts, a journal and a node that lies."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from counting_chain import CountingChain, fresh
from lying_proxy import LyingProxy

from agent.execution import Journal
from chains.local.anvil import Anvil

sys.path.insert(0, str(Path(__file__).parent))
from sent_plans import NOW


@pytest.fixture(scope="session")
def anvil() -> Iterator[Anvil]:
    with Anvil(NOW) as running:
        yield running


@pytest.fixture
def chain(anvil: Anvil) -> Iterator[CountingChain]:
    with fresh(anvil) as found:
        yield found


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal(tmp_path / "journal.db") as opened:
        yield opened


@pytest.fixture
def proxy(chain: CountingChain) -> Iterator[LyingProxy]:
    started = LyingProxy(chain.url)
    yield started
    started.close()
