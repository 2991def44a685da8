"""Reads the whole vault at one block: two round trips, whatever its number of venues."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from agent.market.observation import Block, LoanState, Mode, PerpState, VaultState
from agent.units import HOURS_PER_YEAR, Rate, Token
from chains import artifacts
from chains.functions import Function
from chains.multicall import MULTICALL3_ADDRESS, Call, read_all
from chains.rpc import BlockRef, Reader
from chains.venues import aave_v3, hypercore, uniswap_v3
from chains.venues.aave_v3 import RAY, ReserveData

PRICE_SCALE = 10**36  # of contracts/src/libraries/Price.sol
NONE = 2**256 - 1  # of a distance or a health: there is nothing that it could be of
_NATIVE_BALANCE = Function("getEthBalance(address)", "(uint256)")
_BALANCE_OF = Function("balanceOf(address)", "(uint256)")
_LEDGER_OF = Function("ledgerOf(address)", "((int256,uint256,int256,uint256,uint64,uint64,uint64))")


@dataclass(frozen=True, slots=True)
class PerpVenue:
    """Where the perp leg stands. `ledger` answers lifetime sums per account (funding, fees, fills).

    HyperCore tells those sums on its public REST interface only; on the local chain the stand-in tells them.
    """

    adapter: str
    ledger: str
    index: int
    size_decimals: int
    max_leverage: int


@dataclass(frozen=True, slots=True)
class LoanVenue:
    """Where the loan of a short leg without a perp stands."""

    adapter: str
    pool: str  # Aave's
    a_token: str  # of the vault's asset
    debt_token: str  # of the base
    size_decimals: int


@dataclass(frozen=True, slots=True)
class VaultSite:
    """Addresses and tokens of one deployed vault, all that reading it takes."""

    vault: str
    lens: str
    authority: str
    policy: str
    portfolio: str
    oracle: str
    queue: str
    spot_adapter: str
    pool: str
    quoter: str  # Uniswap's QuoterV2
    pair: uniswap_v3.Pair
    asset: Token
    base: Token
    perp: PerpVenue | None
    loan: LoanVenue | None = None


class Status(NamedTuple):
    """`VaultStatus` of contracts/src/Plan.sol, field for field."""

    real_assets: int
    total_assets: int
    idle_assets: int
    total_supply: int
    share_price_e18: int
    high_water_mark_e18: int
    day_start_price_e18: int
    week_start_price_e18: int
    gross_exposure: int
    net_delta: int
    pending_loss: int
    liquidation_distance_bps: int
    health_bps: int
    mode: int
    plan_count: int
    last_plan_at: int
    last_sign_at: int
    state_hash: bytes
    turnover_used_bps: int
    loss_used_bps: int
    emergency_loss_used_bps: int
    queued_assets: int
    queued_since: int


class VaultReader:
    """Calldata are prepared once; `read` pins every number to the newest block's hash."""

    def __init__(self, node: Reader, site: VaultSite, agent: str) -> None:
        self._node = node
        self._site = site
        lens, oracle, spot = (artifacts.load(name) for name in ("VaultLens", "PriceOracle", "UniswapV3Spot"))
        self._price_scale = 10 ** (36 + site.asset.decimals - site.base.decimals)
        self.calls = [
            Call(site.lens, lens.function("status"), (site.vault,)),
            Call(site.oracle, oracle.function("latest")),
            Call(site.spot_adapter, spot.function("heldBase")),
            uniswap_v3.slot0(site.pool),
            Call(MULTICALL3_ADDRESS, _NATIVE_BALANCE, (agent,)),
        ]
        if site.perp is not None:
            adapter = artifacts.load("HyperCorePerp")
            user, index = site.perp.adapter, site.perp.index
            self.calls += [
                hypercore.position(user, index),
                hypercore.margin_summary(user),
                hypercore.mark_price(index),
                hypercore.oracle_price(index),
                hypercore.withdrawable(user),
                Call(user, adapter.function("coreSpotUsdc")),
                Call(user, adapter.function("expectedPosition")),
                Call(user, adapter.function("inFlight")),
                Call(user, adapter.function("order")),
                Call(user, adapter.function("transfer")),
                Call(user, adapter.function("actionDelaySeconds")),
                Call(site.perp.ledger, _LEDGER_OF, (user,)),
                Call(site.asset.address, _BALANCE_OF, (user,)),
            ]
        if site.loan is not None:
            pool, user, asset, base = site.loan.pool, site.loan.adapter, site.asset.address, site.base.address
            self.calls += [
                Call(user, artifacts.load("AaveV3").function("book")),
                aave_v3.scaled_balance(site.loan.a_token, user),
                aave_v3.scaled_balance(site.loan.debt_token, user),
                aave_v3.normalized_income(pool, asset),
                aave_v3.normalized_debt(pool, base),
                aave_v3.reserve_data(pool, asset),
                aave_v3.reserve_data(pool, base),
                aave_v3.available_liquidity(asset, site.loan.a_token),
            ]

    def read(self) -> VaultState:
        """The vault's state at the newest block.

        Raises
        ------
        RpcError, RpcUnavailable : no answer that can be trusted
        ReadReverted, UndecodableResult : a contract is not what the site says
        """
        block = self._node.head()
        return self.state(block, read_all(self._node, block, self.calls))

    def state(self, block: BlockRef, answers: Sequence[Any]) -> VaultState:
        """The vault's state from the answers to `calls` at that block."""
        status, (price_e36, updated_at), spot_base, slot0, agent_balance_wei, *short_leg = answers
        told = Status(*status)
        return VaultState(
            block=_block(block),
            asset=self._site.asset,
            base=self._site.base,
            total_assets=told.real_assets,
            idle_assets=told.idle_assets,
            total_supply=told.total_supply,
            share_price_e18=told.share_price_e18,
            high_water_mark_e18=told.high_water_mark_e18,
            day_start_price_e18=told.day_start_price_e18,
            week_start_price_e18=told.week_start_price_e18,
            gross_exposure=told.gross_exposure,
            net_delta=told.net_delta,
            pending_loss=told.pending_loss,
            liquidation_distance_bps=_unless_none(told.liquidation_distance_bps),
            health_bps=_unless_none(told.health_bps),
            mode=Mode(told.mode),
            plan_count=told.plan_count,
            last_plan_at=told.last_plan_at,
            state_hash=told.state_hash,
            spot_base=spot_base,
            perp=self._perp_state(block, short_leg),
            oracle_price=price_e36 / self._price_scale,
            oracle_updated_at=updated_at,
            pool_price=self._site.pair.price(slot0[0]),
            agent_balance_wei=agent_balance_wei,
            turnover_used_bps=told.turnover_used_bps,
            loss_used_bps=told.loss_used_bps,
            emergency_loss_used_bps=told.emergency_loss_used_bps,
            last_sign_at=told.last_sign_at,
            queued_assets=told.queued_assets,
            queued_since=told.queued_since,
            loan=self._loan_state(short_leg, price_e36),
        )

    def _perp_state(self, block: BlockRef, answers: list[Any]) -> PerpState | None:
        venue = self._site.perp
        if venue is None:
            return None
        (
            position,
            summary,
            mark,
            oracle,
            withdrawable,
            core_cash,
            expected,
            in_flight,
            order,
            transfer,
            delay,
            sums,
            home,
        ) = answers
        return PerpState(
            size=position[0],
            expected_size=expected,
            size_decimals=venue.size_decimals,
            max_leverage=venue.max_leverage,
            mark_price=hypercore.price(mark, venue.size_decimals),
            oracle_price=hypercore.price(oracle, venue.size_decimals),
            account_value=summary[0],
            withdrawable=withdrawable,
            core_spot_usdc=core_cash,
            in_flight=in_flight,
            pending_until=_pending_until(block.timestamp, order, transfer, delay),
            funding_received=sums[0],
            fees_paid=sums[1],
            traded_notional=sums[3],
            fills=sums[4],
            rejections=sums[5],
            liquidations=sums[6],
            unswept=home,
        )

    def _loan_state(self, answers: list[Any], price_e36: int) -> LoanState | None:
        """Balances as the adapter counts them: its book, or what Aave says once collateral is missing."""
        venue, decimals = self._site.loan, self._site.base.decimals
        if venue is None:
            return None
        book, held, owed, supply_index, debt_index, lent, borrowed, available = answers
        scaled_collateral, scaled_debt = book if held >= book[0] else (held, owed)
        collateral, debt = scaled_collateral * supply_index // RAY, -(-scaled_debt * debt_index // RAY)
        debt_value = -(-debt * price_e36 // PRICE_SCALE)
        threshold_bps = ReserveData(*lent).configuration.liquidation_threshold_bps
        secured = -(-debt_value * aave_v3.ONE_IN_BPS // threshold_bps)
        return LoanState(
            size=-debt // 10 ** (decimals - venue.size_decimals),
            size_decimals=venue.size_decimals,
            mark_price=price_e36 / self._price_scale,
            account_value=collateral - debt_value,
            withdrawable=min(max(0, collateral - secured), available),
            collateral=collateral,
            debt=debt,
            liquidation_threshold=threshold_bps / aave_v3.ONE_IN_BPS,
            supply_rate=_yearly(ReserveData(*lent).liquidity_rate_1y_ray),
            borrow_rate=_yearly(ReserveData(*borrowed).variable_borrow_rate_1y_ray),
            scaled_collateral=scaled_collateral,
            scaled_debt=scaled_debt,
            supply_index_ray=supply_index,
            debt_index_ray=debt_index,
        )


def _yearly(rate_ray: int) -> Rate:
    return Rate(rate_ray / RAY, HOURS_PER_YEAR)


def _unless_none(value: int) -> int | None:
    return None if value == NONE else value


def _pending_until(now: int, order: tuple[int, ...], transfer: tuple[int, ...], delay: int) -> int:
    """When the last order and the last transfer will both have acted; 0 when they have."""
    transfer_until = transfer[2] + delay if transfer[0] != 0 else 0
    until = max(order[3], transfer_until)
    return until if until > now else 0


def _block(ref: BlockRef) -> Block:
    return Block(ref.number, ref.hash, ref.timestamp, ref.base_fee_wei)
