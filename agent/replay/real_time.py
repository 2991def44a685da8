"""A local chain and eight venues that live in real time, for trying the headless agent: `ballast local`."""

import signal
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from agent.config.file import load_config
from agent.ledger.files import write_text
from agent.market.replay_server import Histories, ReplayServer, VirtualClock, synthetic_histories
from agent.market.replay_server.rows import Quote
from agent.market.replay_server.view import View
from agent.market.store.layout import base_of
from agent.reasons import Code, Reason, Refusal
from agent.replay.depositors import FIRST_DEPOSIT_USD
from agent.replay.stage import deployed_site, world_spec
from agent.service.site import write_site
from agent.units import SECONDS_PER_HOUR
from chains.local import DEPOSITOR, LocalChain, PerpTick, deposit, local_chain

HISTORY_H = 120 * 24
AHEAD_H = 30 * 24
STEP_S = 5  # a round of the feed, an arbitrage of the pool and a tick of the perp, so that nothing ever looks old
SITE_FILE, SERVICE_FILE = "site.json", "service.yaml"
REFERENCE = "binance"

WRITTEN = "# Written by `ballast local`"
KEPT = ("state", "store")  # what an agent knows of a chain and its venues

SERVICE = """# Written by `ballast local`: the headless agent on the local chain that it started.
state: state              # latches, journal and kill file
store: store              # past hours, downloaded from the venues below

vaults:
  - config: {config}
    site: {site}

nodes:
  read: ["{rpc}"]
  needed: 1               # a single node, trusted on purpose: it is our own

signer:
  kind: local             # the published test key of the local chain

venues:                   # addresses instead of the venues' own
{venues}

timing:
  interval_s: 60          # a minute, so that something happens while you watch
  offset_s: 5
  jitter_s: 0
  watch_s: 15

watching:
  status_port: 8790
  status_token: local-token-for-trying
  metrics_port: 9464
"""


def live_locally(config: Path, folder: Path, seed: int, out: Console, seconds: float | None = None) -> int:
    """Start chain, vault and venues, write the files that `ballast run` needs, and move the market until interrupted.

    Parameters
    ----------
    config : the strategy file
    folder : where the files are written; made if needed
    seed : of the synthetic market
    seconds : end by itself after so long; None waits for Ctrl-C

    Raises Refusal when the strategy file is wrong, or the folder holds another service.
    """
    loaded = load_config(config)
    make_room(folder, datetime.now(UTC))
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    now = int(time.time())
    hour_ms = SECONDS_PER_HOUR * 1_000
    histories = synthetic_histories(now * 1_000 - HISTORY_H * hour_ms, now * 1_000 + AHEAD_H * hour_ms, seed)
    base = base_of(loaded.config.market.symbol)
    clock = VirtualClock(None, running=True)
    quote = quotes(histories, clock, base)
    spec = world_spec(loaded.config, now - SECONDS_PER_HOUR, quote().index)
    with ReplayServer(histories, clock) as server, local_chain(spec) as local:
        site = deployed_site(loaded.config, local)
        deposit(local.node, local.world, site.vault, DEPOSITOR, FIRST_DEPOSIT_USD * 10**6)
        start_clock(local, quote())  # before anybody knows of the chain
        write_site(site, folder / SITE_FILE)
        venues = "\n".join(f"  {venue}: {server.url(venue)}" for venue in loaded.config.observe.venues)
        text = SERVICE.format(config=config.resolve(), site=SITE_FILE, rpc=local.url, venues=venues)
        write_text(folder / SERVICE_FILE, text)
        out.print(f"chain   {local.url}", highlight=False)
        out.print(f"venues  eight, on a synthetic market with seed {seed}", highlight=False)
        out.print(f"vault   {site.vault} with {FIRST_DEPOSIT_USD:,} USDC", highlight=False)
        out.print("In another terminal:", highlight=False)
        service = folder / SERVICE_FILE
        out.print(
            f"  ballast run {service} --cycles 1     look, decide, rehearse; nothing is sent",
            highlight=False,
            soft_wrap=True,
        )
        out.print(f"  ballast run {service} --live         keep the vault", highlight=False, soft_wrap=True)
        out.print("Ctrl-C stops it.", highlight=False)
        move(local, quote, stopping, None if seconds is None else now + seconds)
    return 0


def make_room(folder: Path, now: datetime) -> None:
    """Make the folder ready for a new chain: what an agent kept of the last one is renamed, for it would halt on it.

    Raises Refusal when the folder holds a service file that `ballast local` did not write.
    """
    folder.mkdir(parents=True, exist_ok=True)
    service = folder / SERVICE_FILE
    if service.exists() and not service.read_text(encoding="utf-8").startswith(WRITTEN):
        message = f"{service} was not written by `ballast local`, which would replace it; name another folder"
        raise Refusal(Reason(Code.CONFIG_OUT_OF_RANGE, message, where="--out"))
    for name in KEPT:
        if (folder / name).exists():
            (folder / name).rename(folder / f"{name}-until-{now:%Y%m%d-%H%M%S}")


def quotes(histories: Histories, clock: VirtualClock, base: str) -> Callable[[], Quote]:
    """The reference venue's present, whenever it is asked for."""
    return lambda: View(REFERENCE, histories, clock.now_ms, clock.now_ms, {}).quote(base)


def start_clock(local: LocalChain, now: Quote) -> None:
    """From here on blocks carry the time of the wall, as on any other chain. The first step brings them there."""
    local.node.call("anvil_removeBlockTimestampInterval", nullable=True)
    _step(local, now, now)


def move(local: LocalChain, quote: Callable[[], Quote], stopping: threading.Event, until_s: float | None) -> None:
    """The market follows the quotes, and HyperCore acts, until something says stop."""
    before = quote()
    while not stopping.wait(STEP_S) and (until_s is None or time.time() < until_s):
        now = quote()
        _step(local, before, now)
        before = now


def _step(local: LocalChain, before: Quote, now: Quote) -> None:
    perp = None
    if local.world.perp_index is not None:
        low, high = min(before.mark, now.mark), max(before.mark, now.mark)
        # Funding accrues by the step, so that an hour of steps charges the hour's rate.
        rate = now.funding_rate / now.interval_h * STEP_S / SECONDS_PER_HOUR
        perp = PerpTick(now.mark, now.index, high, low, rate)
    at = max(int(time.time()), local.node.head().timestamp + 1)
    local.mover.step(at, feed_price=now.index, pool_price=now.index, perp=perp)
    if perp is not None:
        local.mover.process(at + 1)
