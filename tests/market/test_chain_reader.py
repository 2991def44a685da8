"""One look at a real chain: vault, oracle, pool, HyperCore and Aave at one block, in two round trips."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from agent.config.file import load_config
from agent.market.chain_reader import ChainReader
from agent.market.vault_reader import LoanVenue, VaultReader, VaultSite
from agent.reasons import Code
from agent.replay.stage import vault_terms
from chains.functions import Function
from chains.local import (
    AGENT,
    DEPOSITOR,
    LocalChain,
    PerpTick,
    Sender,
    VaultAddresses,
    World,
    WorldSpec,
    deploy_vault,
    deposit,
    local_chain,
)
from chains.multicall import read_all, read_queries
from chains.providers import ProviderPool
from chains.venues import aave_v3, chainlink
from chains.venues.aave_v3 import RAY
from chains.venues.uniswap_v3 import TICK_LENS_ADDRESS

USD = 10**6
SiteOf = Callable[[World, VaultAddresses], VaultSite]


@pytest.fixture
def site(chain: LocalChain, site_of: SiteOf) -> VaultSite:
    now = chain.node.head().timestamp + 3_600
    chain.mover.step(now, feed_price=3_000, pool_price=3_000, perp=PerpTick(3_001, 3_000, 3_001, 3_001, 0.0))
    policy = load_config("configs/eth-carry.yaml").config.policy
    addresses = deploy_vault(chain.node, chain.world, vault_terms(policy))
    deposit(chain.node, chain.world, addresses.vault, DEPOSITOR, 500_000 * USD)
    return site_of(chain.world, addresses)


def test_reads_everything_in_two_round_trips(chain: LocalChain, site: VaultSite) -> None:
    reader = ChainReader(chain.node, site, AGENT, max_oracle_age_s=7_200)
    trips = chain.node.round_trips
    view = reader.look()
    assert chain.node.round_trips == trips + 2
    assert view.vault == VaultReader(chain.node, site, AGENT).read()
    assert view.vault.problems == view.vault.notes == ()
    assert view.feed.round.price(view.feed.decimals) == 3_000
    assert view.core is not None
    market = view.core.market
    assert (market.mark_price, market.oracle_price) == (300_100, 300_000)
    assert market.best_bid < market.mark_price < market.best_ask
    assert view.core.account.exists
    assert view.core.account.position.size == 0
    assert view.loan is None


def test_a_pool_of_providers_reads_the_same_in_as_many_round_trips(chain: LocalChain, site: VaultSite) -> None:
    with ProviderPool([chain.url], chain_id=31337, needed=1) as providers:
        reader = ChainReader(providers, site, AGENT, max_oracle_age_s=7_200)
        trips = providers.round_trips
        view = reader.look()
        assert providers.round_trips == trips + 2
    assert view == ChainReader(chain.node, site, AGENT, max_oracle_age_s=7_200).look()


def test_depth_within_one_percent_is_what_the_pool_was_stocked_with(
    chain: LocalChain, site: VaultSite, eth_spec: WorldSpec
) -> None:
    view = ChainReader(chain.node, site, AGENT, max_oracle_age_s=7_200, depth_bps=100).look()
    assert view.buy_base is not None
    assert view.sell_base is not None
    price, stocked = view.vault.pool_price, eth_spec.pool_depth_usd
    assert view.buy_base.amount_in / USD == pytest.approx(stocked, rel=0.03)
    assert view.buy_base.amount_out / 10**18 * price == pytest.approx(stocked, rel=0.03)
    assert view.sell_base.amount_in / 10**18 * price == pytest.approx(stocked, rel=0.03)


def test_follows_a_pool_that_left_the_ticks_it_was_last_seen_at(chain: LocalChain, site: VaultSite) -> None:
    reader = ChainReader(chain.node, site, AGENT, max_oracle_age_s=10**9)
    trips = chain.node.round_trips
    chain.mover.step(chain.node.head().timestamp + 3_600, pool_price=90_000)
    assert reader.look().vault.notes == ()
    trips = chain.node.round_trips
    assert reader.look().vault.pool_price == pytest.approx(90_000, rel=1e-3)
    assert chain.node.round_trips == trips + 2
    chain.mover.step(chain.node.head().timestamp + 3_600, pool_price=3_000)


@pytest.fixture(scope="module")
def lending(eth_spec: WorldSpec) -> Iterator[LocalChain]:
    with local_chain(replace(eth_spec, perp=None, lending=True)) as chain:
        yield chain


def test_reads_rates_utilisation_parameters_and_health_at_aave(lending: LocalChain, site_of: SiteOf) -> None:
    aave, world = lending.aave, lending.world
    assert aave is not None
    policy = load_config("configs/eth-lending-neutral.yaml").config.policy
    addresses = deploy_vault(lending.node, world, vault_terms(policy), aave=aave)
    assert addresses.loan_adapter is not None
    tokens = (aave.usdc.a_token, aave.base.variable_debt_token)
    site = replace(site_of(world, addresses), loan=LoanVenue(addresses.loan_adapter, aave.pool, *tokens, 4))
    sender = Sender(lending.node, DEPOSITOR)
    sender.send(world.usdc, Function("mint(address,uint256)"), DEPOSITOR, 1_000 * USD)
    reader = ChainReader(lending.node, site, AGENT, max_oracle_age_s=7_200)
    trips = lending.node.round_trips
    view = reader.look()
    assert lending.node.round_trips == trips + 2
    assert view.loan is not None
    asset, base, account = view.loan.asset, view.loan.base, view.loan.account
    assert asset.parameters.liquidation_threshold_bps == 7_800
    assert (asset.price_usd8, base.price_usd8) == (10**8, 3_000 * 10**8)
    assert base.utilisation_ray / RAY == pytest.approx(0.7, rel=1e-6)
    assert 0 < base.liquidity_rate_1y_ray < base.variable_borrow_rate_1y_ray
    assert account.health_factor_wad == aave_v3.NO_DEBT_HEALTH_FACTOR_WAD
    (index,) = read_all(lending.node, lending.node.head(), [aave_v3.normalized_debt(aave.pool, world.base)])
    assert base.debt_index_ray == index


def test_without_the_periphery_depth_is_unknown_and_everything_else_is_read(chain: LocalChain, site: VaultSite) -> None:
    code = chain.node.call("eth_getCode", TICK_LENS_ADDRESS, "latest")
    chain.node.call("anvil_setCode", TICK_LENS_ADDRESS, "0x", nullable=True)
    view = ChainReader(chain.node, site, AGENT, max_oracle_age_s=7_200).look()
    chain.node.call("anvil_setCode", TICK_LENS_ADDRESS, code, nullable=True)
    assert (view.buy_base, view.sell_base) == (None, None)
    assert {note.code for note in view.vault.notes} == {Code.POOL_DEPTH_UNKNOWN}
    assert view.vault.problems == ()


def test_a_feed_that_is_no_proxy_is_read_as_well(chain: LocalChain) -> None:
    block = chain.node.head()
    terms = chainlink.read_terms(chain.node, block, chain.world.aggregator)
    assert terms == (chain.world.aggregator, None, 8, 1, 10**18)
    (state,) = read_queries(chain.node, block, [chainlink.feed(chain.world.aggregator)])
    assert state.aggregator is None
