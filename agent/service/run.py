"""`ballast run`: the headless agent, from its service file to its last cycle."""

import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from agent.config import ExecutionConfig
from agent.execution import Sender
from agent.execution.journal import open_journal
from agent.execution.live_broadcast import open_broadcaster
from agent.execution.outcome import Fenced
from agent.execution.send_rules import SendRules
from agent.execution.signers import open_signer
from agent.lean import leave_pandas_out
from agent.market.background import BackgroundExchanges
from agent.market.store.layout import base_of
from agent.reasons import Code, Reason, Refusal
from agent.research.promotion.allocation import require_allocation
from agent.service.face import STANDBY, face_of
from agent.service.failures import with_service
from agent.service.kill_switch import KillSwitch
from agent.service.latches import EVERY_VAULT, Latches
from agent.service.lease import LeaderLease
from agent.service.notify import notify
from agent.service.schedule import Schedule
from agent.service.settings import LoadedService, revealed
from agent.service.site import read_site
from agent.service.vaults import Shared, build
from agent.service.worker import Worker
from agent.startup import require_dry_runs
from agent.watch.alerts import Alerts, AppriseChannel
from agent.watch.logs import start_logging
from agent.watch.metrics import Metrics
from agent.watch.secrets import Redactor
from agent.watch.status import Face, StatusServer
from chains.providers import ProviderPool

log = logging.getLogger("ballast.service")
DAY_S = 86_400
REUSE_ROUND_S = 20.0  # vaults whose cycles fall together ask the venues once
WATCHDOG_S = 10.0
SEND_WAIT_S = 20.0
SEND_POLL_S = 0.25
CYCLE_THREADS = 4


@dataclass(frozen=True, slots=True)
class Running:
    """A service that is ready; nothing is scheduled yet."""

    loaded: LoadedService
    workers: tuple[Worker, ...]
    latches: Latches
    metrics: Metrics
    alerts: Alerts
    lost: list[Reason]  # what only a new process can have again: the lease, the journal


class StoppedWaiting(Exception):
    """A signal came while another agent led."""


@with_service
def run_service(loaded: LoadedService, *, live: bool, cycles: int | None = None) -> None:
    """Keep the vaults of a service file until a signal says stop.

    Parameters
    ----------
    live : send plans; otherwise everything but that is done
    cycles : run so many rounds at once, one after the other, and return; None keeps to the schedule

    Raises
    ------
    Refusal : what the files, the chain and the roles say does not go together; chain, journal, database or signer
        cannot be used; or lease or journal were lost on the way, and the process should be started anew
    """
    leave_pandas_out()
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    try:
        with open_service(loaded, live=live, stopping=stopping) as running:
            if cycles is None:
                _keep_to_the_schedule(running, stopping)
            for _ in range(cycles or 0):
                for worker in running.workers:
                    worker.run()
    except StoppedWaiting:
        log.info("stopped")
        return
    if running.lost:
        raise Refusal(*running.lost)


@contextmanager
def open_service(loaded: LoadedService, *, live: bool, stopping: threading.Event) -> Iterator[Running]:
    """Everything of the service up to the schedule, closed again at the end of the block."""
    service = loaded.service
    redact = Redactor(loaded.secrets())
    start_logging(redact)
    loaded.state.mkdir(parents=True, exist_ok=True)
    strategies = loaded.strategies()  # read once: every part sees the same text
    configs = [one.config for one in strategies]
    chain = loaded.chain(strategies)
    lost: list[Reason] = []

    def lose(code: Code, message: str) -> None:
        lost.append(Reason(code, message))
        stopping.set()

    with ExitStack() as undo:
        signer = open_signer(loaded.signer())
        lease = _lead(loaded, signer.address, redact, undo, stopping) if live else None
        if lease is not None:
            lease.keep(lambda: lose(Code.NOT_LEADER, "another agent has led meanwhile"))
        shared_latches = Latches(loaded.latches_url, redact)
        undo.callback(shared_latches.close)
        with _mistakes("nodes"):
            pool = undo.enter_context(
                ProviderPool(
                    service.nodes.read_urls(),
                    service.nodes.send_urls(),
                    chain_id=chain.chain_id,
                    needed=service.nodes.needed,
                    deadline_s=service.nodes.deadline_s,
                )
            )
        latches, journal_place = shared_latches, loaded.journal_place
        if not live:
            # Who only looks stands in nobody's way: what it would remember and write goes into a folder of its own.
            own = Path(undo.enter_context(TemporaryDirectory(prefix="ballast-looks-")))
            latches, journal_place = Latches(f"sqlite:///{own / 'service.sqlite'}", redact), str(own / "journal.sqlite")
            undo.callback(latches.close)
        journal = undo.enter_context(open_journal(journal_place, redact, takeover=lease is not None))
        venues = sorted({venue for config in configs for venue in config.observe.venues})
        followed = sorted({base_of(config.market.symbol) for config in configs}) if service.streams else []
        depth_bps = float(max(config.observe.depth_bps for config in configs))
        exchanges = undo.enter_context(
            BackgroundExchanges(
                venues,
                base_urls={name: revealed(url) for name, url in service.venues.items()},
                depth_bps=depth_bps,
                reuse_s=REUSE_ROUND_S,
                followed=followed,
            )
        )

        broadcaster = open_broadcaster(chain, pool, pool, service.nodes.send_urls() or service.nodes.read_urls())

        switch = KillSwitch(loaded.state, shared_latches)
        vault_names = {
            read_site(loaded.beside(entry.site)).vault: config.name
            for entry, config in zip(service.vaults, configs, strict=True)
        }

        def fence() -> None:
            if not live:
                raise Fenced("this process only looks")
            if lease is not None:
                lease.fence()

        def sender(execution: ExecutionConfig) -> Sender:
            return Sender(
                pool,
                signer,
                journal,
                broadcaster,
                execution.max_fee_gwei,
                chain.priority_fee_wei,
                urgent_max_fee_gwei=execution.urgent_max_fee_gwei,
                rules=SendRules.of(chain, wait_s=SEND_WAIT_S, poll_s=SEND_POLL_S),
                fence=fence,
                killed=lambda vault: switch.killed(vault_names.get(vault, EVERY_VAULT)),
            )

        shared = Shared(
            node=pool,
            sender=sender,
            agent=signer.address,
            chain=chain,
            journal=journal,
            exchanges=exchanges,
            store=loaded.beside(service.store),
            latches=latches,
            kill_switch=switch,
            leads=lambda: None if lease is None else lease.reason(),
            live=live,
            interval_s=service.timing.interval_s,
            clock_ms=lambda: time.time_ns() // 1_000_000,
            stopping=stopping,
        )
        vaults = [
            build(entry, strategy, loaded.beside, shared)
            for entry, strategy in zip(service.vaults, strategies, strict=True)
        ]
        if live:
            require_dry_runs(shared_latches.dry_run_of, [vault.loaded for vault in vaults])
            for vault in vaults:
                require_allocation(vault.loaded.config_hash, chain.name, loaded.beside(service.promotions))
        metrics = Metrics()
        with _mistakes("watching.alerts"):
            urls = [revealed(url) for url in service.watching.alerts]
            channel = AppriseChannel(urls) if urls else None
        alerts = Alerts(channel, redact, time.time)
        turn = threading.Lock()
        dry_runs = None if live else shared_latches
        workers = tuple(
            Worker(
                vault,
                latches,
                metrics,
                alerts,
                turn,
                dry_runs,
                stopping=stopping,
                on_lost_journal=lambda message: lose(Code.JOURNAL_UNWRITABLE, message),
            )
            for vault in vaults
        )
        running = Running(loaded, workers, shared_latches, metrics, alerts, lost)
        _show(running, redact, undo)
        log.info("ready", extra={"vaults": [worker.name for worker in workers], "live": live, "signer": signer.address})
        yield running


