"""What a venue charged at its past settlements: read the same way for the present and for a page of history."""

from collections.abc import Callable, Iterator
from typing import Any

from agent.market.exchanges import door
from agent.market.exchanges.facts import Facts, same_market
from agent.market.exchanges.market import Market

Rows = Callable[[Any, Market], Iterator[tuple[int, float]]]
NEWEST = 6


def _row(stamp: object, unit: str, rate: object) -> tuple[int, float]:
    return door.milliseconds("a settlement", stamp, unit), door.number("its rate", rate)


def binance_rows(answer: Any, market: Market) -> Iterator[tuple[int, float]]:
    """Decimal per settlement."""
    for row in answer:
        same_market(market, row["symbol"])
        yield _row(row["fundingTime"], "ms", row["fundingRate"])


def bybit_rows(answer: Any, market: Market) -> Iterator[tuple[int, float]]:
    """Decimal per settlement, newest first."""
    for row in answer["result"]["list"]:
        same_market(market, row["symbol"])
        yield _row(row["fundingRateTimestamp"], "ms", row["fundingRate"])


def okx_rows(answer: Any, market: Market) -> Iterator[tuple[int, float]]:
    """`realizedRate` is what was charged, `fundingRate` what had been announced; newest first."""
    for row in answer["data"]:
        same_market(market, row["instId"])
        yield _row(row["fundingTime"], "ms", row["realizedRate"])


def hyperliquid_rows(answer: Any, market: Market) -> Iterator[tuple[int, float]]:
    """Decimal per hour since 2023-06-08, per eight hours before; charged at each row."""
    for row in answer:
        same_market(market, row["coin"])
        yield _row(row["time"], "ms", row["fundingRate"])


def dydx_rows(answer: Any, market: Market) -> Iterator[tuple[int, float]]:
    """Decimal per hour, newest first."""
    for row in answer["historicalFunding"]:
        same_market(market, row["ticker"])
        yield _row(row["effectiveAt"], "iso", row["rate"])


def deribit_rows(answer: Any, market: Market) -> Iterator[tuple[int, float]]:
    """Charged all the time, told by the hour; `interest_8h` is the same per eight hours. No market is named."""
    for row in answer["result"]:
        yield _row(row["timestamp"], "ms", row["interest_1h"])


def gate_rows(answer: Any, market: Market) -> Iterator[tuple[int, float]]:
    """Decimal per settlement, newest first, stamped in seconds. The market is not named."""
    for row in answer:
        yield _row(row["t"], "s", row["r"])


def kraken_rows(answer: Any, market: Market) -> Iterator[tuple[int, float]]:
    """`fundingRate` is dollars per contract; the relative one is decimal per hour. The market is not named."""
    for row in answer["rates"]:
        yield _row(row["timestamp"], "iso", row["relativeFundingRate"])


def last(rows: Rows) -> Callable[[Any, Facts, float], None]:
    """The reader of a call that asks for the last settlements, for what was charged and how often."""

    def read(answer: Any, facts: Facts, depth_bps: float) -> None:
        facts.put_settlements(rows(answer, facts.market))

    return read


def kraken_last(answer: Any, facts: Facts, depth_bps: float) -> None:
    """Kraken answers with its whole history, oldest first; the present needs the end of it."""
    facts.put_settlements(kraken_rows({"rates": answer["rates"][-NEWEST:]}, facts.market))
