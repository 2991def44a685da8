"""One vault in the service: its cycles, what they show, and what happens when one fails."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from agent.cycle import CycleOutcome
from agent.execution import Journal
from agent.execution.outcome import HALTING, Fenced
from agent.execution.signer import SigningRefused
from agent.execution.stores import JournalError
from agent.market.chain_problems import CHAIN_PROBLEMS, chain_reason
from agent.market.observation import VaultState
from agent.reasons import Code, Reason, Refusal
from agent.risk import headroom
from agent.risk.events import event
from agent.service.latches import Latches
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
    dry_runs : where a cycle that would have been right is noted, when nothing is sent
    wall : unix seconds
    """

    def __init__(
        self,
        vault: Built,
        latches: Latches,
        metrics: Metrics,
        alerts: Alerts,
        turn: threading.Lock,
        dry_runs: Journal | None = None,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.name = vault.loaded.config.name
        self.last = Last()
        self._config_hash = vault.loaded.config_hash
        self._cycle, self._turn, self._dry_runs = vault.cycle, turn, dry_runs
        self._latches, self._metrics, self._alerts, self._wall = latches, metrics, alerts, wall
        self._failures: deque[float] = deque(maxlen=FAILURES)

    def run(self) -> None:
        """One cycle. Never raises: an error is a code in the log, the metrics and the alerts."""
        with self._turn:
            self._run()

    def summary(self) -> dict[str, object]:
        """The last cycle as the status endpoint tells it."""
        last, state = self.last, self.last.state
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

    def _run(self) -> None:
        started = time.perf_counter()
        try:
            outcome = self._cycle.run(int(self._wall()))
        except CHAIN_PROBLEMS as error:
            self._failed(chain_reason(error))
        except JournalError as error:
            self._failed(error.reason)
        except Fenced as error:
            self._failed(error.reason)
        except SigningRefused as error:
            self._failed(Reason(Code.SIGNER_FAILED, str(error), where="signer"))
        except Refusal as refusal:
            for reason in refusal.reasons:
                self._failed(reason)
        except Exception as error:  # the wall between vaults: whatever it is, it is told and counted, not passed on
            log.exception("cycle failed", extra={"vault": self.name})
            self._unexpected(error)
        else:
            self._ended(outcome, time.perf_counter() - started)

    def due(self) -> str | None:
        """The event that cannot wait for the next cycle, or None; a chain that does not answer is no event."""
        before = self.last.state
        if before is None:
            return None
        self._finish()
        try:
            found = event(before, self._cycle.reader.read(), self._cycle.config)
        except CHAIN_PROBLEMS as error:
            log.warning("cannot watch", extra={"vault": self.name, "error": str(error)})
            return None
        if found is None:
            return None
        log.info("event", extra={"vault": self.name, "event": str(found)})
        return str(found)

    def _finish(self) -> None:
        """What is stuck or was taken off the chain does not wait for the next cycle."""
        try:
            with self._turn:
                unfinished = self._cycle.finish()
                if self._dry_runs is None and (problem := self._cycle.sender.key_problem()) is not None:
                    self._latch((problem,))
        except CHAIN_PROBLEMS as error:
            log.warning("cannot finish", extra={"vault": self.name, "error": str(error)})
        except JournalError as error:
            self._failed(error.reason)
        except Fenced as error:
            self._failed(error.reason)
        except SigningRefused as error:
            self._failed(error.reason)
        else:
            if unfinished is not None:
                self._latch(unfinished.halting)
                codes = [str(reason.code) for reason in unfinished.reasons]
                log.info("unfinished", extra={"vault": self.name, "status": unfinished.status.value, "codes": codes})

    def _latch(self, reasons: tuple[Reason, ...]) -> None:
        """Stops the vault for what only a person may judge."""
        for reason in reasons:
            if reason.code in HALTING:
                self._latches.set(self.name, reason, int(self._wall()), "the agent")
                self._alerts.raise_(self.name, reason.code, str(reason))

    def _ended(self, outcome: CycleOutcome, seconds: float) -> None:
        left = headroom(outcome.after, self._cycle.config.policy)
        reasons = (*outcome.decision.refusals, *outcome.refusals)
        self._latch(reasons)
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
        self._metrics.latched(self.name, len(self._latches.active(self.name)))
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
        for dropped in outcome.observation.vault.notes:
            log.warning("dropped", extra={"vault": self.name, "code": str(dropped.code), "reason": str(dropped)})
        if self._dry_runs is not None and all(reason.code is Code.OBSERVE_ONLY for reason in reasons):
            self._dry_runs.record_dry_run(self._config_hash, outcome.after.block.timestamp, outcome.decision.note)
        self._alerts.over(self.name, frozenset(reason.code for reason in reasons))
        for reason in reasons:
            self._alerts.raise_(self.name, reason.code, str(reason))
        least = min(left.items(), key=lambda item: item[1])
        if least[1] < 0:
            log.error("limit breached", extra={"vault": self.name, "limit": least[0], "headroom": least[1]})

    def _failed(self, reason: Reason) -> None:
        self.last = Last(self._wall(), "failed", (reason,), str(reason), self.last.state, self.last.headroom)
        log.error("cycle failed", extra={"vault": self.name, "code": str(reason.code), "reason": str(reason)})
        self._metrics.failed(self.name, str(reason.code))
        self._alerts.raise_(self.name, reason.code, str(reason))

    def _unexpected(self, error: Exception) -> None:
        """What nobody foresaw may happen a few times; then only a person may go on."""
        now = self._wall()
        self._failures.append(now)
        reason = Reason(Code.CYCLE_FAILED, f"{type(error).__name__}: {error}", where="the log")
        if len(self._failures) == FAILURES and now - self._failures[0] <= FAILURE_WINDOW_S:
            message = f"{FAILURES} cycles failed within {FAILURE_WINDOW_S} s; the last: {error}"
            reason = Reason(Code.RESTART_BUDGET, message, FAILURES, FAILURES, "the log")
            self._latches.set(self.name, reason, int(now), "the agent")
            self._failures.clear()
        self._failed(reason)
