"""The map of a real Aave: borrowers found in its events, and who can be liquidated when the price really moves."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest

from agent.market.liquidation.aave import AaveLevels, aave_levels
from agent.market.liquidation.buckets import Side, map_of_levels
from chains.functions import Function
from chains.local import (
    AGENT,
    CURATOR,
    DEPLOYER,
    DEPOSITOR,
    GUARDIAN,
    OWNER,
    SECOND_DEPOSITOR,
    AaveAddresses,
    LocalChain,
    Sender,
    WorldSpec,
    local_chain,
)
from chains.local.aave_contracts import load_aave
from chains.multicall import read_all
from chains.venues import aave_v3
from chains.venues.aave_v3 import WAD, AccountData
from chains.venues.aave_v3_borrowers import find_borrowers, health_factor, read_borrowers, read_reserves

POOL = load_aave("Pool")
MINT = Function("mint(address,uint256)")
APPROVE = Function("approve(address,uint256)", "(bool)")
WRAP = Function("deposit()")
USDC, ETH = 10**6, 10**18
VARIABLE = 2
SECOND_OF_INTEREST_USD8 = 1_500  # moves no level further than that, which is 0.000015 USD


@dataclass(frozen=True)
class Market:
    """Aave with borrowers of both kinds; WETH is worth 3,000."""

    chain: LocalChain
    aave: AaveAddresses

    def levels(self) -> AaveLevels:
        block = self.chain.node.head()
        users = find_borrowers(self.chain.node, self.aave.pool, 0, block.number)
        reserves = read_reserves(self.chain.node, block, self.aave.pool, self.aave.oracle)
        borrowers = read_borrowers(self.chain.node, block, self.aave.pool, reserves, users)
        return aave_levels(borrowers, reserves, self.chain.world.base)

    def liquidatable_at(self, price_usd8: int, users: list[str]) -> set[str]:
        """Whom the real pool calls liquidatable once the feed says this price, in the very next second."""
        snapshot = self.chain.node.call("evm_snapshot")
        self.chain.mover.step(self.chain.node.head().timestamp + 1, feed_price=price_usd8 / 10**8)
        calls = [aave_v3.account_data(self.aave.pool, user) for user in users]
        answers = read_all(self.chain.node, self.chain.node.head(), calls)
        self.chain.node.call("evm_revert", snapshot)
        healths = [AccountData(*answer).health_factor_wad for answer in answers]
        return {user for user, health in zip(users, healths, strict=True) if health < WAD}

    def borrow(self, user: str, eth: int, usdc: int, borrow_eth: int, borrow_usdc: int) -> None:
        """Lends and borrows; amounts in whole tokens."""
        world, sender = self.chain.world, Sender(self.chain.node, user)
        for token, amount in ((world.base, eth * ETH), (world.usdc, usdc * USDC)):
            if amount:
                if token == world.base:
                    sender.send(token, WRAP, value=amount)
                else:
                    sender.send(token, MINT, user, amount)
                sender.send(token, APPROVE, self.aave.pool, amount)
                sender.send(self.aave.pool, POOL.function("supply"), token, amount, user, 0)
        for token, amount in ((world.base, borrow_eth * ETH // 100), (world.usdc, borrow_usdc * USDC)):
            if amount:
                sender.send(self.aave.pool, POOL.function("borrow"), token, amount, VARIABLE, 0, user)


@pytest.fixture(scope="module")
def market(eth_spec: WorldSpec) -> Iterator[Market]:
    with local_chain(replace(eth_spec, perp=None, lending=True)) as chain:
        assert chain.aave is not None
        running = Market(chain, chain.aave)
        running.borrow(AGENT, eth=100, usdc=0, borrow_eth=0, borrow_usdc=200_000)  # falls at 2,410
        running.borrow(OWNER, eth=50, usdc=0, borrow_eth=0, borrow_usdc=120_000)  # at 2,892
        running.borrow(DEPOSITOR, eth=0, usdc=100_000, borrow_eth=2_000, borrow_usdc=0)  # at 3,900
        running.borrow(GUARDIAN, eth=0, usdc=50_000, borrow_eth=1_200, borrow_usdc=0)  # at 3,250
        running.borrow(SECOND_DEPOSITOR, eth=20, usdc=30_000, borrow_eth=0, borrow_usdc=60_000)  # both as collateral
        running.borrow(CURATOR, eth=10, usdc=40_000, borrow_eth=1_000, borrow_usdc=20_000)  # and both as debt
        yield running


def test_finds_every_borrower_in_the_events(market: Market) -> None:
    node = market.chain.node
    found = find_borrowers(node, market.aave.pool, 0, node.head().number)
    users = (AGENT, OWNER, DEPOSITOR, GUARDIAN, SECOND_DEPOSITOR, CURATOR, DEPLOYER)
    assert found == sorted(user.lower() for user in users)
    assert find_borrowers(node, market.aave.pool, 0, node.head().number, span=7) == found


def test_health_factors_are_the_pools_to_the_last_unit(market: Market) -> None:
    node, block = market.chain.node, market.chain.node.head()
    users = find_borrowers(node, market.aave.pool, 0, block.number)
    reserves = read_reserves(node, block, market.aave.pool, market.aave.oracle)
    borrowers = read_borrowers(node, block, market.aave.pool, reserves, users)
    by_asset = {reserve.asset: reserve for reserve in reserves}
    answers = read_all(node, block, [aave_v3.account_data(market.aave.pool, user) for user in users])
    assert [health_factor(one, by_asset, {}) for one in borrowers] == [answer[5] for answer in answers]


def test_levels_are_where_the_pool_begins_to_allow_a_liquidation(market: Market) -> None:
    levels = market.levels()
    users = [one.user for one in levels.levels]
    assert levels.unplaced == ()
    assert len(users) == 6, "the market itself covers each debt with the same token"
    for one in levels.levels:
        step = -1 if one.side is Side.LONG else 1
        at = market.liquidatable_at(one.price_usd8 + SECOND_OF_INTEREST_USD8 * step, users)
        before = market.liquidatable_at(one.price_usd8 - SECOND_OF_INTEREST_USD8 * step, users)
        assert one.user in at, f"{one} is not liquidatable yet"
        assert one.user not in before, f"{one} was liquidatable before"
    prices = {one.user: one.price_usd8 / 10**8 for one in levels.levels}
    assert prices[AGENT.lower()] == pytest.approx(200_000 / 100 / 0.83, rel=1e-4)
    assert prices[DEPOSITOR.lower()] == pytest.approx(100_000 * 0.78 / 20, rel=1e-4)


def test_a_move_brings_down_exactly_those_whose_level_it_passes(market: Market) -> None:
    levels = market.levels().levels
    users = [one.user for one in levels]
    for price_usd8 in (1_500 * 10**8, 2_500 * 10**8, 2_950 * 10**8, 3_300 * 10**8, 4_200 * 10**8):
        passed = {
            one.user
            for one in levels
            if (price_usd8 < one.price_usd8 if one.side is Side.LONG else price_usd8 > one.price_usd8)
        }
        assert market.liquidatable_at(price_usd8, users) == passed


def test_the_map_holds_what_the_levels_hold(market: Market) -> None:
    levels = market.levels()
    found = map_of_levels(levels.as_levels(), 3_000.0, width=0.01, estimate=False, source="Aave v3")
    assert sum(bucket.notional_usd for bucket in found.buckets) == pytest.approx(
        sum(one.notional_usd for one in levels.levels)
    )
    below = [bucket for bucket in found.buckets if bucket.high <= 3_000.0001]
    assert all(bucket.short_usd == 0 for bucket in below)


def test_an_account_in_an_e_mode_is_named_and_not_placed(market: Market) -> None:
    node, block = market.chain.node, market.chain.node.head()
    reserves = read_reserves(node, block, market.aave.pool, market.aave.oracle)
    (borrower,) = read_borrowers(node, block, market.aave.pool, reserves, [AGENT])
    levels = aave_levels([replace(borrower, e_mode=1)], reserves, market.chain.world.base)
    assert (levels.levels, levels.unplaced) == ((), (AGENT,))


def test_an_account_that_is_under_water_already_stands_at_the_present_price(market: Market) -> None:
    snapshot = market.chain.node.call("evm_snapshot")
    market.chain.mover.step(market.chain.node.head().timestamp + 1, feed_price=2_000)
    levels = {one.user: one for one in market.levels().levels}
    market.chain.node.call("evm_revert", snapshot)
    assert levels[AGENT.lower()].price_usd8 == 2_000 * 10**8
    assert levels[DEPOSITOR.lower()].price_usd8 > 3_800 * 10**8
