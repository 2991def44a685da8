"""A vault in integers, rounded as the chain rounds: what the ledger's and the report's tests keep books on."""

from dataclasses import replace

from agent.ledger import Swap
from agent.market.observation import Block, Mode, PerpState, VaultState
from agent.units import Token

USDC = Token("USDC", "0x" + "11" * 20, 6)
WETH = Token("WETH", "0x" + "22" * 20, 18)
FEE_PPM = 500
PERP_FEE_PPM = 450
LOT = 10**4  # lots per base
VIRTUAL_SHARES = 10**6  # shares have six decimals more than the asset
HOUR = 3_600


class SmallVault:
    """Spot and perp leg with the venue's lifetime sums; prices are cents per base, so both venues agree exactly."""

    def __init__(self, cents: int = 200_000) -> None:
        self.block, self.time_s = 1, 1_750_000_000 // HOUR * HOUR
        self.idle = self.supply = self.spot_base = 0
        self.oracle = self.mark = cents
        self.size = self.raw_usd = self.core_cash = self.in_flight = 0
        self.funding = self.fees = self.traded = self.fills = self.liquidations = 0
        self.high_water = 10**18
        self.plan_count = 0

    def spot_value(self) -> int:
        return self.spot_base * self.oracle * 10**4 // 10**18

    def account_value(self) -> int:
        return self.raw_usd + self.size * self.mark

    def total_assets(self) -> int:
        return self.idle + self.spot_value() + self.account_value() + self.core_cash + self.in_flight

    def share_price_e18(self) -> int:
        return (self.total_assets() + 1) * 10**18 * VIRTUAL_SHARES // (self.supply + VIRTUAL_SHARES)

    def pass_hour(self, oracle: int, mark: int, funding_rate_e9: int) -> None:
        self.time_s += HOUR
        self.block += 1
        self.oracle, self.mark = oracle, mark
        paid = -self.size * oracle * funding_rate_e9 // 10**9
        self.raw_usd += paid
        self.funding += paid
        self.high_water = max(self.high_water, self.share_price_e18())

    def deposit(self, amount: int) -> None:
        self.supply += amount * (self.supply + VIRTUAL_SHARES) // (self.total_assets() + 1)
        self.idle += amount

    def withdraw(self, amount: int) -> None:
        self.supply -= -(-amount * (self.supply + VIRTUAL_SHARES) // (self.total_assets() + 1))
        self.idle -= amount

    def buy_spot(self, asset_in: int, slippage_ppm: int) -> Swap:
        kept = asset_in * (10**6 - FEE_PPM) * (10**6 - slippage_ppm) // 10**12
        return self._swap(-asset_in, kept * 10**14 // self.oracle)

    def sell_spot(self, base_in: int, slippage_ppm: int) -> Swap:
        gross = base_in * self.oracle * 10**4 // 10**18
        return self._swap(gross * (10**6 - FEE_PPM) * (10**6 - slippage_ppm) // 10**12, -base_in)

    def order(self, lots: int, slippage_ppm: int) -> None:
        side = 1 if lots > 0 else -1
        notional = abs(lots) * self.mark * (10**6 + side * slippage_ppm) // 10**6
        fee = -(-notional * PERP_FEE_PPM // 10**6)
        self.size += lots
        self.raw_usd -= side * notional + fee
        self.fees += fee
        self.traded += notional
        self.fills += 1

    def to_perp(self, amount: int) -> None:
        self.idle -= amount
        self.raw_usd += amount

    def send_home(self, amount: int) -> None:
        self.raw_usd -= amount
        self.in_flight += amount

    def arrive_home(self) -> None:
        self.idle += self.in_flight
        self.in_flight = 0

    def liquidate(self, cents: int) -> None:
        self.raw_usd += self.size * cents
        self.size = 0
        self.liquidations += 1

    def state(self) -> VaultState:
        total = self.total_assets()
        perp_notional = self.size * self.mark
        distance = health = None
        if self.size:
            maintenance = abs(perp_notional) // 50
            distance = max(0, 10_000 * (self.account_value() - maintenance) // abs(perp_notional))
            health = max(0, 10_000 * self.account_value() // maintenance)
        return VaultState(
            block=Block(self.block, f"0x{self.block:064x}", self.time_s, 10**8),
            asset=USDC,
            base=WETH,
            total_assets=total,
            idle_assets=self.idle,
            total_supply=self.supply,
            share_price_e18=self.share_price_e18(),
            high_water_mark_e18=self.high_water,
            day_start_price_e18=self.share_price_e18(),
            week_start_price_e18=self.share_price_e18(),
            gross_exposure=self.spot_value() + abs(perp_notional),
            net_delta=self.spot_value() + perp_notional,
            pending_loss=0,
            liquidation_distance_bps=distance,
            health_bps=health,
            mode=Mode.ACTIVE,
            plan_count=self.plan_count,
            last_plan_at=0,
            state_hash=b"\x01" * 32,
            spot_base=self.spot_base,
            perp=self._perp(),
            oracle_price=self.oracle / 100,
            oracle_updated_at=self.time_s,
            pool_price=self.oracle / 100,
        )

    def _perp(self) -> PerpState:
        return PerpState(
            size=self.size,
            expected_size=self.size,
            size_decimals=4,
            max_leverage=25,
            mark_price=self.mark / 100,
            oracle_price=self.oracle / 100,
            account_value=self.account_value(),
            withdrawable=max(0, self.account_value()),
            core_spot_usdc=self.core_cash,
            in_flight=self.in_flight,
            pending_until=0,
            funding_received=self.funding,
            fees_paid=self.fees,
            traded_notional=self.traded,
            fills=self.fills,
            rejections=0,
            liquidations=self.liquidations,
        )

    def _swap(self, asset_delta: int, base_delta: int) -> Swap:
        self.idle += asset_delta
        self.spot_base += base_delta
        return Swap(asset_delta, base_delta, self.oracle / 100, FEE_PPM)


def without_perp(state: VaultState) -> VaultState:
    return replace(state, perp=None)
