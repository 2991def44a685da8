"""What `ballast observe` shows of the chain around a vault."""

from collections.abc import Callable

from rich.console import Console

from agent.config.file import load_config
from agent.market.chain_reader import ChainReader
from agent.market.vault_reader import VaultSite
from agent.replay.stage import vault_terms
from agent.report.chain_table import print_chain
from chains.local import AGENT, LocalChain, PerpTick, VaultAddresses, World, deploy_vault


def test_every_number_stands_with_unit_source_and_age(
    chain: LocalChain, site_of: Callable[[World, VaultAddresses], VaultSite]
) -> None:
    policy = load_config("configs/eth-carry.yaml").config.policy
    now = chain.node.head().timestamp + 3_600
    chain.mover.step(now, feed_price=3_000, pool_price=3_000, perp=PerpTick(3_001, 3_000, 3_001, 3_001, 0.0))
    site = site_of(chain.world, deploy_vault(chain.node, chain.world, vault_terms(policy)))
    reader = ChainReader(chain.node, site, AGENT, max_oracle_age_s=600)
    chain.mover.step(chain.node.head().timestamp + 1_200)
    console = Console(width=140)
    with console.capture() as captured:
        print_chain(console, reader.look(), site.pair, 4, chain.node.head().timestamp)
    text = captured.get()
    assert "3,001.00" in text
    assert "depth 50 bp above the price" in text
    assert "unknown" not in text
    assert "ORACLE_STALE" in text
    assert "incomplete" in text
