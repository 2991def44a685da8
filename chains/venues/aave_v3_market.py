"""An Aave v3 reserve and account at one block, and whether a reserve's parameters can be believed together."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from chains.functions import Function
from chains.multicall import Call, Query, read_all
from chains.rpc import BlockRef, Reader
from chains.venues.aave_v3 import (
    ONE_IN_BPS,
    AccountData,
    ReserveConfiguration,
    ReserveData,
    account_data,
    asset_price,
    available_liquidity,
    normalized_debt,
    normalized_income,
    ray_mul,
    reserve_data,
    scaled_total_supply,
    utilisation_ray,
)

_MOST_DECIMALS = 36
_PROVIDER = Function("ADDRESSES_PROVIDER()", "(address)")
_PRICE_ORACLE = Function("getPriceOracle()", "(address)")


@dataclass(frozen=True, slots=True)
class ReserveTokens:
    """A reserve and the tokens that stand for what is lent to it and what is borrowed from it."""

    asset: str
    a_token: str
    variable_debt_token: str


@dataclass(frozen=True, slots=True)
class ReserveState:
    """A reserve at one block: rates are simple, for one year; indexes as of the block's time."""

    parameters: ReserveConfiguration
    liquidity_rate_1y_ray: int
    variable_borrow_rate_1y_ray: int
    supply_index_ray: int
    debt_index_ray: int
    available: int  # smallest units of the asset
    variable_debt: int
    price_usd8: int

    @property
    def utilisation_ray(self) -> int:
        """Share of the reserve that is borrowed."""
        return utilisation_ray(self.available, self.variable_debt)


def read_tokens(node: Reader, block: BlockRef, pool: str, assets: Sequence[str]) -> list[ReserveTokens]:
    """Reads the tokens of reserves; one round trip, needed once. Raises ValueError for an asset that is no reserve."""
    answers = read_all(node, block, [reserve_data(pool, asset) for asset in assets])
    found = []
    for asset, answer in zip(assets, answers, strict=True):
        data = ReserveData(*answer)
        if data.liquidity_index_ray == 0:
            raise ValueError(f"{asset} is no reserve of the pool {pool}")
        found.append(ReserveTokens(asset, data.a_token, data.variable_debt_token))
    return found


def read_oracle(node: Reader, block: BlockRef, pool: str) -> str:
    """The address of the oracle by which a pool judges accounts; two round trips, needed once."""
    (provider,) = read_all(node, block, [Call(pool, _PROVIDER)])
    (oracle,) = read_all(node, block, [Call(provider, _PRICE_ORACLE)])
    return str(oracle)


def reserve(pool: str, oracle: str, tokens: ReserveTokens) -> Query[ReserveState]:
    """Reads a reserve; `oracle` is the one by which this pool judges accounts."""

    def make(answers: Sequence[Any]) -> ReserveState:
        stored, income, debt_index, scaled_debt, available, price = answers
        data = ReserveData(*stored)
        return ReserveState(
            parameters=data.configuration,
            liquidity_rate_1y_ray=data.liquidity_rate_1y_ray,
            variable_borrow_rate_1y_ray=data.variable_borrow_rate_1y_ray,
            supply_index_ray=income,
            debt_index_ray=debt_index,
            available=available,
            variable_debt=ray_mul(scaled_debt, debt_index),
            price_usd8=price,
        )

    calls = (
        reserve_data(pool, tokens.asset),
        normalized_income(pool, tokens.asset),
        normalized_debt(pool, tokens.asset),
        scaled_total_supply(tokens.variable_debt_token),
        available_liquidity(tokens.asset, tokens.a_token),
        asset_price(oracle, tokens.asset),
    )
    return Query(calls, make)


def account(pool: str, user: str) -> Query[AccountData]:
    """Reads collateral, debt and health of an account."""
    return Query((account_data(pool, user),), lambda answers: AccountData(*answers[0]))


def contradiction(parameters: ReserveConfiguration) -> str | None:
    """Why a reserve's parameters cannot all be true, or None.

    They are one set: when one is out of range the whole set is worthless, and no value of it may be clamped into range
    and used. In March 2026 one of two coupled values of a price cap was clamped, the other was not, and sound positions
    were liquidated.
    """
    ltv, threshold, bonus = parameters.ltv_bps, parameters.liquidation_threshold_bps, parameters.liquidation_bonus_bps
    if not ltv <= threshold <= ONE_IN_BPS:
        return f"LTV {ltv} bp, liquidation threshold {threshold} bp: expected LTV <= threshold <= {ONE_IN_BPS}"
    if threshold and not bonus:
        return f"liquidation threshold {threshold} bp without a liquidation bonus"
    if threshold * (ONE_IN_BPS + bonus) > ONE_IN_BPS**2:
        return f"threshold {threshold} bp and bonus {bonus} bp: a liquidation would take more than there is"
    if parameters.reserve_factor_bps > ONE_IN_BPS or parameters.liquidation_protocol_fee_bps > ONE_IN_BPS:
        return f"reserve factor {parameters.reserve_factor_bps} bp or protocol fee above {ONE_IN_BPS}"
    if not 0 < parameters.decimals <= _MOST_DECIMALS:
        return f"{parameters.decimals} decimals"
    return None
