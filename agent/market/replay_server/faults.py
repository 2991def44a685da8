"""Trouble on demand: what an exchange does wrong, per venue and path, once, some times or for good."""

import dataclasses
import gzip
import json
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from typing import Any

from agent.market.replay_server.series import HOUR_MS

BOMB_MB = 64
CAPTCHA = (
    "<!DOCTYPE html><html><head><title>Just a moment...</title></head>"
    "<body><h1>Checking if you are human</h1></body></html>"
)


class FaultKind(StrEnum):
    """What goes wrong."""

    RATE_LIMITED = "rate_limited"  # 429 with Retry-After
    BANNED = "banned"  # 418 with Retry-After
    RESTRICTED = "restricted"  # 451
    SERVER_ERROR = "server_error"  # `status`, 500 unless set
    MAINTENANCE = "maintenance"  # in the venue's own words
    ERROR_BODY = "error_body"  # status 200, the body tells of an error
    TRUNCATED = "truncated"  # half of the JSON
    HTML = "html"  # a captcha page with status 200
    GZIP_BOMB = "gzip_bomb"  # a small answer that unpacks to 64 MB
    DRIP = "drip"  # a byte every `delay_ms`
    DELAY = "delay"  # the right answer after `delay_ms`
    WRONG_SYMBOL = "wrong_symbol"  # the answer is about another market, and names it where the format has a name
    WRONG_VALUES = "wrong_values"  # the answer names the right market and holds another one's numbers
    STALE = "stale"  # stamps lie `shift_ms` back, values move on
    FUTURE = "future"  # stamps lie `shift_ms` ahead
    FROZEN = "frozen"  # stamps move on, values stand
    VALUE = "value"  # `field` holds `value`: None, "NaN", float("nan"), 1e400, a huge or negative number


@dataclasses.dataclass(slots=True)
class Fault:
    """One fault, and when it strikes.

    Parameters
    ----------
    kind : what goes wrong
    venue : whose answers; None strikes all venues
    path_prefix : which answers, by the beginning of the path behind the venue's name; "" is all
    times : after so many answers it is over; None lasts until `ReplayServer.clear()`
    status : of SERVER_ERROR
    retry_after_s : of RATE_LIMITED and BANNED
    delay_ms : of DELAY and DRIP
    shift_ms : of STALE and FUTURE
    field : of VALUE: the key whose values are replaced wherever it occurs
    value : of VALUE: what stands there instead
    """

    kind: FaultKind
    venue: str | None = None
    path_prefix: str = ""
    times: int | None = None
    status: int = 500
    retry_after_s: int = 2
    delay_ms: int = 100
    shift_ms: int = HOUR_MS
    field: str = ""
    value: Any = None
    struck: int = dataclasses.field(default=0, init=False)
    frozen_at_ms: int = dataclasses.field(default=0, init=False)

    def __post_init__(self) -> None:
        if self.kind is FaultKind.VALUE and not self.field:
            raise ValueError("a VALUE fault needs the field that it replaces")
        if self.times is not None and self.times < 1:
            raise ValueError(f"a fault strikes at least once, got times={self.times}")

    def strikes(self, venue: str, path: str) -> bool:
        """Whether the answer to this request is hit."""
        over = self.times is not None and self.struck >= self.times
        return not over and self.venue in (None, venue) and path.startswith(self.path_prefix)


class CannotStrike(Exception):
    """The answer has nothing that the fault could spoil: a test that injected it would prove nothing."""


def with_value(answer: Any, fault: Fault) -> bytes:
    """The answer with the fault's value in place of every value of its field. Raises CannotStrike."""
    replaced, count = _replaced(answer, fault.field, fault.value)
    if not count:
        raise CannotStrike(f"the answer has no field {fault.field!r}")
    # the standard library writes NaN and Infinity as careless servers do
    return json.dumps(replaced).encode()


def _replaced(answer: Any, name: str, value: Any) -> tuple[Any, int]:
    if isinstance(answer, Mapping):
        done = {key: (value, 1) if key == name else _replaced(one, name, value) for key, one in answer.items()}
        return {key: one for key, (one, _) in done.items()}, sum(count for _, count in done.values())
    if isinstance(answer, list):
        rows = [_replaced(one, name, value) for one in answer]
        return [one for one, _ in rows], sum(count for _, count in rows)
    return answer, 0


@cache
def bomb() -> bytes:
    """64 MB of spaces, gzipped."""
    return gzip.compress(b" " * (BOMB_MB * 2**20), compresslevel=9)


def another_asset(assets: tuple[str, ...]) -> dict[str, str]:
    """Each asset with the one that is shown in its place."""
    return dict(zip(assets, (*assets[1:], assets[0]), strict=True))
