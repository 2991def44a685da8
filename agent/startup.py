"""Before the first cycle: the vault on chain must be the one in the file, and the signer must be its agent only."""

from collections.abc import Callable, Sequence

from agent.agreement import read_agreement
from agent.config import AaveConfig
from agent.config.file import LoadedConfig
from agent.market.vault_reader import LoanVenue, VaultSite
from agent.policy import Policy
from agent.reasons import Code, Reason, Refusal
from chains import artifacts
from chains.functions import Function
from chains.multicall import Call, read_all
from chains.rpc import Reader, quantity
from chains.venues import aave_v3
from chains.venues.aave_v3 import ONE_IN_BPS, ReserveData

_SYMBOL, _DECIMALS = Function("symbol()", "(string)"), Function("decimals()", "(uint8)")
ROLES = ("admin", "owner", "curator", "guardian", "tightener")  # by number, of contracts/src/Authority.sol


def require_agreement(node: Reader, site: VaultSite, policy: Policy, chain_id: int, signer: str) -> None:
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
    found = read_agreement(node, site.vault)
    reasons = policy.differences(found.limits, found.venue_caps, found.asset_caps)
    if found.policy.lower() != site.policy.lower():
        message = f"the vault obeys the policy at {found.policy}, not the one at {site.policy}"
        reasons.append(Reason(Code.POLICY_MISMATCH, message, where="policy"))
    if not found.handed_over:
        message = f"the authority at {found.authority} was not handed over: its deployer may still do anything at once"
        reasons.append(Reason(Code.POLICY_MISMATCH, message, where="authority"))
    if found.agent.lower() != signer.lower():
        message = f"the signer {signer} is not the vault's agent {found.agent}"
        reasons.append(Reason(Code.SIGNER_ROLE, message, where="signer"))
    reasons += [
        Reason(Code.SIGNER_ROLE, f"the signer {signer} is {role} too; give the agent a key of its own", where="signer")
        for role in _roles_of(node, found.authority, signer)
    ]
    if reasons:
        raise Refusal(*reasons)


def require_pinned(loaded: LoadedConfig, pin: str) -> None:
    """Raises Refusal (CONFIG_NOT_PINNED) unless the configuration's hash begins as the one that a person reviewed."""
    if not loaded.config_hash.startswith(pin):
        message = f"the hash of {loaded.path} begins with {loaded.config_hash[: len(pin)]}, pinned is {pin}"
        raise Refusal(Reason(Code.CONFIG_NOT_PINNED, message, where=loaded.path))


def require_dry_runs(dry_run_of: Callable[[str], int | None], configs: Sequence[LoadedConfig]) -> None:
    """Raises Refusal (DRY_RUN_MISSING) with every configuration that never ran in this form without sending.

    Parameters
    ----------
    dry_run_of : when a configuration, by its hash, last did (unix seconds); None for never
    """
    missing = [loaded for loaded in configs if dry_run_of(loaded.config_hash) is None]
    if missing:
        message = "never ran in this form without --live; run it so once and look at it"
        raise Refusal(
            *(Reason(Code.DRY_RUN_MISSING, f"{one.config.name} {message}", where=one.path) for one in missing)
        )


def require_tokens(node: Reader, site: VaultSite) -> None:
    """Reads asset, symbols and decimals from the chain and raises Refusal (ASSET_MISMATCH) with every difference.

    A wrong number of decimals would make every amount wrong by a power of ten.

    Raises
    ------
    Refusal : ASSET_MISMATCH
    RpcError, RpcUnavailable, ReadReverted, UndecodableResult : vault or token could not be read
    """
    tokens = (site.asset, site.base)
    calls = [Call(site.vault, artifacts.load("Vault").function("asset"))]
    calls += [Call(token.address, function) for token in tokens for function in (_SYMBOL, _DECIMALS)]
    asset, *answers = read_all(node, node.head(), calls)
    reasons = []
    if asset.lower() != site.asset.address.lower():
        message = f"the vault's asset is {asset}, the file's is {site.asset.address}"
        reasons.append(Reason(Code.ASSET_MISMATCH, message, where="asset"))
    for token, symbol, decimals in zip(tokens, answers[::2], answers[1::2], strict=True):
        if (symbol, decimals) != (token.symbol, token.decimals):
            message = f"{token.address} is {symbol!r} with {decimals} decimals, the file says {token.symbol}"
            reasons.append(Reason(Code.ASSET_MISMATCH, message, float(decimals), float(token.decimals), "vault"))
    if reasons:
        raise Refusal(*reasons)


def require_loan_terms(node: Reader, site: VaultSite, venue: LoanVenue, expected: AaveConfig) -> None:
    """Reads the collateral's liquidation threshold from Aave and raises Refusal when it is not the file's.

    The file's margins were chosen for that threshold, and Aave's governance may change it.

    Raises
    ------
    Refusal : POLICY_MISMATCH
    RpcError, RpcUnavailable, ReadReverted, UndecodableResult : Aave could not be read
    """
    (answer,) = read_all(node, node.head(), [aave_v3.reserve_data(venue.pool, site.asset.address)])
    found_bps = ReserveData(*answer).configuration.liquidation_threshold_bps
    if found_bps == round(expected.liquidation_threshold * ONE_IN_BPS):
        return
    key, found = "vault.aave.liquidation_threshold", found_bps / ONE_IN_BPS
    message = f"{key}: {expected.liquidation_threshold:g} here, {found:g} at Aave; the margins have to be chosen anew"
    raise Refusal(Reason(Code.POLICY_MISMATCH, message, expected.liquidation_threshold, found, key))


def _roles_of(node: Reader, authority: str, account: str) -> list[str]:
    """Names of the roles that an account holds in the vault's authority."""
    has_role = artifacts.load("Authority").function("hasRole")
    calls = [Call(authority, has_role, (number, account)) for number in range(len(ROLES))]
    answers = read_all(node, node.head(), calls)
    return [role for role, (is_member, _) in zip(ROLES, answers, strict=True) if is_member]
