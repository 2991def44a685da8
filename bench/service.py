"""Measures the headless agent: from the tick to the broadcast, its memory when idle, and a hundred vaults."""

import argparse
import json
import logging
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from local_service import LocalService, local_service
from run import Rows

from agent.service.run import open_service
from agent.service.settings import load_service
from chains import artifacts
from chains.local import DEPOSITOR
from chains.local.sender import Sender
from chains.providers import ProviderPool, SendAnswer
from chains.rpc import Node

CONFIG = "configs/eth-carry.yaml"
SPOT_CONFIG = "configs/eth-volatility-target.yaml"
TICKS = 50
CYCLES_BEFORE = 3  # memory is measured; one a minute
APPROVED = 2**256 - 1
SHARES = 10**15  # a thousandth of a per cent of the vault; a redemption of a few dollars


def main() -> None:
    parser = argparse.ArgumentParser(prog="python bench/service.py", description=__doc__)
    parser.add_argument("--vaults", type=int, default=100)
    parser.add_argument("--minutes", type=int, default=3)
    parser.add_argument("--only", choices=("latency", "memory", "vaults"))
    options = parser.parse_args()
    rows = Rows()
    if options.only in (None, "latency"):
        measure_latency(rows)
    if options.only in (None, "memory"):
        measure_memory(rows)
    if options.only in (None, "vaults"):
        measure_vaults(rows, options.vaults, options.minutes)


def measure_latency(rows: Rows) -> None:
    """A redemption waits before every tick, so that every tick brings a plan; venues were asked just before."""
    with tempfile.TemporaryDirectory() as folder, local_service(Path(folder), SPOT_CONFIG, 1) as service:
        node, site = Node(service.local.url), service.sites[0]
        queue, vault = artifacts.load("RedemptionQueue"), artifacts.load("Vault")
        holder = Sender(node, DEPOSITOR)
        holder.send(site.vault, vault.function("approve"), site.queue, APPROVED)
        cycles(service, 3)  # a single look may meet a venue that is late
        sent_at: list[float] = []
        send = ProviderPool.send_raw

        def noted(pool: ProviderPool, raw: bytes) -> list[SendAnswer]:
            sent_at.append(time.perf_counter())
            return send(pool, raw)

        taken = []
        logging.getLogger().setLevel(logging.ERROR)
        with (
            patch.object(ProviderPool, "send_raw", noted),  # notes when, and sends
            open_service(load_service(service.file), live=True, stopping=threading.Event()) as running,
        ):
            (worker,) = running.workers
            for _ in range(TICKS):
                holder.send(site.queue, queue.function("requestRedeem"), SHARES, DEPOSITOR, DEPOSITOR)
                worker._cycle.market.view(int(time.time()))
                sent_at.clear()
                begun = time.perf_counter()
                worker.run()
                if sent_at:
                    taken.append((sent_at[0] - begun) * 1_000)
        logging.getLogger().setLevel(logging.WARNING)
        node.close()
    rows.add("ticks that brought a plan", len(taken), "ticks")
    if not taken:
        return
    rows.add("tick to broadcast, median", statistics.median(taken), "ms", "<= 25")
    rows.add("tick to broadcast, p99", sorted(taken)[-max(1, len(taken) // 100)], "ms", "<= 80")


def measure_memory(rows: Rows) -> None:
    """What a process holds that has been through some cycles and waits for the next."""
    with tempfile.TemporaryDirectory() as folder, local_service(Path(folder), CONFIG, 1) as service:
        cycles(service, 1)
        with running_agent(service) as (process, lines):
            until = time.monotonic() + 60 * (CYCLES_BEFORE + 2)
            while sum(line.get("message") == "cycle" for line in lines) < CYCLES_BEFORE:
                if time.monotonic() > until:
                    raise SystemExit(f"fewer than {CYCLES_BEFORE} cycles in {CYCLES_BEFORE + 2} minutes")
                time.sleep(1)
            time.sleep(5)
            rows.add("idle memory of ballast run", resident_mb(process.pid), "MB", "<= 220")


def measure_vaults(rows: Rows, vaults: int, minutes: int) -> None:
    """Looks at all of them once, then keeps them on a one-minute schedule and counts what was left out."""
    with tempfile.TemporaryDirectory() as folder, local_service(Path(folder), SPOT_CONFIG, vaults) as service:
        begun = time.perf_counter()
        cycles(service, 1)
        rows.add(f"start and one round of {vaults} vaults", time.perf_counter() - begun, "s")
        begun = time.perf_counter()
        cycles(service, 1, "--live")
        rows.add(f"start and one round with {vaults} plans", time.perf_counter() - begun, "s")
        with running_agent(service, "--live") as (process, lines):
            until = time.monotonic() + 120
            while not any(line.get("message") == "ready" for line in lines) and time.monotonic() < until:
                time.sleep(0.2)
            time.sleep(60 * minutes)
            memory = resident_mb(process.pid)
        done = [line for line in lines if line.get("message") == "cycle"]
        per_vault = Counter(line["vault"] for line in done)
        least = min(per_vault.values()) if len(per_vault) == vaults else 0
        rows.add(f"least cycles of a vault in {minutes} minutes", least, "cycles", f">= {minutes - 1}")
        failed = sum(line.get("message") == "cycle failed" for line in lines)
        rows.add("cycles that failed", failed, "cycles", "<= 0")
        rows.add("median of a cycle", statistics.median(float(line["seconds"]) for line in done) * 1_000, "ms")
        rows.add(f"memory with {vaults} vaults", memory, "MB")


def cycles(service: LocalService, count: int, *words: str) -> None:
    """So many rounds by a process of their own."""
    command = [sys.executable, "-m", "agent.cli", "run", str(service.file), "--cycles", str(count), *words]
    subprocess.run(command, check=True, capture_output=True)


@contextmanager
def running_agent(service: LocalService, *words: str) -> Iterator[tuple[subprocess.Popen[str], list[dict[str, Any]]]]:
    """The agent on its schedule, and the lines of its log as they come."""
    command = [sys.executable, "-m", "agent.cli", "run", str(service.file), *words]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    lines: list[dict[str, Any]] = []

    def read() -> None:
        for line in process.stderr or ():
            lines.append(json.loads(line) if line.startswith("{") else {"message": line})

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    try:
        yield process, lines
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)
        reader.join()


def resident_mb(pid: int) -> float:
    """Resident memory of a process."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmRSS:")[1].split()[0]) / 1_024


if __name__ == "__main__":
    main()
