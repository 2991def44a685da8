"""Deploys a vault with its policy, oracle and adapters into a local world, and lets people deposit."""

from collections.abc import Sequence
from dataclasses import dataclass

from chains import artifacts
from chains.functions import Function
from chains.local.accounts import AGENT, DEPLOYER, GUARDIAN, OWNER
from chains.local.hyper_core import create_core_account
from chains.local.sender import Sender
from chains.local.spec import World
from chains.multicall import read_all
from chains.registry import load_chain
from chains.rpc import Node
from chains.venues import chainlink

# The oracle believes answers within this factor of the price at deployment.
_BELIEVED_FACTOR = 20

_MINT = Function("mint(address,uint256)")
_APPROVE = Function("approve(address,uint256)", "(bool)")


@dataclass(frozen=True, slots=True)
class VaultAddresses:
    """Where one vault and its parts stand; `perp_adapter` is None in a world without a perp."""

    vault: str
    policy: str
    oracle: str
    spot_adapter: str
    perp_adapter: str | None


def deploy_vault(
    node: Node, world: World, limits: Sequence[int], *, owner: str = OWNER, guardian: str = GUARDIAN, agent: str = AGENT
) -> VaultAddresses:
    """A vault ready for deposits: adapters accepted by the owner, the perp adapter's core account open.

    `limits` are the numbers of the contract's `Limits` in its order (contracts/src/Policy.sol).
    `owner` must be one of the node's unlocked accounts, because the owner accepts the adapters.
    """
    sender = Sender(node, DEPLOYER)
    (round_now,) = read_all(node, node.head(), [chainlink.latest_round(world.feed)])
    answer = chainlink.Round(*round_now).answer
    feed = (world.base, world.feed, answer // _BELIEVED_FACTOR, answer * _BELIEVED_FACTOR)
    oracle = sender.create(artifacts.load("PriceOracle"), world.usdc, [feed])
    policy = sender.create(artifacts.load("Policy"), owner, guardian, tuple(limits))
    vault = sender.create(
        artifacts.load("Vault"),
        *(world.usdc, "Ballast USDC", "blUSDC", policy, oracle, owner, guardian, agent),
    )
    spot = sender.create(
        artifacts.load("UniswapV3Spot"),
        *(vault, world.usdc, world.base, world.router, world.pool_fee_ppm, oracle),
    )
    adapters = [spot]
    perp = None
    if world.perp_index is not None:
        delay = load_chain("local").core_action_bound_s
        perp = sender.create(artifacts.load("HyperCorePerp"), vault, world.usdc, world.base, world.perp_index, delay)
        create_core_account(sender, world.mover, perp)
        adapters.append(perp)
    for adapter in adapters:
        Sender(node, owner).send(vault, artifacts.load("Vault").function("acceptAdapter"), adapter)
    return VaultAddresses(vault, policy, oracle, spot, perp)


def deposit(node: Node, world: World, vault: str, account: str, assets: int) -> None:
    """Gives an unlocked account `assets` of USDC (smallest units) and lets it deposit them all."""
    sender = Sender(node, account)
    sender.send(world.usdc, _MINT, account, assets)
    sender.send(world.usdc, _APPROVE, vault, assets)
    sender.send(vault, artifacts.load("Vault").function("deposit"), assets, account)
