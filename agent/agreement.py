"""What a deployed vault says of itself, read from its address alone, to be held against a strategy file."""

from collections.abc import Mapping
from dataclasses import dataclass

from agent.policy import ContractCap, ContractLimits
from agent.reasons import Code, Reason, Refusal
from chains import artifacts
from chains.functions import UndecodableResult
from chains.multicall import Call, ReadReverted, read_all
from chains.rpc import BlockRef, Reader


@dataclass(frozen=True, slots=True)
class Agreement:
    """Limits, caps and roles of one vault, all of one block. Caps by the address of adapter or base token."""

    limits: ContractLimits
    venue_caps: Mapping[str, ContractCap]
    asset_caps: Mapping[str, ContractCap]
    agent: str
    policy: str
    authority: str
    handed_over: bool  # whether the authority's deployer has given up all power


def read_agreement(node: Reader, vault: str) -> Agreement:
    """The agreement of the vault at that address, at the newest block.

    Raises
    ------
    Refusal : WRONG_CHAIN, there is no contract, or another one
    RpcError, RpcUnavailable, ReadReverted, UndecodableResult : no answer that can be trusted
    """
    block = node.head()
    if node.call("eth_getCode", vault, "latest") == "0x":
        message = f"there is no contract at the vault's address {vault}"
        raise Refusal(Reason(Code.WRONG_CHAIN, message, where="vault"))
    of_vault = artifacts.load("Vault").function
    try:
        agent, policy, authority, portfolio = read_all(
            node, block, [Call(vault, of_vault(name)) for name in ("agent", "policy", "authority", "portfolio")]
        )
    except (ReadReverted, UndecodableResult) as error:
        message = f"the contract at the vault's address {vault} is no vault: {error}"
        raise Refusal(Reason(Code.WRONG_CHAIN, message, where="vault")) from error
    limits, governed, adapters = read_all(
        node,
        block,
        [
            Call(policy, artifacts.load("Policy").function("limits")),
            Call(authority, artifacts.load("Authority").function("vault")),
            Call(portfolio, artifacts.load("Portfolio").function("adapters")),
        ],
    )
    base_token = artifacts.load("UniswapV3Spot").function("baseToken")  # every adapter has it
    tokens = read_all(node, block, [Call(adapter, base_token) for adapter in adapters])
    return Agreement(
        limits=ContractLimits(*limits),
        venue_caps=_caps(node, block, policy, adapters),
        asset_caps=_caps(node, block, policy, dict.fromkeys(tokens)),
        agent=agent,
        policy=policy,
        authority=authority,
        handed_over=governed.lower() == vault.lower(),
    )


def _caps(
    node: Reader, block: BlockRef, policy: str, keys: Mapping[str, None] | tuple[str, ...]
) -> dict[str, ContractCap]:
    cap_of = artifacts.load("Policy").function("capOf")
    answers = read_all(node, block, [Call(policy, cap_of, (key,)) for key in keys])
    return {key: ContractCap(*cap) for key, cap in zip(keys, answers, strict=True)}
