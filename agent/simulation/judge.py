"""What must hold whatever happened: every intent one effect at most and an end that is the chain's, nothing unasked."""

import sqlite3
from pathlib import Path
from typing import Any

from agent.simulation.chain import GWEI, Included, SimulatedChain, read_sent

ON_CHAIN = {"mined", "reverted", "cancelled"}


class Judge:
    """Watches bytes as they leave, and holds the journal against the chain at the end; reads the journal as a stranger.

    Parameters
    ----------
    cap_gwei, urgent_cap_gwei : the most that plans, and cancellations, may pay per gas
    """

    def __init__(self, journal: Path, cap_gwei: float, urgent_cap_gwei: float) -> None:
        self._journal = journal
        self._cap, self._urgent_cap = int(cap_gwei * GWEI), int(urgent_cap_gwei * GWEI)
        self._before: dict[str, int] = {}  # intents by the hashes of their attempts
        self.violations: list[str] = []

    def leaving(self, raw: bytes, *, leads: bool, stopped: bool, killed: bool) -> None:
        """Bytes on their way out: they stand in the journal, below the cap, and whoever sends them leads.

        Parameters
        ----------
        stopped, killed : whether the vault was, when the cycle began: nothing new is begun then, and of what was
            under way a killed vault sends nothing dearer but its cancellation
        """
        sent = read_sent(raw)
        intent = self._attempts().get(sent.hash)
        if intent is None:
            self.violations.append(f"{sent.hash} left before it was in the journal")
        if sent.max_fee > (self._cap if sent.is_plan else self._urgent_cap):
            self.violations.append(f"{sent.hash} pays {sent.max_fee / GWEI:g} gwei, above its cap")
        if not leads:
            self.violations.append(f"{sent.hash} was sent by a process that does not lead")
        if stopped and intent not in self._before.values():
            self.violations.append(f"{sent.hash} begins something in a vault that was stopped")
        if killed and sent.is_plan and sent.hash not in self._before:
            self.violations.append(f"{sent.hash} pushes a plan of a vault that was killed")

    def mark(self) -> None:
        """What is in the journal now is old from here on."""
        self._before = self._attempts()

    def close(self, chain: SimulatedChain, strangers: set[str]) -> None:
        """The end: calm, final, nothing pending."""
        included = [one for one in chain.head.included if one.sent.hash not in strangers]
        states = self._rows(
            "SELECT i.id, i.plan_number, i.state, (SELECT status FROM outcomes o WHERE o.intent_id = i.id"
            " AND o.status <> 'unknown' ORDER BY o.id DESC LIMIT 1) FROM intents i ORDER BY i.id"
        )
        owner = self._attempts()
        effects: dict[int, list[Included]] = {}
        for one in included:
            if one.sent.hash not in owner:
                self.violations.append(f"the journal does not know {one.sent.hash}")
            else:
                effects.setdefault(owner[one.sent.hash], []).append(one)
        for intent, number, state, status in states:
            found = effects.get(intent, [])
            truth = [_ending(one) for one in found]
            if len(found) > 1:
                self.violations.append(f"intent {intent} is on the chain {len(found)} times")
            if state != "done":
                self.violations.append(f"intent {intent} (plan {number}) has no end: {state}, chain says {truth}")
            elif (status in ON_CHAIN or truth) and truth != [status]:
                self.violations.append(f"intent {intent} is {status} in the journal, the chain says {truth}")
        intents_with_two = self._rows(
            "SELECT intent_id FROM attempts GROUP BY intent_id HAVING COUNT(DISTINCT nonce) > 1"
        )
        self.violations += [f"intent {intent} has bytes with two nonces" for (intent,) in intents_with_two]
        mined = sum(_ending(one) == "mined" for one in included)
        if mined != chain.head.books.plans:
            self.violations.append(f"the vault counts {chain.head.books.plans} plans, the chain {mined}")

    def _attempts(self) -> dict[str, int]:
        return dict(self._rows("SELECT hash, intent_id FROM attempts"))

    def _rows(self, statement: str) -> list[tuple[Any, ...]]:
        database = sqlite3.connect(f"file:{self._journal}?mode=ro", uri=True)
        try:
            return database.execute(statement).fetchall()
        finally:
            database.close()


def _ending(one: Included) -> str:
    if not one.sent.is_plan:
        return "cancelled"
    return "mined" if one.success else "reverted"
