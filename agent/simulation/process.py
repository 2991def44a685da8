"""One life of the agent: the real worker, cycle, guard, sender and journal on a simulated machine."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from agent.config.file import LoadedConfig
from agent.cycle import Cycle
from agent.execution import Journal, LiveBroadcaster, Sender, SendRules, Venues
from agent.execution.answers import Client
from agent.market.observation import Block, Fact, History, MarketView, VaultState
from agent.market.vault_reader import VaultSite
from agent.service.guard import ServiceGuard
from agent.service.kill_switch import KillSwitch
from agent.service.latches import Latches
from agent.service.vaults import Built
from agent.service.worker import Worker
from agent.simulation.chain import BLOCK_S, DEEPEST_REORG, SimulatedChain
from agent.simulation.machine import SimulatedDisk, SimulatedLease, SimulatedSigner
from agent.simulation.nodes import CHAIN_ID, NAMES, SimulatedNode, SimulatedProvider
from agent.simulation.vault import PRICE, QUOTER, SPOT_ADAPTER, VAULT, Books, vault_state
from agent.simulation.world import World
from agent.units import SECONDS_PER_HOUR
from agent.watch.alerts import Alerts
from agent.watch.metrics import Metrics
from agent.watch.secrets import Redactor
from chains.providers import ProviderPool, SendAnswer
from chains.rpc import Reader
from chains.venues import uniswap_v3

CONFIRMATIONS = 2
PRIORITY_FEE_WEI = 10**8
# The clock is the world's, so real waiting is next to none.
RULES = SendRules(CONFIRMATIONS, DEEPEST_REORG + 1, replace_after_s=30, wait_s=0.0, poll_s=1e-6)
_NOBODY = "0x" + "00" * 20


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What outlives a process."""

    world: World
    chain: SimulatedChain
    journal: Path
    state: Path  # folder of the kill file
    latches: Latches
    lease: SimulatedLease
    loaded: LoadedConfig
    on_send: Callable[["Process", bytes], None]  # told of bytes right before they leave
    on_commit: Callable[[], None]  # told that the journal holds something new


class Process:
    """A process that holds the journal and leads with `token`, until it ends or crashes.

    Attributes
    ----------
    lost : what only a new process can have again; the service ends when there is something in it
    """

    def __init__(self, around: Surroundings, token: int) -> None:
        world, config = around.world, around.loaded.config
        self.token = token
        self._around = around
        nodes = {name: SimulatedNode(name, world, around.chain) for name in NAMES}
        self._pool = ProviderPool(
            NAMES,
            chain_id=CHAIN_ID,
            unix_now=world.wall,
            monotonic=world.monotonic,
            open_provider=lambda name, *_: SimulatedProvider(nodes[name], world),
        )
        self.signer = SimulatedSigner(world)
        self._disk = SimulatedDisk(around.journal, world, around.on_commit)
        self.journal = Journal(self._disk)
        broadcaster = LiveBroadcaster(self._pool, self, clients=dict.fromkeys(NAMES, Client.GETH))
        fees = config.execution
        switch = KillSwitch(around.state, around.latches)
        sender = Sender(
            self._pool,
            self.signer,
            self.journal,
            broadcaster,
            fees.max_fee_gwei,
            PRIORITY_FEE_WEI,
            urgent_max_fee_gwei=fees.urgent_max_fee_gwei,
            rules=RULES,
            fence=lambda: around.lease.fence(token),
            killed=lambda _: switch.killed(config.name),
        )
        guard = ServiceGuard(
            config.name,
            config.controls,
            around.latches,
            switch,
            lambda: None if self.journal.watched(self.signer.address) else self.journal.plans_carried_out(VAULT),
            lambda: around.lease.reason(token),
            block_time_s=BLOCK_S,
            interval_s=SECONDS_PER_HOUR,
        )
        cycle = Cycle(
            config,
            CalmMarket(),
            SimulatedVault(self._pool),
            self._pool,
            Venues(CHAIN_ID, VAULT, SPOT_ADAPTER, None, QUOTER),
            sender,
            self.signer.address,
            lambda: None,
            guard,
        )
        alerts = Alerts(None, Redactor(), world.wall)
        self.lost: list[str] = []
        self.worker = Worker(
            Built(around.loaded, _site(), cycle),
            around.latches,
            Metrics(),
            alerts,
            threading.Lock(),
            wall=world.wall,
            on_lost_journal=self.lost.append,
        )

    def send_raw(self, raw: bytes) -> list[SendAnswer]:
        """Signed bytes on their way out."""
        self._around.on_send(self, raw)
        return self._pool.send_raw(raw)

    def end(self) -> None:
        """The process is no more."""
        self._disk.close()
        self._pool.close()


class CalmMarket:
    """A market in which nothing happens; the trouble is elsewhere."""

    def view(self, time_s: int) -> MarketView:
        """One price, known for an hour."""
        history = History(np.array([time_s - SECONDS_PER_HOUR]), np.array([float(PRICE)]), None, None, None)
        return MarketView(
            time_s, "ETHUSDT", Fact(float(PRICE), "USD", "simulated", time_s), None, None, None, history, ()
        )


class SimulatedVault:
    """Reads the vault as the agent's own reader does: the head that enough providers agree on, then one pinned call."""

    def __init__(self, node: Reader) -> None:
        self._node = node

    def read(self) -> VaultState:
        """The vault at the newest block that enough providers know."""
        head = self._node.head()
        books = Books.decoded(self._node.call_at(head.hash, VAULT, b""))
        return vault_state(books, Block(head.number, head.hash, head.timestamp, head.base_fee_wei))


def _site() -> VaultSite:
    """Addresses that nothing here asks for."""
    state = vault_state(Books(), Block(0, "0x" + "00" * 32, 0, 0))
    pair = uniswap_v3.Pair(state.base.address, state.asset.address, state.base.decimals, state.asset.decimals)
    return VaultSite(VAULT, *(9 * (_NOBODY,)), pair, state.asset, state.base, None)
