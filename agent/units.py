"""Quantities that know their unit: tokens with decimals, rates with their interval, annualised values."""

import math
from dataclasses import dataclass
from decimal import Decimal

HOURS_PER_YEAR = 365 * 24  # crypto trades around the clock, so a year is 365 x 24 hours
DAYS_PER_YEAR = 365
SECONDS_PER_HOUR = 3_600
BPS = 10_000


def finite(name: str, value: float) -> float:
    """Return `value` unchanged, or raise ValueError naming it when it is NaN or infinite."""
    if not math.isfinite(value):
        raise ValueError(f"{name} must be a finite number, got {value}")
    return value


@dataclass(frozen=True, slots=True)
class Token:
    """An ERC-20 token on one chain."""

    symbol: str
    address: str
    decimals: int

    def to_float(self, amount: int) -> float:
        """Whole tokens for display and for pure decision functions; never on the way to the chain."""
        return float(amount) / float(10**self.decimals)

    def to_units(self, whole: float) -> int:
        """Smallest units, rounded towards zero so that a conversion never asks for more than exists."""
        return int(Decimal(repr(finite(self.symbol, whole))).scaleb(self.decimals))


@dataclass(frozen=True, slots=True)
class Rate:
    """A decimal rate for one interval: 0.0001 over 8 h is one basis point every eight hours.

    A positive funding rate is paid by longs to shorts.
    """

    value: float
    interval_h: float

    def __post_init__(self) -> None:
        finite("rate", self.value)
        if not self.interval_h > 0 or not math.isfinite(self.interval_h):
            raise ValueError(f"a rate's interval must be positive hours, got {self.interval_h}")

    def per_hour(self) -> float:
        """The rate for one hour."""
        return self.value / self.interval_h

    def annualised(self) -> float:
        """Simple annual rate over 365 x 24 h."""
        return self.per_hour() * HOURS_PER_YEAR


def annualise_volatility(standard_deviation: float, interval_h: float) -> float:
    """Volatility per year from the standard deviation of returns over `interval_h` hours.

        sigma_year = sigma_interval * sqrt(8760 / interval_h)

    >>> round(annualise_volatility(0.01, 24), 6)
    0.19105
    """
    finite("standard deviation", standard_deviation)
    return standard_deviation * math.sqrt(HOURS_PER_YEAR / interval_h)
