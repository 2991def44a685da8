"""Numbers and names as a reader wants them: with their unit, their sign, and no more digits than they deserve."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

UNKNOWN = "not known"
MINUS = "\N{MINUS SIGN}"


def percent(value: float | None, digits: int = 2, *, signed: bool = False) -> str:
    """A fraction in percent: 0.0123 is 1.23 %."""
    if value is None:
        return UNKNOWN
    sign, text = _sign_and_digits(value * 100, digits, signed=signed)
    return f"{sign}{text} %"


def usd(value: float | None, digits: int = 0, *, signed: bool = False) -> str:
    """Dollars to the unit, more exactly when asked: 1234567.8 is $1,234,568."""
    if value is None:
        return UNKNOWN
    sign, text = _sign_and_digits(value, digits, signed=signed)
    return f"{sign}${text}"


def income(result: Mapping[str, Any]) -> str:
    """What the income of a run is called: a vault has a perp or a loan, so one of the two is nothing."""
    return "Interest received" if result["interest_received"] else "Funding received"


def usd_short(value: float) -> str:
    """Dollars with three figures, for an axis or a title: $12.2m, $105k, $0.03."""
    size, sign = abs(value), MINUS if value < 0 else ""
    unit, suffix = next(((u, s) for u, s in ((1e9, "bn"), (1e6, "m"), (1e3, "k")) if size >= u), (1.0, ""))
    figure = size / unit
    text = f"{figure:.{0 if figure >= 100 else 1 if figure >= 10 else 2}f}"
    if "." in text and suffix:
        text = text.rstrip("0").rstrip(".")
    return f"{sign}${text}{suffix}" if size else "$0"


def count(value: int, one: str, many: str | None = None) -> str:
    """A number with its noun: 1 plan, 1,440 cycles."""
    return f"{value:,} {one if value == 1 else many or one + 's'}"


def name(identifier: str) -> str:
    """A code or column as words: NET_DELTA is net delta."""
    return identifier.replace("_", " ").lower()


def day(time_s: int) -> str:
    """The UTC day: 14 Aug 2025."""
    return f"{datetime.fromtimestamp(time_s, UTC):%-d %b %Y}"


def moment(time_s: int) -> str:
    """The UTC minute: 14 Aug 2025 15:00."""
    return f"{datetime.fromtimestamp(time_s, UTC):%-d %b %Y %H:%M}"


def _sign_and_digits(value: float, digits: int, *, signed: bool) -> tuple[str, str]:
    text = f"{abs(value):,.{digits}f}"
    if not any(digit in "123456789" for digit in text):
        return "", text
    return MINUS if value < 0 else "+" if signed else "", text
