"""A local chain, eight venues and so many vaults, for measuring the headless agent on them."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from agent.config.file import load_config
from agent.market.replay_server import ReplayServer, VirtualClock, synthetic_histories
from agent.market.store.layout import base_of
from agent.market.vault_reader import VaultSite
from agent.replay.real_time import AHEAD_H, HISTORY_H, move, quotes, start_clock
from agent.replay.stage import deployed_site, world_spec
from agent.service.site import write_site
from agent.units import SECONDS_PER_HOUR
from chains.local import DEPOSITOR, LocalChain, deposit, local_chain

FIRST_DEPOSIT_USD = 1_000_000
MOST_PLANS = "controls:\n  max_plans_per_hour: 60\n  max_trading_plans_per_day: 200\n"


@dataclass(frozen=True, slots=True)
class LocalService:
    """What a measurement drives."""

    file: Path
    local: LocalChain
    sites: tuple[VaultSite, ...]


@contextmanager
def local_service(folder: Path, config: str, vaults: int, seed: int = 7) -> Iterator[LocalService]:
    """Chain, venues and vaults in real time; the market moves until the end of the block."""
    text = Path(config).read_text()
    loaded = load_config(config)
    now, hour_ms = int(time.time()), SECONDS_PER_HOUR * 1_000
    histories = synthetic_histories(now * 1_000 - HISTORY_H * hour_ms, now * 1_000 + AHEAD_H * hour_ms, seed)
    clock = VirtualClock(None, running=True)
    quote = quotes(histories, clock, base_of(loaded.config.market.symbol))
    spec = world_spec(loaded.config, now - SECONDS_PER_HOUR, quote().index)
    with ReplayServer(histories, clock) as server, local_chain(spec) as local:
        sites, entries = [], []
        for number in range(vaults):
            site = deployed_site(loaded.config, local)
            deposit(local.node, local.world, site.vault, DEPOSITOR, FIRST_DEPOSIT_USD * 10**6)
            write_site(site, folder / f"site-{number}.json")
            named = text.replace(f"name: {loaded.config.name}", f"name: {loaded.config.name}-{number}")
            (folder / f"config-{number}.yaml").write_text(f"{named}\n{MOST_PLANS}")
            entries.append(f"  - config: config-{number}.yaml\n    site: site-{number}.json\n")
            sites.append(site)
        start_clock(local, quote())
        venues = "".join(f"  {venue}: {server.url(venue)}\n" for venue in loaded.config.observe.venues)
        file = folder / "service.yaml"
        file.write_text(
            f'vaults:\n{"".join(entries)}nodes:\n  read: ["{local.url}"]\n  needed: 1\nsigner:\n  kind: local\n'
            f"venues:\n{venues}timing:\n  interval_s: 60\n  offset_s: 5\n  jitter_s: 40\n  watch_s: 60\n"
        )
        over = threading.Event()
        mover = threading.Thread(target=move, args=(local, quote, over, None), daemon=True)
        mover.start()
        try:
            yield LocalService(file, local, tuple(sites))
        finally:
            over.set()
            mover.join()
