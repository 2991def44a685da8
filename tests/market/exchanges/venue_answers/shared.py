"""What the answers of all venues share: their type, and stamps relative to the moment of a request."""

from datetime import UTC, datetime
from typing import Any

HOUR_MS = 3_600_000

Answers = dict[str, Any]


def iso(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1_000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def settlements(now_ms: int, hours: int, count: int = 4) -> list[int]:
    """Stamps of the last settlements, oldest first, with a little jitter."""
    last = now_ms // (hours * HOUR_MS) * (hours * HOUR_MS)
    return [last - back * hours * HOUR_MS + (7 if back % 2 else 0) for back in reversed(range(count))]


def next_settlement(now_ms: int, hours: int) -> int:
    return settlements(now_ms, hours, 1)[0] + hours * HOUR_MS
