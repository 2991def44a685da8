"""What a journal needs of a database, and the ways in which one refuses."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from agent.reasons import Code, Reason

Rows = list[tuple[Any, ...]]


class JournalError(Exception):
    """The journal cannot be trusted or written; nothing may be sent."""

    code = Code.JOURNAL_UNWRITABLE

    @property
    def reason(self) -> Reason:
        """What the log, the metric and the alert say."""
        return Reason(self.code, str(self), where="journal")


class JournalLocked(JournalError):
    """Another process holds the journal."""

    code = Code.JOURNAL_LOCKED


class JournalDamaged(JournalError):
    """The journal is not what was written: bytes changed, a part is gone, or its schema is another."""

    code = Code.JOURNAL_DAMAGED


class UnfinishedIntent(JournalError):
    """The signer already has an intent whose outcome is not known."""

    code = Code.JOURNAL_UNFINISHED


class Store(Protocol):
    """One database, held by one process. Every method raises JournalError and nothing else."""

    @property
    def name(self) -> str:
        """Where it is, without secrets."""
        ...

    def rows(self, statement: str, parameters: Sequence[Any] = ()) -> Rows:
        """Carries out one statement, parameters at its question marks, and returns what it answers."""
        ...

    def transaction(self) -> AbstractContextManager[None]:
        """All or nothing, on the disk when the block ends."""
        ...

    def close(self) -> None:
        """Gives the database free for another process."""
        ...


def prepare(store: Store, tables: int, version: int | None, create: Sequence[str], expected: int) -> None:
    """Makes the tables of an empty database, and refuses one of another schema.

    Raises JournalDamaged.
    """
    if version is None and tables == 0:
        with store.transaction():
            for statement in create:
                store.rows(statement)
    elif version != expected:
        found = "none" if version is None else version
        message = f"{store.name}: expected schema {expected}, found {found}; keep the file and start with a new journal"
        raise JournalDamaged(message)


def schema(identity: str, blob: str) -> tuple[str, ...]:
    """The statements that make a journal's tables.

    Parameters
    ----------
    identity, blob : how the database writes a numbering key and a column of bytes
    """
    return (
        f"""CREATE TABLE intents (
            id {identity},
            signer TEXT NOT NULL,
            chain_id BIGINT NOT NULL,
            vault TEXT NOT NULL,
            plan_number BIGINT NOT NULL,
            calldata {blob} NOT NULL,
            reason TEXT NOT NULL,
            state_hash {blob} NOT NULL,
            block_number BIGINT NOT NULL,
            block_time BIGINT NOT NULL,
            deadline BIGINT NOT NULL,
            urgent INTEGER NOT NULL CHECK (urgent IN (0, 1)),
            plan_digest TEXT NOT NULL,
            seal TEXT NOT NULL,
            nonce BIGINT NOT NULL,
            state TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'settling', 'done')),
            ending TEXT CHECK (ending IN ('mined', 'reverted', 'cancelled', 'refused')))""",
        "CREATE UNIQUE INDEX one_open_intent_per_signer ON intents (signer) WHERE state = 'open'",
        "CREATE INDEX intents_not_done ON intents (signer) WHERE state <> 'done'",
        "CREATE INDEX intents_by_ending ON intents (signer, ending, nonce)",
        "CREATE INDEX intents_in_order ON intents (vault, id)",
        "CREATE INDEX intents_of_vault ON intents (vault, ending, plan_number)",
        f"""CREATE TABLE attempts (
            id {identity},
            intent_id BIGINT NOT NULL REFERENCES intents (id),
            raw {blob} NOT NULL,
            hash TEXT NOT NULL,
            nonce BIGINT NOT NULL,
            gas_limit BIGINT NOT NULL,
            max_fee_wei TEXT NOT NULL,
            priority_fee_wei TEXT NOT NULL,
            kind TEXT NOT NULL CHECK (kind IN ('plan', 'cancel')),
            block_time BIGINT NOT NULL,
            seal TEXT NOT NULL)""",
        "CREATE INDEX attempts_of_intent ON attempts (intent_id)",
        f"""CREATE TABLE outcomes (
            id {identity},
            intent_id BIGINT NOT NULL REFERENCES intents (id),
            status TEXT NOT NULL CHECK (status IN ('mined', 'reverted', 'cancelled', 'refused', 'unknown')),
            code TEXT NOT NULL,
            note TEXT NOT NULL,
            hash TEXT,
            block_number BIGINT,
            block_hash TEXT,
            gas_used BIGINT,
            gas_price_wei TEXT,
            revert_name TEXT,
            effect TEXT)""",
        "CREATE INDEX outcomes_of_intent ON outcomes (intent_id)",
        f"""CREATE TABLE acceptances (
            id {identity},
            signer TEXT NOT NULL,
            nonce BIGINT NOT NULL,
            last_intent BIGINT NOT NULL,
            person TEXT NOT NULL,
            note TEXT NOT NULL)""",
    )
