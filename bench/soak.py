"""Three vaults for so many simulated days, hour by hour, through a node and venues that misbehave: `--days 72`."""

import argparse
import asyncio
import gc
import random
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from run import Rows

from agent.chaos.proxy import ChaosProxy, chance
from agent.config.file import load_config
from agent.execution import LocalBroadcaster, LocalSigner, Sender
from agent.execution.stores import JournalError
from agent.market.chain_problems import CHAIN_PROBLEMS
from agent.market.choose import choose_market
from agent.market.observation import MarketView, Mode
from agent.market.source import HistorySource
from agent.market.vault_reader import VaultReader
from agent.reasons import Code, Reason
from agent.replay.depositors import Depositors, schedule
from agent.replay.stage import AGENT_ACTS_AFTER_S, Stage, open_stage
from agent.risk import headroom
from agent.units import SECONDS_PER_HOUR
from chains.local.accounts import AGENT_TEST_KEY
from chains.rpc import Node

CONFIGS = ("configs/eth-carry.yaml", "configs/eth-volatility-target.yaml", "configs/eth-lending-neutral.yaml")
FAULTS = ("drop=0.01", "lose=0.01", "truncate=0.005", "rate-limit=0.005", "delay=0.02")
START_S = 1_675_209_600  # 2023-02-01
DAY_H, WEEK_H = 24, 168
LOSSES = ("max_daily_loss", "max_weekly_loss", "max_drawdown")
OUTAGE_BEGINS, OUTAGE_ENDS = 0.01, 0.2  # chances per hour that the venues tell nothing


class FaultyVenues:
    """A market whose venues are silent now and then, for hours."""

    def __init__(self, market: HistorySource, seed: int) -> None:
        self._market, self._dice, self._silent = market, random.Random(seed), False
        self.outages = 0

    def view(self, time_s: int) -> MarketView:
        """What they told, or that they told nothing."""
        self._silent = self._dice.random() < (1 - OUTAGE_ENDS if self._silent else OUTAGE_BEGINS)
        view = self._market.view(time_s)
        if not self._silent:
            return view
        self.outages += 1
        problem = Reason(Code.QUORUM_TOO_FEW, "no venue answers", where="market.spot")
        return replace(view, problems=(*view.problems, problem))


@dataclass
class Vault:
    """One vault with its own chain, behind its own proxy."""

    stage: Stage
    market: HistorySource
    depositors: Depositors
    proxy: ChaosProxy


@contextmanager
def vault(config: str, hours: int, seed: int, folder: Path) -> Iterator[Vault]:
    """A vault whose agent speaks to its node through `ballast chaos`; market and depositors go past it."""
    loaded = load_config(config).config
    market = choose_market(loaded, None, (START_S, START_S + hours * SECONDS_PER_HOUR), seed).source
    folder.mkdir()
    with ExitStack() as stack:
        stage = stack.enter_context(open_stage(loaded, market, START_S, folder))
        stage.move_market(market.world(START_S))
        wishes = schedule(seed, START_S, START_S + hours * SECONDS_PER_HOUR)
        depositors = Depositors(stage.local.node, stage.site, wishes)
        depositors.open_vault()
        proxy = ChaosProxy(stage.local.url, [chance(text) for text in FAULTS], seed, delay_s=0.02)
        node = Node(stack.enter_context(serving(proxy)))
        stack.callback(node.close)
        execution, chain, plain = loaded.execution, stage.chain, stage.cycle
        sender = Sender(
            node,
            LocalSigner(AGENT_TEST_KEY),
            plain.sender._journal,
            LocalBroadcaster(node, lambda: stage.clock.forward(2)),
            execution.max_fee_gwei,
            chain.priority_fee_wei,
            urgent_max_fee_gwei=execution.urgent_max_fee_gwei,
        )
        reader = VaultReader(node, stage.site, plain.agent)
        stage.cycle = replace(plain, market=FaultyVenues(market, seed), node=node, reader=reader, sender=sender)
        yield Vault(stage, market, depositors, proxy)


