"""What the journal keeps of a plan: the intent, its signed bytes, and how it ended."""

import hashlib
from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """How an intent ended. Unknown is not an end: the intent stays unfinished until the chain tells."""

    MINED = "mined"
    REVERTED = "reverted"
    REFUSED = "refused"  # certainly never on chain
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Intent:
    """What is meant to happen; block and time are the observation's."""

    signer: str
    chain_id: int
    vault: str
    plan_number: int
    calldata: bytes
    reason: str
    state_hash: bytes
    block_number: int
    block_time: int

    def digest(self) -> str:
        """SHA-256 of the calldata in hex, equal to the plan's."""
        return hashlib.sha256(self.calldata).hexdigest()


@dataclass(frozen=True, slots=True)
class Attempt:
    """The signed bytes of an intent; they are the only ones ever sent for it."""

    raw: bytes
    hash: str
    nonce: int
    gas_limit: int
    max_fee_wei: int
    priority_fee_wei: int


@dataclass(frozen=True, slots=True)
class Open:
    """An intent in the journal without an end yet."""

    intent_id: int
    intent: Intent
    attempt: Attempt
