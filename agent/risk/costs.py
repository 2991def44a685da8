"""What a trade can cost at worst, from the tolerances it will be sent with."""

from dataclasses import dataclass

from agent.config import Config

POOL_FEE_UNITS = 1_000_000
PERP_FEE_BOUND = 0.0010  # what the perp adapter reserves per order: more than twice the venue's base taker fee


@dataclass(frozen=True, slots=True)
class Costs:
    """Tolerances and fees as fractions of a leg's notional."""

    swap_tolerance: float  # below the pool's quote, for the minimum out
    order_tolerance: float  # limit price away from the mark
    pool_fee: float
    perp_fee: float

    @classmethod
    def of(cls, config: Config) -> "Costs":
        """The costs that a strategy file implies."""
        return cls(
            config.execution.swap_tolerance,
            config.execution.order_tolerance,
            config.vault.pool_fee / POOL_FEE_UNITS,
            PERP_FEE_BOUND,
        )

    def spot_slippage(self, pool_price: float, oracle_price: float, buys: bool) -> float:
        """Worst spot fill against the oracle, fee and tolerance included, as a fraction of notional.

            buy : pool / oracle * (1 + fee + tolerance) - 1
            sell: 1 - pool / oracle * (1 - fee - tolerance)

        Net asset value is measured at the oracle's price, so a pool that stands away from it is a loss or a gain of
        the trade; a gain is not counted on.
        """
        side = 1 if buys else -1
        worst = pool_price / oracle_price * (1 + side * (self.pool_fee + self.swap_tolerance))
        return max(0.0, side * (worst - 1))

    def perp_loss(self) -> float:
        """Worst perp fill against the mark, plus the fee, as a fraction of notional."""
        return self.order_tolerance + self.perp_fee
