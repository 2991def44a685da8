"""Faults 38 to 41: providers that are behind, on a fork, lying or answering of another block."""

from contextlib import closing

from lying_nodes import CHAIN_ID, HEARTBEAT_S, code_of, pool_of, rejected
from lying_proxy import Entry, LyingProxy, about

from agent.market.chain_reader import ChainReader
from agent.market.vault_reader import VaultSite
from agent.reasons import Code
from chains.functions import Function
from chains.local import AGENT, DEPLOYER, Anvil, LocalChain
from chains.multicall import Call, read_all
from chains.providers import ProviderPool
from chains.rpc import Node

BALANCE_OF = Function("balanceOf(address)", "(uint256)")


def mine(chain: LocalChain, blocks: int) -> None:
    for _ in range(blocks):
        chain.mover.step(chain.node.head().timestamp + 2)


# 38: behind, stuck, syncing


def test_fault_38_a_provider_that_is_blocks_behind_is_dropped(chain: LocalChain, proxies: list[LyingProxy]) -> None:
    mine(chain, 8)
    number = chain.node.head().number
    old = chain.node.call("eth_getBlockByNumber", hex(number - 7), False)
    proxies[0].tell = about("eth_getBlockByNumber", lambda _: old)
    with pool_of(proxies) as pool:
        assert pool.head().number == number
        assert rejected(pool, pool.head) == {(proxies[0].name, Code.CHAIN_LAGGING)}


def test_fault_38_a_provider_that_is_syncing_is_dropped(chain: LocalChain, proxies: list[LyingProxy]) -> None:
    proxies[1].tell = about("eth_syncing", lambda _: {"currentBlock": "0x1", "highestBlock": "0xff"})
    with pool_of(proxies) as pool:
        assert pool.head() == chain.node.head()
        assert rejected(pool, pool.head) == {(proxies[1].name, Code.CHAIN_LAGGING)}


def test_fault_38_a_head_that_stands_still_everywhere_is_no_head(chain: LocalChain, proxies: list[LyingProxy]) -> None:
    stamp = chain.node.head().timestamp
    with pool_of(proxies, max_head_age_s=60, unix_now=lambda: stamp + 59) as pool:
        assert pool.head().timestamp == stamp
    with pool_of(proxies, max_head_age_s=60, unix_now=lambda: stamp + 61) as pool:
        assert code_of(pool.head) is Code.CHAIN_STUCK


def test_fault_38_providers_that_go_back_together_are_not_believed(
    chain: LocalChain, proxies: list[LyingProxy]
) -> None:
    mine(chain, 8)
    old = chain.node.call("eth_getBlockByNumber", hex(chain.node.head().number - 7), False)
    with pool_of(proxies) as pool:
        pool.head()
        for proxy in proxies:
            proxy.tell = about("eth_getBlockByNumber", lambda _: old)
        assert code_of(pool.head) is Code.CHAIN_STUCK


# 39: different blocks at one height


def test_fault_39_two_blocks_at_one_height_and_no_majority_is_no_trade() -> None:
    with Anvil(1_700_000_000) as one, Anvil(1_700_000_001) as other:
        down = LyingProxy(one.url)
        down.down = True
        try:
            with ProviderPool([one.url, other.url, down.url], chain_id=CHAIN_ID) as pool:
                assert code_of(pool.head) is Code.CHAIN_FORK
        finally:
            down.close()


def test_fault_39_one_of_three_on_a_fork_is_dropped() -> None:
    with (
        Anvil(1_700_000_000) as one,
        Anvil(1_700_000_000) as same,
        Anvil(1_700_000_001) as other,
        ProviderPool([one.url, same.url, other.url], chain_id=CHAIN_ID) as pool,
    ):
        assert pool.head() == one.node.head()
        assert {code for _, code in rejected(pool, pool.head)} == {Code.CHAIN_FORK}


# 40: the honest ones are down


def test_fault_40_a_liar_left_alone_by_an_attack_on_the_others_is_not_believed(
    chain: LocalChain, proxies: list[LyingProxy]
) -> None:
    liar, *honest = proxies
    liar.tell = about("eth_getBalance", lambda _: hex(10**30))
    for proxy in honest:
        proxy.delay_s = 3.0
    with ProviderPool([proxy.url for proxy in proxies], chain_id=CHAIN_ID, deadline_s=0.2) as pool:
        for _ in range(3):
            assert code_of(lambda: pool.call("eth_getBalance", DEPLOYER, "latest")) is Code.CHAIN_QUORUM
            assert code_of(pool.head) is Code.CHAIN_QUORUM


# 41: reads from different blocks


def unpinned(entry: Entry) -> Entry:
    """Makes of a read pinned to a block's hash one of the newest block."""
    if entry["method"] != "eth_call":
        return entry
    return {**entry, "params": [entry["params"][0], "latest"]}


def test_fault_41_an_answer_of_another_block_is_discarded(chain: LocalChain, proxies: list[LyingProxy]) -> None:
    block = chain.node.head()
    mine(chain, 1)
    reads = [Call(chain.world.usdc, BALANCE_OF, (chain.world.mover,))]
    proxies[0].ask = unpinned
    with pool_of(proxies) as pool:
        assert read_all(pool, block, reads) == read_all(chain.node, block, reads)
        assert rejected(pool, lambda: read_all(pool, block, reads)) == {(proxies[0].name, Code.CHAIN_DISAGREES)}
        for proxy in proxies:
            proxy.ask = unpinned
        assert code_of(lambda: read_all(pool, block, reads)) is Code.CHAIN_WRONG_BLOCK


def test_fault_41_a_node_that_heeds_the_block_when_asked_again_is_believed(
    chain: LocalChain, proxies: list[LyingProxy]
) -> None:
    block = chain.node.head()
    mine(chain, 1)
    reads = [Call(chain.world.usdc, BALANCE_OF, (chain.world.mover,))]
    heeded = iter([False])
    proxies[0].ask = lambda entry: entry if next(heeded, True) else unpinned(entry)
    with closing(Node(proxies[0].url)) as node:
        assert read_all(node, block, reads) == read_all(chain.node, block, reads)
    assert len(proxies[0].requests) == 2


def test_fault_41_every_read_of_an_observation_names_one_block_hash(
    chain: LocalChain, proxies: list[LyingProxy], site: VaultSite
) -> None:
    with ProviderPool([proxies[0].url], chain_id=CHAIN_ID, needed=1) as pool:
        reader = ChainReader(pool, site, AGENT, max_oracle_age_s=HEARTBEAT_S)
        proxies[0].requests.clear()
        reader.read()
    blocks = [entry["params"][1] for entry in proxies[0].requests if entry["method"] == "eth_call"]
    assert blocks == [{"blockHash": chain.node.head().hash, "requireCanonical": True}]
