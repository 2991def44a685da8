"""Rounds of readings that differ from venue to venue as real ones do."""

from agent.market.reading import Quantity, Reading

NOW_MS = 1_700_000_000_000
VENUES = ("binance", "bybit", "okx", "hyperliquid", "dydx")


def reading(
    source: str,
    value: float,
    quantity: Quantity = Quantity.MARK_PRICE,
    *,
    age_ms: int = 500,
    now_ms: int = NOW_MS,
    interval_h: float | None = None,
) -> Reading:
    return Reading(quantity, value, source, "ETH", f"ETH at {source}", now_ms - age_ms, now_ms, interval_h)


def prices(*values: float, now_ms: int = NOW_MS) -> list[Reading]:
    return [reading(source, value, now_ms=now_ms) for source, value in zip(VENUES, values, strict=False)]
