"""`make crash`: kills an agent again and again while it works on a live chain, and counts what got lost or doubled."""

import argparse
import multiprocessing
import os
import random
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, replace
from itertools import cycle
from pathlib import Path
from typing import Any

import typer

from agent.chaos.audit import Findings, Mined, audit, transactions_of
from agent.chaos.crash_agent import Life, live
from agent.chaos.tap import Tap, node_tap, signer_tap
from agent.config.file import load_config
from agent.market.choose import choose_market
from agent.market.vault_reader import VaultReader
from agent.replay.depositors import Depositors
from agent.replay.stage import Stage, open_stage
from agent.units import SECONDS_PER_HOUR
from chains.local.accounts import AGENT, AGENT_TEST_KEY
from chains.rpc import Node

CONFIG = "configs/eth-volatility-target.yaml"
BLOCK_S = 0.03
START_S = 1_675_209_600  # 2023-02-01
LONGEST_LIFE_S = 60.0


@dataclass(frozen=True, slots=True)
class Point:
    """Where a life ends: at a message on the wire, or so many seconds after the last thing seen there."""

    name: str
    when: str  # "asked" or "answered"
    method: str
    passes: bool = False  # whether the message still goes on, so that the end comes after it
    after: str = ""  # only once this method was answered
    within_s: float = 0.0  # the end comes at a random moment of so long after it


# What an agent writes and when can be seen from outside: by what it asks of its node and of its signer.
POINTS = (
    Point("before the plan is written", "asked", "eth_getCode"),
    Point("while it signs", "asked", "sign"),
    Point("signed, being written", "answered", "sign", passes=True, within_s=0.004),
    Point("written, not sent", "asked", "eth_sendRawTransaction"),
    Point("sent, no answer", "answered", "eth_sendRawTransaction"),
    Point("sent and answered", "answered", "eth_sendRawTransaction", passes=True, within_s=0.01),
    Point("receipt seen", "answered", "eth_getTransactionReceipt", passes=True, within_s=0.002),
    Point("confirming", "asked", "eth_getBlockByNumber", after="eth_getTransactionReceipt"),
    Point("effect read, closing", "answered", "eth_call", True, after="eth_getTransactionReceipt", within_s=0.01),
    Point("any time", "", "", within_s=0.7),
)
ANY_MOMENT = Point("any moment of a recovery", "", "", within_s=0.3)


class Executioner:
    """Listens on the wire and kills the agent's process at one point."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._point: Point | None = None
        self._victim: int | None = None  # a handle of the process, which unlike its number is never given to another
        self._answered: set[str] = set()
        self._lock = threading.Lock()

    @contextmanager
    def watching(self, pid: int, point: Point | None) -> Iterator[None]:
        """Watches this process until it comes to the point, or to the end of the block; None lets it live."""
        victim = os.pidfd_open(pid)
        with self._lock:
            self._victim, self._point, self._answered = victim, point, set()
        try:
            yield
        finally:
            with self._lock:
                self._victim, self._point = None, None
                os.close(victim)

    def strike_at_random(self, point: Point | None) -> None:
        """Waits for a moment and kills, when the point is at no message."""
        if point is not None and not point.method:
            time.sleep(self._chance.uniform(0, point.within_s))
            self._kill()

    def listen(self, when: str, method: str) -> bool:
        """Told by the tap; returns whether the message may pass."""
        with self._lock:
            point = self._point
            ready = point is not None and (not point.after or point.after in self._answered)
            if when == "answered":
                self._answered.add(method)
            if point is None or not ready or (when, method) != (point.when, point.method):
                return True
            self._point = None
        if point.passes:
            threading.Timer(self._chance.uniform(0, point.within_s), self._kill).start()
            return True
        self._kill()
        return False

    def _kill(self) -> None:
        with self._lock:
            if self._victim is not None:
                with suppress(ProcessLookupError):  # it was quicker, and is not counted
                    signal.pidfd_send_signal(self._victim, signal.SIGKILL)


class Blocks:
    """Mines a block every 30 ms, as a live chain would, except while the market is being moved."""

    def __init__(self, url: str) -> None:
        self._node = Node(url)
        self._idle = threading.Lock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Blocks come until the end of the `with` block."""
        self._node.call("evm_setAutomine", False, nullable=True)
        self._thread.start()
        try:
            yield
        finally:
            self._over.set()
            self._thread.join()
            self._node.close()

    @contextmanager
    def held(self) -> Iterator[None]:
        """No block of its own accord; whatever is sent is mined at once."""
        with self._idle:
            self._node.call("evm_setAutomine", True, nullable=True)
            yield
            self._node.call("evm_setAutomine", False, nullable=True)

    def _run(self) -> None:
        while not self._over.wait(BLOCK_S):
            with self._idle:
                self._node.call("evm_mine")


