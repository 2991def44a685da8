from dataclasses import replace

import pytest
from eth_account import Account

from agent.execution import LocalSigner, SigningRefused
from agent.execution.signer import Transaction
from agent.execution.signers import LocalSpec, open_signer
from chains.local.accounts import AGENT, AGENT_TEST_KEY, DEPLOYER

TRANSACTION = Transaction(31337, 5, DEPLOYER.lower(), b"\x01\x02", 500_000, 3 * 10**9, 10**8)


def test_signs_as_the_agent() -> None:
    signer = LocalSigner(AGENT_TEST_KEY)
    signed = signer.sign(TRANSACTION)
    assert signer.address == AGENT
    assert Account.recover_transaction(signed.raw) == AGENT
    assert signer.sign(TRANSACTION) == signed


def test_refuses_any_other_chain() -> None:
    with pytest.raises(SigningRefused, match="chain 31337 only, asked was 1"):
        LocalSigner(AGENT_TEST_KEY).sign(replace(TRANSACTION, chain_id=1))


def test_refuses_to_hand_out_a_signature_of_another_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Account, "recover_transaction", lambda raw: DEPLOYER)
    with pytest.raises(SigningRefused, match="recovered"):
        LocalSigner(AGENT_TEST_KEY).sign(TRANSACTION)


def test_the_key_is_in_no_text_of_the_signer() -> None:
    assert AGENT_TEST_KEY[2:] not in repr(LocalSigner(AGENT_TEST_KEY)) + str(vars(LocalSigner(AGENT_TEST_KEY)))


def test_the_local_chains_key_signs_for_nothing_else() -> None:
    signer = open_signer(LocalSpec(kind="local"))
    assert Account.recover_transaction(signer.sign(TRANSACTION).raw) == signer.address
    with pytest.raises(SigningRefused, match="31337 only"):
        signer.sign(replace(TRANSACTION, chain_id=1))
