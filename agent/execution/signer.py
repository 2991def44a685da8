"""Who signs: the transaction with every field given, the check of every signature, and keys held in memory."""

from dataclasses import dataclass
from typing import Any, Protocol

from agent.reasons import Code, Reason

LOCAL_CHAIN_ID = 31337
_DYNAMIC_FEE_TYPE = b"\x02"  # EIP-2718 type of an EIP-1559 transaction
_HALF_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0  # of secp256k1; EIP-2 wants s below


@dataclass(frozen=True, slots=True)
class Transaction:
    """An EIP-1559 contract call without value; fees in wei per gas."""

    chain_id: int
    nonce: int
    to: str
    data: bytes
    gas_limit: int
    max_fee_wei: int
    priority_fee_wei: int


@dataclass(frozen=True, slots=True)
class Signed:
    """The bytes that go out, and the hash they will be known by (0x hex)."""

    raw: bytes
    hash: str


class SigningRefused(Exception):
    """The signer will not or cannot sign this; nothing may be sent."""

    @property
    def reason(self) -> Reason:
        """What the log, the metric and the alert say."""
        return Reason(Code.SIGNER_FAILED, str(self), where="signer")


class Signer(Protocol):
    """Signs for one address. Implementations check what they return: another address's signature never leaves."""

    @property
    def address(self) -> str: ...

    def sign(self, transaction: Transaction) -> Signed: ...


class KeySigner:
    """A key in this process's memory.

    Parameters
    ----------
    private_key : 0x hex, or 32 bytes
    only_chain_id : refuse every other chain; None for whatever chain the agent works on
    """

    def __init__(self, private_key: str | bytes, only_chain_id: int | None = None) -> None:
        from eth_account import Account

        self._account = Account.from_key(private_key)
        self._only_chain_id = only_chain_id

    @property
    def address(self) -> str:
        """The checksummed address of the key."""
        return str(self._account.address)

    def sign(self, transaction: Transaction) -> Signed:
        """Signs, then recovers the sender from the bytes and compares.

        Raises
        ------
        SigningRefused : the transaction is for another chain, or the signature is somebody else's
        """
        if self._only_chain_id not in (None, transaction.chain_id):
            message = f"this key signs for chain {self._only_chain_id} only, asked was {transaction.chain_id}"
            raise SigningRefused(message)
        signature = self._account.unsafe_sign_hash(digest_of(transaction))
        return signed_by(self.address, transaction, signature.r, signature.s, signature.v - 27)


class LocalSigner(KeySigner):
    """A key in memory, for the local chain and nothing else.

    Parameters
    ----------
    private_key : 0x hex; one of anvil's published development keys
    """

    def __init__(self, private_key: str) -> None:
        super().__init__(private_key, LOCAL_CHAIN_ID)


def unsigned_bytes(transaction: Transaction) -> bytes:
    """What is signed: 0x02 and the RLP of the fields without signature (EIP-1559)."""
    import rlp

    return _DYNAMIC_FEE_TYPE + bytes(rlp.encode(_fields(transaction)))


def digest_of(transaction: Transaction) -> bytes:
    """Keccak-256 of `unsigned_bytes`, 32 bytes."""
    from eth_utils.crypto import keccak

    return bytes(keccak(unsigned_bytes(transaction)))


def signed_by(address: str, transaction: Transaction, r: int, s: int, y_parity: int | None = None) -> Signed:
    """The transaction with its signature, checked by recovering who signed it.

    Parameters
    ----------
    address : whose signature it has to be
    r, s : the signature; `s` in the lower half of the curve's order (EIP-2)
    y_parity : 0 or 1; None when the signer does not tell it, then the one that gives `address` is taken

    Raises
    ------
    SigningRefused : a malleable signature, one that is none, or one of another address
    """
    import rlp
    from eth_utils.crypto import keccak

    if not 0 < r < 2 * _HALF_ORDER + 1 or not 0 < s <= _HALF_ORDER:
        raise SigningRefused("the signature is not canonical: s is in the upper half of the order, or no number at all")
    if y_parity not in (None, 0, 1):
        raise SigningRefused(f"expected a recovery id of 0 or 1, got {y_parity}")
    recovered = "nobody"
    for parity in (0, 1) if y_parity is None else (y_parity,):
        raw = _DYNAMIC_FEE_TYPE + bytes(rlp.encode([*_fields(transaction), parity, r, s]))
        recovered = _signer_of(raw)
        if recovered.lower() == address.lower():
            return Signed(raw, "0x" + keccak(raw).hex())
    raise SigningRefused(f"expected a signature of {address}, recovered {recovered}")


def _signer_of(raw: bytes) -> str:
    from eth_account import Account
    from eth_keys.exceptions import BadSignature
    from eth_utils.exceptions import ValidationError

    try:
        return str(Account.recover_transaction(raw))
    except (BadSignature, ValidationError) as error:
        raise SigningRefused(f"nobody's signature: {error}") from error


def _fields(transaction: Transaction) -> list[Any]:
    return [
        transaction.chain_id,
        transaction.nonce,
        transaction.priority_fee_wei,
        transaction.max_fee_wei,
        transaction.gas_limit,
        bytes.fromhex(transaction.to.removeprefix("0x")),
        0,
        transaction.data,
        [],
    ]
