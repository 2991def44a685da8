"""Three nodes that can lie about one chain; helpers are shared with the rooms they come from."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

sys.path.extend(
    str(Path(__file__).parents[1] / room)
    for room in ("chains", "execution", "faults", "market/exchanges", "market/quorum", "strategies")
)

from lying_nodes import calm
from lying_proxy import LyingProxy

from agent.config.file import load_config
from agent.market.vault_reader import VaultSite
from agent.replay.stage import vault_terms
from chains.local import LocalChain, deploy_vault


@pytest.fixture
def proxies(chain: LocalChain) -> Iterator[list[LyingProxy]]:
    started = [LyingProxy(chain.url) for _ in range(3)]
    yield started
    for proxy in started:
        proxy.close()


@pytest.fixture
def site(chain: LocalChain, site_of: Callable[..., VaultSite]) -> VaultSite:
    calm(chain)
    policy = load_config("configs/eth-carry.yaml").config.policy
    return site_of(chain.world, deploy_vault(chain.node, chain.world, vault_terms(policy)))
