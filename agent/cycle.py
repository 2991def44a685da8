"""One cycle, end to end: observe, decide, check, plan, rehearse, send, read the effect back."""

from collections.abc import Callable
from dataclasses import dataclass, replace
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
from agent.risk import check, latch_due, upkeep
from agent.strategies import decide
from chains.rpc import Node

WEI = 10**18


class Market(Protocol):
    """Where the exchanges' facts come from: recorded, synthetic, or live."""

    def view(self, time_s: int) -> MarketView:
        """Everything known at `time_s` and nothing later."""
        ...


class Reader(Protocol):
    """Where the vault's state comes from."""

    def read(self) -> VaultState:
        """The vault at the newest block."""
        ...


@dataclass(frozen=True, slots=True)
class CycleOutcome:
    """What one cycle saw, decided and did. `after` is the vault as last read, with the effect of a plan in it."""

    observation: Observation
    decision: Decision
    refusals: tuple[Reason, ...]  # of every station after the decision
    plan: Plan | None  # the plan that was sent
    sent: Outcome | None
    after: VaultState


@dataclass(frozen=True, slots=True)
class Cycle:
    """The only place where observing, deciding, checking and executing meet.

    `await_effect` returns when the venues have had time to act on what was sent: it waits on a live chain and moves
    time on a local one.
    """

    config: Config
    market: Market
    reader: Reader
    node: Node
    venues: Venues
    sender: Sender
    agent: str
    await_effect: Callable[[], None]

    def observe(self, now: int) -> Observation:
        """Everything known at `now` (unix seconds) and at the newest block."""
        return Observation(now, self.market.view(now), self.reader.read())

    def run(self, now: int) -> CycleOutcome:
        """One cycle at `now`. A plan of an earlier cycle without an outcome is finished first.

        Raises
        ------
        RpcError, RpcUnavailable : the chain could not be read or did not answer; nothing is assumed about it
        JournalError : nothing was sent
        """
        self.sender.finish_unfinished()
        observation = self.observe(now)
        decision = decide(observation, self.config)
        plan = self.prepare(decision, observation)
        if plan is None:
            return CycleOutcome(observation, decision, (), None, None, observation.vault)
        if isinstance(plan, Refused):
            return CycleOutcome(observation, decision, plan.reasons, None, None, observation.vault)
        return self._execute(plan, observation, decision)

    def prepare(self, decision: Decision, observation: Observation) -> Plan | Refused[object] | None:
        """The plan that a decision comes to, why it may not be, or None when there is nothing to do."""
        vault, policy = observation.vault, self.config.policy
        due = upkeep(observation, policy) if decision.proposal.is_empty() else latch_due(observation, policy)
        if due is not None and not decision.refusals:
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

    def _without_gas(self, vault: VaultState, plan: Plan) -> Refused[object] | None:
        """Refuses a plan that the agent's account could not pay through, replacements included."""
        minimum = self.config.execution.min_gas_balance
        balance = 0.0 if vault.agent_balance_wei is None else vault.agent_balance_wei / WEI
        if balance >= minimum:
            return None
        message = "the agent's account holds too few native tokens for gas; send it some"
        return Refused(plan, (Reason(Code.GAS_RESERVE, message, balance, minimum, "execution.min_gas_balance"),))

    def _execute(self, plan: Plan, observation: Observation, decision: Decision) -> CycleOutcome:
        outcome = CycleOutcome(observation, decision, (), None, None, observation.vault)
        rehearsed = rehearse(self.node, plan, self.agent, observation.vault.block)
        if isinstance(rehearsed, Refused):
            return replace(outcome, refusals=rehearsed.reasons)
        sent = self.sender.send(rehearsed, plan.note or decision.note)
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
