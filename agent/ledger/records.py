"""What the ledger keeps of one cycle, and how it follows from the vault's state after that cycle."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from agent.decision import Decision
from agent.ledger.attribution import USD_6, Attribution, Step
from agent.ledger.events import Fill
from agent.market.observation import VaultState
from agent.reasons import Reason
from agent.units import BPS, finite

SHARE_PRICE_SCALE = 10**18  # the contract scales the share price so that this is the one at the start


@dataclass(frozen=True, slots=True)
class PlanRecord:
    """A plan that was sent: its number in the vault and the transaction that carried it."""

    number: int
    tx_hash: str
    gas_used: int


@dataclass(frozen=True, slots=True)
class CycleRecord:
    """One row of history. USD and base quantities are for review only: nothing here goes back to a chain."""

    number: int  # ascending within one ledger
    time_s: int
    block: int
    total_assets_usd: float
    nav_usd: float  # total assets less all gas the agent has paid so far
    share_price: float  # 1.0 at the start
    idle_usd: float
    spot_base: float
    perp_base: float  # of the short leg, perp or loan
    margin_equity_usd: float  # of a loan, collateral less debt
    core_cash_usd: float
    in_flight_usd: float
    oracle_price: float
    mark_price: float | None
    gross_leverage: float | None  # None for an empty vault
    net_delta: float | None  # signed, of total assets
    liquidation_distance: float | None  # of the mark price; None when nothing can be liquidated
    forecast_volatility: float | None  # annualised, of the strategy's own return
    headroom: Mapping[str, float]  # per limit, see agent/risk/headroom.py
    decision: Decision
    refusals: tuple[Reason, ...]  # the decision's own and the gate's
    plan: PlanRecord | None
    transactions: int  # everything the agent sent, reverted ones included
    gas_used: int
    attribution: Attribution
    fills: tuple[Fill, ...] = field(default=())

    @property
    def traded_usd(self) -> float:
        """Notional of the cycle's fills."""
        return math.fsum(fill.notional_usd for fill in self.fills)


def cycle_record(
    number: int,
    time_s: int,
    state: VaultState,
    decision: Decision,
    step: Step,
    *,
    gas_paid_usd: float,
    headroom: Mapping[str, float],
    gate_refusals: tuple[Reason, ...] = (),
    forecast_volatility: float | None = None,
    plan: PlanRecord | None = None,
    transactions: int = 0,
    gas_used: int = 0,
) -> CycleRecord:
    """The record of a cycle that ended in `state`.

    Parameters
    ----------
    step : from the end of the cycle before to `state`
    gas_paid_usd : all gas the agent has paid so far, this cycle included
    headroom : per limit, measured on `state`

    Raises ValueError when a number is not finite or the share price is not positive.
    """
    if state.share_price_e18 <= 0:
        raise ValueError(f"share price must be positive, got {state.share_price_e18} at block {state.block.number}")
    perp = state.short_leg
    total_assets_usd = state.asset.to_float(state.total_assets)
    distance = state.liquidation_distance_bps
    for name, value in headroom.items():
        finite(f"headroom of {name}", value)
    return CycleRecord(
        number=number,
        time_s=time_s,
        block=state.block.number,
        total_assets_usd=total_assets_usd,
        nav_usd=total_assets_usd - finite("gas_paid_usd", gas_paid_usd),
        share_price=state.share_price_e18 / SHARE_PRICE_SCALE,
        idle_usd=state.asset.to_float(state.idle_assets),
        spot_base=state.base.to_float(state.spot_base),
        perp_base=perp.size / 10**perp.size_decimals if perp else 0.0,
        margin_equity_usd=perp.account_value / USD_6 if perp else 0.0,
        core_cash_usd=perp.core_spot_usdc / USD_6 if perp else 0.0,
        in_flight_usd=state.asset.to_float(perp.in_flight) if perp else 0.0,
        oracle_price=finite("oracle_price", state.oracle_price),
        mark_price=finite("mark_price", perp.mark_price) if perp else None,
        gross_leverage=state.gross_exposure / state.total_assets if state.total_assets else None,
        net_delta=state.net_delta / state.total_assets if state.total_assets else None,
        liquidation_distance=None if distance is None else distance / BPS,
        forecast_volatility=None if forecast_volatility is None else finite("forecast_volatility", forecast_volatility),
        headroom=headroom,
        decision=decision,
        refusals=decision.refusals + gate_refusals,
        plan=plan,
        transactions=transactions,
        gas_used=gas_used,
        attribution=step.attribution,
        fills=step.fills,
    )
