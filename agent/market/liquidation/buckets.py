"""A liquidation map: notional that is liquidated in each bucket of prices, and the clusters nearest to the price."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from agent.units import HOURS_PER_YEAR


class Side(StrEnum):
    """What is liquidated: longs by a fall, shorts by a rise."""

    LONG = "long"
    SHORT = "short"


@dataclass(frozen=True, slots=True)
class Level:
    """One position, or many alike: liquidated at `price`, `notional_usd` of base worth at that price."""

    price: float
    side: Side
    notional_usd: float


@dataclass(frozen=True, slots=True)
class Bucket:
    """Prices from `low` up to `high`, and what is liquidated when the market first trades there."""

    low: float
    high: float
    long_usd: float
    short_usd: float

    @property
    def middle(self) -> float:
        """The geometric middle."""
        return math.sqrt(self.low * self.high)

    @property
    def notional_usd(self) -> float:
        """Of both sides."""
        return self.long_usd + self.short_usd


@dataclass(frozen=True, slots=True)
class LiquidationMap:
    """Buckets of equal relative width that hold anything, lowest first. `estimate` maps are assumptions, not facts."""

    price: float  # of the market now
    width: float  # of a bucket, as a fraction
    buckets: tuple[Bucket, ...]
    estimate: bool
    source: str

    def within(self, fraction: float) -> "LiquidationMap":
        """The part of the map that lies within this fraction of the price, in equal ratios both ways."""
        low, high = self.price / (1 + fraction), self.price * (1 + fraction)
        kept = tuple(one for one in self.buckets if low <= one.middle <= high)
        return LiquidationMap(self.price, self.width, kept, self.estimate, self.source)


@dataclass(frozen=True, slots=True)
class Cluster:
    """A bucket that holds far more than its neighbourhood. Distances are signed: below the price negative."""

    bucket: Bucket
    distance: float  # of its nearer edge, as a fraction of the price
    distance_sigmas: float  # the same in standard deviations of the market over the horizon


def map_of_levels(
    levels: Iterable[Level], price: float, *, width: float = 0.01, estimate: bool, source: str
) -> LiquidationMap:
    """Sums levels into buckets [price (1 + width)^k, price (1 + width)^(k + 1)).

    Parameters
    ----------
    price : of the market now; an edge of two buckets, so that none spans it
    width : of a bucket, as a fraction, > 0
    """
    if not (price > 0 and width > 0):
        raise ValueError(f"price {price} and width {width} must be positive")
    sums: dict[int, list[float]] = {}
    for level in levels:
        if not (level.price > 0 and math.isfinite(level.price) and level.notional_usd >= 0):
            raise ValueError(f"a level needs a positive price and a notional that is not negative, got {level}")
        index = math.floor(math.log(level.price / price) / math.log1p(width))
        sums.setdefault(index, [0.0, 0.0])[0 if level.side is Side.LONG else 1] += level.notional_usd
    buckets = tuple(
        Bucket(price * (1 + width) ** index, price * (1 + width) ** (index + 1), *sums[index]) for index in sorted(sums)
    )
    return LiquidationMap(price, width, buckets, estimate, source)


def clusters(
    found: LiquidationMap,
    volatility_annual: float,
    *,
    horizon_h: float = 24.0,
    reach: float = 0.25,
    multiple: float = 2.0,
) -> tuple[Cluster | None, Cluster | None]:
    """The nearest cluster below the price and the nearest above it; None where there is none within reach.

        cluster:  notional >= multiple * mean notional of the side's buckets within reach
        sigmas  = ln(edge / price) / (volatility * sqrt(horizon / 8760))

    Parameters
    ----------
    volatility_annual : of the market's returns, per year
    horizon_h : hours over which a standard deviation is meant
    reach : fraction of the price within which to look; the mean is over all buckets there, empty ones too
    multiple : how far above the mean a cluster stands
    """
    if not (volatility_annual > 0 and horizon_h > 0):
        raise ValueError(f"volatility {volatility_annual} and horizon {horizon_h} must be positive")
    sigma = volatility_annual * math.sqrt(horizon_h / HOURS_PER_YEAR)
    count = max(1, math.floor(math.log1p(reach) / math.log1p(found.width)))
    near = found.within(reach).buckets
    sides = ([one for one in near if one.middle < found.price], [one for one in near if one.middle > found.price])
    nearest: list[Cluster | None] = []
    for below, side in zip((True, False), sides, strict=True):
        mean = sum(one.notional_usd for one in side) / count
        standing = [one for one in side if mean > 0 and one.notional_usd >= multiple * mean]
        if not standing:
            nearest.append(None)
            continue
        bucket = standing[-1] if below else standing[0]
        edge = bucket.high if below else bucket.low
        log_distance = math.log(edge / found.price)
        nearest.append(Cluster(bucket, math.expm1(log_distance), log_distance / sigma))
    return nearest[0], nearest[1]
