"""The door: a venue's raw field becomes a finite number inside its range, or is turned away with a code."""

import math
from datetime import datetime

from agent.market.reading import Quantity
from agent.reasons import Code, Reason

MS_PER_HOUR = 3_600_000
FUTURE_MS = 2_000  # how far a venue's clock may run ahead of ours
OLDEST_MS = 24 * MS_PER_HOUR  # a stamp older than a day is no answer about now, or is in another unit
MAX_RATE_PER_HOUR = 0.04  # the highest cap of any venue: Hyperliquid's 4 % an hour
MAX_INTERVAL_H = 24
LONGEST_NUMBER = 64  # characters
AGREE_FACTOR = 2.0  # two numbers of one venue about one thing may differ by this factor

# Least and greatest value a quantity can have; where `ABOVE` names it, the least itself is turned away.
BOUNDS = {
    Quantity.MARK_PRICE: (0.0, 1e9),
    Quantity.INDEX_PRICE: (0.0, 1e9),
    Quantity.SPOT_PRICE: (0.0, 1e9),
    Quantity.BEST_BID: (0.0, 1e9),
    Quantity.BEST_ASK: (0.0, 1e9),
    Quantity.OPEN_INTEREST: (0.0, 1e18),
    Quantity.OPEN_INTEREST_USD: (0.0, 1e13),
    Quantity.BID_DEPTH_USD: (0.0, 1e13),
    Quantity.ASK_DEPTH_USD: (0.0, 1e13),
    Quantity.LIQUIDATED_LONGS_USD: (0.0, 1e13),
    Quantity.LIQUIDATED_SHORTS_USD: (0.0, 1e13),
    Quantity.LONG_SHORT_RATIO: (0.0, 1e4),
}
# Zero is an answer for what was liquidated or rests in the book; for a price or open interest it means "missing".
ZERO_IS_LEGAL = {
    Quantity.BID_DEPTH_USD,
    Quantity.ASK_DEPTH_USD,
    Quantity.LIQUIDATED_LONGS_USD,
    Quantity.LIQUIDATED_SHORTS_USD,
}


class TurnedAway(Exception):
    """A field or an answer that is not used, with the reason."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(str(reason))
        self.reason = reason


def turned_away(code: Code, message: str, value: float | None = None, bound: float | None = None) -> TurnedAway:
    """The exception for one reason; every text of a venue in `message` must have gone through `quoted`."""
    return TurnedAway(Reason(code, message, value, bound))


def quoted(raw: object) -> str:
    """A venue's text made harmless for a log: escaped, on one line, short."""
    text = ascii(raw)
    return text if len(text) <= 80 else text[:77] + "..."


def number(name: str, raw: object) -> float:
    """A finite float of what the venue wrote. Raises TurnedAway for None, empty, NaN, 1e400, truth values and text."""
    if raw is None or raw == "":
        raise turned_away(Code.DATA_MISSING, f"{name} is {quoted(raw)}")
    if isinstance(raw, bool) or not isinstance(raw, str | int | float):
        raise turned_away(Code.SOURCE_MALFORMED, f"{name} is {quoted(raw)}, not a number")
    if isinstance(raw, str) and (len(raw) > LONGEST_NUMBER or "_" in raw or not raw.isascii()):
        raise turned_away(Code.SOURCE_MALFORMED, f"{name} is {quoted(raw)}, not a plain number")
    try:
        value = float(raw)
    except ValueError:
        raise turned_away(Code.SOURCE_MALFORMED, f"{name} is {quoted(raw)}, not a number") from None
    except OverflowError:
        raise turned_away(Code.DATA_NOT_FINITE, f"{name} is a whole number beyond every range") from None
    if not math.isfinite(value):
        raise turned_away(Code.DATA_NOT_FINITE, f"{name} is {quoted(raw)}")
    return value


