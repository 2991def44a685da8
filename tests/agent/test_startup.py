"""Before the first cycle, on a real chain: the vault must be the file's, and the signer its agent and no more."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from agent.market.vault_reader import VaultSite
from agent.policy import Policy
from agent.reasons import Code, Reason, Refusal
from agent.startup import require_agreement
from chains.artifacts import load
from chains.local import LocalChain, Sender
from chains.local.accounts import AGENT, CURATOR, DEPLOYER, DEPOSITOR, GUARDIAN, OWNER
from chains.multicall import Call, read_all

CHAIN_ID = 31337
Ask = Callable[..., list[Reason]]


@pytest.fixture
def ask(chain: LocalChain, site: VaultSite, policy: Policy) -> Iterator[Ask]:
    """What the vault is refused for; the chain is put back after the test."""
    snapshot = chain.node.call("evm_snapshot")

    def reasons(**changes: Any) -> list[Reason]:
        arguments = {"site": site, "policy": policy, "chain_id": CHAIN_ID, "signer": AGENT} | changes
        try:
            require_agreement(chain.node, **arguments)
        except Refusal as refusal:
            return list(refusal.reasons)
        return []

    yield reasons
    chain.node.call("evm_revert", snapshot)


def codes(reasons: list[Reason]) -> list[Code]:
    return [reason.code for reason in reasons]


def as_guardian(chain: LocalChain, policy: str, function: str, *args: object) -> None:
    Sender(chain.node, GUARDIAN).send(policy, load("Policy").function(function), *args)


def test_a_vault_that_is_the_files_is_accepted(ask: Ask) -> None:
    assert ask() == []


def test_every_limit_that_differs_is_named(ask: Ask, policy: Policy) -> None:
    other = policy.model_copy(update={"max_drawdown": 0.05, "cooldown_s": 900, "latch_mode": "halted"})
    assert [(reason.code, reason.where) for reason in ask(policy=other)] == [
        (Code.POLICY_MISMATCH, "policy.max_drawdown"),
        (Code.POLICY_MISMATCH, "policy.cooldown_s"),
        (Code.POLICY_MISMATCH, "policy.latch_mode"),
    ]


def test_a_limit_that_was_tightened_on_chain_since_is_named(
    chain: LocalChain, ask: Ask, site: VaultSite, policy: Policy
) -> None:
    limits = replace(policy.to_contract(), max_weekly_loss_bps=400)
    as_guardian(chain, site.policy, "tighten", limits.as_tuple())
    (reason,) = ask()
    assert (reason.code, reason.where) == (Code.POLICY_MISMATCH, "policy.max_weekly_loss")
    assert (reason.value, reason.bound) == (500, 400)


def test_a_cap_of_a_venue_that_differs_is_named_with_the_venue(
    chain: LocalChain, ask: Ask, site: VaultSite, policy: Policy
) -> None:
    cap = policy.venue_cap_to_contract()
    assert site.perp is not None
    as_guardian(chain, site.policy, "tightenCap", site.perp.adapter, (cap.amount // 2, cap.bps))
    (reason,) = ask()
    assert (reason.code, reason.where) == (Code.POLICY_MISMATCH, "policy.venue_cap_usd")
    assert (reason.value, reason.bound) == (cap.amount, cap.amount // 2)
    assert site.perp.adapter in reason.message


def test_a_cap_of_the_base_token_that_differs_is_named(
    chain: LocalChain, ask: Ask, site: VaultSite, policy: Policy
) -> None:
    cap = policy.asset_cap_to_contract()
    as_guardian(chain, site.policy, "tightenCap", site.base.address, (cap.amount, cap.bps - 1))
    (reason,) = ask()
    assert (reason.code, reason.where) == (Code.POLICY_MISMATCH, "policy.asset_cap")
    assert reason.bound == cap.bps - 1


def test_caps_of_the_file_are_held_against_every_venue(ask: Ask, policy: Policy) -> None:
    other = policy.model_copy(update={"venue_cap": 0.5, "asset_cap_usd": 1_000_000.0})
    found = [reason.where for reason in ask(policy=other)]
    assert found == ["policy.venue_cap", "policy.venue_cap", "policy.asset_cap_usd"]


def test_another_chain_is_refused_before_anything_is_read(ask: Ask) -> None:
    assert codes(ask(chain_id=999)) == [Code.WRONG_CHAIN]


def test_an_address_without_a_contract_is_refused(ask: Ask, site: VaultSite) -> None:
    assert codes(ask(site=replace(site, vault="0x" + "12" * 20))) == [Code.WRONG_CHAIN]


def test_a_policy_that_the_vault_does_not_obey_is_refused(ask: Ask, site: VaultSite) -> None:
    (reason,) = ask(site=replace(site, policy=site.lens))
    assert (reason.code, reason.where) == (Code.POLICY_MISMATCH, "policy")
    assert site.lens in reason.message


def test_an_authority_that_was_not_handed_over_is_refused(
    chain: LocalChain, ask: Ask, site: VaultSite, policy: Policy
) -> None:
    """Its deployer is still the admin, and could change every limit at once."""
    sender = Sender(chain.node, DEPLOYER)
    authority = sender.create(load("Authority"))
    limits = sender.create(load("Policy"), authority, policy.to_contract().as_tuple())
    vault = sender.create(load("Vault"), chain.world.usdc, "Young", "YNG", limits, AGENT)
    young = replace(site, vault=vault, policy=limits, authority=authority)
    (reason,) = ask(site=young)
    assert (reason.code, reason.where) == (Code.POLICY_MISMATCH, "authority")
    assert authority in reason.message
    by_deployer = ask(site=young, signer=DEPLOYER)
    assert any("is admin too" in reason.message for reason in by_deployer)


@pytest.mark.parametrize(
    ("signer", "roles"),
    [
        (OWNER, ["owner"]),
        (CURATOR, ["curator", "tightener"]),
        (GUARDIAN, ["guardian", "tightener"]),
        (DEPLOYER, []),  # it was the admin until the authority was handed over
        (DEPOSITOR, []),
    ],
)
def test_a_signer_with_another_role_is_refused(ask: Ask, signer: str, roles: list[str]) -> None:
    reasons = ask(signer=signer)
    assert codes(reasons) == [Code.SIGNER_ROLE] * (1 + len(roles))
    assert "is not the vault's agent" in reasons[0].message
    assert [reason.message.split(" is ")[1].split()[0] for reason in reasons[1:]] == roles


def test_an_agent_that_the_guardian_removed_is_refused(chain: LocalChain, ask: Ask, site: VaultSite) -> None:
    Sender(chain.node, GUARDIAN).send(site.vault, load("Vault").function("removeAgent"))
    (found,) = read_all(chain.node, chain.node.head(), [Call(site.vault, load("Vault").function("agent"))])
    assert int(found, 16) == 0
    assert codes(ask()) == [Code.SIGNER_ROLE]
