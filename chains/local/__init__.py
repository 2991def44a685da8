"""A local chain with the real protocols on it, moved hour by hour by recorded or synthetic prices."""

from chains.local.aave import AaveAddresses, ReserveTerms, add_aave
from chains.local.accounts import AGENT, AGENT_TEST_KEY, CURATOR, DEPLOYER, DEPOSITOR, GUARDIAN, OWNER, SECOND_DEPOSITOR
from chains.local.anvil import Anvil
from chains.local.chain import LocalChain, local_chain
from chains.local.foundry import native_binary
from chains.local.mover import Mover, PerpTick
from chains.local.sender import Sender, TransactionFailed
from chains.local.spec import PerpSpec, World, WorldSpec
from chains.local.vault import VaultAddresses, VaultTerms, deploy_vault, deposit
from chains.local.world import deploy_world

__all__ = [
    "AGENT",
    "AGENT_TEST_KEY",
    "CURATOR",
    "DEPLOYER",
    "DEPOSITOR",
    "GUARDIAN",
    "OWNER",
    "SECOND_DEPOSITOR",
    "AaveAddresses",
    "Anvil",
    "LocalChain",
    "Mover",
    "PerpSpec",
    "PerpTick",
    "ReserveTerms",
    "Sender",
    "TransactionFailed",
    "VaultAddresses",
    "VaultTerms",
    "World",
    "WorldSpec",
    "add_aave",
    "deploy_vault",
    "deploy_world",
    "deposit",
    "local_chain",
    "native_binary",
]
