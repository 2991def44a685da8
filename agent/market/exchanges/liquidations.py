"""Liquidations of the last hour as a stream tells them: each counted once, longs and shorts apart."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from agent.market.exchanges import door
from agent.market.exchanges.facts import Facts, same_market
from agent.market.exchanges.market import Market
from agent.market.reading import Quantity
from agent.reasons import Code

HOUR_MS = door.MS_PER_HOUR
MOST_KEPT = 100_000


@dataclass(frozen=True, slots=True)
class Liquidation:
    """One position that was closed by force."""

    at_ms: int
    long: bool
    usd: float
    key: tuple[Any, ...]


def binance(row: Any, market: Market) -> Liquidation:
    """`S` is the side of the order that closes: SELL closes a long. `z` coins were filled at `ap` on average."""
    same_market(market, row["s"])
    usd = door.positive("filled", row["z"]) * door.positive("average price", row["ap"])
    return _liquidation(
        row["T"], row["S"], {"SELL": True, "BUY": False}, usd, (row["T"], row["S"], row["z"], row["ap"])
    )


def bybit(row: Any, market: Market) -> Liquidation:
    """`S` is the side of the position: Buy is a long that was closed. `p` is its bankruptcy price."""
    same_market(market, row["s"])
    usd = door.positive("size", row["v"]) * door.positive("price", row["p"])
    return _liquidation(row["T"], row["S"], {"Buy": True, "Sell": False}, usd, (row["T"], row["S"], row["v"], row["p"]))


def _liquidation(
    stamp: object, side: object, longs: Mapping[object, bool], usd: float, key: tuple[Any, ...]
) -> Liquidation:
    if side not in longs:
        raise door.turned_away(Code.SOURCE_MALFORMED, f"a liquidation of side {door.quoted(side)}")
    return Liquidation(door.milliseconds("a liquidation", stamp, "ms"), longs[side], usd, key)


READERS: Mapping[str, Callable[[Any, Market], Liquidation]] = MappingProxyType({"binance": binance, "bybit": bybit})


class LastHour:
    """Sums over the last hour.

    Parameters
    ----------
    snapshots : the stream tells one liquidation a second and symbol at most, so every sum is a lower bound
    since_ms : when listening began; until an hour has passed the sum is a lower bound too
    """

    def __init__(self, snapshots: bool, since_ms: int) -> None:
        self._snapshots = snapshots
        self._since_ms = since_ms
        self._events: dict[tuple[Any, ...], Liquidation] = {}

    def add(self, event: Liquidation) -> None:
        """Count one, unless it was told before."""
        if len(self._events) < MOST_KEPT:
            self._events.setdefault(event.key, event)

    def interrupted(self, now_ms: int) -> None:
        """Something may have been missed until now."""
        self._since_ms = now_ms

    def put(self, facts: Facts) -> None:
        """The sums as facts of their market."""
        oldest_ms = facts.now_ms - HOUR_MS
        self._events = {key: event for key, event in self._events.items() if event.at_ms > oldest_ms}
        partial = self._snapshots or self._since_ms > oldest_ms or len(self._events) >= MOST_KEPT
        for quantity, longs in ((Quantity.LIQUIDATED_LONGS_USD, True), (Quantity.LIQUIDATED_SHORTS_USD, False)):
            total = sum(event.usd for event in self._events.values() if event.long is longs)
            facts.put(quantity, total, facts.now_ms, lower_bound=partial)
