"""Sends a rehearsed plan exactly once: journal first, bytes once, and an outcome that is known or called unknown."""

import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from agent.decision import Refused
from agent.execution.broadcast import Broadcaster
from agent.execution.delivery import Delivery, signed_attempt
from agent.execution.fees import GWEI, FeePolicy
from agent.execution.journal import Journal
from agent.execution.nonces import agreed_nonce
from agent.execution.outcome import Outcome
from agent.execution.plan import Plan
from agent.execution.records import Intent, Kind, Open, Status
from agent.execution.rehearsal import Rehearsed
from agent.execution.send_rules import SendRules
from agent.execution.signer import Signer, SigningRefused, Transaction
from agent.reasons import Code, Reason
from chains.rpc import Reader, RpcError, RpcUnavailable

AT_ONCE = SendRules()


def not_fenced() -> None:
    """The fence of an agent that has no standby."""


def nobody_killed(vault: str) -> bool:
    """The kill switch of an agent that has none."""
    return False


class Sender:
    """Sends for one signer, one transaction at a time.

    Parameters
    ----------
    node : for nonces, heads and explaining reverts; one node, or a pool of providers
    broadcaster : how bytes reach the chain
    journal : where everything is written first
    max_fee_gwei : the highest fee per gas, base fee and priority together
    priority_fee_wei : per gas, of the chain's registry entry
    urgent_max_fee_gwei : the cap for plans that reduce risk and for cancelling; without it `max_fee_gwei`
    rules : how long to wait and how deep to trust, of the chain's registry entry
    fence : raises `Fenced` when another process leads; called right before every broadcast
    killed : whether a vault, by its address, was killed: what it has under way is then cancelled
    """

    def __init__(
        self,
        node: Reader,
        signer: Signer,
        journal: Journal,
        broadcaster: Broadcaster,
        max_fee_gwei: float,
        priority_fee_wei: int,
        *,
        urgent_max_fee_gwei: float | None = None,
        rules: SendRules = AT_ONCE,
        fence: Callable[[], None] = not_fenced,
        killed: Callable[[str], bool] = nobody_killed,
    ) -> None:
        urgent = max_fee_gwei if urgent_max_fee_gwei is None else urgent_max_fee_gwei
        self._fees = FeePolicy(int(max_fee_gwei * GWEI), int(urgent * GWEI), priority_fee_wei)
        self._node = node
        self._signer = signer
        self._journal = journal
        self._rules = rules
        self._fence = fence
        self._delivery = Delivery(node, signer, journal, broadcaster, self._fees, rules, fence, killed)

    def send(self, rehearsed: Rehearsed, reason: str, *, urgent: bool = False) -> Outcome | Refused[Plan]:
        """Signs, writes the journal, sends once, and waits as long as the rules say.

        Parameters
        ----------
        reason : one sentence, kept in the journal
        urgent : the plan reduces risk, so it may pay the higher fee

        Returns
        -------
        Refused when nothing was signed: JOURNAL_UNFINISHED, FEE_ABOVE_CAP, REVERT_REPEATED, SIGNER_DELEGATED, or a
        nonce that journal and chain do not agree on (KEY_SHARED, JOURNAL_BEHIND, CHAIN_BEHIND). Otherwise the outcome;
        after `Status.UNKNOWN` call `finish_unfinished` before anything else.

        Raises
        ------
        SigningRefused, Fenced : nothing was sent
        RpcError, RpcUnavailable : the nonce could not be had, nothing was sent
        JournalError : the journal cannot be written; what was sent stands in it, and nothing else was
        """
        plan, block = rehearsed.plan, rehearsed.block
        unfinished = self._journal.unfinished(self._signer.address)
        if unfinished is not None:
            return Refused(plan, (_unfinished_reason(unfinished),))
        repeated = self._journal.repeated_revert(plan.vault)
        if repeated is not None:
            message = f"the last two plans reverted with {repeated}; find out why, then accept it in the journal"
            return Refused(plan, (Reason(Code.REVERT_REPEATED, message, where="journal"),))
        nonce = agreed_nonce(self._node, self._journal, self._delivery, self._signer.address, plan)
        if isinstance(nonce, Reason):
            return Refused(plan, (nonce,))
        fees = self._fees.first(block.base_fee_wei, urgent=urgent)
        if isinstance(fees, Reason):
            return Refused(plan, (fees,))
        transaction = Transaction(
            chain_id=plan.chain_id,
            nonce=nonce,
            to=plan.vault,
            data=rehearsed.calldata,
            gas_limit=rehearsed.gas_limit,
            max_fee_wei=fees.max_fee_wei,
            priority_fee_wei=fees.priority_fee_wei,
        )
        intent = Intent(
            signer=self._signer.address,
            chain_id=plan.chain_id,
            vault=plan.vault,
            plan_number=plan.number,
            calldata=rehearsed.calldata,
            reason=reason,
            state_hash=plan.state_hash,
            block_number=block.number,
            block_time=block.timestamp,
            deadline=plan.deadline,
            urgent=urgent,
        )
        self._fence()
        attempt = signed_attempt(self._signer, transaction, Kind.PLAN, block.timestamp)
        intent_id = self._journal.begin(intent, attempt)
        outcome = self._delivery.first(Open(intent_id, intent, (attempt,)))
        return self._wait(outcome)

    def finish_unfinished(self) -> Outcome | None:
        """Takes everything that has no final end one step further, in the order of nonces.

        A plan without a receipt goes out again with the same bytes while its nonce is free, is replaced when it is
        stuck and cancelled when its time is over; a mined one is looked at again until no reorganisation reaches it.

        Returns
        -------
        The last news, or the first outcome that is unknown; None when there is nothing to finish.

        Raises
        ------
        RpcError, RpcUnavailable, JournalError, SigningRefused, Fenced : still unfinished
        """
        news: Outcome | None = None
        for opened in self._journal.watched(self._signer.address):
            outcome = self._delivery.advance(opened)
            news = outcome or news
            if outcome is not None and outcome.status is Status.UNKNOWN:
                return outcome
        return news

    def key_problem(self) -> Reason | None:
        """What is wrong with the signer's account although nothing of ours is on its way; None when all is well.

        KEY_SHARED, SIGNER_DELEGATED and JOURNAL_BEHIND are for a person. To be asked every minute or so: a thief does
        not wait for our next plan.

        Raises RpcError, RpcUnavailable or JournalError when nobody can say.
        """
        if self._journal.unfinished(self._signer.address) is not None:
            return None
        found = agreed_nonce(self._node, self._journal, self._delivery, self._signer.address)
        return found if isinstance(found, Reason) else None

    def record_effect(self, outcome: Outcome, missing: Sequence[Reason]) -> None:
        """Writes what reading back found into the journal: what is missing, or that everything arrived.

        Raises JournalError when it cannot be written.
        """
        text = "; ".join(str(reason) for reason in missing) or "everything arrived"
        self._journal.record_effect(outcome.intent_id, text)

    def _wait(self, outcome: Outcome) -> Outcome:
        """Looks again until the outcome is known, a person has to look, or the time to wait is up."""
        until = time.monotonic() + self._rules.wait_s
        while outcome.status is Status.UNKNOWN and not outcome.halting and time.monotonic() < until:
            time.sleep(self._rules.poll_s)
            with suppress(RpcError, RpcUnavailable, SigningRefused):  # still unknown; it may be told in the next look
                outcome = self.finish_unfinished() or outcome
        return outcome


def _unfinished_reason(opened: Open) -> Reason:
    return Reason(
        Code.JOURNAL_UNFINISHED,
        f"intent {opened.intent_id} (plan {opened.intent.plan_number}, transaction {opened.attempt.hash}) has no "
        "outcome yet; finish it first",
        where="journal",
    )
