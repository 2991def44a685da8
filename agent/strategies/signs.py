"""The one place that knows which way each leg of a strategy points; everywhere else sizes are unsigned lots."""

from dataclasses import dataclass

from agent.decision import Proposal


@dataclass(frozen=True, slots=True)
class Direction:
    """Sign of each leg, 0 for a leg the strategy does not have."""

    spot: int
    perp: int  # of the short leg, be it a perp or a loan

    def perp_lots(self, size: int) -> int:
        """A signed perp size as lots in the strategy's direction; negative when it points the wrong way."""
        return size * self.perp

    def trade(self, spot_units: int, perp_lots: int, *, reduces: bool) -> Proposal:
        """The proposal that adds (or with negative numbers removes) this much of each leg."""
        return Proposal(
            spot_base_delta=spot_units * self.spot,
            perp_size_delta=perp_lots * self.perp,
            perp_reduce_only=reduces and perp_lots != 0,
        )


CARRY = Direction(spot=1, perp=-1)  # long spot, short perp: earns positive funding
LENDING_NEUTRAL = CARRY  # long spot, short by a loan: earns what the collateral bears above the debt
SPOT_ONLY = Direction(spot=1, perp=0)
