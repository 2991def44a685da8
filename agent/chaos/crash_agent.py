"""The agent that `make crash` kills: it finishes what it finds unfinished, then carries out one small plan."""

import sys
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from agent.config.file import load_config
from agent.decision import Decision, Proposal, Refused
from agent.execution import (
    Journal,
    LiveBroadcaster,
    NodeSender,
    Outcome,
    Plan,
    PoolQuoter,
    Rehearsed,
    Sender,
    SendRules,
    Status,
    Venues,
    compare_effect,
    make_plan,
    rehearse,
)
from agent.execution.answers import Client
from agent.execution.signers import RemoteSpec, open_signer
from agent.market.observation import History, MarketView, Observation, VaultState
from agent.market.vault_reader import VaultReader, VaultSite
from agent.risk import check
from chains.registry import load_chain
from chains.rpc import Node

# A block of the crash test takes some 30 ms, which it calls a second.
RULES = SendRules(confirmation_blocks=1, finality_blocks=3, replace_after_s=40, wait_s=30, poll_s=0.01)
LOT = 2 * 10**16  # of ETH, in wei
FULL_AT = 10 * LOT


@dataclass(frozen=True, slots=True)
class Life:
    """One life of the agent; everything it knows besides its journal and the chain."""

    node_url: str
    signer_url: str
    journal: Path
    config: str
    site: VaultSite
    venues: Venues
    agent: str
    only_recover: bool


def live(life: Life) -> None:
    """From start to end, as a service does it: the unfinished first, then the next plan. Exits 0 when all is well."""
    config = load_config(life.config).config
    node = Node(life.node_url)
    signer = open_signer(RemoteSpec(kind="remote", address=life.agent, url=life.signer_url))
    with Journal(life.journal) as journal:
        broadcaster = LiveBroadcaster(node, NodeSender(node), clients={node.name: Client.ANVIL})
        fees = (config.execution.max_fee_gwei, load_chain(config.chain).priority_fee_wei)
        urgent_fee = config.execution.urgent_max_fee_gwei
        sender = Sender(node, signer, journal, broadcaster, *fees, urgent_max_fee_gwei=urgent_fee, rules=RULES)
        until = time.monotonic() + RULES.wait_s
        while (found := sender.finish_unfinished()) is not None and found.status is Status.UNKNOWN:
            if found.halting or time.monotonic() > until:
                sys.exit(f"not finished: {found.reasons}")
            time.sleep(RULES.poll_s)
        if not life.only_recover:
            reader = VaultReader(node, life.site, signer.address)
            before = reader.read()
            proposal = Proposal(spot_base_delta=-before.spot_base if before.spot_base >= FULL_AT else LOT)
            outcome = sender.send(_rehearsed(node, life, before, proposal), "crash test")
            if isinstance(outcome, Refused):
                sys.exit(f"refused: {outcome.reasons}")
            if outcome.status is Status.MINED:
                _read_back(sender, reader, before, proposal, outcome, config.execution.swap_tolerance)


def _rehearsed(node: Node, life: Life, before: VaultState, proposal: Proposal) -> Rehearsed:
    config = load_config(life.config).config
    now = before.block.timestamp
    nothing = History(np.array([], dtype=np.int64), np.array([]), None, None, None)
    observation = Observation(now, MarketView(now, config.market.symbol, None, None, None, None, nothing, ()), before)
    decision = Decision(now, config.name, None, (), proposal, "crash test")
    verdict = check(decision, observation, config)
    if isinstance(verdict, Refused):
        sys.exit(f"refused by the gate: {verdict.reasons}")
    quoter = PoolQuoter(node, life.venues, before, config.vault.pool_fee)
    plan = make_plan(verdict, observation, config, life.venues, quoter)
    if not isinstance(plan, Plan):
        sys.exit(f"refused by the planner: {plan.reasons}")
    rehearsed = rehearse(node, plan, life.agent, before.block)
    if not isinstance(rehearsed, Rehearsed):
        sys.exit(f"refused by the contract: {rehearsed.reasons}")
    return rehearsed


def _read_back(
    sender: Sender,
    reader: VaultReader,
    before: VaultState,
    proposal: Proposal,
    outcome: Outcome,
    tolerance: float,
) -> None:
    missing = compare_effect(before, proposal, reader.read(), tolerance)
    sender.record_effect(outcome, missing)
    if missing:
        sys.exit(f"no effect: {missing}")
