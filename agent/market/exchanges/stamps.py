"""The order of a stream's messages, told by their stamps."""

from enum import Enum


class Order(Enum):
    """Where a message stands in the order of its stamps."""

    NEXT = "next"
    REPEATED = "repeated"
    LATE = "late"
    GAP = "gap"


class Stamps:
    """Follows the stamps of one stream.

    Parameters
    ----------
    max_gap_ms : a longer silence between two stamps means that messages were lost
    """

    def __init__(self, max_gap_ms: int) -> None:
        self._max_gap_ms = max_gap_ms
        self._last_ms: int | None = None

    def place(self, at_ms: int) -> Order:
        """Where a message of this stamp stands; the newest one is remembered."""
        last_ms = self._last_ms
        if last_ms is not None and at_ms <= last_ms:
            return Order.REPEATED if at_ms == last_ms else Order.LATE
        self._last_ms = at_ms
        return Order.GAP if last_ms is not None and at_ms - last_ms > self._max_gap_ms else Order.NEXT
