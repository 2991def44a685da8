"""What happened to a vault between two states: swaps, fills, gas, and money of depositors."""

from dataclasses import dataclass

from agent.units import finite

PPM = 1_000_000
WEI = 10**18


@dataclass(frozen=True, slots=True)
class Swap:
    """One spot swap as its receipt tells it; deltas are signed from the vault's side, in smallest units."""

    asset_delta: int
    base_delta: int
    oracle_price: float  # the price at which the vault valued base when it swapped
    fee_ppm: int  # Uniswap v3 fee tier: 500 is 0.05 % of what goes in

    def __post_init__(self) -> None:
        if self.asset_delta * self.base_delta >= 0:
            raise ValueError(f"a swap gives one side and takes the other, got {self.asset_delta} and {self.base_delta}")
        if not 0 <= self.fee_ppm < PPM:
            raise ValueError(f"fee_ppm must be in [0, {PPM}), got {self.fee_ppm}")
        if finite("oracle_price", self.oracle_price) <= 0:
            raise ValueError(f"oracle_price must be positive, got {self.oracle_price}")


@dataclass(frozen=True, slots=True)
class Flow:
    """What depositors moved in and out of the vault, asset units, both never negative."""

    deposits: int = 0
    withdrawals: int = 0

    def __post_init__(self) -> None:
        if self.deposits < 0 or self.withdrawals < 0:
            raise ValueError(f"a flow is never negative, got {self.deposits} in and {self.withdrawals} out")


@dataclass(frozen=True, slots=True)
class Gas:
    """What one transaction of the agent cost, from its receipt; the agent's account pays it, not the vault."""

    used: int
    price_wei: int
    native_usd: float

    def __post_init__(self) -> None:
        if self.used < 0 or self.price_wei < 0 or finite("native_usd", self.native_usd) < 0:
            raise ValueError(f"gas is never negative, got {self.used} at {self.price_wei} wei, {self.native_usd} USD")

    @property
    def usd(self) -> float:
        """used x price x native token's price."""
        return self.used * self.price_wei / WEI * self.native_usd


@dataclass(frozen=True, slots=True)
class LoanIndexes:
    """Aave's indexes (ray) at the moment at which a plan changed collateral or debt; None for what it left alone."""

    supply_ray: int | None = None
    debt_ray: int | None = None


@dataclass(frozen=True, slots=True)
class Fill:
    """One trade against the price at which the vault valued it just then. A positive cost is a loss."""

    venue: str  # "spot", "perp", "loan" or "liquidation"
    base: float  # signed base quantity
    reference_price: float
    slippage_usd: float  # cost against the reference price, before fees
    fee_usd: float

    @property
    def price(self) -> float:
        """Average price paid or received, before fees."""
        return self.reference_price + (self.slippage_usd / self.base if self.base else 0.0)

    @property
    def notional_usd(self) -> float:
        """|base| at the reference price."""
        return abs(self.base) * self.reference_price
