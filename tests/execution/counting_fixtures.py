"""The counting chain, a journal and a node that lies, as fixtures; a conftest or a test file imports those it needs."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from counting_chain import NOW, CountingChain, fresh
from lying_proxy import LyingProxy

from agent.execution import Journal
from chains.local.anvil import Anvil


@pytest.fixture(scope="session")
def counting_anvil() -> Iterator[Anvil]:
    with Anvil(NOW) as anvil:
        yield anvil


@pytest.fixture
def chain(counting_anvil: Anvil) -> Iterator[CountingChain]:
    """The counting chain, put back to its start after every test."""
    with fresh(counting_anvil) as found:
        yield found


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with Journal(tmp_path / "journal.db") as opened:
        yield opened


@pytest.fixture
def proxy(chain: CountingChain) -> Iterator[LyingProxy]:
    """In front of the counting chain's node."""
    started = LyingProxy(chain.url)
    yield started
    started.close()
