"""Brings one intent to its end: its bytes out, again when dropped, replaced when stuck, cancelled when too late."""

import time
from collections.abc import Callable
from dataclasses import replace

from agent.execution.answers import Verdict
from agent.execution.broadcast import Broadcaster, Receipt
from agent.execution.fees import FeePolicy, Fees
from agent.execution.journal import Journal
from agent.execution.outcome import Outcome
from agent.execution.records import Attempt, Kind, Open, State, Status
from agent.execution.rehearsal import is_revert
from agent.execution.reverted import explain_revert
from agent.execution.send_rules import SendRules
from agent.execution.signer import Signer, Transaction
from agent.reasons import Code, Reason
from chains.rpc import BlockRef, Reader, RpcError, RpcUnavailable, quantity

CANCEL_GAS = 100_000  # an empty transfer takes 21,000; some rollups add what its bytes cost on their base chain


class Delivery:
    """Sends the bytes of one signer's intents and writes what comes of them.

    Parameters
    ----------
    node : for nonces, heads, and for trying a plan again before its bytes go out again
    fence : raises when this process may not send any more; called right before every broadcast
    killed : whether a person has killed a vault, given its address: then its plan is cancelled instead of pushed
    """

    def __init__(
        self,
        node: Reader,
        signer: Signer,
        journal: Journal,
        broadcaster: Broadcaster,
        fees: FeePolicy,
        rules: SendRules,
        fence: Callable[[], None],
        killed: Callable[[str], bool],
    ) -> None:
        self._node = node
        self._signer = signer
        self._journal = journal
        self._broadcaster = broadcaster
        self._fees = fees
        self._rules = rules
        self._fence = fence
        self._killed = killed
        self._noted: set[tuple[int, str]] = set()
        self._sent = ("", 0.0)  # what went out last, and when on the monotonic clock

    def first(self, opened: Open) -> Outcome:
        """Sends an intent's bytes for the first time. Only here a node's refusal ends it: nobody else had them.

        Raises JournalError, or Fenced when nothing was sent. A chain that does not answer afterwards is no error here.
        """
        try:
            return self._send(opened, first_time=True)
        except (RpcError, RpcUnavailable) as error:
            return self._unknown(opened, Reason(Code.OUTCOME_UNKNOWN, f"sent, and then: {error}"))

    def advance(self, opened: Open) -> Outcome | None:
        """One step towards the end: looks for a receipt, and sends only when the chain still has room for the nonce.

        Returns
        -------
        The outcome, unknown while there is none; None when there is nothing new of an intent that settles.

        Raises
        ------
        RpcError, RpcUnavailable, JournalError, SigningRefused, Fenced : nothing was concluded
        """
        # The nonce is asked first: if it is used up, a receipt of ours must be there by the time we ask for it.
        nonce = self._nonce()
        if nonce > opened.attempt.nonce:
            return self._used_up(opened)
        if nonce < opened.attempt.nonce:
            message = "the chain ends before what the journal knows; earlier transactions are missing"
            bounds = (float(nonce), float(opened.attempt.nonce))
            return self._unknown(opened, Reason(Code.CHAIN_BEHIND, message, *bounds, "journal"))
        if opened.state is State.SETTLING:
            self._unknown(opened, Reason(Code.REORGED, f"block {opened.block_hash} is no longer part of the chain"))
        return self._push(opened, self._node.head())

    def explain(self, opened: Open, receipt: Receipt) -> Outcome:
        """Writes down that an intent is on chain, and what it came to."""
        reasons: tuple[Reason, ...] = ()
        status, revert_name = Status.MINED, None
        attempt = next(one for one in opened.attempts if one.hash == receipt.hash)
        if attempt.kind is Kind.CANCEL:
            status = Status.CANCELLED
            reasons = (Reason(Code.PLAN_CANCELLED, f"plan {opened.intent.plan_number} was cancelled in time"),)
        elif not receipt.success:
            status = Status.REVERTED
            reason, revert_name = explain_revert(self._node, opened, attempt, receipt)
            reasons = (reason,)
        final = self._rules.finality_blocks == 0 or self._depth(receipt) >= self._rules.finality_blocks
        self._journal.conclude(
            opened.intent_id,
            status,
            "; ".join(str(reason) for reason in reasons),
            code=reasons[0].code if reasons else None,
            transaction_hash=receipt.hash,
            block_number=receipt.block_number,
            block_hash=receipt.block_hash,
            gas_used=receipt.gas_used,
            gas_price_wei=receipt.gas_price_wei,
            revert_name=revert_name,
            final=final,
        )
        self._noted.clear()
        found = (receipt.block_number, receipt.gas_used, receipt.gas_price_wei, receipt.logs)
        return Outcome(opened.intent_id, status, receipt.hash, reasons, *found)

    def find(self, opened: Open) -> Receipt | None:
        """The receipt of whichever attempt was mined. Raises RpcError or RpcUnavailable when nobody can say."""
        for attempt in reversed(opened.attempts):
            receipt = self._broadcaster.receipt(attempt.hash)
            if receipt is not None:
                return receipt
        return None

    def _used_up(self, opened: Open) -> Outcome | None:
        try:
            receipt = self.find(opened)
            if receipt is None:
                time.sleep(self._rules.poll_s)  # a node may know the new nonce a moment before it finds the receipt
                receipt = self.find(opened)
        except (RpcError, RpcUnavailable) as error:
            return self._unknown(opened, Reason(Code.RECEIPT_UNCONFIRMED, f"nobody can say yet: {error}"))
        return self._taken(opened) if receipt is None else self._seen(opened, receipt)

    def _seen(self, opened: Open, receipt: Receipt) -> Outcome | None:
        if opened.state is State.SETTLING and receipt.block_hash == opened.block_hash:
            if self._depth(receipt) >= self._rules.finality_blocks:
                self._journal.settle(opened.intent_id)
            return None
        if self._rules.confirmation_blocks and self._depth(receipt) < self._rules.confirmation_blocks:
            message = f"in block {receipt.block_number}, which needs {self._rules.confirmation_blocks} more on top"
            return self._unknown(opened, Reason(Code.OUTCOME_UNKNOWN, message))
        return self.explain(opened, receipt)

    def _taken(self, opened: Open) -> Outcome | None:
        """The nonce is used up, and no receipt is ours.

        Providers on a branch that is gone may have counted ours there, so the nonce is asked again; and as long as a
        reorganisation can still give it back, the intent is looked at further.
        """
        nonce, ours = self._nonce(), opened.attempt.nonce
        if nonce <= ours:
            return self._unknown(opened, Reason(Code.RECEIPT_UNCONFIRMED, "the nonce was used up, and is free again"))
        message = "somebody else uses the agent's key, or the journal is not this chain's"
        reason = Reason(Code.KEY_SHARED, message, float(nonce), float(ours), "journal")
        final = self._taken_for_good(ours)
        known = (opened.intent_id, reason.message) in self._noted
        if final or not known:
            self._journal.conclude(opened.intent_id, Status.REFUSED, str(reason), code=reason.code, final=final)
            self._noted.add((opened.intent_id, reason.message))
        return None if known else Outcome.without_block(opened, Status.REFUSED, reason)

    def _taken_for_good(self, ours: int) -> bool:
        if self._rules.finality_blocks == 0:
            return True
        final = max(0, self._node.head().number - self._rules.finality_blocks)
        try:
            return self._nonce(hex(final)) > ours
        except RpcError:
            return False  # a node that does not keep the state of that block cannot say

    def _push(self, opened: Open, head: BlockRef) -> Outcome:
        """The nonce is free: the same bytes again, dearer ones, or nothing in their place."""
        attempt = opened.attempt
        known = self._broadcaster.knows(attempt.hash)
        old = head.timestamp - attempt.block_time >= self._rules.replace_after_s
        late = attempt.kind is Kind.PLAN and (
            head.timestamp > opened.intent.deadline or self._killed(opened.intent.vault)
        )
        if not late and ((known and not old) or (not known and self._just_sent(attempt))):
            where = "in the pool" if known else "sent, not to be seen yet"
            return self._unknown(opened, Reason(Code.OUTCOME_UNKNOWN, f"{where}, not in a block"))
        if attempt.kind is Kind.PLAN and (late or not self._still_good(opened)):
            return self._cancel(opened, head)
        if known:
            return self._bump(opened, head)
        outcome = self._send(opened, first_time=False, dropped=True)
        too_cheap = outcome.reasons and outcome.reasons[0].code in (Code.FEE_TOO_LOW, Code.UNDERPRICED)
        return self._bump(opened, head) if old and too_cheap else outcome

    def _just_sent(self, attempt: Attempt) -> bool:
        """Whether the bytes went out so short ago that not seeing them means nothing; a relay shows them to nobody."""
        transaction_hash, at_s = self._sent
        return transaction_hash == attempt.hash and time.monotonic() - at_s < self._rules.resend_s

    def _bump(self, opened: Open, head: BlockRef) -> Outcome:
        attempt = opened.attempt
        urgent = opened.intent.urgent or attempt.kind is Kind.CANCEL
        previous = Fees(attempt.max_fee_wei, attempt.priority_fee_wei)
        fees = self._fees.replacement(previous, head.base_fee_wei, urgent=urgent)
        if fees is None:
            return self._at_the_cap(opened, head, urgent=urgent)
        is_plan = attempt.kind is Kind.PLAN
        to, data = (opened.intent.vault, opened.intent.calldata) if is_plan else (self._signer.address, b"")
        return self._replace(opened, to, data, attempt.gas_limit, fees, attempt.kind, head)

    def _cancel(self, opened: Open, head: BlockRef) -> Outcome:
        previous = Fees(opened.attempt.max_fee_wei, opened.attempt.priority_fee_wei)
        fees = self._fees.replacement(previous, head.base_fee_wei, urgent=True)
        if fees is None:
            return self._at_the_cap(opened, head, urgent=True)
        return self._replace(opened, self._signer.address, b"", CANCEL_GAS, fees, Kind.CANCEL, head)

    def _at_the_cap(self, opened: Open, head: BlockRef, *, urgent: bool) -> Outcome:
        cap = self._fees.cap(urgent=urgent) / 10**9
        fee = opened.attempt.max_fee_wei / 10**9
        key = "execution.urgent_max_fee_gwei" if urgent else "execution.max_fee_gwei"
        last = max(opened.intent.deadline, opened.attempt.block_time)
        stuck = head.timestamp - last >= self._rules.halt_after_s
        # Who has halted sends them again too: bytes that no pool has would never get into a block, at any fee.
        if not self._broadcaster.knows(opened.attempt.hash):
            outcome = self._send(opened, first_time=False, dropped=True)
            if not stuck or outcome.status is not Status.UNKNOWN:
                return outcome
        if stuck:
            message = "neither the plan nor its cancellation gets into a block; fee and cap in gwei"
            return self._unknown(opened, Reason(Code.TRANSACTION_STUCK, message, fee, cap, key))
        return self._unknown(
            opened, Reason(Code.FEE_ABOVE_CAP, "waiting at the cap; fee and cap in gwei", fee, cap, key)
        )

    def _replace(
        self, opened: Open, to: str, data: bytes, gas_limit: int, fees: Fees, kind: Kind, head: BlockRef
    ) -> Outcome:
        self._fence()
        transaction = Transaction(
            chain_id=opened.intent.chain_id,
            nonce=opened.attempt.nonce,
            to=to,
            data=data,
            gas_limit=gas_limit,
            max_fee_wei=fees.max_fee_wei,
            priority_fee_wei=fees.priority_fee_wei,
        )
        attempt = signed_attempt(self._signer, transaction, kind, head.timestamp)
        self._journal.add_attempt(opened.intent_id, attempt)
        return self._send(replace(opened, attempts=(*opened.attempts, attempt)), first_time=False)

    def _send(self, opened: Open, *, first_time: bool, dropped: bool = False) -> Outcome:
        attempt = opened.attempt
        private = len(opened.attempts) == 1 and attempt.kind is Kind.PLAN and not opened.intent.urgent
        self._fence()
        self._sent = (attempt.hash, time.monotonic())
        sent = self._broadcaster.broadcast(attempt.raw, attempt.hash, private=private)
        reason = Reason(sent.answer.code, sent.answer.note)
        # Bytes that may have been out before can be mined elsewhere, whatever the nodes say now.
        if first_time and sent.answer.verdict is Verdict.REFUSED:
            self._journal.conclude(opened.intent_id, Status.REFUSED, str(reason), code=reason.code)
            return Outcome.without_block(opened, Status.REFUSED, reason)
        receipt = sent.receipt or self._receipt_or_none(attempt)
        if receipt is not None:
            return self._seen(opened, receipt) or Outcome.without_block(opened, Status.MINED, reason)
        if sent.answer.verdict is Verdict.IN_POOL and len(opened.attempts) > 1:
            reason = Reason(Code.FEE_BUMPED, f"attempt {len(opened.attempts)} with higher fees: {sent.answer.note}")
        elif sent.answer.verdict is Verdict.IN_POOL:
            code = Code.POOL_DROPPED if dropped else Code.OUTCOME_UNKNOWN
            reason = Reason(code, f"no receipt yet: {sent.answer.note}")
        return self._unknown(opened, reason)

    def _still_good(self, opened: Open) -> bool:
        """Whether the plan would still go through in the newest state, where its bytes are not yet."""
        call = {
            "from": opened.intent.signer,
            "to": opened.intent.vault,
            "data": "0x" + opened.intent.calldata.hex(),
            "gas": hex(opened.attempt.gas_limit),
        }
        try:
            self._node.call("eth_call", call, "latest")
        except RpcError as error:
            if is_revert(error):
                return False
            raise
        return True

    def _receipt_or_none(self, attempt: Attempt) -> Receipt | None:
        try:
            return self._broadcaster.receipt(attempt.hash)
        except (RpcError, RpcUnavailable):
            return None  # not known, which the caller records as unknown

    def _unknown(self, opened: Open, reason: Reason) -> Outcome:
        note = str(reason)
        if (opened.intent_id, note) not in self._noted:  # a wait looks often; the journal keeps what is new
            self._journal.conclude(opened.intent_id, Status.UNKNOWN, note, code=reason.code)
            self._noted.add((opened.intent_id, note))
        return Outcome.without_block(opened, Status.UNKNOWN, reason)

    def _depth(self, receipt: Receipt) -> int:
        """Blocks on top of the receipt's."""
        return self._node.head().number - receipt.block_number

    def _nonce(self, block: str = "latest") -> int:
        return quantity(self._node.call("eth_getTransactionCount", self._signer.address, block))


def signed_attempt(signer: Signer, transaction: Transaction, kind: Kind, block_time: int) -> Attempt:
    """Signed bytes, ready for the journal. Raises SigningRefused."""
    signed = signer.sign(transaction)
    return Attempt(
        raw=signed.raw,
        hash=signed.hash,
        nonce=transaction.nonce,
        gas_limit=transaction.gas_limit,
        max_fee_wei=transaction.max_fee_wei,
        priority_fee_wei=transaction.priority_fee_wei,
        kind=kind,
        block_time=block_time,
    )
