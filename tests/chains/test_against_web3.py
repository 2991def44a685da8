"""The same chain read by web3.py, an implementation of its own, says the same."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from eth_utils.address import to_checksum_address

from chains.local import DEPLOYER, LocalChain, WorldSpec, local_chain
from chains.local.aave_contracts import load_aave
from chains.local.vendor import load_vendor
from chains.multicall import read_all, read_queries
from chains.venues import aave_v3, chainlink, uniswap_v3_pool
from chains.venues.aave_v3_borrowers import find_borrowers
from chains.venues.chainlink import Round


@pytest.fixture(scope="module")
def lending(eth_spec: WorldSpec) -> Iterator[LocalChain]:
    with local_chain(replace(eth_spec, perp=None, lending=True)) as chain:
        yield chain


@pytest.fixture(scope="module")
def contract(lending: LocalChain) -> Any:
    """Makes a web3.py contract of an artifact at an address."""
    from web3 import HTTPProvider, Web3

    client = Web3(HTTPProvider(lending.url, exception_retry_configuration=None))
    return lambda artifact, address: client.eth.contract(address=to_checksum_address(address), abi=list(artifact.abi))


def test_pool_and_feed_are_the_same(lending: LocalChain, contract: Any) -> None:
    block, world = lending.node.head(), lending.world
    pool = contract(load_vendor("UniswapV3Pool"), world.pool).functions
    slot0 = pool.slot0().call(block_identifier=block.hash)
    ours, feed = read_queries(
        lending.node, block, [uniswap_v3_pool.pool(world.pool, 10, 60, slot0[1]), chainlink.feed(world.feed)]
    )
    assert [ours.sqrt_price_x96, ours.tick, ours.unlocked] == [slot0[0], slot0[1], slot0[6]]
    assert ours.liquidity == pool.liquidity().call(block_identifier=block.hash)
    for tick, net in ours.ticks:
        assert pool.ticks(tick).call(block_identifier=block.hash)[1] == net
    proxy = contract(load_vendor("EACAggregatorProxy"), world.feed).functions
    assert feed.round == Round(*proxy.latestRoundData().call(block_identifier=block.hash))


def test_accounts_and_borrowers_are_the_same(lending: LocalChain, contract: Any) -> None:
    assert lending.aave is not None
    block, address = lending.node.head(), lending.aave.pool
    pool = contract(load_aave("Pool"), address)
    (account,) = read_all(lending.node, block, [aave_v3.account_data(address, DEPLOYER)])
    assert list(account) == pool.functions.getUserAccountData(DEPLOYER).call(block_identifier=block.hash)
    # The event is declared in a library of the pool, so web3.py finds it by its topic.
    wanted = {"address": to_checksum_address(address), "fromBlock": 0, "toBlock": block.number}
    logs = pool.w3.eth.get_logs(wanted)
    topic = pool.w3.keccak(text="Borrow(address,address,address,uint256,uint8,uint256,uint16)")
    borrowers = {"0x" + bytes(log["topics"][2])[12:].hex() for log in logs if log["topics"][0] == topic}
    assert set(find_borrowers(lending.node, address, 0, block.number)) == borrowers
