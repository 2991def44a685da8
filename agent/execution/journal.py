"""What was meant, what was sent and what came of it, on disk before anything is sent."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from agent.execution.records import ATTEMPT_COLUMNS, INTENT_COLUMNS, Attempt, Intent, Open, State, Status, seal
from agent.execution.sqlite_store import SqliteStore
from agent.execution.stores import JournalDamaged, JournalError, JournalLocked, Store, UnfinishedIntent
from agent.reasons import Code
from agent.watch.secrets import NOTHING_KNOWN

__all__ = ["Journal", "JournalDamaged", "JournalError", "JournalLocked", "UnfinishedIntent", "open_journal"]

_INTENT = ", ".join(INTENT_COLUMNS)
_ATTEMPT = ", ".join(ATTEMPT_COLUMNS)
_SELECT = f"SELECT id, {_INTENT}, seal, state FROM intents"


def open_journal(place: str, redact: Callable[[str], str] = NOTHING_KNOWN, *, takeover: bool = False) -> "Journal":
    """The journal at a path (SQLite), or at a URL that begins with postgresql://.

    Parameters
    ----------
    redact : as of `Journal`
    takeover : for the new holder of the leader lease, PostgreSQL only: ends the session of the former holder

    Raises
    ------
    JournalLocked, JournalDamaged, JournalError : as `SqliteStore` and `PostgresStore`
    """
    if not place.startswith(("postgresql://", "postgresql+psycopg://")):
        return Journal(Path(place), redact)
    from agent.execution.postgres_store import PostgresStore

    return Journal(PostgresStore(place, takeover=takeover), redact)


class Journal:
    """The journal of one agent, held by one process at a time.

    Every write is one transaction that has reached the disk when the call returns.

    Parameters
    ----------
    place : a SQLite file, made when absent, or a database that is open already
    redact : hides secrets in what others said: sentences go into the journal through it and nowhere else

    Raises
    ------
    JournalLocked : another process has it; the message names it
    JournalDamaged : it is not what was written, or of another schema
    JournalError : the disk refuses
    """

    def __init__(self, place: Path | Store, redact: Callable[[str], str] = NOTHING_KNOWN) -> None:
        self._redact = redact
        self._store: Store = SqliteStore(place) if isinstance(place, Path) else place

    @property
    def name(self) -> str:
        """Where the journal is, without secrets."""
        return self._store.name

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the database and lets another process have it."""
        self._store.close()

    def begin(self, intent: Intent, attempt: Attempt) -> int:
        """Writes an intent and its signed bytes together, and returns the intent's id; only then may they be sent.

        Raises
        ------
        UnfinishedIntent : the signer has one already
        JournalError : not written; do not send
        """
        intent = replace(intent, reason=self._redact(intent.reason))
        values = intent.columns()
        with self._store.transaction():
            marks = ", ".join("?" * (len(values) + 3))
            ((intent_id,),) = self._store.rows(
                f"INSERT INTO intents ({_INTENT}, plan_digest, seal, nonce) VALUES ({marks}) RETURNING id",
                (*values, intent.digest(), seal(*values), attempt.nonce),
            )
            self._insert_attempt(intent_id, attempt)
        return int(intent_id)

    def add_attempt(self, intent_id: int, attempt: Attempt) -> None:
        """Writes further bytes for an intent: the same nonce with higher fees, or nothing in its place.

        Raises
        ------
        ValueError : another nonce, which could give one intent two effects
        JournalError : not written; do not send
        """
        with self._store.transaction():
            rows = self._store.rows("SELECT DISTINCT nonce FROM attempts WHERE intent_id = ?", (intent_id,))
            if rows != [(attempt.nonce,)]:
                raise ValueError(f"intent {intent_id} has nonce {rows}, not {attempt.nonce}")
            self._insert_attempt(intent_id, attempt)

    def conclude(
        self,
        intent_id: int,
        status: Status,
        note: str,
        *,
        code: Code | None = None,
        transaction_hash: str | None = None,
        block_number: int | None = None,
        block_hash: str | None = None,
        gas_used: int | None = None,
        gas_price_wei: int | None = None,
        revert_name: str | None = None,
        final: bool = True,
    ) -> None:
        """Appends an outcome; every status but unknown ends the intent, at once or, unless `final`, when it is."""
        values = (intent_id, status.value, "" if code is None else code.value, self._redact(note))
        price = None if gas_price_wei is None else str(gas_price_wei)
        with self._store.transaction():
            self._store.rows(
                "INSERT INTO outcomes (intent_id, status, code, note, hash, block_number, block_hash, gas_used,"
                " gas_price_wei, revert_name) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (*values, transaction_hash, block_number, block_hash, gas_used, price, revert_name),
            )
            if status is not Status.UNKNOWN:
                self._set_state(intent_id, State.DONE if final else State.SETTLING)
                self._store.rows("UPDATE intents SET ending = ? WHERE id = ?", (status.value, intent_id))

    def settle(self, intent_id: int) -> None:
        """The intent's last outcome is final: no reorganisation reaches it any more."""
        with self._store.transaction():
            self._set_state(intent_id, State.DONE)

    def record_effect(self, intent_id: int, effect: str) -> None:
        """Adds what was read back to the intent's last outcome."""
        with self._store.transaction():
            changed = self._store.rows(
                "UPDATE outcomes SET effect = ? WHERE id = (SELECT MAX(id) FROM outcomes WHERE intent_id = ?)"
                " RETURNING id",
                (self._redact(effect), intent_id),
            )
            if len(changed) != 1:
                raise JournalError(f"{self.name}: intent {intent_id} has no outcome to add an effect to")

    def watched(self, signer: str) -> list[Open]:
        """The signer's intents whose end is not final, in the order of their nonces; the last may be open.

        Raises JournalDamaged when one is not what was written.
        """
        rows = self._store.rows(f"{_SELECT} WHERE signer = ? AND state <> 'done'", (signer,))
        found = [self._open(row) for row in rows]
        return sorted(found, key=lambda one: (one.attempt.nonce, one.intent_id))

    def unfinished(self, signer: str) -> Open | None:
        """The signer's intent without an outcome, if there is one.

        Raises JournalDamaged when it is not what was written.
        """
        return next((one for one in self.watched(signer) if one.state is State.OPEN), None)

    def next_nonce(self, signer: str) -> int | None:
        """One above the last nonce the chain took from this signer for a plan of ours, or that a person accepted last.

        Without either it is the nonce of the first plan, and None in a journal that knows of none.
        """
        ((mined,),) = self._store.rows(
            "SELECT MAX(nonce) FROM intents WHERE signer = ? AND ending <> 'refused'",
            (signer,),
        )
        # The last one, not the highest: a reorganisation may have taken back what was accepted before.
        last = "SELECT nonce FROM acceptances WHERE signer = ? ORDER BY id DESC LIMIT 1"
        known = [] if mined is None else [mined + 1]
        known += [nonce for (nonce,) in self._store.rows(last, (signer,))]
        if known:
            return int(max(known))
        ((first,),) = self._store.rows("SELECT MIN(nonce) FROM intents WHERE signer = ?", (signer,))
        return None if first is None else int(first)

    def plans_carried_out(self, vault: str) -> int:
        """How many of the vault's plans are on chain and not reverted."""
        ((count,),) = self._store.rows("SELECT COUNT(*) FROM intents WHERE vault = ? AND ending = 'mined'", (vault,))
        return int(count)

    def last_plan(self, vault: str) -> int | None:
        """The highest plan number that the vault is known to have carried out, or None without one."""
        ((number,),) = self._store.rows(
            "SELECT MAX(plan_number) FROM intents WHERE vault = ? AND ending = 'mined'", (vault,)
        )
        return None if number is None else int(number)

    def written_off(self, signer: str, from_nonce: int, to_nonce: int) -> list[Open]:
        """Ended intents with attempts whose nonce is in [from, to): bytes that could be on chain after all."""
        rows = self._store.rows(
            f"{_SELECT} WHERE signer = ? AND state = 'done'"
            " AND id IN (SELECT intent_id FROM attempts WHERE nonce >= ? AND nonce < ?) ORDER BY id",
            (signer, from_nonce, to_nonce),
        )
        return [self._open(row) for row in rows]

    def repeated_revert(self, vault: str) -> str | None:
        """The contract's error with which the vault's last two plans reverted, when it is the same one.

        What a person accepted does not count any more.
        """
        rows = self._store.rows(
            "SELECT id, ending FROM intents WHERE vault = ? AND state <> 'open' AND id > COALESCE("
            "(SELECT MAX(last_intent) FROM acceptances WHERE acceptances.signer = intents.signer), 0)"
            " ORDER BY id DESC LIMIT 2",
            (vault,),
        )
        if [ending for _, ending in rows] != [Status.REVERTED.value] * 2:
            return None
        names = [self._revert_name(intent_id) for intent_id, _ in rows]
        return names[0] if names[0] == names[1] else None

    def accept(self, signer: str, nonce: int, person: str, note: str) -> None:
        """A person takes the chain's nonce as it is and the reverts so far as understood; nothing else lifts either.

        Raises ValueError without a name.
        """
        if not person.strip():
            raise ValueError("who accepts this? a name is needed")
        with self._store.transaction():
            ((last,),) = self._store.rows("SELECT COALESCE(MAX(id), 0) FROM intents")
            self._store.rows(
                "INSERT INTO acceptances (signer, nonce, last_intent, person, note) VALUES (?, ?, ?, ?, ?)",
                (signer, nonce, last, person, self._redact(note)),
            )

    def newest_plan(self, vault: str) -> int | None:
        """The number of the plan that was begun last for a vault, whatever came of it; None without one."""
        rows = self._store.rows("SELECT plan_number FROM intents WHERE vault = ? ORDER BY id DESC LIMIT 1", (vault,))
        return int(rows[0][0]) if rows else None

    def _open(self, row: tuple[Any, ...]) -> Open:
        intent_id, *columns, written_seal, state = row
        if seal(*columns) != written_seal:
            raise JournalDamaged(f"{self.name}: intent {intent_id} does not have the digest it was written with")
        intent = Intent.of_columns(columns)
        attempts = tuple(
            self._attempt(intent_id, attempt)
            for attempt in self._store.rows(
                f"SELECT {_ATTEMPT}, seal FROM attempts WHERE intent_id = ? ORDER BY id", (intent_id,)
            )
        )
        if not attempts:
            raise JournalDamaged(f"{self.name}: the bytes of intent {intent_id} are gone")
        seen = self._store.rows(
            "SELECT block_hash FROM outcomes WHERE intent_id = ? AND block_hash IS NOT NULL ORDER BY id DESC LIMIT 1",
            (intent_id,),
        )
        return Open(int(intent_id), intent, attempts, State(state), seen[0][0] if seen else None)

    def _attempt(self, intent_id: int, row: tuple[Any, ...]) -> Attempt:
        *columns, written_seal = row
        if seal(*columns) != written_seal:
            raise JournalDamaged(f"{self.name}: the bytes of intent {intent_id} do not have their digest any more")
        return Attempt.of_columns(columns)

    def _revert_name(self, intent_id: int) -> str:
        ((name,),) = self._store.rows(
            "SELECT revert_name FROM outcomes WHERE intent_id = ? AND status = 'reverted' ORDER BY id DESC LIMIT 1",
            (intent_id,),
        )
        return str(name)

    def _insert_attempt(self, intent_id: int, attempt: Attempt) -> None:
        values = attempt.columns()
        marks = ", ".join("?" * (len(values) + 2))
        self._store.rows(
            f"INSERT INTO attempts (intent_id, {_ATTEMPT}, seal) VALUES ({marks})", (intent_id, *values, seal(*values))
        )

    def _set_state(self, intent_id: int, state: State) -> None:
        self._store.rows("UPDATE intents SET state = ? WHERE id = ?", (state.value, intent_id))