@contextmanager
def serving(proxy: ChaosProxy) -> Iterator[str]:
    """The proxy's address, while it serves from a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    stopping = asyncio.Event()
    ready: asyncio.Future[int] = asyncio.Future(loop=loop)
    served = asyncio.run_coroutine_threadsafe(proxy.serve(0, stopping, ready), loop)

    async def port() -> int:
        return await ready

    yield f"http://127.0.0.1:{asyncio.run_coroutine_threadsafe(port(), loop).result(10)}"
    loop.call_soon_threadsafe(stopping.set)
    served.result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join()


def live_an_hour(one: Vault, hour_s: int, endings: Counter[str], breaches: Counter[str]) -> None:
    """The market moves, depositors come and go, the agent has its cycle, whatever its node does."""
    stage = one.stage
    stage.clock.now = max(hour_s, stage.local.node.head().timestamp + 1)
    stage.move_market(replace(one.market.world(hour_s), time_s=stage.clock.now))
    one.depositors.act(hour_s)
    try:
        outcome = stage.cycle.run(stage.clock.forward(AGENT_ACTS_AFTER_S))
    except (JournalError, *CHAIN_PROBLEMS) as error:
        endings[type(error).__name__] += 1
    else:
        endings["sent" if outcome.sent is not None else "refused" if outcome.refusals else "held"] += 1
    state = VaultReader(stage.local.node, stage.site, stage.cycle.agent).read()
    for limit, left in headroom(state, stage.config.policy).items():
        # The market alone can break a loss limit; then the vault must have stopped by itself.
        stopped = limit in LOSSES and state.mode is not Mode.ACTIVE
        if left < 0 and not stopped:
            breaches[f"{stage.config.name} {limit}"] += 1


def resident_mb() -> float:
    """Of this process."""
    gc.collect()
    return int(Path("/proc/self/status").read_text().split("VmRSS:")[1].split()[0]) / 1_024


def main() -> None:
    parser = argparse.ArgumentParser(prog="python bench/soak.py", description=__doc__)
    parser.add_argument("--days", type=int, default=72)
    parser.add_argument("--seed", type=int, default=7)
    options = parser.parse_args()
    rows, hours = Rows(), options.days * DAY_H
    endings, breaches, weeks, memory = Counter[str](), Counter[str](), list[float](), list[float]()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        vaults = [
            stack.enter_context(vault(config, hours, options.seed, Path(folder) / str(number)))
            for number, config in enumerate(CONFIGS)
        ]
        begun = time.perf_counter()
        for hour in range(1, hours):
            for one in vaults:
                live_an_hour(one, START_S + hour * SECONDS_PER_HOUR, endings, breaches)
            if hour % DAY_H == 0:
                memory.append(resident_mb())
            if hour % WEEK_H == 0 or hour == hours - 1:
                weeks.append((time.perf_counter() - begun) * WEEK_H / (hour % WEEK_H or WEEK_H))
                begun = time.perf_counter()
                print(
                    f"day {hour // DAY_H}: {weeks[-1]:.0f} s a week, {memory[-1]:.0f} MB, {dict(endings)}", flush=True
                )
        struck = sum(sum(one.proxy.struck.values()) for one in vaults)
        carried_out = sum(one.stage.reader.read().plan_count for one in vaults)
    rows.add("simulated days", options.days, "days")
    rows.add("faults of the nodes", struck, "faults")
    rows.add("plans carried out", carried_out, "plans")
    rows.add("slowest week", max(weeks), "s", "<= 90")
    rows.add("memory after the first day", memory[0], "MB")
    rows.add("its growth until the end", 100 * (memory[-1] / memory[0] - 1), "per cent", "<= 2")
    rows.add("breaches", breaches.total(), "breaches", "<= 0")
    for name, count in sorted(breaches.items()):
        print(f"  {count:6} {name}")


if __name__ == "__main__":
    main()
