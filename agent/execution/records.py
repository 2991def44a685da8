"""What the journal keeps of a plan: the intent, every set of bytes signed for it, and how it ended."""

import hashlib
from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from enum import StrEnum
from typing import Any, Self


class Status(StrEnum):
    """How an intent ended. Unknown is not an end: the intent stays unfinished until the chain tells."""

    MINED = "mined"
    REVERTED = "reverted"
    CANCELLED = "cancelled"  # an empty transaction took its nonce
    REFUSED = "refused"  # certainly never on chain
    UNKNOWN = "unknown"


class State(StrEnum):
    """How far an intent is. Settling: it is on chain, but a reorganisation could still take it off."""

    OPEN = "open"
    SETTLING = "settling"
    DONE = "done"


class Kind(StrEnum):
    """What an attempt's bytes do: carry out the plan, or nothing, so that its nonce is used up."""

    PLAN = "plan"
    CANCEL = "cancel"


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
    deadline: int = 0  # unix seconds, block time; after it the contract refuses the plan
    urgent: bool = False  # it reduces risk, so it may pay the higher fee

    def digest(self) -> str:
        """SHA-256 of the calldata in hex, equal to the plan's."""
        return hashlib.sha256(self.calldata).hexdigest()

    def columns(self) -> tuple[Any, ...]:
        """The fields as a database keeps them, in the order of `INTENT_COLUMNS`."""
        return (*astuple(self)[:-1], int(self.urgent))

    @classmethod
    def of_columns(cls, columns: Sequence[Any]) -> Self:
        """The intent that `columns` was made of."""
        values = dict(zip(INTENT_COLUMNS, columns, strict=True))
        return cls(**values | {"urgent": bool(values["urgent"])})


@dataclass(frozen=True, slots=True)
class Attempt:
    """Signed bytes of an intent. All attempts of one intent have the same nonce, so at most one is ever mined."""

    raw: bytes
    hash: str
    nonce: int
    gas_limit: int
    max_fee_wei: int
    priority_fee_wei: int
    kind: Kind = Kind.PLAN
    block_time: int = 0  # of the head when it was signed, unix seconds

    def columns(self) -> tuple[Any, ...]:
        """The fields as a database keeps them, in the order of `ATTEMPT_COLUMNS`; fees as text, which has no limit."""
        fees = (str(self.max_fee_wei), str(self.priority_fee_wei))
        return (self.raw, self.hash, self.nonce, self.gas_limit, *fees, self.kind.value, self.block_time)

    @classmethod
    def of_columns(cls, columns: Sequence[Any]) -> Self:
        """The attempt that `columns` was made of."""
        raw, transaction_hash, nonce, gas_limit, max_fee, priority_fee, kind, block_time = columns
        fees = (int(max_fee), int(priority_fee))
        return cls(bytes(raw), transaction_hash, nonce, gas_limit, *fees, Kind(kind), block_time)


INTENT_COLUMNS = tuple(field.name for field in fields(Intent))
ATTEMPT_COLUMNS = tuple(field.name for field in fields(Attempt))


@dataclass(frozen=True, slots=True)
class Open:
    """An intent in the journal whose end is not final yet, with its attempts in the order they were signed."""

    intent_id: int
    intent: Intent
    attempts: tuple[Attempt, ...]
    state: State = State.OPEN
    block_hash: str | None = None  # where it was last seen on chain

    @property
    def attempt(self) -> Attempt:
        """The newest attempt: the only one that is ever sent."""
        return self.attempts[-1]


def seal(*values: object) -> str:
    """SHA-256 over values in their order: what a row was when it was written.

    >>> seal(1, b"a") == seal(1, b"a"), seal(1, b"a") == seal("1", b"a")
    (True, False)
    """
    return hashlib.sha256(repr(values).encode()).hexdigest()
