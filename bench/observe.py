"""Measures one observation of 8 venues x 3 symbols, each request answered in 100 ms; medians of ten.

The first observation asks for the last settlements too, later ones remember them while they hold; both are measured,
with the markets loaded. The replay server runs in a process of its own, so that its work is not counted.
"""

import asyncio
import re
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from agent.market.exchanges.adapter import Exchanges
from bench.run import Rows

VENUES = ("binance", "bybit", "okx", "hyperliquid", "dydx", "deribit", "gate", "krakenfutures")
BASES = ("BTC", "ETH", "SOL")
DELAY_MS = 100
RUNS = 10


def main() -> None:
    rows = Rows()
    with replay_server(DELAY_MS) as urls:
        runs = [asyncio.run(observations(urls)) for _ in range(RUNS)]
    for place, name in enumerate(("first observation", "later observation")):
        measured = [run[place] for run in runs]
        rows.add(f"{name}, wall", statistics.median(one.wall_s for one in measured) * 1_000, "ms", "<= 450")
        rows.add(f"{name}, CPU", statistics.median(one.cpu_s for one in measured) * 1_000, "ms", "<= 250")
        rows.add(f"{name}, runs without a rejection", sum(one.complete for one in measured), "of 10", ">= 10")


@dataclass(frozen=True, slots=True)
class Observed:
    """What one observation took, and whether nothing was missing or turned away."""

    wall_s: float
    cpu_s: float
    complete: bool


@contextmanager
def replay_server(delay_ms: int) -> Iterator[dict[str, str]]:
    """A replay server with the synthetic market, as its own process; the address of each venue."""
    command = [sys.executable, "-m", "agent.cli", "replay-server", "--port", "0", "--delay-ms", str(delay_ms)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            urls: dict[str, str] = {}
            while len(urls) < len(VENUES):
                line = process.stdout.readline() if process.stdout else ""
                if not line:
                    raise RuntimeError("the replay server did not start")
                found = re.fullmatch(r"(\w+)\s+(http://\S+)\s*", line)
                if found:
                    urls[found[1]] = found[2]
            yield urls
        finally:
            process.send_signal(signal.SIGINT)


async def observations(urls: dict[str, str]) -> tuple[Observed, Observed]:
    """The first and the second observation of a fresh adapter that knows the markets."""
    async with Exchanges(VENUES, base_urls=urls) as exchanges:
        await asyncio.gather(*(exchanges.link(venue).markets() for venue in VENUES))
        return await observe(exchanges), await observe(exchanges)


async def observe(exchanges: Exchanges) -> Observed:
    wall, cpu = time.perf_counter(), time.process_time()
    answers = await exchanges.observe(BASES)
    took = time.perf_counter() - wall, time.process_time() - cpu
    return Observed(*took, complete=not any(answer.rejections or not answer.readings for answer in answers))


if __name__ == "__main__":
    main()
