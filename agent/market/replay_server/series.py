"""Hourly arrays of one asset at one venue, and the constants that go with them."""

from dataclasses import dataclass

from agent.market.observation import Floats, Seconds

HOUR_MS = 3_600_000
DAY_H = 24
PRICE_DECIMALS = {"BTC": 2, "ETH": 2, "SOL": 4, "AVAX": 4, "PEPE": 10, "USDC": 5}
RATE_DECIMALS = 10


@dataclass(frozen=True, slots=True)
class Bars:
    """Hourly bars, ascending; `open_ms` is the start of the hour, volume in base coin."""

    open_ms: Seconds
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats


@dataclass(frozen=True, slots=True)
class Points:
    """Values at moments, ascending (unix milliseconds)."""

    time_ms: Seconds
    value: Floats


@dataclass(frozen=True, slots=True, eq=False)
class VenueHistory:
    """Everything one venue has of one asset."""

    base: str
    source: str
    perp: Bars
    spot: Bars
    mark: Bars
    index: Bars
    funding: Points  # decimal rate per settlement
    interval_h: Floats  # of each settlement
    open_interest: Points  # base coin


class NothingKnown(Exception):
    """No row of what was asked for is known, or not yet."""
