"""Deploys a vault and all its parts into a local world, handed over to its owners, and lets people deposit."""

from collections.abc import Sequence
from dataclasses import dataclass

from chains import artifacts
from chains.functions import Function
from chains.local.aave import AaveAddresses
from chains.local.accounts import AGENT, CURATOR, DEPLOYER, GUARDIAN, OWNER
from chains.local.hyper_core import create_core_account
from chains.local.sender import Sender
from chains.local.spec import World
from chains.multicall import Call, read_all
from chains.registry import load_chain
from chains.rpc import Node
from chains.venues import chainlink

GOVERNANCE_DELAY_S = 2 * 86_400

# The oracle believes answers within this factor of the price at deployment.
_BELIEVED_FACTOR = 20
# Between the feed and HyperCore's own oracle price.
_MAX_DEVIATION_BPS = 300
_NOBODY = "0x" + "00" * 20

_MINT = Function("mint(address,uint256)")
_APPROVE = Function("approve(address,uint256)", "(bool)")


@dataclass(frozen=True, slots=True)
class VaultAddresses:
    """Where one vault and its parts stand; the adapter of a short leg is None where its venue is absent."""

    vault: str
    lens: str
    authority: str
    policy: str
    portfolio: str
    oracle: str
    queue: str
    spot_adapter: str
    perp_adapter: str | None
    loan_adapter: str | None = None


@dataclass(frozen=True, slots=True)
class VaultTerms:
    """What the contracts are made with: structs of contracts/src/Limits.sol, in their order."""

    limits: Sequence[int]
    venue_cap: tuple[int, int]
    asset_cap: tuple[int, int]


def deploy_vault(
    node: Node, world: World, terms: VaultTerms, *, agent: str = AGENT, aave: AaveAddresses | None = None
) -> VaultAddresses:
    """A vault ready for deposits: adapters accepted, caps set, the perp adapter's core account open, handed over.

    Until the hand-over the deployer is the authority's admin; from then on nobody is.
    """
    sender = Sender(node, DEPLOYER)
    authority = sender.create(artifacts.load("Authority"))
    policy = sender.create(artifacts.load("Policy"), authority, tuple(terms.limits))
    vault = sender.create(artifacts.load("Vault"), world.usdc, "Ballast USDC", "blUSDC", policy, agent)
    (portfolio,) = read_all(node, node.head(), [Call(vault, artifacts.load("Vault").function("portfolio"))])
    oracle = _deploy_oracle(sender, world)
    queue = sender.create(artifacts.load("RedemptionQueue"), vault)

    spot = sender.create(artifacts.load("UniswapV3Spot"), vault, world.pool, world.usdc, world.base)
    perp = None
    if world.perp_index is not None:
        delay = load_chain("local").core_action_bound_s
        perp = sender.create(artifacts.load("HyperCorePerp"), vault, world.usdc, world.base, world.perp_index, delay)
        create_core_account(sender, world.mover, perp)
    loan = None
    if aave is not None:
        loan = sender.create(artifacts.load("AaveV3"), vault, aave.pool, world.pool, world.usdc, world.base)
    for adapter in (spot, perp, loan):
        if adapter is not None:
            sender.send(portfolio, artifacts.load("Portfolio").function("acceptAdapter"), adapter, oracle)
            sender.send(policy, artifacts.load("Policy").function("loosenCap"), adapter, terms.venue_cap)
    sender.send(policy, artifacts.load("Policy").function("loosenCap"), world.base, terms.asset_cap)
    sender.send(vault, artifacts.load("Vault").function("setQueue"), queue)
    governance = (OWNER, CURATOR, GUARDIAN, GOVERNANCE_DELAY_S)
    sender.send(authority, artifacts.load("Authority").function("handOver"), vault, governance)
    return VaultAddresses(
        vault=vault,
        lens=sender.create(artifacts.load("VaultLens")),
        authority=authority,
        policy=policy,
        portfolio=portfolio,
        oracle=oracle,
        queue=queue,
        spot_adapter=spot,
        perp_adapter=perp,
        loan_adapter=loan,
    )


def deposit(node: Node, world: World, vault: str, account: str, assets: int) -> None:
    """Gives an unlocked account `assets` of USDC (smallest units) and lets it deposit them all."""
    sender = Sender(node, account)
    sender.send(world.usdc, _MINT, account, assets)
    sender.send(world.usdc, _APPROVE, vault, assets)
    sender.send(vault, artifacts.load("Vault").function("deposit"), assets, account)


def _deploy_oracle(sender: Sender, world: World) -> str:
    """The Chainlink feed, held against HyperCore's oracle price where there is one.

    The pool is no second source here: the local market moves once an hour, so that its mean price lags for good.
    """
    (round_now,) = read_all(sender.node, sender.node.head(), [chainlink.latest_round(world.feed)])
    answer = chainlink.Round(*round_now).answer
    second = _NOBODY
    if world.perp_index is not None:
        source = artifacts.load("HyperCoreOraclePrice")
        second = sender.create(source, world.perp_index, world.base, world.usdc)
    deviation = 0 if second == _NOBODY else _MAX_DEVIATION_BPS
    bounds = (answer // _BELIEVED_FACTOR, answer * _BELIEVED_FACTOR)
    feed = (world.usdc, world.base, world.feed, *bounds, second, deviation, _NOBODY, 0)
    return sender.create(artifacts.load("PriceOracle"), feed)
