"""A funded vault on a local chain, and a desk that plans, rehearses, sends and reads back for it."""

from dataclasses import dataclass, field
from typing import Any

from agent.config import Config
from agent.decision import Approved, Proposal, Refused
from agent.execution import (
    Journal,
    LocalBroadcaster,
    LocalSigner,
    Outcome,
    Plan,
    PoolQuoter,
    Rehearsed,
    Sender,
    Status,
    Venues,
    compare_effect,
    empty_plan,
    make_plan,
    rehearse,
)
from agent.market.observation import VaultState
from agent.market.vault_reader import VaultReader, VaultSite
from agent.reasons import Code
from chains.local import AGENT, AGENT_TEST_KEY, LocalChain, PerpSpec, PerpTick
from chains.registry import load_chain

GENESIS = 1_750_000_000
PRICE = 2500.0
ETH = 10**18
USD = 10**6
PERP = PerpSpec(coin="ETH", size_decimals=4, max_leverage=25, index=1)


@dataclass
class Desk:
    """A funded vault on a local chain and everything that execution needs to act for it."""

    local: LocalChain
    site: VaultSite
    venues: Venues
    config: Config
    journal: Journal
    now: int = GENESIS
    observe: Any = None
    sender: Sender = field(init=False)

    def __post_init__(self) -> None:
        broadcaster = LocalBroadcaster(self.local.node, lambda: self.forward(2))
        self.sender = Sender(self.local.node, LocalSigner(AGENT_TEST_KEY), self.journal, broadcaster, 50.0, 10**8)

    def forward(self, seconds: int) -> int:
        self.now += seconds
        return self.now

    def state(self) -> VaultState:
        return VaultReader(self.local.node, self.site, AGENT).read()

    def move(self, seconds: int, mark: float = PRICE, second_oracle: float = PRICE) -> None:
        """Time passes, prices are fresh, and HyperCore acts on everything that is due."""
        tick = PerpTick(mark, second_oracle, mark, mark, 0.0)
        self.local.mover.step(self.forward(seconds), feed_price=PRICE, perp=tick)
        self.local.mover.process(self.forward(load_chain("local").core_action_bound_s))

    def plan(self, proposal: Proposal) -> Plan | Refused[Proposal]:
        state = self.state()
        quoter = PoolQuoter(self.local.node, self.venues, state, self.config.vault.pool_fee)
        return make_plan(Approved(proposal), self.observe(state), self.config, self.venues, quoter)

    def rehearse(self, plan: Plan | Refused[Proposal], agent: str = AGENT) -> Rehearsed | Refused[Plan]:
        assert isinstance(plan, Plan), plan
        return rehearse(self.local.node, plan, agent, self.state().block)

    def send(self, proposal: Proposal) -> Outcome:
        rehearsed = self.rehearse(self.plan(proposal))
        assert isinstance(rehearsed, Rehearsed), rehearsed
        outcome = self.sender.send(rehearsed, "test")
        assert isinstance(outcome, Outcome), outcome
        return outcome

    def send_empty(self, why: str) -> Outcome:
        rehearsed = self.rehearse(empty_plan(self.observe(self.state()), self.config, self.venues, why))
        assert isinstance(rehearsed, Rehearsed), rehearsed
        outcome = self.sender.send(rehearsed, rehearsed.plan.note)
        assert isinstance(outcome, Outcome), outcome
        return outcome

    def carry_out(self, proposal: Proposal) -> list[Code]:
        """Sends a plan, waits until the venues have acted, and says what is missing."""
        self.move(3_600)
        before = self.state()
        outcome = self.send(proposal)
        assert outcome.status is Status.MINED, outcome
        self.move(3_600)
        missing = compare_effect(before, proposal, self.state(), self.config.execution.swap_tolerance)
        self.sender.record_effect(outcome, missing)
        return [reason.code for reason in missing]


def codes_of(refused: object) -> list[Code]:
    assert isinstance(refused, Refused), refused
    return [reason.code for reason in refused.reasons]
