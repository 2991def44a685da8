"""A sweep on two workers of a Ray cluster against the same on one; joins bench/results/research.json.

    python bench/ray_sweep.py          (on two idle cores; nothing else should run)

The cluster is started before the clock. What is timed is the whole sweep: reading the file, making the market, reaching
the cluster, the start of its workers, every point, and the verdict. Rounds with one and two workers alternate, so that
a machine which slows down slows down both.
"""

import json
import os
import secrets
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from run import Rows

from agent.config.file import load_config
from agent.market.period import parse_period
from agent.research.search import parse_space, run_sweep
from agent.research.search.space import grid_points

CONFIG = "configs/eth-volatility-target.yaml"
PARAMS = ["strategy.volatility.target=0.1:0.4", "strategy.sizing.band=0.005:0.05"]
POINTS = 89  # of each, so 7,921 in all, in 32 parts: some 40 s on one core
DATA = (None, parse_period("2004-01", "2023-12"), 7)
ROUNDS = 3
START_S = 60.0
RESULTS = Path(__file__).parent / "results" / "research.json"


def main() -> None:
    os.environ |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(16)}  # nobody else gets in
    rows, seconds = Rows(), {1: list[float](), 2: list[float]()}
    for _ in range(ROUNDS):
        for workers in seconds:
            with cluster(workers) as address:
                seconds[workers].append(sweep_seconds(address))
            print(f"{workers} worker(s): {seconds[workers][-1]:.1f} s, load {os.getloadavg()[0]:.1f}", flush=True)
    one, two = (statistics.median(seconds[workers]) for workers in (1, 2))
    rows.add(f"sweep of {POINTS**2:,} sets over 20 years, one Ray worker", one, "s")
    rows.add("the same on two Ray workers", two, "s")
    rows.add("two Ray workers / one", one / two, "times as fast", ">= 1.7")
    names = {row["name"] for row in rows.rows()}
    kept = [row for row in json.loads(RESULTS.read_text()) if row["name"] not in names]
    RESULTS.write_text(json.dumps(kept + rows.rows(), indent=2) + "\n")


def sweep_seconds(address: str) -> float:
    """The time of one sweep, from the strategy file to the verdict."""
    with tempfile.TemporaryDirectory() as out:
        started = time.perf_counter()
        config = load_config(CONFIG).config
        space = parse_space(config, PARAMS)
        run_sweep(config, space, grid_points(space, POINTS), DATA, Path(out), ray_address=address)
        return time.perf_counter() - started


@contextmanager
def cluster(workers: int) -> Iterator[str]:
    """A Ray cluster of so many workers on this machine, by its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        command = [
            str(Path(sys.executable).with_name("ray")), "start", "--head", "--block", "--node-ip-address=127.0.0.1",
            f"--port={port}", f"--num-cpus={workers}", f"--temp-dir={folder}", "--include-dashboard=false",
            "--disable-usage-stats",
        ]  # fmt: skip
        head = subprocess.Popen(command, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            wait_for(port, head)
            yield f"127.0.0.1:{port}"
        finally:
            head.terminate()  # it ends its own processes first
            try:
                head.wait(START_S)
            finally:
                with suppress(ProcessLookupError):
                    os.killpg(head.pid, signal.SIGKILL)


def wait_for(port: int, head: "subprocess.Popen[bytes]") -> None:
    """Until the cluster answers; then some seconds more, in which it starts what it keeps ready."""
    give_up = time.monotonic() + START_S
    while time.monotonic() < give_up and head.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1.0).close()
        except OSError:
            time.sleep(0.5)
            continue
        time.sleep(5.0)
        return
    raise SystemExit(f"no Ray cluster within {START_S:.0f} s")


if __name__ == "__main__":
    main()
