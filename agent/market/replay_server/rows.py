"""What a venue tells: bars, settlements, the present of an asset, and positions closed by force."""

from dataclasses import dataclass
from enum import StrEnum

Side = list[tuple[float, float]]


class Price(StrEnum):
    """Which price a bar is of."""

    PERP = "perp"
    SPOT = "spot"
    MARK = "mark"
    INDEX = "index"


@dataclass(frozen=True, slots=True)
class Bar:
    """One hourly bar; the last one may still be running."""

    open_ms: int
    open: float
    high: float
    low: float
    close: float
    volume: float


@dataclass(frozen=True, slots=True)
class Settlement:
    """A settled funding rate (decimal) for the hours that ended at `time_ms`, and the mark price then, if known."""

    time_ms: int
    rate: float
    interval_h: int
    mark: float | None


@dataclass(frozen=True, slots=True)
class Quote:
    """The present of one asset: prices in quote per base, open interest and volume in base coin."""

    base: str
    stamp_ms: int
    last: float
    bid: float
    ask: float
    mark: float
    index: float
    spot: float
    open_24h: float
    high_24h: float
    low_24h: float
    volume_24h: float
    open_interest: float
    funding_rate: float  # what the next settlement will charge as things stand
    predicted_rate: float  # the venue's guess for the one after it
    settled_rate: float
    settled_ms: int
    next_settlement_ms: int
    interval_h: int


@dataclass(frozen=True, slots=True)
class LiquidationEvent:
    """A position closed by force; a liquidated long was sold."""

    time_ms: int
    long: bool
    price: float
    size: float  # base coin
