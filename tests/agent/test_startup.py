"""Before the first cycle, on a real chain: the vault must be the file's, and the signer its agent and no more."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from agent.config.file import load_config
from agent.market.vault_reader import VaultSite
from agent.policy import Policy
from agent.reasons import Code, Refusal
from agent.startup import require_agreement
from agent.units import Token
from chains.local import LocalChain, deploy_vault
from chains.local.accounts import AGENT, GUARDIAN, OWNER

CHAIN_ID = 31337


@pytest.fixture(scope="module")
def policy() -> Policy:
    return load_config("configs/eth-carry.yaml").config.policy


@pytest.fixture(scope="module")
def site(chain: LocalChain, policy: Policy) -> VaultSite:
    world, addresses = chain.world, deploy_vault(chain.node, chain.world, policy.to_contract().as_tuple())
    return VaultSite(
        vault=addresses.vault,
        policy=addresses.policy,
        oracle=addresses.oracle,
        spot_adapter=addresses.spot_adapter,
        pool=world.pool,
        pair=world.pair,
        asset=Token("USDC", world.usdc, 6),
        base=Token("WETH", world.base, 18),
        perp=None,
    )


@pytest.fixture
def codes(chain: LocalChain, site: VaultSite, policy: Policy) -> Callable[..., list[Code]]:
    def ask(**changes: object) -> list[Code]:
        arguments = {"site": site, "policy": policy, "chain_id": CHAIN_ID, "signer": AGENT} | changes
        try:
            require_agreement(chain.node, **arguments)  # type: ignore[arg-type]
        except Refusal as refusal:
            return [reason.code for reason in refusal.reasons]
        return []

    return ask


def test_a_vault_that_is_the_files_is_accepted(codes: Callable[..., list[Code]]) -> None:
    assert codes() == []


def test_every_limit_that_differs_is_named(codes: Callable[..., list[Code]], policy: Policy) -> None:
    other = policy.model_copy(update={"max_drawdown": 0.05, "cooldown_s": 900})
    assert codes(policy=other) == [Code.POLICY_MISMATCH, Code.POLICY_MISMATCH]


def test_another_chain_is_refused_before_anything_is_read(codes: Callable[..., list[Code]]) -> None:
    assert codes(chain_id=999) == [Code.WRONG_CHAIN]


def test_an_address_without_a_contract_is_refused(codes: Callable[..., list[Code]], site: VaultSite) -> None:
    assert codes(site=replace(site, vault="0x" + "12" * 20)) == [Code.WRONG_CHAIN]


def test_a_policy_that_the_vault_does_not_obey_is_refused(
    chain: LocalChain, codes: Callable[..., list[Code]], site: VaultSite, policy: Policy
) -> None:
    another = deploy_vault(chain.node, chain.world, policy.to_contract().as_tuple())
    assert codes(site=replace(site, policy=another.policy)) == [Code.POLICY_MISMATCH]


@pytest.mark.parametrize("signer", [OWNER, GUARDIAN])
def test_a_signer_with_another_role_is_refused(codes: Callable[..., list[Code]], signer: str) -> None:
    assert codes(signer=signer) == [Code.SIGNER_ROLE, Code.SIGNER_ROLE]
