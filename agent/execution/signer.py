"""Who signs: the transaction with every field given, and the signer of the local chain."""

from dataclasses import dataclass
from typing import Protocol

LOCAL_CHAIN_ID = 31337


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


class Signer(Protocol):
    """Signs for one address. Implementations check what they return: another address's signature never leaves."""

    @property
    def address(self) -> str: ...

    def sign(self, transaction: Transaction) -> Signed: ...


class LocalSigner:
    """A key in memory, for the local chain and nothing else.

    Parameters
    ----------
    private_key : 0x hex; one of anvil's published development keys
    """

    def __init__(self, private_key: str) -> None:
        from eth_account import Account

        self._account = Account.from_key(private_key)

    @property
    def address(self) -> str:
        return str(self._account.address)

    def sign(self, transaction: Transaction) -> Signed:
        """Signs, then recovers the sender from the bytes and compares.

        Raises
        ------
        SigningRefused : the transaction is for another chain, or the signature is somebody else's
        """
        from eth_account import Account
        from eth_utils.address import to_checksum_address

        if transaction.chain_id != LOCAL_CHAIN_ID:
            raise SigningRefused(f"this key signs for chain {LOCAL_CHAIN_ID} only, asked was {transaction.chain_id}")
        signed = self._account.sign_transaction(
            {
                "type": 2,
                "chainId": transaction.chain_id,
                "nonce": transaction.nonce,
                "to": to_checksum_address(transaction.to),
                "value": 0,
                "data": transaction.data,
                "gas": transaction.gas_limit,
                "maxFeePerGas": transaction.max_fee_wei,
                "maxPriorityFeePerGas": transaction.priority_fee_wei,
            }
        )
        raw = bytes(signed.raw_transaction)
        recovered = Account.recover_transaction(raw)
        if recovered != self.address:
            raise SigningRefused(f"expected a signature of {self.address}, recovered {recovered}")
        return Signed(raw, "0x" + bytes(signed.hash).hex())
