"""A key in AWS KMS: its signatures become canonical, and a wrong one never leaves."""

from collections.abc import Iterator
from typing import Any

import pytest
from eth_account import Account
from eth_utils.crypto import keccak
from signing import OTHER, TRANSACTION

from agent.execution.signer import SigningRefused, Transaction, digest_of
from agent.execution.signers import KmsSpec, open_signer


def sign_digest(self: Any, message: bytes, signing_algorithm: str) -> bytes:
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec, utils

    signature: bytes = self.private_key.sign(message, ec.ECDSA(utils.Prehashed(hashes.SHA256())))
    return signature


@pytest.fixture
def kms(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    moto = pytest.importorskip("moto")
    boto3 = pytest.importorskip("boto3")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.setenv(name, "testing")
    # moto 5.2 hashes a digest once more, whatever MessageType says; AWS signs it as it is.
    monkeypatch.setattr("moto.kms.utils.ECDSAPrivateKey.sign", sign_digest)
    with moto.mock_aws():
        yield boto3.client("kms", region_name="eu-west-1")


def kms_key(kms: Any, key_spec: str = "ECC_SECG_P256K1") -> tuple[str, str]:
    """A new key's id and its address."""
    key_id = kms.create_key(KeySpec=key_spec, KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    point = kms.get_public_key(KeyId=key_id)["PublicKey"][-64:]
    return key_id, "0x" + keccak(point)[-20:].hex()


def kms_spec(key_id: str, address: str) -> KmsSpec:
    return KmsSpec(kind="kms", address=address, key_id=key_id, region="eu-west-1")


def test_kms_signatures_become_canonical_and_recover_to_the_keys_address(kms: Any) -> None:
    key_id, address = kms_key(kms)
    signer = open_signer(kms_spec(key_id, address))
    halves = set()
    for nonce in range(24):  # KMS answers either half of s, one as often as the other
        transaction = Transaction(1, nonce, OTHER, b"", 21_000, 10**9, 10**8)
        raw = signer.sign(transaction).raw
        assert Account.recover_transaction(raw) == signer.address
        answered = kms.sign(
            KeyId=key_id, Message=digest_of(transaction), MessageType="DIGEST", SigningAlgorithm="ECDSA_SHA_256"
        )["Signature"]
        halves.add(answered[5 + answered[3]] == 33)  # a leading zero byte: the upper half
    assert signer.address.lower() == address
    assert halves == {True, False}


def test_kms_refuses_a_key_of_another_kind_or_address(kms: Any) -> None:
    key_id, address = kms_key(kms, "ECC_NIST_P256")
    with pytest.raises(SigningRefused, match="another kind"):
        open_signer(kms_spec(key_id, address))
    key_id, _ = kms_key(kms)
    with pytest.raises(SigningRefused, match="names"):
        open_signer(kms_spec(key_id, OTHER))


def test_kms_that_answers_no_signature_signs_nothing(kms: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    key_id, address = kms_key(kms)
    signer = open_signer(kms_spec(key_id, address))
    monkeypatch.setattr("moto.kms.utils.ECDSAPrivateKey.sign", lambda *_: b"no DER")
    with pytest.raises(SigningRefused, match="no signature"):
        signer.sign(TRANSACTION)


def test_kms_without_the_key_signs_nothing(kms: Any) -> None:
    key_id, address = kms_key(kms)
    signer = open_signer(kms_spec(key_id, address))
    signer._key_id = "11111111-0000-0000-0000-000000000000"  # deleted meanwhile; moto keeps signing with disabled keys
    with pytest.raises(SigningRefused, match="NotFoundException"):
        signer.sign(TRANSACTION)
    with pytest.raises(SigningRefused, match="NotFoundException"):
        open_signer(kms_spec("00000000-0000-0000-0000-000000000000", address))


def test_a_kms_that_signs_with_another_key_is_found_out(kms: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    key_id, address = kms_key(kms)
    other_id, _ = kms_key(kms)
    signer = open_signer(kms_spec(key_id, address))
    monkeypatch.setattr(signer, "_key_id", other_id)
    with pytest.raises(SigningRefused, match="recovered"):
        signer.sign(TRANSACTION)
