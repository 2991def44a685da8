"""How sending ended, and which endings stop the agent until a person has looked."""

from dataclasses import dataclass
from typing import Self

from agent.execution.records import Open, Status
from agent.reasons import Code, Reason
from chains.events import Log

# After one of these nothing is sent until a person has accepted what happened.
HALTING = frozenset(
    {
        Code.KEY_SHARED,
        Code.JOURNAL_BEHIND,
        Code.JOURNAL_DAMAGED,
        Code.TRANSACTION_STUCK,
        Code.REVERT_REPEATED,
        Code.GAS_EXHAUSTED,
        Code.SIGNER_DELEGATED,
    }
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How sending ended. Only `Status.MINED` without reasons is good news, and even that proves no effect."""

    intent_id: int
    status: Status
    transaction_hash: str
    reasons: tuple[Reason, ...] = ()
    block_number: int | None = None
    gas_used: int | None = None
    gas_price_wei: int | None = None
    logs: tuple[Log, ...] = ()

    @classmethod
    def without_block(cls, opened: Open, status: Status, reason: Reason) -> Self:
        """How an intent stands whose newest attempt is in no block."""
        return cls(opened.intent_id, status, opened.attempt.hash, (reason,))

    @property
    def halting(self) -> tuple[Reason, ...]:
        """The reasons that stop the agent until a person has looked."""
        return tuple(reason for reason in self.reasons if reason.code in HALTING)


class Fenced(Exception):
    """This process does not lead any more; nothing was sent."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.reason = Reason(Code.FENCED, message, where="leader lease")
