"""One cycle, end to end: observe, decide, check, plan, rehearse, send, read the effect back."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Protocol

from agent.config import Config
from agent.decision import Decision, Proposal, Refused
from agent.execution import (
    Outcome,
    Plan,
    PoolQuoter,
    Sender,
    Status,
    Venues,
    compare_effect,
    empty_plan,
    make_plan,
    rehearse,
)
from agent.market.observation import MarketView, Observation, VaultState
from agent.reasons import Code, Reason
from agent.risk import check, latch_due, sign_of_life_due, upkeep
from agent.risk.change import measure
from agent.risk.costs import Costs
from agent.strategies import decide
from chains.rpc import Reader

WEI = 10**18
GAS_ALERT_AT = 3  # times execution.min_gas_balance


class Market(Protocol):
    """Where the exchanges' facts come from: recorded, synthetic, or live."""

    def view(self, time_s: int) -> MarketView:
        """Everything known at `time_s` and nothing later."""
        ...


class VaultSource(Protocol):
    """Where the vault's state comes from."""

    def read(self) -> VaultState:
        """The vault at the newest block."""
        ...


class Guard(Protocol):
    """What persons, other agents and past plans allow; a replay of a fresh vault needs none."""

    def watch(self, observation: Observation) -> Observation:
        """The observation with what forbids deciding, or widening, written into it."""
        ...

    def allow(self, plan: Plan, traded_usd: float, now_s: int, *, reduces: bool = False) -> tuple[Reason, ...]:
        """Why this plan may not be sent; empty when it may, and then it counts as sent."""
        ...


class Unguarded:
    """Allows whatever the gate allows."""

    def watch(self, observation: Observation) -> Observation:
        """The observation as it is."""
        return observation

    def allow(self, plan: Plan, traded_usd: float, now_s: int, *, reduces: bool = False) -> tuple[Reason, ...]:
        """Nothing against it."""
        return ()


@dataclass(frozen=True, slots=True)
class CycleOutcome:
    """What one cycle saw, decided and did. `after` is the vault as last read, with the effect of a plan in it."""

    observation: Observation
    decision: Decision
    refusals: tuple[Reason, ...]  # of every station after the decision
    plan: Plan | None  # the plan that was sent
    sent: Outcome | None
    after: VaultState


def look_in_turn(now: int, market: Market, reader: VaultSource) -> Observation:
    """The market, then the vault: for a market that knows its answer already, as a recorded one does."""
    return Observation(now, market.view(now), reader.read())


def look_side_by_side(now: int, market: Market, reader: VaultSource) -> Observation:
    """Both at the same time, for a market that has to be asked; fails as `look_in_turn` does, with the market first.

    Whatever fails, the other is waited for: no request outlives its observation.
    """
    with ThreadPoolExecutor(1, "market") as beside:
        asked = beside.submit(market.view, now)
        try:
            vault = reader.read()
        finally:
            view = asked.result()
    return Observation(now, view, vault)


