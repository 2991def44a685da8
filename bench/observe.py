"""Measures one observation of 8 venues x 3 symbols and one chain, each request answered in 100 ms; medians of ten.

It is what a live cycle does: exchanges and chain together, the venues on one side and two providers that must agree on
the other. As when the agent has started, the markets are loaded and the reader has prepared its calls. The first
observation asks for the last settlements too, later ones remember them while they hold. Venues, node and what delays
them are processes of their own, so that their work is not counted.
"""

import asyncio
import os
import re
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import product

from agent.config import Config
from agent.config.file import load_config
from agent.cycle import look_side_by_side
from agent.market.background import BackgroundExchanges
from agent.market.chain_reader import ChainReader
from agent.market.choose import DATA_VARIABLE, choose_market
from agent.market.live import LiveMarket
from agent.market.observation import Observation
from agent.market.reading import VenueAnswer
from agent.market.source import HistorySource
from agent.market.vault_reader import VaultSite
from agent.observe import clock_ms
from agent.replay.stage import deployed_site, world_spec
from agent.units import SECONDS_PER_HOUR
from bench.run import Rows
from chains.local import AGENT, local_chain
from chains.local.anvil import CHAIN_ID
from chains.providers import ProviderPool

CONFIG = "configs/eth-carry.yaml"
VENUES = ("binance", "bybit", "okx", "hyperliquid", "dydx", "deribit", "gate", "krakenfutures")
BASES = ("BTC", "ETH", "SOL")
FIRST_PRICE = 3_000.0
PROVIDERS = 2
DELAY_MS = 100
RUNS = 10


def main() -> None:
    rows = Rows()
    config = load_config(CONFIG).config
    now = int(time.time())
    hour = now - now % SECONDS_PER_HOUR
    past = choose_market(config, None, (hour - SECONDS_PER_HOUR, hour), seed=7).source
    with ExitStack() as undo:
        urls = undo.enter_context(replay_server(DELAY_MS))
        local = undo.enter_context(local_chain(world_spec(config, now - SECONDS_PER_HOUR, FIRST_PRICE)))
        site = deployed_site(config, local)
        nodes = [undo.enter_context(slow_node(local.url, DELAY_MS)) for _ in range(PROVIDERS)]
        runs = [observations(config, urls, nodes, site, past) for _ in range(RUNS)]
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


class ThreeSymbols:
    """Asks about three symbols where a strategy asks about its market and its vault's asset."""

    def __init__(self, exchanges: BackgroundExchanges) -> None:
        self._exchanges = exchanges

    def observe(self, bases: Sequence[str]) -> tuple[VenueAnswer, ...]:
        return self._exchanges.observe(BASES)


@contextmanager
def replay_server(delay_ms: int) -> Iterator[dict[str, str]]:
    """A replay server with the synthetic market, as its own process; the address of each venue.

    Never a recorded one, whatever BALLAST_DATA names: its clock stands in the years of the recording, and whoever asks
    by the real clock rightly turns away what is years old.
    """
    command = [sys.executable, "-m", "agent.cli", "replay-server", "--port", "0", "--delay-ms", str(delay_ms)]
    environment = {name: value for name, value in os.environ.items() if name != DATA_VARIABLE}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
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


@contextmanager
def slow_node(node_url: str, delay_ms: int) -> Iterator[str]:
    """`ballast chaos` in front of a node, which delays every answer and does nothing worse; its address."""
    options = ["--port", "0", "--fault", "delay", "--delay-s", str(delay_ms / 1_000)]
    command = [sys.executable, "-m", "agent.cli", "chaos", node_url, *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            found = re.match(r"http://\S+", process.stdout.readline() if process.stdout else "")
            if found is None:
                raise RuntimeError("the proxy did not start")
            yield found[0]
        finally:
            process.send_signal(signal.SIGINT)


def observations(
    config: Config, urls: dict[str, str], nodes: Sequence[str], site: VaultSite, past: HistorySource
) -> tuple[Observed, Observed]:
    """The first and the second observation of an agent that has just started."""
    with BackgroundExchanges(VENUES, base_urls=urls) as exchanges, ProviderPool(nodes, chain_id=CHAIN_ID) as pool:
        exchanges.run(load_markets(exchanges))
        market = LiveMarket(config, site.asset.symbol, ThreeSymbols(exchanges), clock_ms, lambda _: past)
        reader = ChainReader(pool, site, AGENT, max_oracle_age_s=config.policy.max_oracle_age_s)
        return observed(market, reader), observed(market, reader)


async def load_markets(exchanges: BackgroundExchanges) -> None:
    await asyncio.gather(*(exchanges.exchanges.link(venue).markets() for venue in VENUES))


def observed(market: LiveMarket, reader: ChainReader) -> Observed:
    """One observation, timed."""
    wall, cpu = time.perf_counter(), time.process_time()
    observation = look_side_by_side(int(time.time()), market, reader)
    return Observed(time.perf_counter() - wall, time.process_time() - cpu, complete(observation))


def complete(observation: Observation) -> bool:
    """Whether every venue told of every symbol, nothing of it was turned away, and the chain's half has no problem.

    The vault's asset is none of the three symbols, so that it is missing here says nothing.
    """
    market, vault = observation.market, observation.vault
    told = {(reading.source, reading.base) for reading in market.readings}
    turned_away = [one for one in market.rejections if one.base in BASES]
    return told == set(product(VENUES, BASES)) and not (turned_away or market.problems or vault.problems or vault.notes)


if __name__ == "__main__":
    main()