class Run:
    """Lives and deaths of one agent on one chain."""

    def __init__(self, stage: Stage, blocks: Blocks, life: Life, executioner: Executioner) -> None:
        self._stage = stage
        self._blocks = blocks
        self._life = life
        self._executioner = executioner
        self._processes: Any = multiprocessing.get_context("forkserver")
        self._processes.set_forkserver_preload(["agent.chaos.crash_agent"])
        self._mined: list[Mined] = []
        self._next_block = 0

    def forward(self) -> None:
        """An hour passes and the oracle has a fresh price."""
        stage = self._stage
        with self._blocks.held():
            stage.clock.now = stage.local.node.head().timestamp
            now = stage.clock.forward(SECONDS_PER_HOUR)
            stage.local.mover.step(now, feed_price=stage.last_spot, pool_price=stage.last_spot)

    def life(self, point: Point | None, *, only_recover: bool = False) -> bool:
        """One life; returns whether it ended by force. One that ends badly by itself stops the test."""
        process = self._processes.Process(target=live, args=(replace(self._life, only_recover=only_recover),))
        process.start()
        with self._executioner.watching(process.pid, point):
            self._executioner.strike_at_random(point)
            process.join(LONGEST_LIFE_S)
        if process.exitcode is None:
            process.kill()
            raise RuntimeError("the agent neither ended nor was killed")
        if process.exitcode not in (0, -signal.SIGKILL):
            raise RuntimeError(f"the agent ended with {process.exitcode} at {point}")
        return bool(process.exitcode == -signal.SIGKILL)

    def findings(self) -> Findings:
        """What journal, chain and vault say of each other now."""
        node = self._stage.local.node
        head = node.head().number
        self._mined += transactions_of(node, AGENT, self._next_block, head)
        self._next_block = head + 1
        plans = VaultReader(node, self._stage.site, AGENT).read().plan_count
        return audit(self._life.journal, self._mined, plans)


def crash(kills: int, seed: int, folder: Path) -> int:
    """Kills so often, audits after every recovery, prints the count; returns the exit code."""
    chance = random.Random(seed)
    config = load_config(CONFIG).config
    period = (START_S, START_S + SECONDS_PER_HOUR)
    market = choose_market(config, None, period, seed).source
    tap, executioner, total = Tap(), Executioner(chance), Counter[str]()
    found = Findings((), (), ())
    with ExitStack() as stack:
        stage = stack.enter_context(open_stage(config, market, START_S, folder))
        stage.move_market(market.world(START_S))
        Depositors(stage.local.node, stage.site, ()).open_vault()
        tap.listen = executioner.listen
        node_url = stack.enter_context(node_tap(stage.local.url, tap))
        signer_url = stack.enter_context(signer_tap(AGENT_TEST_KEY, tap))
        blocks = Blocks(stage.local.url)
        stack.enter_context(blocks.running())
        journal = folder / "crash.sqlite"
        life = Life(node_url, signer_url, journal, CONFIG, stage.site, stage.cycle.venues, AGENT, False)
        run = Run(stage, blocks, life, executioner)
        started = time.monotonic()
        for point in cycle(POINTS):
            if total.total() >= kills:
                break
            run.forward()
            if run.life(point):
                total[point.name] += 1
                if total.total() < kills and chance.random() < 0.15:
                    total["again, while it recovers"] += run.life(ANY_MOMENT, only_recover=True)
            run.life(None, only_recover=True)
            found = run.findings()
            if sys.stderr.isatty():
                typer.echo(f"\r{total.total()} of {kills} kills", nl=False, err=True)
            if any((found.lost, found.doubled, found.unreconciled)):
                break
        run.forward()
        run.life(None)
        found = found if any((found.lost, found.doubled, found.unreconciled)) else run.findings()
        seconds = time.monotonic() - started
    for name, count in total.items():
        typer.echo(f"{count:5}  {name}")
    for sentence in (*found.lost, *found.doubled, *found.unreconciled):
        typer.echo(f"       {sentence}")
    typer.echo(f"       {len(run._mined)} transactions, {seconds:.0f} s, seed {seed}")
    counts = len(found.lost), len(found.doubled), len(found.unreconciled)
    typer.echo("kills {}, lost {}, doubled {}, unreconciled {}".format(total.total(), *counts))
    return 1 if any(counts) else 0


def main() -> None:
    """Reads the command line."""
    parser = argparse.ArgumentParser(prog="python -m agent.chaos", description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="ballast-crash-") as folder:
        sys.exit(crash(options.kills, options.seed, Path(folder)))
