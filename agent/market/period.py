"""Periods as people write them: a day or a month, both ends included."""

import re
from datetime import UTC, datetime, timedelta

from agent.reasons import Code, Reason, Refusal
from agent.units import SECONDS_PER_HOUR

FIRST_YEAR, LAST_YEAR = 1970, 2200  # of unix seconds that markets can have
_FORM = re.compile(r"(\d{4})-(\d{2})(?:-(\d{2}))?")


def parse_period(from_text: str, to_text: str, options: tuple[str, str] = ("--from", "--to")) -> tuple[int, int]:
    """First and last hour (unix seconds) of a period such as 2023-02-01 to 2023-06-30 or 2023-01 to 2023-07.

    Both ends are whole days or months in UTC and belong to the period: one day has 24 hours.

    Raises Refusal, which names the option, when an end is no date or the period ends before it begins.
    """
    start, _ = _bounds(options[0], from_text)
    _, end = _bounds(options[1], to_text)
    if end <= start:
        message = f"the period ends before it begins: {from_text} to {to_text}"
        raise Refusal(Reason(Code.CONFIG_OUT_OF_RANGE, message, where=options[1]))
    return int(start.timestamp()), int(end.timestamp()) - SECONDS_PER_HOUR


def _bounds(option: str, text: str) -> tuple[datetime, datetime]:
    """The first instant of a day or month and the first instant after it."""
    found = _FORM.fullmatch(text)
    try:
        if found is None:
            raise ValueError("expected YYYY-MM-DD or YYYY-MM")
        year, month, day = int(found[1]), int(found[2]), found[3]
        if not FIRST_YEAR <= year <= LAST_YEAR:
            raise ValueError(f"expected a year from {FIRST_YEAR} to {LAST_YEAR}")
        first = datetime(year, month, int(day or 1), tzinfo=UTC)
    except ValueError as error:
        reason = Reason(Code.CONFIG_OUT_OF_RANGE, f"{option} {text!r}: {error}; write a day or a month", where=option)
        raise Refusal(reason) from error
    if day:
        return first, first + timedelta(days=1)
    return first, (first + timedelta(days=32)).replace(day=1)
