"""The simulated market on the local chain: real Uniswap v3, Chainlink and Multicall3, and the HyperCore stand-in."""

from math import sqrt

from chains import artifacts
from chains.functions import Function
from chains.local.accounts import DEPLOYER
from chains.local.hyper_core import HYPER_CORE_ADDRESS, open_hyper_core, place_hyper_core
from chains.local.mover import FEED_DECIMALS, Mover, PerpTick
from chains.local.sender import Sender
from chains.local.spec import TICK_SPACINGS, USDC_DECIMALS, World, WorldSpec
from chains.local.vendor import load_vendor
from chains.multicall import MULTICALL3_ADDRESS
from chains.registry import load_chain
from chains.rpc import Node, data_bytes
from chains.venues.uniswap_v3 import MAX_TICK, TICK_LENS_ADDRESS, Pair

_ZERO_ADDRESS = "0x" + "00" * 20
_INVENTORY_MULTIPLE = 20  # of the pool's reserves: enough for the mover to move the price 400-fold either way
_WEI_BALANCE = 10**33

_CREATE_POOL = Function("createPool(address,address,uint24)", "(address)")
_GET_POOL = Function("getPool(address,address,uint24)", "(address)")
_INITIALIZE = Function("initialize(uint160)")
_GROW_OBSERVATIONS = Function("increaseObservationCardinalityNext(uint16)")
_CHANGE_ORACLES = Function("changeOracles(address[],address[],address[],uint32,uint32,uint32)")
_MINT = Function("mint(address,uint256)")
_WRAP = Function("deposit()")
_TRANSFER = Function("transfer(address,uint256)", "(bool)")


def deploy_world(node: Node, spec: WorldSpec) -> World:
    """Puts the market on an empty local chain, with feed, pool and perp all at the first price."""
    sender = Sender(node, DEPLOYER)
    node.call("anvil_setBalance", DEPLOYER, hex(_WEI_BALANCE), nullable=True)
    node.call("anvil_setCode", MULTICALL3_ADDRESS, load_vendor("Multicall3").deployed_bytecode, nullable=True)
    node.call("anvil_setCode", TICK_LENS_ADDRESS, load_vendor("TickLens").deployed_bytecode, nullable=True)
    usdc = sender.create(artifacts.load("TestUSDC"))
    weth = sender.create(load_vendor("WETH9"))
    base = weth
    if spec.base_symbol != "ETH":
        base = sender.create(artifacts.load("TestToken"), spec.base_symbol, spec.base_decimals)
    factory = sender.create(load_vendor("UniswapV3Factory"))
    router = sender.create(load_vendor("SwapRouter02"), _ZERO_ADDRESS, factory, _ZERO_ADDRESS, weth)
    quoter = sender.create(load_vendor("QuoterV2"), factory, weth)
    pair = Pair(base, usdc, spec.base_decimals, USDC_DECIMALS)
    pool = _create_pool(sender, factory, pair, spec)
    aggregator = sender.create(
        load_vendor("FluxAggregator"),
        *(usdc, 0, 600, _ZERO_ADDRESS, 1, 10**18, FEED_DECIMALS, f"{spec.base_symbol} / USD"),
    )
    feed = sender.create(load_vendor("EACAggregatorProxy"), aggregator, _ZERO_ADDRESS)
    mover = sender.create(artifacts.load("MarketMover"), aggregator, HYPER_CORE_ADDRESS, pool, router)
    sender.send(aggregator, _CHANGE_ORACLES, [], [mover], [mover], 1, 1, 0)
    _stock_pool(sender, mover, pair, weth, spec)
    if spec.perp is not None:
        place_hyper_core(node, load_chain("local"))
        open_hyper_core(sender, load_chain("local"), mover, spec.perp, usdc)
    world = World(
        usdc=usdc,
        base=base,
        base_decimals=spec.base_decimals,
        weth=weth,
        pool=pool,
        pool_fee_ppm=spec.pool_fee_ppm,
        router=router,
        quoter=quoter,
        aggregator=aggregator,
        feed=feed,
        mover=mover,
        perp_index=None if spec.perp is None else spec.perp.index,
        perp_size_decimals=None if spec.perp is None else spec.perp.size_decimals,
    )
    first, now = spec.first_price, node.head().timestamp
    tick = None if spec.perp is None else PerpTick(first, first, first, first, funding_rate_1h=0.0)
    Mover(node, world).step(now + 1, feed_price=first, pool_price=first, perp=tick)
    return world


def full_range_liquidity(depth_usd: int, pair: Pair, sqrt_price_x96: int) -> int:
    """Liquidity of a full-range position in which a trade of `depth_usd` moves the price by 1 %.

    A full-range pool holds reserve = depth / (sqrt(1.01) - 1) of quote, and L = reserve / sqrt(P) in token1 terms.
    """
    reserve = int(depth_usd * 10**pair.quote_decimals / (sqrt(1.01) - 1))
    return reserve * 2**96 // sqrt_price_x96 if pair.base_is_token0 else reserve * sqrt_price_x96 // 2**96


def _create_pool(sender: Sender, factory: str, pair: Pair, spec: WorldSpec) -> str:
    sender.send(factory, _CREATE_POOL, pair.base, pair.quote, spec.pool_fee_ppm)
    lookup = _GET_POOL.encode(pair.base, pair.quote, spec.pool_fee_ppm)
    call = {"to": factory, "data": "0x" + lookup.hex()}
    pool = str(_GET_POOL.decode(data_bytes(sender.node.call("eth_call", call, "latest")))[0])
    sender.send(pool, _INITIALIZE, pair.sqrt_price_x96(spec.first_price))
    sender.send(pool, _GROW_OBSERVATIONS, 200)
    return pool


def _stock_pool(sender: Sender, mover: str, pair: Pair, weth: str, spec: WorldSpec) -> None:
    """Gives the mover its inventory and the pool its liquidity."""
    sqrt_price = pair.sqrt_price_x96(spec.first_price)
    liquidity = full_range_liquidity(spec.pool_depth_usd, pair, sqrt_price)
    reserve0, reserve1 = (liquidity * 2**96 // sqrt_price, liquidity * sqrt_price // 2**96)
    base, quote = (reserve0, reserve1) if pair.base_is_token0 else (reserve1, reserve0)
    sender.send(pair.quote, _MINT, mover, quote * _INVENTORY_MULTIPLE)
    if pair.base == weth:
        sender.send(weth, _WRAP, value=base * _INVENTORY_MULTIPLE)
        sender.send(weth, _TRANSFER, mover, base * _INVENTORY_MULTIPLE)
    else:
        sender.send(pair.base, _MINT, mover, base * _INVENTORY_MULTIPLE)
    spacing = TICK_SPACINGS[spec.pool_fee_ppm]
    edge = MAX_TICK // spacing * spacing
    sender.send(mover, artifacts.load("MarketMover").function("provideLiquidity"), -edge, edge, liquidity)