@dataclass(frozen=True, slots=True)
class Cycle:
    """The only place where observing, deciding, checking and executing meet.

    `await_effect` returns when the venues have had time to act on what was sent: it waits on a live chain and moves
    time on a local one. `look` is how market and vault are asked.
    """

    config: Config
    market: Market
    reader: VaultSource
    node: Reader
    venues: Venues
    sender: Sender
    agent: str
    await_effect: Callable[[], None]
    guard: Guard = field(default_factory=Unguarded)
    look: Callable[[int, Market, VaultSource], Observation] = look_in_turn

    def observe(self, now: int) -> Observation:
        """Everything known at `now` (unix seconds) and at the newest block."""
        return self.guard.watch(self.look(now, self.market, self.reader))

    def run(self, now: int) -> CycleOutcome:
        """One cycle at `now`. A plan of an earlier cycle without an outcome is finished first.

        Raises
        ------
        RpcError, RpcUnavailable : the chain could not be read or did not answer; nothing is assumed about it
        JournalError : nothing was sent
        """
        unfinished = self.finish()
        observation = self.observe(now)
        decision = decide(observation, self.config)
        if unfinished is not None and (unfinished.status is Status.UNKNOWN or unfinished.halting):
            return CycleOutcome(observation, decision, unfinished.reasons, None, None, observation.vault)
        plan = self.prepare(decision, observation)
        if plan is None:
            return CycleOutcome(observation, decision, (), None, None, observation.vault)
        if isinstance(plan, Refused):
            return CycleOutcome(observation, decision, plan.reasons, None, None, observation.vault)
        return self._execute(plan, observation, decision)

    def finish(self) -> Outcome | None:
        """Takes what earlier plans left unfinished one step further: looked for, replaced, cancelled, or known at last.

        A cycle begins with it; between cycles it is to be called every minute or so, or what is stuck stays stuck.
        """
        return self.sender.finish_unfinished()

    def prepare(self, decision: Decision, observation: Observation) -> Plan | Refused[object] | None:
        """The plan that a decision comes to, why it may not be, or None when there is nothing to do."""
        vault, policy = observation.vault, self.config.policy
        due = upkeep(observation, policy) if decision.proposal.is_empty() else latch_due(observation, policy)
        if decision.refusals:
            due = sign_of_life_due(observation, policy, decision.refusals)
        if due is not None:
            empty = empty_plan(observation, self.config, self.venues, due)
            return self._without_gas(vault, empty) or empty
        if decision.proposal.is_empty():
            return None
        verdict = check(decision, observation, self.config)
        if isinstance(verdict, Refused):
            return Refused(verdict.item, verdict.reasons)
        quoter = PoolQuoter(self.node, self.venues, vault, self.config.vault.pool_fee)
        plan = make_plan(verdict, observation, self.config, self.venues, quoter)
        if isinstance(plan, Refused):
            return Refused(plan.item, plan.reasons)
        return self._without_gas(vault, plan) or plan

    def gas(self, vault: VaultState) -> Reason | None:
        """GAS_RESERVE when the agent's account cannot pay for a plan, GAS_LOW when it soon cannot, else None."""
        minimum = self.config.execution.min_gas_balance
        balance_wei, minimum_wei = vault.agent_balance_wei or 0, round(minimum * WEI)
        balance, key = balance_wei / WEI, "execution.min_gas_balance"
        if balance_wei < minimum_wei:
            message = "the agent's account holds too few native tokens for gas; send it some"
            return Reason(Code.GAS_RESERVE, message, balance, minimum, key)
        if balance_wei < GAS_ALERT_AT * minimum_wei:
            message = "the agent's account runs low on native tokens for gas; send it some"
            return Reason(Code.GAS_LOW, message, balance, GAS_ALERT_AT * minimum, key)
        return None

    def _without_gas(self, vault: VaultState, plan: Plan) -> Refused[object] | None:
        """Refuses a plan that the agent's account could not pay through, replacements included."""
        reason = self.gas(vault)
        return None if reason is None or reason.code is Code.GAS_LOW else Refused(plan, (reason,))

    def _execute(self, plan: Plan, observation: Observation, decision: Decision) -> CycleOutcome:
        outcome = CycleOutcome(observation, decision, (), None, None, observation.vault)
        rehearsed = rehearse(self.node, plan, self.agent, observation.vault.block)
        if isinstance(rehearsed, Refused):
            return replace(outcome, refusals=rehearsed.reasons)
        urgent = self._reduces_risk(plan, decision, observation)
        traded_usd = self._traded_usd(plan, decision, observation)
        forbidden = self.guard.allow(plan, traded_usd, observation.time, reduces=urgent)
        if forbidden:
            return replace(outcome, refusals=forbidden)
        sent = self.sender.send(rehearsed, plan.note or decision.note, urgent=urgent)
        if isinstance(sent, Refused):
            return replace(outcome, refusals=sent.reasons)
        outcome = replace(outcome, plan=plan, sent=sent, refusals=sent.reasons)
        if sent.status is Status.UNKNOWN:
            return outcome
        self.await_effect()
        after = self.reader.read()
        if sent.status is not Status.MINED:
            return replace(outcome, after=after)
        tolerance = self.config.execution.swap_tolerance
        asked = decision.proposal if plan.actions else Proposal()
        missing = compare_effect(observation.vault, asked, after, tolerance)
        self.sender.record_effect(sent, missing)
        return replace(outcome, after=after, refusals=tuple(missing))

    def _reduces_risk(self, plan: Plan, decision: Decision, observation: Observation) -> bool:
        """Whether a plan trades and no leg grows by it; such a plan may pay the higher fee."""
        if not plan.actions or not decision.proposal.trades():
            return False
        return measure(decision.proposal, observation.vault, Costs.of(self.config)).reducing

    def _traded_usd(self, plan: Plan, decision: Decision, observation: Observation) -> float:
        """Notional of a plan's trades; 0 for one that only settles, marks or latches."""
        if not plan.actions:
            return 0.0
        return measure(decision.proposal, observation.vault, Costs.of(self.config)).traded_usd
