"""Sends a rehearsed plan exactly once: journal first, bytes once, and an outcome that is known or called unknown."""

from collections.abc import Sequence
from dataclasses import dataclass

from agent.decision import Refused
from agent.execution.answers import refusal_code
from agent.execution.broadcast import Broadcaster, Receipt
from agent.execution.journal import Journal
from agent.execution.plan import Plan
from agent.execution.records import Attempt, Intent, Open, Status
from agent.execution.rehearsal import Rehearsed, is_revert
from agent.execution.revert_codes import reason_for
from agent.execution.signer import Signer, Transaction
from agent.reasons import Code, Reason
from chains.events import Log
from chains.rpc import Node, RpcError, RpcUnavailable, quantity

GWEI = 10**9


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


class Sender:
    """Sends for one signer, one transaction at a time.

    Parameters
    ----------
    node : for nonces and for explaining reverts
    broadcaster : how bytes reach the chain
    journal : where everything is written first
    max_fee_gwei : the highest fee per gas, base fee and priority together
    priority_fee_wei : per gas, of the chain's registry entry
    """

    def __init__(
        self,
        node: Node,
        signer: Signer,
        journal: Journal,
        broadcaster: Broadcaster,
        max_fee_gwei: float,
        priority_fee_wei: int,
    ) -> None:
        self._node = node
        self._signer = signer
        self._journal = journal
        self._broadcaster = broadcaster
        self._max_fee_wei = int(max_fee_gwei * GWEI)
        self._priority_fee_wei = priority_fee_wei

    def send(self, rehearsed: Rehearsed, reason: str) -> Outcome | Refused[Plan]:
        """Signs, writes the journal, sends once.

        Parameters
        ----------
        reason : one sentence, kept in the journal

        Returns
        -------
        Refused when nothing was signed: JOURNAL_UNFINISHED, NONCE_JUMP or GAS_RESERVE (base fee above the cap).
        Otherwise the outcome; after `Status.UNKNOWN` call `finish_unfinished` before anything else.

        Raises
        ------
        JournalError, SigningRefused : nothing was sent
        RpcError, RpcUnavailable : the nonce could not be had, nothing was sent
        """
        plan = rehearsed.plan
        unfinished = self._journal.unfinished(self._signer.address)
        if unfinished is not None:
            return Refused(plan, (_unfinished_reason(unfinished),))
        nonce = self._checked_nonce()
        if isinstance(nonce, Reason):
            return Refused(plan, (nonce,))
        base_fee = rehearsed.block.base_fee_wei
        if base_fee + self._priority_fee_wei > self._max_fee_wei:
            return Refused(plan, (_fee_reason(base_fee + self._priority_fee_wei, self._max_fee_wei),))
        transaction = Transaction(
            chain_id=plan.chain_id,
            nonce=nonce,
            to=plan.vault,
            data=rehearsed.calldata,
            gas_limit=rehearsed.gas_limit,
            max_fee_wei=min(2 * base_fee + self._priority_fee_wei, self._max_fee_wei),
            priority_fee_wei=self._priority_fee_wei,
        )
        signed = self._signer.sign(transaction)
        intent = Intent(
            signer=self._signer.address,
            chain_id=plan.chain_id,
            vault=plan.vault,
            plan_number=plan.number,
            calldata=rehearsed.calldata,
            reason=reason,
            state_hash=plan.state_hash,
            block_number=rehearsed.block.number,
            block_time=rehearsed.block.timestamp,
        )
        attempt = Attempt(
            raw=signed.raw,
            hash=signed.hash,
            nonce=nonce,
            gas_limit=transaction.gas_limit,
            max_fee_wei=transaction.max_fee_wei,
            priority_fee_wei=transaction.priority_fee_wei,
        )
        intent_id = self._journal.begin(intent, attempt)
        return self._broadcast(Open(intent_id, intent, attempt), first_time=True)

    def finish_unfinished(self) -> Outcome | None:
        """Brings the journal's unfinished intent to its end, with the bytes it was written with, or returns None.

        Looks for the receipt first. Only when there is none and the nonce is still free the same bytes go out again.

        Raises
        ------
        RpcError, RpcUnavailable, JournalError : still unfinished
        """
        unfinished = self._journal.unfinished(self._signer.address)
        if unfinished is None:
            return None
        # The nonce is asked first: if it is used up, a receipt of ours must be there by the time we ask for it.
        nonce = self._nonce("latest")
        receipt = self._broadcaster.receipt(unfinished.attempt.hash) if nonce > unfinished.attempt.nonce else None
        if receipt is not None:
            return self._mined(unfinished, receipt)
        if nonce != unfinished.attempt.nonce:
            return self._nonce_lost(unfinished, nonce)
        return self._broadcast(unfinished, first_time=False)

    def record_effect(self, outcome: Outcome, missing: Sequence[Reason]) -> None:
        """Writes what reading back found into the journal: what is missing, or that everything arrived.

        Raises JournalError when it cannot be written.
        """
        text = "; ".join(str(reason) for reason in missing) or "everything arrived"
        self._journal.record_effect(outcome.intent_id, text)

    def _broadcast(self, opened: Open, *, first_time: bool) -> Outcome:
        try:
            receipt = self._broadcaster.broadcast(opened.attempt.raw, opened.attempt.hash)
            note = "sent, no receipt yet"
        except RpcUnavailable as error:
            receipt, note = self._receipt_or_none(opened), f"no answer to the broadcast: {error}"
        except RpcError as error:
            note = f"the node answered: {error.message}"
            code = refusal_code(error)
            # Bytes that may have been out before can be mined elsewhere, whatever this node says now.
            if first_time and code is not None:
                self._journal.conclude(opened.intent_id, Status.REFUSED, note)
                return _outcome(opened, Status.REFUSED, Reason(code, note))
            receipt = self._receipt_or_none(opened)
        if receipt is not None:
            return self._mined(opened, receipt)
        self._journal.conclude(opened.intent_id, Status.UNKNOWN, note)
        return _outcome(opened, Status.UNKNOWN, Reason(Code.OUTCOME_UNKNOWN, note))

    def _receipt_or_none(self, opened: Open) -> Receipt | None:
        try:
            return self._broadcaster.receipt(opened.attempt.hash)
        except (RpcError, RpcUnavailable):
            return None  # not known, which the caller records as unknown

    def _mined(self, opened: Open, receipt: Receipt) -> Outcome:
        reasons: tuple[Reason, ...] = ()
        status = Status.MINED
        if not receipt.success:
            status = Status.REVERTED
            reasons = (self._explain_revert(opened, receipt),)
        self._journal.conclude(
            opened.intent_id,
            status,
            "; ".join(str(reason) for reason in reasons),
            block_number=receipt.block_number,
            gas_used=receipt.gas_used,
            gas_price_wei=receipt.gas_price_wei,
        )
        return Outcome(
            opened.intent_id,
            status,
            receipt.hash,
            reasons,
            receipt.block_number,
            receipt.gas_used,
            receipt.gas_price_wei,
            receipt.logs,
        )

    def _explain_revert(self, opened: Open, receipt: Receipt) -> Reason:
        """Repeats the call in the state after its block; good enough for a message, not for a decision."""
        call = {"from": opened.intent.signer, "to": opened.intent.vault, "data": "0x" + opened.intent.calldata.hex()}
        why = "the reason could not be had"
        try:
            self._node.call("eth_call", call, hex(receipt.block_number))
        except RpcError as error:
            if is_revert(error):
                why = str(reason_for(error.revert_data or b""))
        except RpcUnavailable as error:
            why = f"the reason could not be had: {error}"
        return Reason(Code.TRANSACTION_REVERTED, f"reverted in block {receipt.block_number}: {why}")

    def _nonce_lost(self, opened: Open, nonce: int) -> Outcome:
        """Another transaction took the nonce (ours can never be mined), or the chain is behind the journal."""
        reason = Reason(
            Code.NONCE_JUMP,
            "somebody else uses the agent's key, or the journal is not this chain's",
            float(nonce),
            float(opened.attempt.nonce),
            "journal",
        )
        status = Status.REFUSED if nonce > opened.attempt.nonce else Status.UNKNOWN
        self._journal.conclude(opened.intent_id, status, str(reason))
        return _outcome(opened, status, reason)

    def _checked_nonce(self) -> int | Reason:
        """The next nonce, if chain, pool and journal agree on it."""
        requests = [("eth_getTransactionCount", [self._signer.address, tag]) for tag in ("latest", "pending")]
        latest, pending = (quantity(answer) for answer in self._node.batch(requests))
        expected = self._journal.next_nonce(self._signer.address)
        if pending != latest or expected not in (None, latest):
            return Reason(
                Code.NONCE_JUMP,
                f"nonce on chain {latest}, with pending {pending}, by the journal {expected}: somebody else uses the "
                "agent's key, or the journal is not this chain's",
                float(pending),
                float(latest if expected is None else expected),
                "journal",
            )
        return latest

    def _nonce(self, tag: str) -> int:
        return quantity(self._node.call("eth_getTransactionCount", self._signer.address, tag))


def _outcome(opened: Open, status: Status, reason: Reason) -> Outcome:
    return Outcome(opened.intent_id, status, opened.attempt.hash, (reason,))


def _unfinished_reason(opened: Open) -> Reason:
    return Reason(
        Code.JOURNAL_UNFINISHED,
        f"intent {opened.intent_id} (plan {opened.intent.plan_number}, transaction {opened.attempt.hash}) has no "
        "outcome yet; finish it first",
        where="journal",
    )


def _fee_reason(fee_wei: int, max_fee_wei: int) -> Reason:
    return Reason(
        Code.GAS_RESERVE,
        "base fee and priority fee are above the cap, in gwei",
        fee_wei / GWEI,
        max_fee_wei / GWEI,
        "execution.max_fee_gwei",
    )
