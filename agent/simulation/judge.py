"""What must hold whatever happened: every intent one effect at most and an end that is the chain's, nothing unasked."""

import sqlite3
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

from agent.simulation.chain import GWEI, Included, SimulatedChain, read_sent
from agent.simulation.vault import FIRST_CASH, GIFT, REDEMPTION, Other, proceeds, sales

ON_CHAIN = {"mined", "reverted", "cancelled"}


class Judge:
    """Watches what is written and what leaves, and holds the journal against chain and books at the end.

    It reads the journal as a stranger, without the agent's code.

    Parameters
    ----------
    cap_gwei, urgent_cap_gwei : the most per gas that plans, and sales and cancellations, may pay
    confirmations, finality : blocks on top of a transaction before its end may be written, and before it is final
    """

    def __init__(
        self, journal: Path, cap_gwei: float, urgent_cap_gwei: float, confirmations: int, finality: int
    ) -> None:
        self._journal = journal
        self._cap, self._urgent_cap = int(cap_gwei * GWEI), int(urgent_cap_gwei * GWEI)
        self._confirmations, self._finality = confirmations, finality
        self._before: dict[str, int] = {}  # intents by the hashes of their attempts
        self._outcome = 0  # the last that was looked at
        self._final: set[int] = set()  # intents
        self._database: sqlite3.Connection | None = None
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
        else:
            self._replacing(intent, sent.hash)
        routine = sent.is_plan and not sales(sent.data)  # a sale reduces, so it may pay what a cancellation may
        if sent.max_fee > (self._cap if routine else self._urgent_cap):
            self.violations.append(f"{sent.hash} pays {sent.max_fee / GWEI:g} gwei, above its cap")
        if not leads:
            self.violations.append(f"{sent.hash} was sent by a process that does not lead")
        if stopped and intent not in self._before.values():
            self.violations.append(f"{sent.hash} begins something in a vault that was stopped")
        if killed and sent.is_plan and sent.hash not in self._before:
            self.violations.append(f"{sent.hash} pushes a plan of a vault that was killed")

    def written(self, head: int) -> None:
        """A transaction of the journal is on the disk: no end in it is younger than it may be.

        An intent that was written off and came into a block after all has an end already, which is put right at once.
        """
        found = self._rows(
            "SELECT id, intent_id, status, block_number, EXISTS (SELECT 1 FROM outcomes e WHERE e.id < o.id"
            " AND e.intent_id = o.intent_id AND e.status = 'refused') FROM outcomes o WHERE id > ?"
            " AND block_number IS NOT NULL ORDER BY id",
            self._outcome,
        )
        for number, intent, status, block, corrected in found:
            self._outcome = number
            if head - block < self._confirmations and not corrected:
                self.violations.append(f"intent {intent} is {status} with {head - block} blocks on top")
        settled = self._rows(
            "SELECT i.id, (SELECT block_number FROM outcomes o WHERE o.intent_id = i.id AND block_number IS NOT NULL"
            " ORDER BY o.id DESC LIMIT 1) FROM intents i WHERE i.state = 'done' AND i.ending <> 'refused'"
        )
        for intent, block in settled:
            if intent not in self._final and head - block < self._finality:
                self.violations.append(f"intent {intent} is final with {head - block} blocks on top")
            self._final.add(intent)

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
        self._balance(chain)
        if self._database is not None:
            self._database.close()

    def _replacing(self, intent: int, sent: str) -> None:
        """What takes the place of bytes in a pool pays a tenth more on both fees, or the clients refuse it."""
        statement = "SELECT hash, max_fee_wei, priority_fee_wei FROM attempts WHERE intent_id = ? ORDER BY id"
        for (_, *old), (new_hash, *new) in pairwise(self._rows(statement, intent)):
            risen = (int(after) * 10 >= int(before) * 11 for before, after in zip(old, new, strict=True))
            if new_hash == sent and not all(risen):
                self.violations.append(f"{sent} replaces bytes with fees that are less than 10 % higher")

    def _balance(self, chain: SimulatedChain) -> None:
        """The books are those of the start, of what others did, and of every plan the journal has as mined, once."""
        others, books = Counter(chain.done_by_others()), chain.head.books
        cash = FIRST_CASH - (others[Other.ASKS_FOR_MONEY] - books.waiting) * REDEMPTION
        coins = others[Other.BRINGS_COINS] * GIFT
        for (calldata,) in self._rows("SELECT calldata FROM intents WHERE ending = 'mined'"):
            for sold, _ in sales(calldata):
                cash, coins = cash + proceeds(sold), coins - sold
        if (books.cash, books.coins) != (cash, coins):
            told = f"{books.cash} and {books.coins}, the journal's plans leave {cash} and {coins}"
            self.violations.append(f"cash and coins are {told}")

    def _attempts(self) -> dict[str, int]:
        return dict(self._rows("SELECT hash, intent_id FROM attempts"))

    def _rows(self, statement: str, *parameters: int) -> list[tuple[Any, ...]]:
        if self._database is None:
            self._database = sqlite3.connect(f"file:{self._journal}?mode=ro", uri=True)
        return self._database.execute(statement, parameters).fetchall()


def _ending(one: Included) -> str:
    if not one.sent.is_plan:
        return "cancelled"
    return "mined" if one.success else "reverted"
