"""Measures one observation of 8 venues x 3 symbols, each request answered in 100 ms.

The replay server runs in a process of its own, so that its work is not counted. Ten observations after one that loads
the markets and opens the connections; medians.
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

from agent.market.exchanges.adapter import Exchanges
from bench.run import Rows

VENUES = ("binance", "bybit", "okx", "hyperliquid", "dydx", "deribit", "gate", "krakenfutures")
BASES = ("BTC", "ETH", "SOL")
DELAY_MS = 100
RUNS = 10


def main() -> None:
    rows = Rows()
    with replay_server(DELAY_MS) as urls:
        wall_s, cpu_s, complete = asyncio.run(observations(urls))
    rows.add("observation of 8 venues x 3 symbols, wall", statistics.median(wall_s) * 1_000, "ms", "<= 450")
    rows.add("observation of 8 venues x 3 symbols, CPU", statistics.median(cpu_s) * 1_000, "ms", "<= 250")
    rows.add("observations without a rejection", complete, "of 10", ">= 10")


@contextmanager
def replay_server(delay_ms: int) -> Iterator[dict[str, str]]:
    """A replay server with the synthetic market, as its own process; the address of each venue."""
    command = [sys.executable, "-m", "agent.cli", "replay-server", "--port", "0", "--delay-ms", str(delay_ms)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            urls = {}
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


async def observations(urls: dict[str, str]) -> tuple[list[float], list[float], int]:
    """Wall and CPU seconds of each run, and how many runs were without any rejection."""
    wall_s, cpu_s, complete = [], [], 0
    async with Exchanges(VENUES, base_urls=urls) as exchanges:
        await exchanges.observe(BASES)
        for _ in range(RUNS):
            await asyncio.sleep(1)  # venues bound the weight per minute
            wall, cpu = time.perf_counter(), time.process_time()
            answers = await exchanges.observe(BASES)
            wall_s.append(time.perf_counter() - wall)
            cpu_s.append(time.process_time() - cpu)
            complete += not any(answer.rejections or not answer.readings for answer in answers)
    return wall_s, cpu_s, complete


if __name__ == "__main__":
    main()
