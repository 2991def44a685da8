"""What is known at one instant and one block: the only thing a decision may look at."""

from dataclasses import dataclass
from enum import IntEnum
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from agent.market.reading import Agreement, Reading, Rejection
from agent.reasons import Reason
from agent.units import Rate, Token

Floats = NDArray[np.float64]
Seconds = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Fact:
    """One number with its unit, its source and the moment (unix seconds) from which it was known."""

    value: float
    unit: str
    source: str
    at: int


@dataclass(frozen=True, slots=True)
class History:
    """Hourly market history that ends at the observation's instant; all arrays have the same length n.

    Rows are hours with complete data; an hour without data has no row, so steps can be longer than one hour.
    """

    time_s: Seconds  # the moment from which the row was known (close of the bar), ascending
    spot: Floats  # quote per base
    perp: Floats | None  # mark price, quote per base
    funding: Floats | None  # decimal, accrued to a short over the step that ends at the row (rate x hours / interval)
    open_interest: Floats | None  # base coin; NaN never occurs, the array starts where open interest is known


@dataclass(frozen=True, slots=True)
class MarketView:
    """Everything the exchanges told up to `time` and nothing later. None means unknown, never zero.

    `problems` forbid deciding. `cautions` allow to reduce and forbid to widen. `readings`, `agreements` and
    `rejections` show what the sources told and which were believed; a recorded market has none.
    """

    time: int
    symbol: str
    spot: Fact | None
    perp: Fact | None
    funding: tuple[Rate, Fact] | None  # the last settled rate with its interval
    open_interest: Fact | None
    history: History
    problems: tuple[Reason, ...]
    cautions: tuple[Reason, ...] = ()
    readings: tuple[Reading, ...] = ()
    agreements: tuple[Agreement, ...] = ()
    rejections: tuple[Rejection, ...] = ()


class Mode(IntEnum):
    """The vault's mode as the contract numbers it; a higher one is always safer."""

    ACTIVE = 0
    REDUCE_ONLY = 1
    HALTED = 2


@dataclass(frozen=True, slots=True)
class Block:
    """The block all chain reads of an observation are pinned to."""

    number: int
    hash: str
    timestamp: int
    base_fee_wei: int


@dataclass(frozen=True, slots=True)
class PerpState:
    """The perp leg as the chain tells it. USD amounts have 6 decimals, sizes have `size_decimals`."""

    size: int  # signed, in 10^-size_decimals base
    expected_size: int  # what it will be when the outstanding order fills
    size_decimals: int
    max_leverage: int
    mark_price: float
    oracle_price: float
    account_value: int
    withdrawable: int
    core_spot_usdc: int  # cash on HyperCore outside the perp account
    in_flight: int  # cash between the chains, in asset units
    pending_until: int  # unix seconds; 0 when nothing is outstanding
    funding_received: int  # lifetime, USD 6 decimals, positive when paid to the vault
    fees_paid: int  # lifetime, USD 6 decimals
    traded_notional: int  # lifetime, USD 6 decimals, of orders that filled; liquidations are not in it
    fills: int
    rejections: int
    liquidations: int
    unswept: int = 0  # asset units back from HyperCore that the next plan brings home to the vault


@dataclass(frozen=True, slots=True)
class LoanState:
    """A short leg at Aave as the chain tells it: asset as collateral, base borrowed and sold.

    It answers what a perp leg answers, so that whoever only needs a short leg need not ask which one it is. Cash goes
    straight between vault and Aave and every action has its effect at once: nothing is ever in flight or pending.
    """

    size: int  # minus the debt, in 10^-size_decimals base; the debt is rounded up to whole lots
    size_decimals: int
    mark_price: float  # the oracle's
    account_value: int  # collateral less debt, asset units
    withdrawable: int  # collateral that Aave lets go and has the cash for, asset units
    collateral: int  # asset units
    debt: int  # base units
    liquidation_threshold: float  # of the collateral's value; a debt above it can be liquidated
    supply_rate: Rate
    borrow_rate: Rate
    # What interest follows from: balances in units of their index, which time does not change, and the indexes.
    scaled_collateral: int
    scaled_debt: int
    supply_index_ray: int
    debt_index_ray: int

    core_spot_usdc: ClassVar[int] = 0
    in_flight: ClassVar[int] = 0
    unswept: ClassVar[int] = 0


ShortLeg = PerpState | LoanState


@dataclass(frozen=True, slots=True)
class VaultState:
    """The vault at one block; amounts in smallest units of `asset` or `base` as named."""

    block: Block
    asset: Token
    base: Token
    total_assets: int  # idle cash and positions, in full: shares recognise a rise no faster than the policy allows
    idle_assets: int
    total_supply: int
    share_price_e18: int
    high_water_mark_e18: int
    day_start_price_e18: int
    week_start_price_e18: int
    gross_exposure: int
    net_delta: int
    pending_loss: int
    liquidation_distance_bps: int | None  # None when nothing can be liquidated
    health_bps: int | None  # what secures positions / what venues ask for; None when nothing is owed
    mode: Mode
    plan_count: int
    last_plan_at: int
    state_hash: bytes
    spot_base: int
    perp: PerpState | None
    oracle_price: float
    oracle_updated_at: int
    pool_price: float
    agent_balance_wei: int | None = None  # native tokens that pay the agent's gas; None when nobody asked
    turnover_used_bps: int = 0  # of the policy's buckets, as of the block
    loss_used_bps: int = 0
    emergency_loss_used_bps: int = 0
    last_sign_at: int = 0  # the agent's last plan or heartbeat
    queued_assets: int = 0  # what the shares waiting in the redemption queue would bring
    queued_since: int = 0  # unix seconds, of the oldest of them; 0 when none waits
    loan: LoanState | None = None
    problems: tuple[Reason, ...] = ()  # what forbids deciding: an oracle, pool or venue that cannot be believed
    notes: tuple[Reason, ...] = ()  # what was dropped without that: a provider that was outvoted, a depth unknown

    @property
    def short_leg(self) -> ShortLeg | None:
        """The perp or the loan, whichever the vault has; a vault has one short leg at most."""
        return self.perp if self.perp is not None else self.loan


@dataclass(frozen=True, slots=True)
class Observation:
    """Everything a decision may use."""

    time: int
    market: MarketView
    vault: VaultState
