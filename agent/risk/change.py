"""What a proposal changes: each leg before and after it, measured as the contract measures it."""

from collections.abc import Sequence
from dataclasses import dataclass

from agent.decision import Proposal
from agent.market.observation import VaultState
from agent.risk.costs import Costs
from agent.scaling import liquidation_distance

USD = 10**6


def is_reducing(before: Sequence[int], after: Sequence[int]) -> bool:
    """Whether no leg grows and none changes its side, which is what the contract calls a reducing plan.

    >>> is_reducing((10, -10), (4, -10)), is_reducing((10, -10), (10, -11)), is_reducing((10,), (-1,))
    (True, False, False)
    """
    return all(0 <= end <= start if start >= 0 else start <= end <= 0 for start, end in zip(before, after, strict=True))


@dataclass(frozen=True, slots=True)
class Legs:
    """Positions and margin at one moment. Notionals are signed, in USD at the oracle's price."""

    spot_usd: float
    perp_usd: float
    liquidation_distance: float | None  # fraction of the mark; None when nothing can be liquidated
    health: float | None  # equity / maintenance margin; None without a perp position
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
    perp_slippage: float  # worst, against the mark; 0 without an order
    loss_usd: float  # worst execution loss of the plan
    idle_before_usd: float  # cash in the vault, with what the plan's start brings home
    idle_after_usd: float  # the same after a deposit to the perp venue and the worst fill of the spot trade


def measure(proposal: Proposal, vault: VaultState, costs: Costs) -> Change:
    """The change that a proposal would make.

    Margin after the plan counts transfers between HyperCore's spot and perp accounts, which act before the order, but
    not a deposit, which arrives later; the order counts as filled at its limit price.
    """
    perp = vault.perp
    size = 0 if perp is None else perp.size
    start, end = (vault.spot_base, size), (vault.spot_base + proposal.spot_base_delta, size + proposal.perp_size_delta)
    spot_traded = vault.base.to_float(abs(proposal.spot_base_delta)) * vault.oracle_price
    perp_lot = 0.0 if perp is None else perp.mark_price / 10**perp.size_decimals
    perp_traded = abs(proposal.perp_size_delta) * perp_lot
    slippage = costs.spot_slippage(vault.pool_price, vault.oracle_price, buys=proposal.spot_base_delta > 0)
    perp_loss = perp_traded * costs.perp_loss()
    spot_loss = spot_traded * slippage if proposal.spot_base_delta else 0.0
    idle = vault.asset.to_float(vault.idle_assets + (0 if perp is None else perp.unswept))
    spot_paid = (spot_traded if proposal.spot_base_delta > 0 else -spot_traded) + spot_loss
    moved = (proposal.to_perp - proposal.from_perp) / USD
    held = _perp_value(vault)
    sent = vault.asset.to_float(proposal.deposit)
    return Change(
        before=_legs(start, vault, 0.0, held),
        after=_legs(end, vault, moved - perp_loss, held + sent),
        nav_usd=vault.asset.to_float(vault.total_assets - vault.pending_loss),
        reducing=is_reducing(start, end),
        traded_usd=spot_traded + perp_traded,
        spot_slippage=slippage if proposal.spot_base_delta else 0.0,
        perp_slippage=costs.order_tolerance if proposal.perp_size_delta else 0.0,
        loss_usd=spot_loss + perp_loss,
        idle_before_usd=idle,
        idle_after_usd=idle - spot_paid - sent,
    )


def _perp_value(vault: VaultState) -> float:
    perp = vault.perp
    if perp is None:
        return 0.0
    return (max(0, perp.account_value) + perp.core_spot_usdc) / USD + vault.asset.to_float(perp.in_flight)


def _legs(sizes: tuple[int, int], vault: VaultState, margin_change: float, perp_value_usd: float) -> Legs:
    spot, size = sizes
    spot_usd = vault.base.to_float(spot) * vault.oracle_price
    perp = vault.perp
    if perp is None or size == 0:
        return Legs(spot_usd, 0.0, None, None, perp_value_usd)
    base = size / 10**perp.size_decimals
    ratio = (perp.account_value / USD + margin_change) / (abs(base) * perp.mark_price)
    distance = liquidation_distance(ratio, 1 if size > 0 else -1, perp.max_leverage)
    # The venue asks for 1 / (2 x maximum leverage) of the notional.
    health = max(0.0, ratio) * 2 * perp.max_leverage
    return Legs(spot_usd, base * vault.oracle_price, distance, health, perp_value_usd)
