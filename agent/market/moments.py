"""Moments in words."""

from datetime import UTC, datetime


def hour_text(time_s: int) -> str:
    """A moment as people read it: 2023-02-01 14:00 UTC."""
    return f"{datetime.fromtimestamp(int(time_s), UTC):%Y-%m-%d %H:%M} UTC"
