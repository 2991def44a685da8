"""Before the first cycle: the vault on chain must be the one in the file, and the signer must be its agent only."""

from collections.abc import Mapping
from dataclasses import dataclass

from agent.market.vault_reader import VaultSite
from agent.policy import ContractCap, ContractLimits, Policy
from agent.reasons import Code, Reason, Refusal
from chains import artifacts
from chains.multicall import Call, read_all
from chains.rpc import Node, quantity

ROLES = ("admin", "owner", "curator", "guardian", "tightener")  # by number, of contracts/src/Authority.sol


def require_agreement(node: Node, site: VaultSite, policy: Policy, chain_id: int, signer: str) -> None:
    """Reads limits, roles and chain id back and raises Refusal with every difference.

    Raises
    ------
    Refusal : WRONG_CHAIN, POLICY_MISMATCH per limit, SIGNER_ROLE
    RpcError, RpcUnavailable, ReadReverted, UndecodableResult : the vault could not be read
    """
    on_chain_id = quantity(node.call("eth_chainId"))
    if on_chain_id != chain_id:
        message = f"the node is on chain {on_chain_id}, the file's chain has id {chain_id}"
        raise Refusal(Reason(Code.WRONG_CHAIN, message, float(on_chain_id), float(chain_id), "chain"))
    if node.call("eth_getCode", site.vault, "latest") == "0x":
        raise Refusal(
            Reason(Code.WRONG_CHAIN, f"there is no contract at the vault's address {site.vault}", where="vault")
        )
    found = read_agreement(node, site)
    reasons = policy.differences(found.limits, found.venue_caps, found.asset_cap)
    if found.policy.lower() != site.policy.lower():
        message = f"the vault obeys the policy at {found.policy}, not the one at {site.policy}"
        reasons.append(Reason(Code.POLICY_MISMATCH, message, where="policy"))
    if not found.handed_over:
        message = f"the authority at {site.authority} was not handed over: its deployer may still do anything at once"
        reasons.append(Reason(Code.POLICY_MISMATCH, message, where="authority"))
    if found.agent.lower() != signer.lower():
        message = f"the signer {signer} is not the vault's agent {found.agent}"
        reasons.append(Reason(Code.SIGNER_ROLE, message, where="signer"))
    reasons += [
        Reason(Code.SIGNER_ROLE, f"the signer {signer} is {role} too; give the agent a key of its own", where="signer")
        for role in _roles_of(node, site, signer)
    ]
    if reasons:
        raise Refusal(*reasons)


@dataclass(frozen=True, slots=True)
class Agreement:
    """What the contracts say of themselves."""

    limits: ContractLimits
    venue_caps: Mapping[str, ContractCap]
    asset_cap: ContractCap
    agent: str
    policy: str
    handed_over: bool


def read_agreement(node: Node, site: VaultSite) -> Agreement:
    """Limits, caps, agent and policy of a vault, all of one block."""
    vault, policy = artifacts.load("Vault"), artifacts.load("Policy")
    venues = {"spot": site.spot_adapter} | ({} if site.perp is None else {"perp": site.perp.adapter})
    limits, agent, policy_address, governed, *caps = read_all(
        node,
        node.head(),
        [
            Call(site.policy, policy.function("limits")),
            Call(site.vault, vault.function("agent")),
            Call(site.vault, vault.function("policy")),
            Call(site.authority, artifacts.load("Authority").function("vault")),
            *(Call(site.policy, policy.function("capOf"), (key,)) for key in (*venues.values(), site.base.address)),
        ],
    )
    return Agreement(
        limits=ContractLimits(*limits),
        venue_caps={name: ContractCap(*cap) for name, cap in zip(venues, caps, strict=False)},
        asset_cap=ContractCap(*caps[-1]),
        agent=agent,
        policy=policy_address,
        handed_over=governed.lower() == site.vault.lower(),
    )


def _roles_of(node: Node, site: VaultSite, account: str) -> list[str]:
    """Names of the roles that an account holds in the vault's authority."""
    has_role = artifacts.load("Authority").function("hasRole")
    calls = [Call(site.authority, has_role, (number, account)) for number in range(len(ROLES))]
    answers = read_all(node, node.head(), calls)
    return [role for role, (is_member, _) in zip(ROLES, answers, strict=True) if is_member]
