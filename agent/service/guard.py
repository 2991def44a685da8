"""Stands between deciding and sending: what persons, other agents and past plans allow a vault to do now."""

from collections.abc import Callable
from dataclasses import replace

import sqlalchemy as sql

from agent.config import ControlsConfig
from agent.cycle import Guard
from agent.execution.plan import Plan
from agent.market.observation import Observation
from agent.reasons import Code, Reason
from agent.risk import controls as rules
from agent.risk.controls import SECONDS_PER_DAY, SentPlan
from agent.service.clock import clock_skew, missed
from agent.service.kill_switch import KillSwitch
from agent.service.latches import Latches, Value


class ServiceGuard:
    """The guard of one vault.

    Parameters
    ----------
    vault : the strategy's name, under which latches are kept
    controls : its bounds
    latches, kill_switch : the service's memory
    carried_out : how many plans the journal knows to be carried out; None while one is on its way, or may yet be undone
    leads : None while this process leads, else why it does not
    block_time_s : within which blocks follow each other, to hold the machine's clock against
    interval_s : between cycles; after a longer gap the first cycle only looks
    """

    def __init__(
        self,
        vault: str,
        controls: ControlsConfig,
        latches: Latches,
        kill_switch: KillSwitch,
        carried_out: Callable[[], int | None],
        leads: Callable[[], Reason | None],
        *,
        block_time_s: int,
        interval_s: int,
    ) -> None:
        self._vault = vault
        self._controls = controls
        self._latches = latches
        self._kill_switch = kill_switch
        self._carried_out = carried_out
        self._leads = leads
        self._block_time_s, self._interval_s = block_time_s, interval_s
        self._last_s: int | None = None

    def watch(self, observation: Observation) -> Observation:
        """The observation with everything that forbids deciding, or widening, written into it."""
        problems, cautions = [*self._forbidden(), *self._time(observation)], []
        try:
            problems += self._latch(observation)
            cautions = self._cautions(observation)
        except (sql.exc.SQLAlchemyError, OSError) as error:
            problems.append(Reason(Code.STATE_UNREADABLE, str(error), where="the service's database"))
        market = observation.market
        return replace(
            observation,
            market=replace(market, problems=(*market.problems, *problems), cautions=(*market.cautions, *cautions)),
        )

    def allow(self, plan: Plan, traded_usd: float, now_s: int, *, reduces: bool = False) -> tuple[Reason, ...]:
        """Why this plan may not be sent; empty once it is counted as sent.

        The plan is counted before it is sent: one that then fails has used up its place, one that was sent is never
        forgotten. The hourly rate does not hold up a plan that only reduces.
        """
        found = [*self._forbidden()]
        try:
            sent = self._latches.plans_since(self._vault, now_s - SECONDS_PER_DAY)
            rate = rules.plan_rate(sent, now_s, self._controls)
            if rate is not None and not reduces:
                found.append(rate)
            if not found:
                self._latches.record_plan(self._vault, plan.number, SentPlan(now_s, traded_usd))
        except (sql.exc.SQLAlchemyError, OSError) as error:
            found.append(Reason(Code.STATE_UNREADABLE, str(error), where="the service's database"))
        return tuple(found)

    def _time(self, observation: Observation) -> list[Reason]:
        found = (
            clock_skew(observation.time, observation.vault.block.timestamp, self._block_time_s),
            missed(self._last_s, observation.time, self._interval_s),
        )
        self._last_s = observation.time
        return [reason for reason in found if reason is not None]

    def _forbidden(self) -> tuple[Reason, ...]:
        not_leading = self._leads()
        return (*self._kill_switch.reasons(self._vault), *(() if not_leading is None else (not_leading,)))

    def _latch(self, observation: Observation) -> list[Reason]:
        """Latches what only a person may undo; a latch that was set before is already among the forbidden."""
        now_s, vault = observation.time, observation.vault
        since_s = max(now_s - SECONDS_PER_DAY, self._latches.last_cleared(self._vault))
        sent = self._latches.plans_since(self._vault, since_s)
        found = [
            reason
            for reason in (rules.repetition(sent, now_s, self._controls), self._unintended(vault.plan_count))
            if reason is not None
        ]
        known = {latch.reason.code for latch in self._latches.active(self._vault)} if found else set()
        found = [reason for reason in found if reason.code not in known]
        for reason in found:
            self._latches.set(self._vault, reason, now_s, "the agent")
        return found

    def _unintended(self, on_chain: int) -> Reason | None:
        """Compares only what both sides know for good: a plan on its way is on chain before the journal hears of it."""
        own = self._carried_out()
        if own is None:
            return None
        return rules.sent_against_intended(own + self._latches.baseline(self._vault, on_chain - own), on_chain)

    def _cautions(self, observation: Observation) -> list[Reason]:
        totals = self._latches.totals(self._vault, Value.of(observation.vault, observation.time))
        found = (
            rules.price_collar(observation.market, self._controls),
            rules.portfolio_drawdown(*totals, self._controls),
        )
        return [reason for reason in found if reason is not None]


class ObserveOnly:
    """Lets a vault decide and rehearse as it would live, and never send."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    def watch(self, observation: Observation) -> Observation:
        """As the guard behind it."""
        return self._guard.watch(observation)

    def allow(self, plan: Plan, traded_usd: float, now_s: int, *, reduces: bool = False) -> tuple[Reason, ...]:
        """Nothing, and why."""
        return (
            Reason(Code.OBSERVE_ONLY, f"plan {plan.number} was rehearsed and not sent", where="ballast run --live"),
        )
