"""The real Aave v3 on the local chain: its terms, its interest, its accounts and its liquidations."""

import csv
import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from chains.functions import Function
from chains.local import (
    DEPLOYER,
    DEPOSITOR,
    SECOND_DEPOSITOR,
    AaveAddresses,
    LocalChain,
    ReserveTerms,
    Sender,
    TransactionFailed,
    WorldSpec,
    add_aave,
    local_chain,
)
from chains.local.aave import USDC_TERMS, WETH_TERMS
from chains.local.aave_contracts import load_aave
from chains.local.vendor import load_vendor
from chains.multicall import Call, read_all
from chains.rpc import BlockRef
from chains.venues import aave_v3
from chains.venues.aave_v3 import RAY, YEAR_S, AccountData, ReserveData

MINT = Function("mint(address,uint256)")
APPROVE = Function("approve(address,uint256)", "(bool)")
WRAP = Function("deposit()")
BALANCE_OF = Function("balanceOf(address)", "(uint256)")
POOL = load_aave("Pool")
VARIABLE = 2
USD8 = 10**8
ETH = 10**18
MILLION_USDC = 10**6 * 10**6


class Market:
    """One local chain with Aave, with the few moves and looks that the tests need."""

    def __init__(self, chain: LocalChain) -> None:
        self.chain = chain
        self.node, self.world = chain.node, chain.world
        self.aave = add_aave(chain.node, chain.world)

    @property
    def head(self) -> BlockRef:
        return self.node.head()

    def read(self, *calls: Call) -> list[Any]:
        return read_all(self.node, self.head, calls)

    def reserve(self, asset: str) -> ReserveData:
        return ReserveData(*self.read(aave_v3.reserve_data(self.aave.pool, asset))[0])

    def account(self, user: str) -> AccountData:
        return AccountData(*self.read(aave_v3.account_data(self.aave.pool, user))[0])

    def pool(self, user: str, function: str, *args: Any) -> dict[str, Any]:
        return Sender(self.node, user).send(self.aave.pool, POOL.function(function), *args)

    def lend_usdc(self, user: str, amount: int) -> None:
        sender = Sender(self.node, user)
        sender.send(self.world.usdc, MINT, user, amount)
        sender.send(self.world.usdc, APPROVE, self.aave.pool, amount)
        self.pool(user, "supply", self.world.usdc, amount, user, 0)

    def borrow_weth(self, user: str, amount: int) -> None:
        self.pool(user, "borrow", self.world.weth, amount, VARIABLE, 0, user)

    def pass_time(self, seconds: int) -> BlockRef:
        return self.chain.mover.step(self.head.timestamp + seconds)

    @contextmanager
    def undone(self) -> Iterator[None]:
        """Whatever happens inside never happened afterwards."""
        snapshot = self.node.call("evm_snapshot")
        try:
            yield
        finally:
            self.node.call("evm_revert", snapshot)


@pytest.fixture(scope="module")
def running(eth_spec: WorldSpec) -> Iterator[Market]:
    with local_chain(replace(eth_spec, perp=None)) as chain:
        yield Market(chain)


@pytest.fixture
def market(running: Market) -> Iterator[Market]:
    with running.undone():
        yield running


