"""Measures `ballast data pull`: three years of hourly funding and candles for two symbols, from the replay server.

Deribit and Hyperliquid charge by the hour, so their funding is as long as their candles; Hyperliquid's allowance of
weight per minute makes a pull wait. The server runs in a process of its own, and the pulls are the command as a user
runs it, one after the other, start included.
"""

import resource
import subprocess
import sys
import tempfile
import time

from bench.observe import replay_server
from bench.run import Rows

VENUES = ("deribit", "hyperliquid")
SYMBOLS = ("BTC", "ETH")
YEARS_S = 3 * 365 * 24 * 3_600


def main() -> None:
    rows = Rows()
    since = time.strftime("%Y-%m-%d", time.gmtime(time.time() - YEARS_S))
    with replay_server(0) as urls:
        for venue in VENUES:
            before = resource.getrusage(resource.RUSAGE_CHILDREN)  # the server still runs, and is in neither
            wall_s = pull(venue, urls[venue], since)
            used = resource.getrusage(resource.RUSAGE_CHILDREN)
            cpu_s = used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime
            rows.add(f"data pull, 3 years, 2 symbols, {venue}", wall_s, "s", "<= 20")
            rows.add("the same, CPU", cpu_s, "s")
    rows.add("memory of the largest of these pulls", used.ru_maxrss / 1_024, "MB", "<= 300")


def pull(venue: str, url: str, since: str) -> float:
    """Seconds that the pulls of all symbols take into an empty store."""
    with tempfile.TemporaryDirectory() as store:
        started = time.perf_counter()
        for symbol in SYMBOLS:
            command = [sys.executable, "-m", "agent.cli", "data", "pull", venue, symbol, "--since", since]
            options = ["--base-url", url, "--store", store, "--series", "funding", "--series", "perp"]
            subprocess.run([*command, *options], check=True, capture_output=True)
        return time.perf_counter() - started


if __name__ == "__main__":
    main()
