"""From an approved proposal to an outcome: plan, rehearse, write down, sign, send once, read the effect back."""

from agent.execution.broadcast import Broadcaster, LocalBroadcaster, Receipt
from agent.execution.effect import compare_effect
from agent.execution.journal import Journal, JournalDamaged, JournalError, JournalLocked, open_journal
from agent.execution.live_broadcast import LiveBroadcaster, NodeSender
from agent.execution.outcome import HALTING, Fenced, Outcome
from agent.execution.plan import Action, Plan, Venues, encode_rebalance
from agent.execution.planner import empty_plan, make_plan
from agent.execution.quotes import PoolQuoter, Quoter, QuoteReverted
from agent.execution.records import Status
from agent.execution.rehearsal import Rehearsed, rehearse
from agent.execution.send_rules import SendRules
from agent.execution.sender import Sender
from agent.execution.signer import LocalSigner, Signer, SigningRefused

__all__ = [
    "HALTING",
    "Action",
    "Broadcaster",
    "Fenced",
    "Journal",
    "JournalDamaged",
    "JournalError",
    "JournalLocked",
    "LiveBroadcaster",
    "LocalBroadcaster",
    "LocalSigner",
    "NodeSender",
    "Outcome",
    "Plan",
    "PoolQuoter",
    "QuoteReverted",
    "Quoter",
    "Receipt",
    "Rehearsed",
    "SendRules",
    "Sender",
    "Signer",
    "SigningRefused",
    "Status",
    "Venues",
    "compare_effect",
    "empty_plan",
    "encode_rebalance",
    "make_plan",
    "open_journal",
    "rehearse",
]
