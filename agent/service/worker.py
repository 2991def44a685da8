"""One vault in the service: its cycles, what they show, and what happens when one fails."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sql

from agent.cycle import CycleOutcome
from agent.execution.outcome import HALTING
from agent.execution.stores import JournalError
from agent.market.chain_problems import CHAIN_PROBLEMS
from agent.market.observation import VaultState
from agent.reasons import Code, Reason, Refusal
from agent.risk import headroom
from agent.risk.events import event
from agent.service.failures import KNOWN, reasons_of
from agent.service.latches import Latches, Value
from agent.service.vaults import Built
from agent.watch.alerts import Alerts
from agent.watch.metrics import Metrics

log = logging.getLogger("ballast.service")
FAILURES = 5  # unexpected ones, within the window, before a person has to look
FAILURE_WINDOW_S = 600
SHARE_PRICE_SCALE = 10**18


@dataclass(slots=True)
class Last:
    """What the status shows of a vault's last cycle."""

    at_s: float = 0.0
    ending: str = "none yet"
    reasons: tuple[Reason, ...] = ()
    note: str = ""
    state: VaultState | None = None
    headroom: dict[str, float] | None = None
    plan: int | None = None
    transaction: str | None = None


class Worker:
    """Runs the cycles of one vault; nothing that goes wrong in it reaches another vault.

    Parameters
    ----------
    vault : ready to run
    turn : held during a cycle; vaults of one signer take turns, because they share its nonces
    dry_runs : of a process that only looks: where a cycle that would have been right is noted
    wall : unix seconds
    stopping : once set, no cycle begins any more
    on_lost_journal : called when the journal cannot be read or written; only a new process opens it again
    """

    def __init__(
        self,
        vault: Built,
        latches: Latches,
        metrics: Metrics,
        alerts: Alerts,
        turn: threading.Lock,
        dry_runs: Latches | None = None,
        wall: Callable[[], float] = time.time,
        stopping: threading.Event | None = None,
        on_lost_journal: Callable[[str], None] = lambda message: None,
    ) -> None:
        self.name = vault.loaded.config.name
        self.last = Last()
        self._config_hash = vault.loaded.config_hash
        self._cycle, self._bring_up, self._turn, self._dry_runs = vault.cycle, vault.bring_up, turn, dry_runs
        self._latches, self._metrics, self._alerts, self._wall = latches, metrics, alerts, wall
        self._stopping = threading.Event() if stopping is None else stopping
        self._on_lost_journal = on_lost_journal
        self._failures: deque[float] = deque(maxlen=FAILURES)
        self._news: deque[Reason] = deque()  # for people; told when the turn is over, because a chat may be slow

    def run(self) -> None:
        """One cycle. Never raises: an error is a code in the log, the metrics and the alerts."""
        if self._walled(self._prepare):
            with self._turn:
                if not self._stopping.is_set():
                    self._walled(self._run)
        self._tell()

    def summary(self) -> dict[str, object]:
        """The last cycle as the status endpoint tells it."""
        last = self.last
        state = last.state
        return {
            "last_cycle": None if last.at_s == 0 else datetime.fromtimestamp(last.at_s, UTC).isoformat("T", "seconds"),
            "ending": last.ending,
            "note": last.note,
            "codes": [str(reason) for reason in last.reasons],
            "plan": last.plan,
            "transaction": last.transaction,
            "headroom": last.headroom,
            "mode": None if state is None else state.mode.name,
            "total_assets": None if state is None else state.asset.to_float(state.total_assets),
            "share_price": None if state is None else state.share_price_e18 / SHARE_PRICE_SCALE,
            "block": None if state is None else state.block.number,
        }

    def line(self) -> str:
        """The vault in one line, for the digest."""
        state = self.last.state
        if state is None:
            return f"{self.name}: {self.last.ending}"
        assets = state.asset.to_float(state.total_assets)
        return (
            f"{self.name}: {assets:,.0f} {state.asset.symbol}, share price "
            f"{state.share_price_e18 / SHARE_PRICE_SCALE:.6f}, {state.mode.name}, {self.last.ending}"
        )

    def due(self) -> str | None:
        """The event that cannot wait for the next cycle, or None; a chain that does not answer is no event.

        What is stuck or was taken off the chain does not wait for the next cycle either. Never raises.
        """
        with self._turn:
            if not self._stopping.is_set():
                self._walled(self._finish)
        self._tell()
        before = self.last.state
        if before is None:
            return None
        try:
            now = self._cycle.reader.read()
        except KNOWN as error:
            log.warning("cannot watch", extra={"vault": self.name, "error": str(error)})
            return None
        self._log_dropped(now)
        found = event(before, now, self._cycle.config)
        if found is None:
            return None
        log.info("event", extra={"vault": self.name, "event": str(found)})
        return str(found)

    def _walled(self, work: Callable[[], None]) -> bool:
        """The wall between vaults: whatever goes wrong is told and counted, and not passed on; whether nothing did."""
        try:
            try:
                work()
                return True
            except JournalError as error:
                self._failed((error.reason,))
                self._on_lost_journal(str(error.reason))
                self._latch((error.reason,))  # one that was replaced stays a matter for people after a restart
            except KNOWN as error:
                self._failed(reasons_of(error))
            except Exception as error:
                log.exception("cycle failed", extra={"vault": self.name})
                self._unexpected(error)
        except sql.exc.SQLAlchemyError as error:  # the latch that a failure asks for could not be set
            self._failed(reasons_of(error))
        return False

    def _prepare(self) -> None:
        """What may take minutes happens before the turn is taken and the clock is read."""
        with suppress(Refusal):  # the cycle tells it
            self._bring_up(int(self._wall()))

    def _run(self) -> None:
        started = time.perf_counter()
        outcome = self._cycle.run(int(self._wall()))
        self._ended(outcome, time.perf_counter() - started)

    def _finish(self) -> None:
        if self._dry_runs is not None:
            return  # who only looks finishes nothing
        try:
            unfinished = self._cycle.finish()
            problem = self._cycle.sender.key_problem()
        except CHAIN_PROBLEMS as error:
            log.warning("cannot finish", extra={"vault": self.name, "error": str(error)})
            return
        halting = () if problem is None else (problem,)
        if unfinished is not None:
            codes = [str(reason.code) for reason in unfinished.reasons]
            log.info("unfinished", extra={"vault": self.name, "status": unfinished.status.value, "codes": codes})
            halting = (*unfinished.halting, *halting)
        self._news.extend(halting)
        self._latch(halting)

    def _latch(self, reasons: tuple[Reason, ...]) -> None:
        """Stops the vault for what only a person may judge."""
        for reason in reasons:
            if reason.code in HALTING:
                self._latches.set(self.name, reason, int(self._wall()), "the agent")

    def _ended(self, outcome: CycleOutcome, seconds: float) -> None:
        left = headroom(outcome.after, self._cycle.config.policy)
        reasons = (*outcome.decision.refusals, *outcome.refusals)
        ending = "sent" if outcome.sent is not None else "refused" if reasons else "held"
        self.last = Last(
            self._wall(),
            ending,
            reasons,
            outcome.decision.note,
            outcome.after,
            left,
            None if outcome.plan is None else outcome.plan.number,
            None if outcome.sent is None else outcome.sent.transaction_hash,
        )
        self._metrics.cycle(self.name, outcome, left, seconds, self.last.at_s)
        low_gas = self._cycle.gas(outcome.after)
        self._tell_of((*reasons, *outcome.observation.market.cautions, *(() if low_gas is None else (low_gas,))))
        log.info(
            "cycle",
            extra={
                "vault": self.name,
                "ending": ending,
                "note": outcome.decision.note,
                "block": outcome.after.block.number,
                "target": None if outcome.decision.target is None else outcome.decision.target.exposure,
                "scalers": {scaler.name: scaler.value for scaler in outcome.decision.scalers},
                "plan": self.last.plan,
                "transaction": self.last.transaction,
                "codes": [str(reason.code) for reason in reasons],
                "seconds": round(seconds, 4),
            },
        )
        self._log_dropped(outcome.observation.vault)
        least = min(left.items(), key=lambda item: item[1])
        if least[1] < 0:
            log.error("limit breached", extra={"vault": self.name, "limit": least[0], "headroom": least[1]})
        # Last, because these write into databases, which may be away.
        self._latch(reasons)
        self._latches.record_value(self.name, Value.of(outcome.after, outcome.observation.time))
        self._metrics.latched(self.name, len(self._latches.active(self.name)))
        if self._dry_runs is not None and all(reason.code is Code.OBSERVE_ONLY for reason in reasons):
            self._dry_runs.record_dry_run(self._config_hash, outcome.after.block.timestamp, outcome.decision.note)

    def _failed(self, reasons: tuple[Reason, ...]) -> None:
        before = self.last
        note = "; ".join(str(reason) for reason in reasons)
        self.last = Last(self._wall(), "failed", reasons, note, before.state, before.headroom)
        for reason in reasons:
            log.error("cycle failed", extra={"vault": self.name, "code": str(reason.code), "reason": str(reason)})
        self._metrics.failed(self.name, [str(reason.code) for reason in reasons])
        self._news.extend(reasons)

    def _log_dropped(self, state: VaultState) -> None:
        """What providers were caught at; whoever reads first hears of it, and nobody a second time."""
        for dropped in state.notes:
            log.warning("dropped", extra={"vault": self.name, "code": str(dropped.code), "reason": str(dropped)})

    def _tell_of(self, reasons: tuple[Reason, ...]) -> None:
        """What holds now is for people; what held before and does not any more may be told anew one day."""
        self._alerts.over(self.name, frozenset(reason.code for reason in reasons))
        self._news.extend(reasons)

    def _tell(self) -> None:
        while self._news:
            reason = self._news.popleft()
            self._alerts.raise_(self.name, reason.code, str(reason))

    def _unexpected(self, error: Exception) -> None:
        """What nobody foresaw may happen a few times; then only a person may go on."""
        now = self._wall()
        self._failures.append(now)
        (reason,) = reasons_of(error)
        if len(self._failures) == FAILURES and now - self._failures[0] <= FAILURE_WINDOW_S:
            message = f"{FAILURES} cycles failed within {FAILURE_WINDOW_S} s; the last: {error}"
            reason = Reason(Code.RESTART_BUDGET, message, FAILURES, FAILURES, "the log")
            self._failures.clear()
        self._failed((reason,))
        if reason.code is Code.RESTART_BUDGET:
            self._latches.set(self.name, reason, int(now), "the agent")
