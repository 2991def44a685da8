"""The vault in the step's own terms: cash in USD, legs in whole lots, and how much one plan may trade."""

from dataclasses import dataclass

from agent.config import Config
from agent.market.observation import LoanState, ShortLeg, VaultState
from agent.risk.costs import Costs
from agent.risk.short_leg import distance_at
from agent.strategies.signs import Direction
from agent.units import BPS

USD = 10**6  # USD amounts of the perp venue have 6 decimals
# Legs worth less are as good as closed: it is the venue's smallest order, so less could never be traded away.
DUST_USD = 10.0
# Room below a limit that is measured again, at slightly other prices, when the plan runs.
TRADE_ROOM = 0.99
LOSS_ROOM = 0.90


@dataclass(frozen=True, slots=True)
class Book:
    """One lot is the short leg's size unit, so equal lots hedge exactly.

    A loan is a perp without a cash account in between: its equity is collateral less debt, and `direct` is true.
    """

    direction: Direction
    nav: float  # of those who stay: what waits in the redemption queue is as good as gone
    idle: float  # in the vault, with what the next plan's start brings home, less what the queue waits for
    lot_units: int  # smallest units of base
    lot_usd: float  # at the oracle's price, which limits are measured with
    lot_mark: float  # at the perp's mark, which margin is measured with
    lot_cost: float  # at the worst price of buying spot
    lot_proceeds: float  # at the worst price of selling spot
    spot_units: int
    spot_lots: int
    perp_lots: int  # in the strategy's direction; 0 without a perp leg
    equity: float
    venue_cash: float
    venue_cash_units: int
    in_flight: float
    withdrawable_units: int
    widen_lots: int  # at most, both legs together, in one plan that widens
    cut_lots: int  # the same of one that only reduces
    urgent_cut_lots: int  # the same, bounded only by what it may lose
    distance: float | None  # to liquidation, as a fraction of the mark
    direct: bool = False  # whether margin goes straight home to the vault

    def legs(self) -> tuple[int, ...]:
        """Lots held per leg, none below zero: a perp of the wrong sign counts as not held."""
        return (self.spot_lots, max(0, self.perp_lots)) if self.direction.perp else (self.spot_lots,)

    def largest_leg(self) -> int:
        """Lots of the larger leg, whichever way it points."""
        return max(self.spot_lots, abs(self.perp_lots))

    def imbalance(self) -> int:
        """Lots by which the legs do not hedge each other; 0 when there is only one leg."""
        return self.spot_lots - self.perp_lots if self.direction.perp else 0

    def holds_position(self) -> bool:
        """Whether a leg is worth more than dust."""
        return self.largest_leg() * self.lot_usd > DUST_USD

    def margin_at_hand(self) -> float:
        """Equity plus the cash that the same plan can add to it; one transfer at a time is allowed."""
        return max(0.0, self.equity + (self.venue_cash if self.in_flight == 0 else 0.0))

    def band_lots(self, band: float) -> float:
        """Half-width of the no-trade band in lots; `band` as a multiple of net asset value."""
        return band * self.nav / self.lot_usd

    def margin_wanted(self, lots: int, ratio: float) -> float:
        """Equity in USD that gives `lots` of perp this margin ratio."""
        return max(0, lots) * self.lot_mark * ratio


def read_book(vault: VaultState, config: Config, direction: Direction) -> Book:
    """The book of one vault. Prices must have been checked to be finite and positive before.

    Limits come from the policy: trades within `max_trade_usd` and what is left of `max_turnover`, worst losses within
    `max_loss_per_plan` and what is left of the loss budget, so that a large trade is sliced and not refused.
    """
    perp = vault.short_leg if direction.perp else None
    loan = isinstance(perp, LoanState)
    size_decimals = config.vault.size_decimals if perp is None else perp.size_decimals
    lot_units = 10 ** (vault.base.decimals - size_decimals)
    lot_base = vault.base.to_float(lot_units)
    mark = vault.oracle_price if perp is None else perp.mark_price
    nav, queued = vault.asset.to_float(vault.total_assets), vault.asset.to_float(vault.queued_assets)
    costs = Costs.of(config)
    buying = costs.spot_slippage(vault.pool_price, vault.oracle_price, buys=True)
    selling = costs.spot_slippage(vault.pool_price, vault.oracle_price, buys=False)
    worst_loss = max(buying, selling, costs.perp_loss() if perp and not loan else 0.0)
    limits = config.policy.to_contract()
    dearest_lot = max(vault.oracle_price, mark, vault.pool_price) * lot_base
    per_plan = limits.max_loss_per_plan_bps / BPS * nav - vault.asset.to_float(vault.pending_loss)
    widen_loss = min(per_plan, (limits.loss_budget_bps - vault.loss_used_bps) / BPS * nav)
    cut_loss = min(per_plan, (limits.emergency_loss_budget_bps - vault.emergency_loss_used_bps) / BPS * nav)
    widen_lots, cut_lots = (
        max(0, int(loss * LOSS_ROOM / (worst_loss * dearest_lot))) for loss in (widen_loss, cut_loss)
    )
    turnover = (limits.max_turnover_bps - vault.turnover_used_bps) / BPS * nav
    trade_lots = int(config.policy.max_trade_usd * TRADE_ROOM / dearest_lot)
    perp_lots = 0 if perp is None else direction.perp_lots(perp.size)
    return Book(
        direction=direction,
        nav=nav - queued,
        idle=vault.asset.to_float(vault.idle_assets + (perp.unswept if perp else 0)) - queued,
        lot_units=lot_units,
        lot_usd=vault.oracle_price * lot_base,
        lot_mark=mark * lot_base,
        lot_cost=vault.oracle_price * lot_base * (1 + buying),
        lot_proceeds=vault.oracle_price * lot_base * (1 - selling),
        spot_units=vault.spot_base,
        spot_lots=vault.spot_base // lot_units,
        perp_lots=perp_lots,
        equity=perp.account_value / USD if perp else 0.0,
        venue_cash=perp.core_spot_usdc / USD if perp else 0.0,
        venue_cash_units=perp.core_spot_usdc if perp else 0,
        in_flight=vault.asset.to_float(perp.in_flight) if perp else 0.0,
        withdrawable_units=perp.withdrawable if perp else 0,
        widen_lots=min(widen_lots, trade_lots, max(0, int(turnover * TRADE_ROOM / dearest_lot))),
        cut_lots=min(cut_lots, trade_lots),
        urgent_cut_lots=cut_lots,
        distance=_distance(perp),
        direct=loan,
    )


def _distance(perp: ShortLeg | None) -> float | None:
    if perp is None or perp.size == 0:
        return None
    notional = abs(perp.size) / 10**perp.size_decimals * perp.mark_price
    side = 1 if perp.size > 0 else -1
    return distance_at(perp, perp.account_value / USD / notional, side)
