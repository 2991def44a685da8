"""A key in AWS KMS: it signs a digest, never leaves, and its signatures are made canonical and checked here."""

from typing import Any

from agent.execution.signer import Signed, SigningRefused, Transaction, digest_of, signed_by
from agent.execution.signer_spec import KmsSpec

_SECP256K1 = bytes.fromhex("3056301006072a8648ce3d020106052b8104000a03420004")  # how its SubjectPublicKeyInfo begins
_POINT_BYTES = 64  # and what it ends with: the point, uncompressed, after 0x04


class KmsSigner:
    """Signs with one KMS key.

    Raises
    ------
    SigningRefused : KMS cannot be reached, the key is of another kind, or of another address
    """

    def __init__(self, spec: KmsSpec) -> None:
        import boto3
        from botocore.config import Config
        from eth_utils.address import to_checksum_address

        limits = Config(connect_timeout=spec.timeout_s, read_timeout=spec.timeout_s, retries={"total_max_attempts": 1})
        self.address = str(to_checksum_address(spec.address))
        self._key_id = spec.key_id
        self._client = boto3.client("kms", region_name=spec.region, config=limits)
        found = self._ask("get_public_key", KeyId=spec.key_id)
        public_key = bytes(found["PublicKey"])
        if found.get("KeyUsage") != "SIGN_VERIFY" or not public_key.startswith(_SECP256K1):
            raise SigningRefused("expected a KMS key of ECC_SECG_P256K1 for SIGN_VERIFY, this is another kind")
        owner = _address_of(public_key)
        if owner != self.address:
            raise SigningRefused(f"the KMS key is of {owner}, the configuration names {self.address}")

    def sign(self, transaction: Transaction) -> Signed:
        """Has the digest signed, takes the lower s, and finds the recovery id that gives this address.

        Raises
        ------
        SigningRefused : no answer in time, or no signature of this address
        """
        answer = self._ask(
            "sign",
            KeyId=self._key_id,
            Message=digest_of(transaction),
            MessageType="DIGEST",
            SigningAlgorithm="ECDSA_SHA_256",
        )
        r, s = _numbers_of(bytes(answer["Signature"]))
        return signed_by(self.address, transaction, r, s)

    def _ask(self, operation: str, **parameters: Any) -> dict[str, Any]:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            answer: dict[str, Any] = getattr(self._client, operation)(**parameters)
        except (BotoCoreError, ClientError) as error:
            raise SigningRefused(f"KMS, {operation}: {type(error).__name__}: {error}") from error
        return answer


def _numbers_of(der: bytes) -> tuple[int, int]:
    """r and the lower s of a signature in DER; KMS gives either half."""
    from coincurve.ecdsa import der_to_cdata, serialize_compact, signature_normalize

    try:
        compact = serialize_compact(signature_normalize(der_to_cdata(der))[1])
    except ValueError as error:
        raise SigningRefused(f"KMS answered no signature: {error}") from error
    return int.from_bytes(compact[:32], "big"), int.from_bytes(compact[32:], "big")


def _address_of(public_key_info: bytes) -> str:
    from eth_keys.datatypes import PublicKey

    return str(PublicKey(public_key_info[-_POINT_BYTES:]).to_checksum_address())
