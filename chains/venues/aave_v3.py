"""Aave v3: what a reserve and an account stand at, how interest and rates follow, and actions of the AaveV3 adapter.

Scales are facts of the venue: indexes and rates are ray (10^27), health factors wad (10^18), parameters basis points,
account values and prices USD with 8 decimals. Every function here rounds as the contracts do, to the last unit.
"""

from dataclasses import dataclass
from typing import NamedTuple

from chains.functions import Function, abi_encode
from chains.multicall import Call

RAY = 10**27
WAD = 10**18
ONE_IN_BPS = 10_000
YEAR_S = 365 * 86_400  # Aave knows no leap years
NO_DEBT_HEALTH_FACTOR_WAD = 2**256 - 1
EVERYTHING = 2**256 - 1  # as an amount to withdraw

# Versions after 3.0 answer with the same fifteen words.
_RESERVE_DATA = Function(
    "getReserveData(address)",
    "(uint256,uint128,uint128,uint128,uint128,uint128,uint40,uint16,address,address,address,address,uint128,uint128,uint128)",
)
_ACCOUNT_DATA = Function("getUserAccountData(address)", "(uint256,uint256,uint256,uint256,uint256,uint256)")
_SCALED_BALANCE = Function("scaledBalanceOf(address)", "(uint256)")
_SCALED_SUPPLY = Function("scaledTotalSupply()", "(uint256)")
_BALANCE = Function("balanceOf(address)", "(uint256)")
_NORMALIZED_INCOME = Function("getReserveNormalizedIncome(address)", "(uint256)")
_NORMALIZED_DEBT = Function("getReserveNormalizedVariableDebt(address)", "(uint256)")
_ASSET_PRICE = Function("getAssetPrice(address)", "(uint256)")


class ReserveConfiguration(NamedTuple):
    """Parameters of a reserve; caps in whole tokens, 0 for none."""

    ltv_bps: int
    liquidation_threshold_bps: int
    liquidation_bonus_bps: int  # on top of what is repaid: 450 is 4.5 %
    decimals: int
    is_active: bool
    is_frozen: bool
    is_paused: bool
    borrowing_enabled: bool
    reserve_factor_bps: int
    borrow_cap: int
    supply_cap: int
    liquidation_protocol_fee_bps: int  # of the bonus


class ReserveData(NamedTuple):
    """One reserve as stored at its last update. A rate is simple, for one year, as the contract holds it."""

    configuration_bits: int
    liquidity_index_ray: int
    liquidity_rate_1y_ray: int
    variable_borrow_index_ray: int
    variable_borrow_rate_1y_ray: int
    stable_borrow_rate_1y_ray: int
    last_update_timestamp: int
    id: int
    a_token: str
    stable_debt_token: str
    variable_debt_token: str
    interest_rate_strategy: str
    accrued_to_treasury_scaled: int
    unbacked: int
    isolation_mode_total_debt: int

    @property
    def configuration(self) -> ReserveConfiguration:
        """The parameters packed in the configuration's bits; refuses a reserve that was never listed."""
        self._require_listed()
        bits = self.configuration_bits
        bonus = _field(bits, 32, 16)
        return ReserveConfiguration(
            ltv_bps=_field(bits, 0, 16),
            liquidation_threshold_bps=_field(bits, 16, 16),
            # Stored as 10,450 for 4.5 %, and as 0 where the asset is no collateral.
            liquidation_bonus_bps=bonus - ONE_IN_BPS if bonus else 0,
            decimals=_field(bits, 48, 8),
            is_active=bool(_field(bits, 56, 1)),
            is_frozen=bool(_field(bits, 57, 1)),
            is_paused=bool(_field(bits, 60, 1)),
            borrowing_enabled=bool(_field(bits, 58, 1)),
            reserve_factor_bps=_field(bits, 64, 16),
            borrow_cap=_field(bits, 80, 36),
            supply_cap=_field(bits, 116, 36),
            liquidation_protocol_fee_bps=_field(bits, 152, 16),
        )

    def liquidity_index_at(self, timestamp: int) -> int:
        """The supply index (ray) at a later instant, if nobody touches the reserve until then.

        index = stored * (1 + rate * seconds / year)

        Fees of flash loans and liquidations grow it further: on Polygon's WETH they were 8 % of the growth.
        """
        growth = linear_growth(self.liquidity_rate_1y_ray, self._seconds_until(timestamp))
        return ray_mul(growth, self.liquidity_index_ray)

    def variable_borrow_index_at(self, timestamp: int) -> int:
        """The debt index (ray) at a later instant, if nobody touches the reserve until then."""
        growth = compounded_growth(self.variable_borrow_rate_1y_ray, self._seconds_until(timestamp))
        return ray_mul(growth, self.variable_borrow_index_ray)

    def _seconds_until(self, timestamp: int) -> int:
        self._require_listed()
        if timestamp < self.last_update_timestamp:
            raise ValueError(f"timestamp {timestamp} is before the reserve's last update {self.last_update_timestamp}")
        return timestamp - self.last_update_timestamp

    def _require_listed(self) -> None:
        """The pool answers zeros for an asset it does not know."""
        if self.liquidity_index_ray == 0:
            raise ValueError("this asset is no reserve of the pool; check pool and asset address")


