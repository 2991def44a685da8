"""From an approved proposal to an outcome: plan, rehearse, write down, sign, send once, read the effect back."""

from agent.execution.broadcast import Broadcaster, LocalBroadcaster, PollingBroadcaster, Receipt
from agent.execution.effect import compare_effect
from agent.execution.journal import Journal, JournalError, JournalLocked
from agent.execution.plan import Action, Plan, Venues, encode_rebalance
from agent.execution.planner import empty_plan, make_plan
from agent.execution.quotes import PoolQuoter, Quoter, QuoteReverted
from agent.execution.records import Status
from agent.execution.rehearsal import Rehearsed, rehearse
from agent.execution.sender import Outcome, Sender
from agent.execution.signer import LocalSigner, Signer, SigningRefused

__all__ = [
    "Action",
    "Broadcaster",
    "Journal",
    "JournalError",
    "JournalLocked",
    "LocalBroadcaster",
    "LocalSigner",
    "Outcome",
    "Plan",
    "PollingBroadcaster",
    "PoolQuoter",
    "QuoteReverted",
    "Quoter",
    "Receipt",
    "Rehearsed",
    "Sender",
    "Signer",
    "SigningRefused",
    "Status",
    "Venues",
    "compare_effect",
    "empty_plan",
    "encode_rebalance",
    "make_plan",
    "rehearse",
]