@pytest.fixture
def short_seller(market: Market) -> str:
    """Somebody who lent 100,000 USDC and owes 10 WETH, borrowed in the newest block."""
    market.lend_usdc(DEPOSITOR, MILLION_USDC // 10)
    market.borrow_weth(DEPOSITOR, 10 * ETH)
    return DEPOSITOR


def test_is_added_in_one_block_and_few_round_trips(market: Market) -> None:
    block, trips = market.head, market.node.round_trips
    add_aave(market.node, market.world)
    assert market.node.round_trips - trips <= 15
    assert market.head.number == block.number + 1
    assert market.head.timestamp == block.timestamp + 1


def test_reserves_have_the_terms_they_were_given(market: Market) -> None:
    for asset, terms, decimals in ((market.world.usdc, USDC_TERMS, 6), (market.world.base, WETH_TERMS, 18)):
        read = market.reserve(asset).configuration
        assert (read.ltv_bps, read.liquidation_threshold_bps) == (terms.ltv_bps, terms.liquidation_threshold_bps)
        assert read.liquidation_bonus_bps == terms.liquidation_bonus_bps
        assert read.reserve_factor_bps == terms.reserve_factor_bps
        assert read.decimals == decimals
        assert (read.is_active, read.is_frozen, read.is_paused, read.borrowing_enabled) == (True, False, False, True)
        assert (read.borrow_cap, read.supply_cap, read.liquidation_protocol_fee_bps) == (0, 0, 1_000)


@pytest.mark.parametrize(("symbol", "terms"), [("USDC", USDC_TERMS), ("WETH", WETH_TERMS)])
def test_terms_are_those_recorded_on_ethereum_but_for_the_optimal_utilisation(
    data_folder: Path, symbol: str, terms: ReserveTerms
) -> None:
    with gzip.open(data_folder / "onchain/aave_v3-risk_parameters-ethereum.csv.gz", "rt") as file:
        (row,) = (row for row in csv.DictReader(file) if row["symbol"] == symbol)
    assert terms.ltv_bps == int(row["baseLTVasCollateral"])
    assert terms.liquidation_threshold_bps == int(row["reserveLiquidationThreshold"])
    assert terms.liquidation_bonus_bps == int(row["reserveLiquidationBonus"]) - 10_000
    assert terms.reserve_factor_bps == int(row["reserveFactor"])
    # The recording went through floating point on its way.
    assert terms.rates.slope1_1y_ray == pytest.approx(int(row["variableRateSlope1"]), rel=1e-12)
    assert terms.rates.slope2_1y_ray == pytest.approx(int(row["variableRateSlope2"]), rel=1e-12)
    assert terms.rates.base_rate_1y_ray == int(row["baseVariableBorrowRate"])


def test_prices_are_the_worlds_feed_and_one_dollar(market: Market) -> None:
    market.chain.mover.step(market.head.timestamp + 3600, feed_price=3123.45)
    prices = [aave_v3.asset_price(market.aave.oracle, asset) for asset in (market.world.base, market.world.usdc)]
    assert market.read(*prices) == [3123_45000000, USD8]


def test_the_deployer_can_break_usdcs_peg(market: Market) -> None:
    submit = load_vendor("FluxAggregator").function("submit")
    Sender(market.node, DEPLOYER).send(market.aave.usdc_aggregator, submit, 2, 88_000_000)
    assert market.read(aave_v3.asset_price(market.aave.oracle, market.world.usdc)) == [88_000_000]


def usage(market: Market, asset: str) -> tuple[int, int]:
    """Available liquidity and variable debt of a reserve, as stored at its last update."""
    reserve = market.reserve(asset)
    available, scaled_debt = market.read(
        aave_v3.available_liquidity(asset, reserve.a_token), aave_v3.scaled_total_supply(reserve.variable_debt_token)
    )
    return available, aave_v3.ray_mul(scaled_debt, reserve.variable_borrow_index_ray)


def test_the_market_lends_fifty_millions_of_each_and_borrows_seventy_percent(market: Market) -> None:
    for asset, unit_usd, decimals in ((market.world.usdc, 1, 6), (market.world.base, 3000, 18)):
        available, debt = usage(market, asset)
        assert (available + debt) * unit_usd / 10**decimals == pytest.approx(50e6, rel=1e-9)
        assert aave_v3.utilisation_ray(available, debt) / RAY == pytest.approx(0.7, rel=1e-9)


@pytest.mark.parametrize(("borrowed", "above_the_kink"), [(1_000 * ETH, False), (3_000 * ETH, True)])
def test_rates_equal_the_formula_to_the_unit(market: Market, borrowed: int, above_the_kink: bool) -> None:
    market.pass_time(86_400)
    market.lend_usdc(DEPOSITOR, 20 * MILLION_USDC)
    market.borrow_weth(DEPOSITOR, borrowed)
    for asset, terms in ((market.world.usdc, USDC_TERMS), (market.world.base, WETH_TERMS)):
        reserve = market.reserve(asset)
        expected = terms.rates.rates(*usage(market, asset), terms.reserve_factor_bps)
        assert (reserve.liquidity_rate_1y_ray, reserve.variable_borrow_rate_1y_ray) == expected
    utilisation = aave_v3.utilisation_ray(*usage(market, market.world.base))
    assert (utilisation > WETH_TERMS.rates.optimal_utilisation_ray) is above_the_kink


def test_a_year_of_interest_equals_the_formula_to_the_unit(market: Market, short_seller: str) -> None:
    usdc, weth = market.reserve(market.world.usdc), market.reserve(market.world.weth)
    scaled_supply, scaled_debt = market.read(
        aave_v3.scaled_balance(usdc.a_token, short_seller),
        aave_v3.scaled_balance(weth.variable_debt_token, short_seller),
    )
    now = market.pass_time(YEAR_S).timestamp
    supplied, owed = market.read(
        Call(usdc.a_token, BALANCE_OF, (short_seller,)), Call(weth.variable_debt_token, BALANCE_OF, (short_seller,))
    )
    assert supplied == aave_v3.ray_mul(scaled_supply, usdc.liquidity_index_at(now))
    assert owed == aave_v3.ray_mul(scaled_debt, weth.variable_borrow_index_at(now))
    # By hand: 70 % of 90 % of 8 % for borrowers of USDC, of which 70 % less a tenth goes to suppliers.
    assert supplied / (MILLION_USDC / 10) == pytest.approx(1 + 0.08 * 0.7 / 0.9 * 0.7 * 0.9, abs=2e-4)
    assert owed / (10 * ETH) == pytest.approx(1 + 0.027 * 0.7 / 0.8, abs=4e-4)


def test_the_next_touch_stores_the_indexes_that_were_foretold(market: Market, short_seller: str) -> None:
    before = market.reserve(market.world.usdc)
    market.pass_time(30 * 86_400)
    market.lend_usdc(short_seller, 1)
    after = market.reserve(market.world.usdc)
    assert after.last_update_timestamp == market.head.timestamp
    assert after.liquidity_index_ray == before.liquidity_index_at(after.last_update_timestamp)
    assert after.variable_borrow_index_ray == before.variable_borrow_index_at(after.last_update_timestamp)
    assert after.liquidity_index_ray > before.liquidity_index_ray
    assert after.variable_borrow_index_ray - RAY > after.liquidity_index_ray - RAY > 0


def test_an_account_is_judged_as_by_hand(market: Market, short_seller: str) -> None:
    account = market.account(short_seller)
    assert account.debt_usd8 == 30_000 * USD8
    assert (account.ltv_bps, account.liquidation_threshold_bps) == (7_500, 7_800)
    # What was lent has earned a second of interest already.
    assert account.collateral_usd8 == pytest.approx(100_000 * USD8, rel=1e-8)
    assert account.available_borrows_usd8 == pytest.approx((75_000 - 30_000) * USD8, rel=1e-8)
    assert account.health_factor_wad == pytest.approx(10**18 * 78_000 / 30_000, rel=1e-8)


def test_the_health_factor_equals_the_formula_to_the_unit_after_interest(market: Market, short_seller: str) -> None:
    market.pass_time(100 * 86_400)
    account = market.account(short_seller)
    formula = (account.collateral_usd8, account.liquidation_threshold_bps, account.debt_usd8)
    assert account.health_factor_wad == aave_v3.health_factor_wad(*formula) != 26 * 10**17


def test_an_account_without_debt_has_no_finite_health_factor(market: Market) -> None:
    market.lend_usdc(DEPOSITOR, MILLION_USDC)
    assert market.account(DEPOSITOR).health_factor_wad == aave_v3.NO_DEBT_HEALTH_FACTOR_WAD


def test_borrowing_beyond_the_ltv_is_refused_with_aaves_code(market: Market) -> None:
    market.lend_usdc(DEPOSITOR, MILLION_USDC // 10)
    with pytest.raises(TransactionFailed, match=r"Error\(36\)"):  # collateral cannot cover the new borrow
        market.borrow_weth(DEPOSITOR, 26 * ETH)


def position_at(market: Market, user: str, timestamp: int) -> tuple[int, int]:
    """Collateral in USD with 8 decimals and debt of WETH, foretold for a block that does not exist yet."""
    usdc, weth = market.reserve(market.world.usdc), market.reserve(market.world.weth)
    scaled_supply, scaled_debt = market.read(
        aave_v3.scaled_balance(usdc.a_token, user), aave_v3.scaled_balance(weth.variable_debt_token, user)
    )
    collateral = aave_v3.ray_mul(scaled_supply, usdc.liquidity_index_at(timestamp)) * USD8 // 10**6
    return collateral, aave_v3.ray_mul(scaled_debt, weth.variable_borrow_index_at(timestamp))


def test_liquidation_begins_at_the_computed_price_and_not_one_unit_below(market: Market, short_seller: str) -> None:
    sender = Sender(market.node, SECOND_DEPOSITOR)
    sender.send(market.world.weth, WRAP, value=5 * ETH)
    sender.send(market.world.weth, APPROVE, market.aave.pool, 5 * ETH)
    market.pass_time(50 * 86_400)
    feed_at = market.head.timestamp + 3600
    collateral, debt = position_at(market, short_seller, feed_at + 1)
    price_usd8 = aave_v3.short_liquidation_price_usd8(collateral, USDC_TERMS.liquidation_threshold_bps, debt, 18)
    assert price_usd8 / USD8 == pytest.approx(7_800, rel=0.01)

    def liquidate(at_price_usd8: int) -> None:
        market.chain.mover.step(feed_at, feed_price=at_price_usd8 / USD8)
        assert market.read(aave_v3.asset_price(market.aave.oracle, market.world.weth)) == [at_price_usd8]
        repaid = (market.world.usdc, market.world.weth, short_seller, 2 * ETH, False)
        market.pool(SECOND_DEPOSITOR, "liquidationCall", *repaid)

    with market.undone(), pytest.raises(TransactionFailed, match=r"Error\(45\)"):  # health factor not below one
        liquidate(price_usd8 - 1)
    liquidate(price_usd8)
    seized, still_owed = market.read(
        Call(market.world.usdc, BALANCE_OF, (SECOND_DEPOSITOR,)),
        Call(market.aave.base.variable_debt_token, BALANCE_OF, (short_seller,)),
    )
    # What was repaid, plus the bonus of 4.5 % of which the protocol keeps a tenth.
    assert seized / 10**6 == pytest.approx(2 * price_usd8 / USD8 * (1 + 0.045 * 0.9), rel=1e-8)
    assert still_owed == pytest.approx(debt - 2 * ETH, abs=1)


def test_what_was_borrowed_can_be_repaid_and_what_was_lent_withdrawn(market: Market, short_seller: str) -> None:
    sender, everything = Sender(market.node, short_seller), 2**256 - 1
    market.pass_time(86_400)
    sender.send(market.world.weth, WRAP, value=ETH)
    sender.send(market.world.weth, APPROVE, market.aave.pool, everything)
    market.pool(short_seller, "repay", market.world.weth, everything, VARIABLE, short_seller)
    market.pool(short_seller, "withdraw", market.world.usdc, everything, short_seller)
    account = market.account(short_seller)
    assert (account.collateral_usd8, account.debt_usd8) == (0, 0)
    assert market.read(Call(market.world.usdc, BALANCE_OF, (short_seller,)))[0] > MILLION_USDC // 10


def test_no_price_liquidates_the_market_itself(market: Market) -> None:
    for price in (1.0, 100.0, 3_000.0, 100_000.0):
        market.chain.mover.step(market.head.timestamp + 3600, feed_price=price)
        assert market.account(DEPLOYER).health_factor_wad > aave_v3.WAD


def test_the_base_token_may_have_eight_decimals_and_be_no_ether(eth_spec: WorldSpec) -> None:
    spec = replace(eth_spec, base_symbol="WBTC", base_decimals=8, first_price=60_000.0, perp=None)
    with local_chain(spec) as chain:
        aave = add_aave(chain.node, chain.world, supplied_usd=6_000_000, utilisation_bps=0)
        asked = [aave_v3.available_liquidity(chain.world.base, aave.base.a_token), *symbols(aave)]
        assert read_all(chain.node, chain.node.head(), asked) == [100 * 10**8, "aUSDC", "aWBTC"]


def symbols(aave: AaveAddresses) -> list[Call]:
    symbol = Function("symbol()", "(string)")
    return [Call(aave.usdc.a_token, symbol), Call(aave.base.a_token, symbol)]


def test_an_asset_that_is_no_reserve_is_refused(market: Market) -> None:
    with pytest.raises(ValueError, match="no reserve of the pool"):
        _ = market.reserve(market.world.feed).configuration


@pytest.mark.parametrize("wrong", [{"supplied_usd": 0}, {"utilisation_bps": 7_501}, {"utilisation_bps": -1}])
def test_refuses_a_market_that_could_not_stand(market: Market, wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        add_aave(market.node, market.world, **wrong)
