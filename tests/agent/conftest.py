"""A vault of the shipped ETH carry file on the local chain, handed over, without deposits."""

from collections.abc import Callable

import pytest

from agent.config.file import load_config
from agent.market.vault_reader import VaultSite
from agent.policy import Policy
from agent.replay.stage import vault_terms
from chains.local import LocalChain, VaultAddresses, World, deploy_vault


@pytest.fixture(scope="module")
def policy() -> Policy:
    return load_config("configs/eth-carry.yaml").config.policy


@pytest.fixture(scope="module")
def site(chain: LocalChain, policy: Policy, site_of: Callable[[World, VaultAddresses], VaultSite]) -> VaultSite:
    return site_of(chain.world, deploy_vault(chain.node, chain.world, vault_terms(policy)))