class AccountData(NamedTuple):
    """One account over all reserves; the threshold and LTV are averages weighted by collateral."""

    collateral_usd8: int
    debt_usd8: int
    available_borrows_usd8: int
    liquidation_threshold_bps: int
    ltv_bps: int
    health_factor_wad: int  # NO_DEBT_HEALTH_FACTOR_WAD without debt


class Rates(NamedTuple):
    """Simple rates for one year."""

    liquidity_1y_ray: int
    variable_borrow_1y_ray: int


@dataclass(frozen=True, slots=True)
class RateStrategy:
    """Borrow rate over utilisation: one slope up to the optimal one, a second from there on."""

    optimal_utilisation_ray: int
    base_rate_1y_ray: int
    slope1_1y_ray: int
    slope2_1y_ray: int

    def rates(self, available: int, debt: int, reserve_factor_bps: int) -> Rates:
        """The rates that the reserve sets when it is left with these amounts, all debt being variable.

            borrow = base + slope1 * U / U_optimal                            up to the optimal utilisation
            borrow = base + slope1 + slope2 * (U - U_optimal) / (1 - U_optimal)     above
            supply = borrow * U * (1 - reserve factor)

        Parameters
        ----------
        available : liquidity that nobody borrowed, smallest units; for the rates after a trade, as the trade leaves it
        debt : total variable debt, smallest units
        """
        usage = utilisation_ray(available, debt)
        optimal = self.optimal_utilisation_ray
        if usage > optimal:
            excess = ray_div(usage - optimal, RAY - optimal)
            borrow = self.base_rate_1y_ray + self.slope1_1y_ray + ray_mul(self.slope2_1y_ray, excess)
        else:
            borrow = self.base_rate_1y_ray + ray_div(ray_mul(self.slope1_1y_ray, usage), optimal)
        if debt == 0:
            return Rates(0, borrow)
        weighted = ray_mul(debt * 10**9, borrow)  # the contract's mean over one kind of debt, which rounds
        supply = ray_mul(ray_div(weighted, debt * 10**9), usage)
        return Rates(percent_mul(supply, ONE_IN_BPS - reserve_factor_bps), borrow)


def reserve_data(pool: str, asset: str) -> Call:
    """Reads `ReserveData(*result)`."""
    return Call(pool, _RESERVE_DATA, (asset,))


def account_data(pool: str, user: str) -> Call:
    """Reads `AccountData(*result)`."""
    return Call(pool, _ACCOUNT_DATA, (user,))


def scaled_balance(token: str, user: str) -> Call:
    """Reads a balance of an aToken or variable debt token in units of its index; `ray_mul` with it gives the amount."""
    return Call(token, _SCALED_BALANCE, (user,))


def scaled_total_supply(token: str) -> Call:
    """Reads the total of an aToken or variable debt token in units of its index."""
    return Call(token, _SCALED_SUPPLY)


def normalized_income(pool: str, asset: str) -> Call:
    """Reads the supply index (ray) at the time of the block."""
    return Call(pool, _NORMALIZED_INCOME, (asset,))


def normalized_debt(pool: str, asset: str) -> Call:
    """Reads the debt index (ray) at the time of the block."""
    return Call(pool, _NORMALIZED_DEBT, (asset,))


def available_liquidity(asset: str, a_token: str) -> Call:
    """Reads what a reserve has at hand to borrow or withdraw, smallest units."""
    return Call(asset, _BALANCE, (a_token,))


