"""The real Aave v3 in a local world: its pool with a USDC and a base reserve, stocked by the market and borrowed from.

Only a world whose strategy lends or borrows pays for it: `add_aave` puts it beside what already stands.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from chains.functions import Function
from chains.local.aave_contracts import LIBRARIES, load_aave
from chains.local.accounts import DEPLOYER
from chains.local.batch import Batch, created_address
from chains.local.mover import FEED_DECIMALS
from chains.local.spec import USDC_DECIMALS, World
from chains.local.vendor import load_vendor
from chains.multicall import Call, read_all
from chains.rpc import Node
from chains.venues import chainlink
from chains.venues.aave_v3 import ONE_IN_BPS, RAY, RateStrategy, ReserveData, reserve_data

_ZERO_ADDRESS = "0x" + "00" * 20
_TREASURY = "0x" + b"AaveTreasury".ljust(20, b"\0").hex()
_VARIABLE_RATE = 2
_WEI_BALANCE = 10**33
_UNLIMITED = 2**256 - 1
_ONE_USD = 10**FEED_DECIMALS

_SYMBOL = Function("symbol()", "(string)")
_APPROVE = Function("approve(address,uint256)", "(bool)")
_MINT = Function("mint(address,uint256)")
_WRAP = Function("deposit()")


@dataclass(frozen=True, slots=True)
class ReserveTerms:
    """Parameters of one reserve. `liquidation_bonus_bps` comes on top: 450 is 4.5 %."""

    ltv_bps: int
    liquidation_threshold_bps: int
    liquidation_bonus_bps: int
    reserve_factor_bps: int
    rates: RateStrategy


def _percent_ray(percent: int) -> int:
    return percent * RAY // 100


# As on Ethereum's main market in March 2025, but for the optimal utilisation, which stood at 92 and 90 % then.
USDC_TERMS = ReserveTerms(
    ltv_bps=7_500,
    liquidation_threshold_bps=7_800,
    liquidation_bonus_bps=450,
    reserve_factor_bps=1_000,
    rates=RateStrategy(_percent_ray(90), 0, _percent_ray(8), _percent_ray(35)),
)
WETH_TERMS = ReserveTerms(
    ltv_bps=8_050,
    liquidation_threshold_bps=8_300,
    liquidation_bonus_bps=500,
    reserve_factor_bps=1_500,
    rates=RateStrategy(_percent_ray(80), 0, RAY * 27 // 1000, _percent_ray(80)),
)
LIQUIDATION_PROTOCOL_FEE_BPS = 1_000


@dataclass(frozen=True, slots=True)
class ReserveAddresses:
    """The tokens that stand for what is lent to a reserve and what is borrowed from it."""

    a_token: str
    variable_debt_token: str


@dataclass(frozen=True, slots=True)
class AaveAddresses:
    """Where Aave stands. `usdc_aggregator` is a Chainlink aggregator that says 1 USD until DEPLOYER submits another."""

    provider: str
    pool: str
    configurator: str
    oracle: str
    usdc_aggregator: str
    usdc: ReserveAddresses
    base: ReserveAddresses


@dataclass(frozen=True, slots=True)
class _Listing:
    """One reserve to be listed."""

    asset: str
    symbol: str
    decimals: int
    feed: str
    terms: ReserveTerms


def add_aave(
    node: Node,
    world: World,
    *,
    usdc_terms: ReserveTerms = USDC_TERMS,
    base_terms: ReserveTerms = WETH_TERMS,
    supplied_usd: int = 50_000_000,
    utilisation_bps: int = 7_000,
) -> AaveAddresses:
    """Adds Aave to a running world in one block; its price of base is the world's Chainlink feed.

    Parameters
    ----------
    supplied_usd : what the market (DEPLOYER) lends to each of the two reserves, at the feed's price now
    utilisation_bps : the part of it that the market borrows itself, so that rates start from somewhere; at most the
        smaller LTV, because then each token's collateral covers its own debt and no price can liquidate the market

    Raises
    ------
    TransactionFailed : a part of the deployment reverted, with the reason
    """
    if supplied_usd <= 0:
        raise ValueError(f"supplied_usd: expected a positive amount, got {supplied_usd}")
    highest = min(usdc_terms.ltv_bps, base_terms.ltv_bps)
    if not 0 <= utilisation_bps <= highest:
        raise ValueError(f"utilisation_bps: expected 0 to the smaller LTV, {highest}, got {utilisation_bps}")
    asked = [chainlink.latest_round(world.feed), Call(world.base, _SYMBOL)]
    round_now, base_symbol = read_all(node, node.head(), asked)
    base_price = chainlink.Round(*round_now).price(FEED_DECIMALS)
    # A fork starts its test accounts with 10,000 ETH again, whatever they had.
    node.call("anvil_setBalance", DEPLOYER, hex(_WEI_BALANCE), nullable=True)
    batch = Batch(node, DEPLOYER)
    provider, pool, configurator = _deploy_core(batch)
    usdc_aggregator = _deploy_usdc_aggregator(batch, world.usdc)
    usdc = _Listing(world.usdc, "USDC", USDC_DECIMALS, usdc_aggregator, usdc_terms)
    base = _Listing(world.base, base_symbol, world.base_decimals, world.feed, base_terms)
    oracle = _deploy_oracle(batch, provider, [usdc, base])
    _list_reserves(batch, provider, pool, configurator, [usdc, base])
    amounts = {
        world.usdc: supplied_usd * 10**USDC_DECIMALS,
        world.base: int(supplied_usd / base_price * 10**world.base_decimals),
    }
    _stock(batch, pool, world.weth, amounts, utilisation_bps)
    batch.mine()
    return AaveAddresses(
        provider, pool, configurator, oracle, usdc_aggregator, *_reserve_addresses(node, pool, [usdc, base])
    )


def _deploy_core(batch: Batch) -> tuple[str, str, str]:
    """Addresses of provider, pool and configurator; the latter two are proxies that the provider creates."""
    libraries: dict[str, str] = {}
    for name in LIBRARIES:
        libraries[name] = batch.create(load_aave(name, libraries))
    provider_contract, access_contract = load_aave("PoolAddressesProvider"), load_aave("ACLManager")
    provider = batch.create(provider_contract, "Local Aave market", DEPLOYER)
    batch.send(provider, provider_contract.function("setACLAdmin"), DEPLOYER)
    access = batch.create(access_contract, provider)
    batch.send(provider, provider_contract.function("setACLManager"), access)
    batch.send(access, access_contract.function("addPoolAdmin"), DEPLOYER)
    pool_code = batch.create(load_aave("Pool", libraries), provider)
    batch.send(provider, provider_contract.function("setPoolImpl"), pool_code)
    configurator_code = batch.create(load_aave("PoolConfigurator", libraries))
    batch.send(provider, provider_contract.function("setPoolConfiguratorImpl"), configurator_code)
    return provider, created_address(provider, 1), created_address(provider, 2)


def _deploy_usdc_aggregator(batch: Batch, usdc: str) -> str:
    """A real Chainlink aggregator whose one oracle, DEPLOYER, says 1 USD."""
    contract = load_vendor("FluxAggregator")
    no_payments = (usdc, 0, 600, _ZERO_ADDRESS)
    aggregator = batch.create(contract, *no_payments, 1, 10**18, FEED_DECIMALS, "USDC / USD")
    batch.send(aggregator, contract.function("changeOracles"), [], [DEPLOYER], [DEPLOYER], 1, 1, 0)
    batch.send(aggregator, contract.function("submit"), 1, _ONE_USD)
    return aggregator


def _deploy_oracle(batch: Batch, provider: str, listings: list[_Listing]) -> str:
    assets, feeds = [one.asset for one in listings], [one.feed for one in listings]
    in_usd = (_ZERO_ADDRESS, _ONE_USD)
    oracle = batch.create(load_aave("AaveOracle"), provider, assets, feeds, _ZERO_ADDRESS, *in_usd)
    batch.send(provider, load_aave("PoolAddressesProvider").function("setPriceOracle"), oracle)
    return oracle


def _list_reserves(batch: Batch, provider: str, pool: str, configurator: str, listings: list[_Listing]) -> None:
    call = load_aave("PoolConfigurator").function
    codes = [batch.create(load_aave(name), pool) for name in ("AToken", "StableDebtToken", "VariableDebtToken")]
    rows = []
    for one in listings:
        strategy = batch.create(
            load_aave("DefaultReserveInterestRateStrategy"), provider, *_strategy_arguments(one.terms.rates)
        )
        names = [kind + one.symbol for kind in ("a", "variableDebt", "stableDebt") for _ in ("name", "symbol")]
        rows.append((*codes, one.decimals, strategy, one.asset, _TREASURY, _ZERO_ADDRESS, *names, b""))
    batch.send(configurator, call("initReserves"), rows)
    for one in listings:
        terms = one.terms
        collateral = (terms.ltv_bps, terms.liquidation_threshold_bps, ONE_IN_BPS + terms.liquidation_bonus_bps)
        batch.send(configurator, call("configureReserveAsCollateral"), one.asset, *collateral)
        batch.send(configurator, call("setReserveBorrowing"), one.asset, True)
        batch.send(configurator, call("setReserveFlashLoaning"), one.asset, True)
        batch.send(configurator, call("setReserveFactor"), one.asset, terms.reserve_factor_bps)
        batch.send(configurator, call("setLiquidationProtocolFee"), one.asset, LIQUIDATION_PROTOCOL_FEE_BPS)


def _strategy_arguments(rates: RateStrategy) -> tuple[int, ...]:
    """The strategy's constructor also wants the terms of stable debt, which stays forbidden here."""
    stable = (rates.slope1_1y_ray, rates.slope2_1y_ray, 0, 0, RAY)
    return (rates.optimal_utilisation_ray, rates.base_rate_1y_ray, rates.slope1_1y_ray, rates.slope2_1y_ray, *stable)


def _stock(batch: Batch, pool: str, weth: str, amounts: Mapping[str, int], utilisation_bps: int) -> None:
    """The market lends all amounts, then borrows its part of each."""
    call = load_aave("Pool").function
    for asset, amount in amounts.items():
        if asset == weth:
            batch.send(weth, _WRAP, value=amount)
        else:
            batch.send(asset, _MINT, DEPLOYER, amount)
        batch.send(asset, _APPROVE, pool, _UNLIMITED)
        batch.send(pool, call("supply"), asset, amount, DEPLOYER, 0)
    for asset, amount in amounts.items():
        borrowed = amount * utilisation_bps // ONE_IN_BPS
        if borrowed:
            batch.send(pool, call("borrow"), asset, borrowed, _VARIABLE_RATE, 0, DEPLOYER)


def _reserve_addresses(node: Node, pool: str, listings: list[_Listing]) -> list[ReserveAddresses]:
    """The tokens as the pool itself names them, which also proves that the pool stands where it was expected."""
    answers = read_all(node, node.head(), [reserve_data(pool, one.asset) for one in listings])
    reserves = [ReserveData(*answer) for answer in answers]
    return [ReserveAddresses(one.a_token, one.variable_debt_token) for one in reserves]
