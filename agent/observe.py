"""`ballast observe`: one look at everything that a decision would see, without deciding."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from agent.check import EXIT_OK, EXIT_REFUSED
from agent.config import Config
from agent.market.asked_chain import asked_node
from agent.market.background import BackgroundExchanges
from agent.market.chain_reader import ChainReader, ChainView
from agent.market.live import LiveMarket
from agent.market.vault_reader import VaultSite
from agent.reasons import Code, Reason, Refusal
from agent.report.chain_table import print_chain
from agent.report.observation_table import print_observation
from agent.service.failures import refusing
from agent.service.site import read_site

if TYPE_CHECKING:
    from rich.console import Console

VAULT_ASSET = "USDC"
NOBODY = "0x" + "00" * 20


@refusing
def report_observation(
    config: Config, base_url: str | None, rpc: str | None, site: Path | None, console: "Console"
) -> int:
    """Ask every venue of the file, and the chain when one is named, print it all, and return the exit code.

    Parameters
    ----------
    base_url : of a replay server that plays every venue under its name; None asks the venues themselves
    rpc, site : a node and the file with a vault's addresses; both or none

    Returns
    -------
    0 when the observation is complete, 2 when something that a decision needs is missing.

    Raises
    ------
    Refusal : an unknown venue, a site that is none, or a chain that does not answer
    """
    if (rpc is None) != (site is None):
        message = "a vault is looked at with both, a node and the file with its addresses"
        raise Refusal(Reason(Code.CONFIG_MISSING, message, where="--site" if site is None else "--rpc"))
    venues = config.observe.venues
    where = None if site is None else read_site(site)
    chain = None if rpc is None or where is None else _look(config, rpc, where)
    vault = None if chain is None else chain.vault
    asset = VAULT_ASSET if vault is None else vault.asset.symbol
    with BackgroundExchanges(
        venues, base_urls=moved(venues, base_url), depth_bps=float(config.observe.depth_bps)
    ) as exchanges:
        view = LiveMarket(config, asset, exchanges, clock_ms).look(int(time.time()))
    print_observation(console, view, vault, clock_ms())
    if chain is not None and where is not None:
        print_chain(console, chain, where.pair, config.vault.size_decimals, int(time.time()))
    return EXIT_REFUSED if view.problems or (vault is not None and vault.problems) else EXIT_OK


def clock_ms() -> int:
    """Unix milliseconds."""
    return time.time_ns() // 1_000_000


def moved(venues: Sequence[str], base_url: str | None) -> dict[str, str]:
    """Where each venue is: at a replay server under its own name, or where ccxt knows it."""
    return {} if base_url is None else {venue: f"{base_url.rstrip('/')}/{venue}" for venue in venues}


def _look(config: Config, rpc: str, site: VaultSite) -> ChainView:
    with asked_node(rpc, "--rpc and --site") as node:
        max_age_s = config.policy.max_oracle_age_s
        return ChainReader(node, site, NOBODY, max_oracle_age_s=max_age_s, depth_bps=config.observe.depth_bps).look()