def asset_price(oracle: str, asset: str) -> Call:
    """Reads the price by which Aave judges accounts, USD with 8 decimals."""
    return Call(oracle, _ASSET_PRICE, (asset,))


def utilisation_ray(available: int, debt: int) -> int:
    """Share of a reserve that is borrowed: debt / (available + debt), 0 without debt."""
    if available < 0 or debt < 0:
        raise ValueError(f"utilisation: expected amounts from 0, got available {available} and debt {debt}")
    return ray_div(debt, available + debt) if debt else 0


def linear_growth(rate_1y_ray: int, seconds: int) -> int:
    """Factor (ray) by which suppliers' balances grow: 1 + rate * seconds / year."""
    return RAY + rate_1y_ray * seconds // YEAR_S


def compounded_growth(rate_1y_ray: int, seconds: int) -> int:
    """Factor (ray) by which debt grows, compounded every second, by the first terms of the binomial series.

        1 + n x + n (n-1) / 2 x^2 + n (n-1) (n-2) / 6 x^3,   x = rate / year, n = seconds

    Source: MathUtils.calculateCompoundedInterest of @aave/core-v3.
    """
    second_power = ray_mul(rate_1y_ray, rate_1y_ray) // YEAR_S**2
    third_power = ray_mul(second_power, rate_1y_ray) // YEAR_S
    pairs = seconds * (seconds - 1)
    triples = pairs * max(seconds - 2, 0)
    return RAY + rate_1y_ray * seconds // YEAR_S + pairs * second_power // 2 + triples * third_power // 6


def health_factor_wad(collateral_usd8: int, liquidation_threshold_bps: int, debt_usd8: int) -> int:
    """Collateral times threshold over debt; below one wad anybody may liquidate."""
    if debt_usd8 == 0:
        return NO_DEBT_HEALTH_FACTOR_WAD
    return _divide(percent_mul(collateral_usd8, liquidation_threshold_bps) * WAD, debt_usd8)


def short_liquidation_price_usd8(
    collateral_usd8: int, liquidation_threshold_bps: int, debt_base: int, base_decimals: int
) -> int:
    """The lowest price of base at which a debt of base against USD collateral can be liquidated.

        price = collateral * threshold / debt

    Parameters
    ----------
    collateral_usd8 : collateral whose value does not follow base
    debt_base : debt in smallest units of base, > 0
    """
    if debt_base <= 0:
        raise ValueError(f"debt_base: only a debt can be liquidated, got {debt_base}")
    # The contract rounds the debt's value down, so it must exceed the collateral by a whole unit.
    uncovered: int = (percent_mul(collateral_usd8, liquidation_threshold_bps) + 1) * 10**base_decimals
    return -(-uncovered // debt_base)


def supply(amount: int) -> bytes:
    """Action of AaveV3: put up `amount` of the vault's asset as collateral."""
    return _action(1, amount, 0)


def withdraw(amount: int) -> bytes:
    """Action of AaveV3: take `amount` of the collateral back to the vault, or `EVERYTHING`."""
    return _action(2, amount, 0)


def short(base_amount: int, min_asset_out: int) -> bytes:
    """Action of AaveV3: borrow `base_amount` and sell it for at least `min_asset_out`, which becomes collateral."""
    return _action(3, base_amount, min_asset_out)


def cover(base_amount: int, max_asset_in: int) -> bytes:
    """Action of AaveV3: buy `base_amount` for at most `max_asset_in` and repay it; above the debt, all of the debt."""
    return _action(4, base_amount, max_asset_in)


def ray_mul(a: int, b: int) -> int:
    """a * b / ray, half up."""
    return _divide(a * b, RAY)


def ray_div(a: int, b: int) -> int:
    """a * ray / b, half up."""
    return _divide(a * RAY, b)


def percent_mul(value: int, bps: int) -> int:
    """value * bps / 10,000, half up."""
    return _divide(value * bps, ONE_IN_BPS)


def _divide(numerator: int, denominator: int) -> int:
    return (numerator + denominator // 2) // denominator


def _action(kind: int, first: int, second: int) -> bytes:
    return abi_encode("(uint8,uint256,uint256)", (kind, first, second))


def _field(bits: int, start: int, length: int) -> int:
    return bits >> start & (1 << length) - 1
