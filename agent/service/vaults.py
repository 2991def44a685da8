"""Builds the cycle of one vault of the service: its market, its reader, its guard, checked before it may run."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from agent.config import ExecutionConfig
from agent.config.file import LoadedConfig
from agent.cycle import Cycle, Guard, look_side_by_side
from agent.execution import Journal, Sender, Venues
from agent.market.background import BackgroundExchanges
from agent.market.chain_reader import ChainReader
from agent.market.hours import StoredHours
from agent.market.live import LiveMarket
from agent.market.vault_reader import VaultSite
from agent.reasons import Code, Reason, Refusal
from agent.risk.controls import SentPlan
from agent.service.effects import wait_for_effect
from agent.service.guard import ObserveOnly, ServiceGuard
from agent.service.kill_switch import KillSwitch
from agent.service.latches import Latches
from agent.service.settings import VaultEntry
from agent.service.site import read_site
from agent.startup import require_agreement, require_loan_terms, require_pinned, require_tokens
from chains.registry import Chain
from chains.rpc import Reader


@dataclass(frozen=True, slots=True)
class Shared:
    """What the vaults of one process have in common."""

    node: Reader
    sender: Callable[[ExecutionConfig], Sender]
    agent: str  # address that signs
    chain: Chain
    journal: Journal  # likewise
    exchanges: BackgroundExchanges
    store: Path
    latches: Latches  # of who only looks, its own
    kill_switch: KillSwitch
    leads: Callable[[], Reason | None]
    live: bool
    interval_s: int
    clock_ms: Callable[[], int]
    stopping: threading.Event


@dataclass(frozen=True, slots=True)
class Built:
    """A vault that may run."""

    loaded: LoadedConfig
    site: VaultSite
    cycle: Cycle
    bring_up: Callable[[int], object] = int  # the past hours until a moment, which may take minutes


def build(entry: VaultEntry, loaded: LoadedConfig, beside: Callable[[str], Path], shared: Shared) -> Built:
    """The cycle of one vault, after everything that must agree was compared.

    Raises
    ------
    Refusal : the site file is wrong, the strategy is not the one pinned, the vault on chain is not the one in the
        file, or the signer holds another role
    RpcError, RpcUnavailable : the chain does not answer
    """
    if entry.pin is not None:
        require_pinned(loaded, entry.pin)
    config, site = loaded.config, read_site(beside(entry.site))
    chain = shared.chain
    require_agreement(shared.node, site, config.policy, chain.chain_id, shared.agent)
    require_tokens(shared.node, site)
    if (site.perp is None) != (config.vault.perp_index is None) or (site.loan is None) != (config.vault.aave is None):
        message = "the legs of the vault in the site file are not those of the strategy"
        raise Refusal(Reason(Code.POLICY_MISMATCH, message, where=entry.site))
    if site.loan is not None and config.vault.aave is not None:
        require_loan_terms(shared.node, site, site.loan, config.vault.aave)
    reader = ChainReader(
        shared.node,
        site,
        shared.agent,
        max_oracle_age_s=config.policy.max_oracle_age_s,
        depth_bps=config.observe.depth_bps,
    )
    hours = StoredHours(config, shared.store, shared.exchanges.exchanges, shared.exchanges.run)
    market = LiveMarket(config, site.asset.symbol, shared.exchanges, shared.clock_ms, hours)
    guard: Guard = ServiceGuard(
        config.name,
        config.controls,
        shared.latches,
        shared.kill_switch,
        lambda: carried_out(shared, site.vault),
        shared.leads,
        block_time_s=chain.block_time_s,
        interval_s=shared.interval_s,
    )
    if shared.live:
        latch_lost_memory(shared.journal, shared.latches, config.name, site.vault, shared.clock_ms() // 1_000)
    else:
        guard = ObserveOnly(guard)
    adapters = (site.spot_adapter, None if site.perp is None else site.perp.adapter)
    venues = Venues(
        chain.chain_id, site.vault, *adapters, site.quoter, None if site.loan is None else site.loan.adapter
    )
    bound_s = 2 * chain.core_action_bound_s
    cycle = Cycle(
        config,
        market,
        reader,
        shared.node,
        venues,
        shared.sender(config.execution),
        shared.agent,
        lambda: wait_for_effect(reader, bound_s, shared.stopping),
        guard,
        look_side_by_side,
    )
    return Built(loaded, site, cycle, hours)


def carried_out(shared: Shared, vault: str) -> int | None:
    """How many of a vault's plans are on chain for good by the journal; None while nobody knows, or who only looks."""
    if not shared.live or shared.journal.watched(shared.agent):
        return None
    return shared.journal.plans_carried_out(vault)


def latch_lost_memory(journal: Journal, latches: Latches, name: str, vault: str, now_s: int) -> None:
    """Latches a vault whose last plan the service's database never heard of.

    Every plan is counted there before the journal has it. So the database is new, or an older copy, and whatever a
    person latched meanwhile is gone with it.
    """
    newest = journal.newest_plan(vault)
    if newest is None or latches.counted(name, newest):
        return
    message = f"the journal has plan {newest}, and the service's database never counted it: latches may be lost"
    latches.set(name, Reason(Code.STATE_LOST, message, where="ballast resume"), now_s, "the agent")
    latches.record_plan(name, newest, SentPlan(now_s, 0.0))  # so that a person resumes once