def positive(name: str, raw: object) -> float:
    """A number above zero."""
    value = number(name, raw)
    if value <= 0:
        raise turned_away(Code.DATA_NOT_POSITIVE, f"{name} must be positive; zero is often written for missing", value)
    return value


def within(quantity: Quantity, value: float) -> float:
    """The value, if the quantity can have it. Raises TurnedAway for zero, negative and absurd ones."""
    least, greatest = BOUNDS[quantity]
    if not math.isfinite(value):  # a product of two finite numbers need not be one
        raise turned_away(Code.DATA_NOT_FINITE, f"{quantity} is not finite")
    if value < least or (value == 0 and quantity not in ZERO_IS_LEGAL):
        raise turned_away(Code.DATA_NOT_POSITIVE, f"{quantity} must be positive", value, least)
    if value > greatest:
        raise turned_away(Code.DATA_OUT_OF_RANGE, f"{quantity} is beyond what any market has", value, greatest)
    return value


def rate(name: str, value: float, interval_h: float) -> float:
    """A funding rate that a venue can charge: at most 4 % an hour, which catches open interest in its field."""
    if not math.isfinite(value):
        raise turned_away(Code.DATA_NOT_FINITE, f"{name} is not finite")
    per_hour = abs(value) / interval_h
    if per_hour > MAX_RATE_PER_HOUR:
        raise turned_away(
            Code.DATA_OUT_OF_RANGE, f"{name} per hour exceeds every venue's cap", per_hour, MAX_RATE_PER_HOUR
        )
    return value


def interval(name: str, hours: float) -> float:
    """A settlement interval in hours that divides a day."""
    if not (1 <= hours <= MAX_INTERVAL_H and hours == int(hours) and MAX_INTERVAL_H % int(hours) == 0):
        raise turned_away(Code.DATA_INTERVAL, f"{name} must be whole hours that divide a day", hours, MAX_INTERVAL_H)
    return hours


def milliseconds(name: str, raw: object, unit: str) -> int:
    """Unix milliseconds of a stamp in the unit the venue documents: "s", "ms" or "iso".

    The magnitude is not guessed: a stamp in another unit lands decades away and is turned away by `recent`.
    """
    if unit == "iso":
        if not isinstance(raw, str) or len(raw) > LONGEST_NUMBER:
            raise turned_away(Code.DATA_CLOCK, f"{name} is {quoted(raw)}, not a moment")
        try:
            moment = datetime.fromisoformat(raw)
        except ValueError:
            raise turned_away(Code.DATA_CLOCK, f"{name} is {quoted(raw)}, not a moment") from None
        if moment.tzinfo is None:
            raise turned_away(Code.DATA_CLOCK, f"{name} is {quoted(raw)}, a clock without a zone")
        try:
            return round(moment.timestamp() * 1_000)
        except OverflowError:
            raise turned_away(Code.DATA_CLOCK, f"{name} is {quoted(raw)}, out of the calendar") from None
    value = number(name, raw) * (1_000 if unit == "s" else 1)
    if not 0 < value < 2**53:
        raise turned_away(Code.DATA_CLOCK, f"{name} is no moment", value)
    return round(value)


def recent(name: str, at_ms: int, now_ms: int, oldest_ms: int = OLDEST_MS) -> int:
    """A stamp of something that has happened. Raises TurnedAway when it lies in the future or long ago."""
    if at_ms > now_ms + FUTURE_MS:
        raise turned_away(Code.SOURCE_FUTURE, f"{name} is in the future (ms ahead)", at_ms - now_ms, FUTURE_MS)
    if at_ms < now_ms - oldest_ms:
        raise turned_away(
            Code.DATA_CLOCK, f"{name} is long past or in another unit (ms ago)", now_ms - at_ms, oldest_ms
        )
    return at_ms


def agree(one: float, other: float, factor: float = AGREE_FACTOR) -> bool:
    """Whether two positive numbers differ by no more than a factor."""
    return max(one, other) <= factor * min(one, other)
