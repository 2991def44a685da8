"""What sources must fulfil to be believed: ages, distances and how many of them there must be."""

from dataclasses import dataclass

from agent.config import ObserveConfig
from agent.market.reading import Quantity

PRICES = frozenset({Quantity.MARK_PRICE, Quantity.INDEX_PRICE, Quantity.SPOT_PRICE})
RATES = frozenset({Quantity.FUNDING_RATE})
# Alike everywhere because arbitrage makes it so. The rest is each venue's own: its open interest, its depth.
COMPARED = PRICES | RATES

# A median absolute deviation of almost nothing would make an outlier of everybody: prices this close are equal.
LEAST_SCALE = {"price": 0.0005, "rate": 0.00002}
MAD_TO_SIGMA = 1.4826  # of a normal distribution
FUTURE_TOLERANCE_MS = 2_000  # clocks of honest venues differ by less


@dataclass(frozen=True, slots=True)
class Rules:
    """Bounds for one kind of quantity. Distances are relative for prices and absolute per hour for rates."""

    relative: bool
    min_sources: int
    max_age_ms: int
    outlier_sigmas: float
    least_scale: float
    max_spread: float
    max_jump: float
    frozen_polls: int
    where: str  # section of the strategy file that holds the bounds

    @classmethod
    def of(cls, quantity: Quantity, config: ObserveConfig) -> "Rules":
        """The rules of a quantity that is compared; ValueError for one that is not."""
        if quantity not in COMPARED:
            raise ValueError(f"{quantity} differs from venue to venue and is not compared")
        price = quantity in PRICES
        return cls(
            relative=price,
            min_sources=config.min_sources,
            max_age_ms=round(config.max_age_s * 1_000),
            outlier_sigmas=config.outlier_sigmas,
            least_scale=LEAST_SCALE["price" if price else "rate"],
            max_spread=config.max_price_spread if price else config.max_funding_spread_1h,
            max_jump=config.max_price_jump if price else config.max_funding_jump_1h,
            frozen_polls=config.frozen_polls,
            where="observe",
        )

    def distance(self, value: float, reference: float) -> float:
        """How far a value is from a reference, in the rules' own measure, never negative."""
        return abs(value - reference) / (abs(reference) if self.relative else 1.0)
