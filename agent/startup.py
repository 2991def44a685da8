"""Before the first cycle: the vault on chain must be the one in the file, and the signer must be its agent only."""

from agent.market.vault_reader import VaultSite
from agent.policy import ContractLimits, Policy
from agent.reasons import Code, Reason, Refusal
from chains import artifacts
from chains.multicall import Call, read_all
from chains.rpc import Node, quantity


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
    vault = artifacts.load("Vault")
    limits, agent, owner, guardian, policy_address = read_all(
        node,
        node.head(),
        [
            Call(site.policy, artifacts.load("Policy").function("limits")),
            *(Call(site.vault, vault.function(name)) for name in ("agent", "owner", "guardian", "policy")),
        ],
    )
    reasons = policy.differences(ContractLimits(*limits))
    if policy_address.lower() != site.policy.lower():
        message = f"the vault obeys the policy at {policy_address}, not the one at {site.policy}"
        reasons.append(Reason(Code.POLICY_MISMATCH, message, where="policy"))
    if agent.lower() != signer.lower():
        message = f"the signer {signer} is not the vault's agent {agent}"
        reasons.append(Reason(Code.SIGNER_ROLE, message, where="signer"))
    if signer.lower() in (owner.lower(), guardian.lower()):
        message = f"the signer {signer} is owner or guardian too; give the agent a key of its own"
        reasons.append(Reason(Code.SIGNER_ROLE, message, where="signer"))
    if reasons:
        raise Refusal(*reasons)
