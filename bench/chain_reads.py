"""Measures one look at the chain: through one node, through a pool of two, and the same two round trips by web3.py."""

import asyncio
import statistics
import time
from collections.abc import Callable

from agent.config.file import load_config
from agent.market.chain_reader import ChainReader
from agent.market.vault_reader import VaultSite
from agent.replay.stage import deployed_site, world_spec
from bench.run import Rows
from chains.local import AGENT, local_chain
from chains.local.anvil import CHAIN_ID
from chains.multicall import MULTICALL3_ADDRESS
from chains.providers import ProviderPool
from chains.rpc import Reader

RUNS = 200
CONFIG = "configs/eth-carry.yaml"
GENESIS, FIRST_PRICE = 1_700_000_000, 3_000.0


def main() -> None:
    rows = Rows()
    config = load_config(CONFIG).config
    with local_chain(world_spec(config, GENESIS, FIRST_PRICE)) as chain:
        # A vault without a position; reading it takes the same calls as reading a full one.
        site = deployed_site(config, chain)
        port = chain.url.rpartition(":")[2]
        # One node under two names, so that what is measured is the pool and not a second node.
        urls = [f"http://127.0.0.1:{port}", f"http://localhost:{port}"]
        reader = _reader(chain.node, site)
        before = chain.node.round_trips
        reader.look()
        rows.add("one look at the chain", chain.node.round_trips - before, "round trips", "<= 2")
        rows.add("look through one node", _median_ms(reader.look), "ms")
        with ProviderPool(urls, chain_id=CHAIN_ID) as pool:
            rows.add("look through a pool of two that must agree", _median_ms(_reader(pool, site).look), "ms")
        rows.add("block and one eth_call by web3.py, two nodes", asyncio.run(_web3_ms(urls)), "ms")


def _reader(node: Reader, site: VaultSite) -> ChainReader:
    return ChainReader(node, site, AGENT, max_oracle_age_s=7_200)


def _median_ms(look: Callable[[], object]) -> float:
    times = []
    for _ in range(RUNS):
        started = time.perf_counter()
        look()
        times.append(time.perf_counter() - started)
    return 1_000 * statistics.median(times)


async def _web3_ms(urls: list[str]) -> float:
    from web3 import AsyncHTTPProvider, AsyncWeb3

    clients = [AsyncWeb3(AsyncHTTPProvider(url)) for url in urls]
    call = {"to": MULTICALL3_ADDRESS, "data": "0x0f28c97d"}  # getCurrentBlockTimestamp()
    times = []
    for _ in range(RUNS):
        started = time.perf_counter()
        blocks = await asyncio.gather(*(client.eth.get_block("latest") for client in clients))
        await asyncio.gather(
            *(client.eth.call(call, block["hash"]) for client, block in zip(clients, blocks, strict=True))
        )
        times.append(time.perf_counter() - started)
    for client in clients:
        await client.provider.disconnect()
    return 1_000 * statistics.median(times)


if __name__ == "__main__":
    main()
