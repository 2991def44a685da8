"""Small words of every wire format: numbers as text, moments as text, what a market is called."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from agent.market.replay_server.series import PRICE_DECIMALS, RATE_DECIMALS


class Kind(StrEnum):
    """What a market is."""

    SPOT = "spot"
    LINEAR = "linear"  # perp, settled in the quote currency
    INVERSE = "inverse"  # perp, settled in the base coin; contracts are worth dollars


@dataclass(frozen=True, slots=True)
class Listing:
    """A market as one venue lists it.

    `multiplier` base coins make one unit of the market (1000PEPE: 1,000), `contract` units make one contract; of an
    inverse market, `contract` is what a contract is worth in dollars. `more` holds what only this venue needs.
    """

    id: str
    base: str
    kind: Kind = Kind.LINEAR
    multiplier: float = 1.0
    contract: float = 1.0
    more: dict[str, Any] = field(default_factory=dict)

    def price(self, value: float, more_decimals: int = 0) -> str:
        """A price of the base coin as text, in the market's unit."""
        decimals = PRICE_DECIMALS[self.base] + more_decimals - (3 if self.multiplier == 1_000 else 0)
        return f"{value * self.multiplier:.{decimals}f}"

    def contracts(self, coins: float, price: float) -> float:
        """Base coins as contracts."""
        worth = coins * price if self.kind is Kind.INVERSE else coins / self.multiplier
        return worth / self.contract

    def units(self, coins: float) -> str:
        """Base coins as text, in the market's unit."""
        return f"{coins / self.multiplier:.3f}"


STEPS_MS = {"5m": 300_000, "5min": 300_000, "1h": 3_600_000, "1H": 3_600_000}  # of statistics


def by_id(listings: Iterable[Listing], *kinds: Kind) -> dict[str, Listing]:
    """Listings by their id, of some kinds or of all that have data."""
    wanted = kinds or (Kind.LINEAR, Kind.INVERSE, Kind.SPOT)
    return {listing.id: listing for listing in listings if listing.kind in wanted}


def rate_text(rate: float, decimals: int = RATE_DECIMALS) -> str:
    """A rate as text, without an exponent."""
    return f"{rate:.{decimals}f}"


def iso_text(time_ms: int) -> str:
    """A moment as 2023-02-01T00:00:00.000Z."""
    return f"{datetime.fromtimestamp(time_ms // 1_000, UTC):%Y-%m-%dT%H:%M:%S}.{time_ms % 1_000:03d}Z"


def next_quarter_ms(now_ms: int) -> int:
    """08:00 UTC on the last Friday of the next March, June, September or December."""
    now = datetime.fromtimestamp(now_ms / 1_000, UTC)
    month = (now.month - 1) // 3 * 3 + 3
    year, after = (now.year + 1, 1) if month == 12 else (now.year, month + 1)
    last_day = datetime(year, after, 1, 8, tzinfo=UTC).timestamp() - 86_400
    weekday = datetime.fromtimestamp(last_day, UTC).weekday()
    expiry = int(last_day - (weekday - 4) % 7 * 86_400) * 1_000
    return expiry if expiry > now_ms else next_quarter_ms(now_ms + 14 * 86_400_000)


def date_text(time_ms: int, form: str) -> str:
    """A day as venues write it into the name of a dated future."""
    return datetime.fromtimestamp(time_ms / 1_000, UTC).strftime(form).upper()
