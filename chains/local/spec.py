"""What a simulated market starts from, and where its parts stand once it is deployed."""

from dataclasses import dataclass

from chains.venues.uniswap_v3 import Pair

USDC_DECIMALS = 6
TICK_SPACINGS = {500: 10, 3000: 60, 10_000: 200}  # by fee; of Uniswap v3's factory


@dataclass(frozen=True, slots=True)
class PerpSpec:
    """Terms of the perp on the HyperCore stand-in; `depth_usd` of notional moves its price by 1 %."""

    coin: str
    size_decimals: int
    max_leverage: int
    index: int = 0
    half_spread_ppm: int = 100
    depth_usd: int = 5_000_000
    taker_fee_ppm: int = 450


@dataclass(frozen=True, slots=True)
class WorldSpec:
    """What a simulated market starts from. `pool_depth_usd` of notional moves the Uniswap price by 1 %.

    Base "ETH" is the real WETH9; any other symbol is a mintable token of the given decimals.
    """

    genesis_timestamp: int
    base_symbol: str
    base_decimals: int
    first_price: float
    perp: PerpSpec | None
    pool_fee_ppm: int = 500
    pool_depth_usd: int = 2_000_000
    lending: bool = False  # whether Aave stands in this world; only a strategy that borrows should wait for it

    def __post_init__(self) -> None:
        if self.pool_fee_ppm not in TICK_SPACINGS:
            raise ValueError(f"pool_fee_ppm: Uniswap v3 has pools of {sorted(TICK_SPACINGS)}, got {self.pool_fee_ppm}")
        if not 0 < self.base_decimals <= 18 or (self.base_symbol == "ETH" and self.base_decimals != 18):
            raise ValueError(f"base_decimals: expected 1 to 18, and 18 for ETH, got {self.base_decimals}")
        if self.pool_depth_usd <= 0:
            raise ValueError(f"pool_depth_usd: expected a positive amount, got {self.pool_depth_usd}")


@dataclass(frozen=True, slots=True)
class World:
    """Addresses of everything that stands on a started local chain. `feed` is the Chainlink proxy."""

    usdc: str
    base: str
    base_decimals: int
    weth: str
    pool: str
    pool_fee_ppm: int
    router: str
    quoter: str
    aggregator: str
    feed: str
    mover: str
    perp_index: int | None
    perp_size_decimals: int | None

    @property
    def pair(self) -> Pair:
        """How the pool orders and scales base and USDC."""
        return Pair(self.base, self.usdc, self.base_decimals, USDC_DECIMALS)