def _lead(
    loaded: LoadedService, name: str, redact: Redactor, undo: ExitStack, stopping: threading.Event
) -> LeaderLease | None:
    """The lease, once this process holds it; None when there is no other process."""
    settings, database = loaded.service.lease, loaded.database_url
    if settings is None or database is None:
        return None
    holder = f"{socket.gethostname()} process {os.getpid()}"
    lease = LeaderLease(database, name, holder, settings.lease_s)
    undo.callback(lease.release)
    if not lease.acquire():
        notify("READY=1\nSTATUS=standby")
        log.info("standby", extra={"lease": name})
        with ExitStack() as while_waiting:
            _show_status(loaded, STANDBY, redact, while_waiting)
            while not lease.acquire():
                if stopping.wait(min(settings.lease_s / 3, WATCHDOG_S)):
                    raise StoppedWaiting
                notify("WATCHDOG=1")
    log.info("leads", extra={"lease": name, "token": lease.token})
    return lease


@contextmanager
def _mistakes(where: str) -> Iterator[None]:
    """What a part of the file cannot be used for, as a refusal that names the part."""
    try:
        yield
    except (ValueError, OSError) as error:
        raise Refusal(Reason(Code.CONFIG_OUT_OF_RANGE, str(error), where=where)) from error


def _show(running: Running, redact: Redactor, undo: ExitStack) -> None:
    """Opens the ports that the file asks for."""
    watching = running.loaded.service.watching
    if watching.metrics_port:
        with _mistakes("watching.metrics_port"):
            running.metrics.serve(watching.metrics_host, watching.metrics_port)
    face = face_of(running.workers, running.latches, running.loaded.service.timing.interval_s)
    _show_status(running.loaded, face, redact, undo)


def _show_status(loaded: LoadedService, face: Face, redact: Redactor, undo: ExitStack) -> None:
    watching = loaded.service.watching
    if not watching.status_port:
        return
    if watching.status_token is None:
        raise Refusal(Reason(Code.CONFIG_MISSING, "a status port needs a token", where="watching.status_token"))
    token, stoppers = revealed(watching.status_token), frozenset(watching.stoppers)
    with _mistakes("watching.status_port and status_token"):
        undo.callback(StatusServer(face, watching.status_port, token, stoppers, redact=redact).close)


def _keep_to_the_schedule(running: Running, stopping: threading.Event) -> None:
    """Runs until it is told to stop; then nothing new begins, and what runs is finished."""
    schedule = Schedule(CYCLE_THREADS, seed=int.from_bytes(os.urandom(8)))
    for worker in running.workers:
        schedule.add(worker.name, running.loaded.service.timing, worker.run, worker.due)
    schedule.add_plain("digest", DAY_S, lambda: running.alerts.digest([worker.line() for worker in running.workers]))
    schedule.start()
    notify("READY=1")
    try:
        while not stopping.wait(WATCHDOG_S):
            notify("WATCHDOG=1")
    finally:
        notify("STOPPING=1")
        log.info("stopping")
        schedule.stop()
        log.info("stopped")
