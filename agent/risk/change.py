"""What a proposal changes: each leg before and after it, measured as the contract measures it."""

from collections.abc import Sequence
from dataclasses import dataclass

from agent.decision import Proposal
from agent.market.observation import LoanState, VaultState
from agent.risk.costs import Costs
from agent.risk.short_leg import distance_at, health_at

USD = 10**6


def is_reducing(before: Sequence[int], after: Sequence[int]) -> bool:
    """Whether no leg grows and none changes its side, which is what the contract calls a reducing plan.

    >>> is_reducing((10, -10), (4, -10)), is_reducing((10, -10), (10, -11)), is_reducing((10,), (-1,))
    (True, False, False)
    """
    return all(0 <= end <= start if start >= 0 else start <= end <= 0 for start, end in zip(before, after, strict=True))


@dataclass(frozen=True, slots=True)
class Legs:
    """Positions and margin at one moment; a loan counts as the perp. Notionals are signed USD at the oracle's price."""

    spot_usd: float
    perp_usd: float
    liquidation_distance: float | None  # fraction of the mark; None when nothing can be liquidated
    health: float | None  # equity / maintenance margin, or Aave's health factor; None without a short position
    perp_value_usd: float  # margin, cash on the venue and on its way

    def venues(self) -> dict[str, float]:
        """What each venue's cap counts, in USD: its notional or its value, whichever is larger."""
        return {"spot": abs(self.spot_usd), "perp": max(abs(self.perp_usd), self.perp_value_usd)}

    def gross_usd(self) -> float:
        """Sum of the absolute notionals."""
        return abs(self.spot_usd) + abs(self.perp_usd)

    def net_usd(self) -> float:
        """Absolute net notional."""
        return abs(self.spot_usd + self.perp_usd)


@dataclass(frozen=True, slots=True)
class Change:
    """A proposal against the vault it was made for."""

    before: Legs
    after: Legs
    nav_usd: float  # at the start, less the worst loss of orders in flight
    reducing: bool
    traded_usd: float
    spot_slippage: float  # worst, against the oracle, of the spot notional; 0 without a spot trade
    perp_slippage: float  # worst, against the mark; of a loan, whose swap is in the pool too, against the oracle
    loss_usd: float  # worst execution loss of the plan
    idle_before_usd: float  # cash in the vault, with what the plan's start brings home
    idle_after_usd: float  # the same after a deposit to the perp venue and the worst fill of the spot trade


def measure(proposal: Proposal, vault: VaultState, costs: Costs) -> Change:
    """The change that a proposal would make.

    Margin after the plan counts transfers between HyperCore's spot and perp accounts, which act before the order, but
    not a deposit, which arrives later; the order counts as filled at its limit price. At Aave all of it acts at once.
    """
    perp = vault.short_leg
    loan = isinstance(perp, LoanState)
    size = 0 if perp is None else perp.size
    start, end = (vault.spot_base, size), (vault.spot_base + proposal.spot_base_delta, size + proposal.perp_size_delta)
    spot_traded = vault.base.to_float(abs(proposal.spot_base_delta)) * vault.oracle_price
    perp_lot = 0.0 if perp is None else perp.mark_price / 10**perp.size_decimals
    perp_traded = abs(proposal.perp_size_delta) * perp_lot
    slippage = costs.spot_slippage(vault.pool_price, vault.oracle_price, buys=proposal.spot_base_delta > 0)
    loan_slippage = costs.spot_slippage(vault.pool_price, vault.oracle_price, buys=proposal.perp_size_delta > 0)
    perp_loss = perp_traded * (loan_slippage if loan else costs.perp_loss())
    perp_slippage = loan_slippage if loan else costs.order_tolerance
    spot_loss = spot_traded * slippage if proposal.spot_base_delta else 0.0
    idle = vault.asset.to_float(vault.idle_assets + (0 if perp is None else perp.unswept))
    spot_paid = (spot_traded if proposal.spot_base_delta > 0 else -spot_traded) + spot_loss
    held = _perp_value(vault)
    sent = vault.asset.to_float(proposal.deposit)
    returned = vault.asset.to_float(proposal.withdraw) if loan else 0.0
    moved = sent - returned if loan else (proposal.to_perp - proposal.from_perp) / USD
    return Change(
        before=_legs(start, vault, 0.0, held),
        after=_legs(end, vault, moved - perp_loss, held + sent - returned),
        nav_usd=vault.asset.to_float(vault.total_assets - vault.pending_loss),
        reducing=is_reducing(start, end),
        traded_usd=spot_traded + perp_traded,
        spot_slippage=slippage if proposal.spot_base_delta else 0.0,
        perp_slippage=perp_slippage if proposal.perp_size_delta else 0.0,
        loss_usd=spot_loss + perp_loss,
        idle_before_usd=idle,
        idle_after_usd=idle - spot_paid - sent + returned,
    )


def _perp_value(vault: VaultState) -> float:
    perp = vault.short_leg
    if perp is None:
        return 0.0
    return (max(0, perp.account_value) + perp.core_spot_usdc) / USD + vault.asset.to_float(perp.in_flight)


def _legs(sizes: tuple[int, int], vault: VaultState, margin_change: float, perp_value_usd: float) -> Legs:
    spot, size = sizes
    spot_usd = vault.base.to_float(spot) * vault.oracle_price
    perp = vault.short_leg
    if perp is None or size == 0:
        return Legs(spot_usd, 0.0, None, None, perp_value_usd)
    base = size / 10**perp.size_decimals
    ratio = (perp.account_value / USD + margin_change) / (abs(base) * perp.mark_price)
    distance = distance_at(perp, ratio, 1 if size > 0 else -1)
    return Legs(spot_usd, base * vault.oracle_price, distance, health_at(perp, ratio), perp_value_usd)
