"""What ccxt raises, as a code, and whether asking again could help."""

from dataclasses import dataclass
from enum import Enum
from typing import Any

import aiohttp
import ccxt

from agent.market.exchanges.door import quoted
from agent.reasons import Code, Reason


class Then(Enum):
    """What to do after a failed request."""

    RETRY = "retry"  # once, if the deadline allows
    PAUSE = "pause"  # ask this venue nothing for a while
    RESYNC = "resync"  # compare clocks once, then ask once more
    GIVE_UP = "give up"  # for this round
    NEVER = "never"  # until the agent is started anew


class TooManyRequests(ccxt.RateLimitExceeded):  # type: ignore[misc]  # ccxt is untyped
    """HTTP 429 or 418, with the seconds that the venue asks us to wait, if it says so."""

    def __init__(self, message: str, retry_after_s: float | None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class AnswerTooLarge(ccxt.BadResponse):  # type: ignore[misc]  # ccxt is untyped
    """An answer that went on after 8 MB; it is not read to the end."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A failed request: why, what then, and how long the venue asks us to wait."""

    reason: Reason
    then: Then
    retry_after_s: float | None = None


# The first class that fits decides, so a class stands before the one it derives from: InvalidNonce is a NetworkError
# in ccxt, OnMaintenance an ExchangeNotAvailable, AccountSuspended an AuthenticationError.
CLASSES: tuple[tuple[Any, Code, Then], ...] = (
    (ccxt.RateLimitExceeded, Code.SOURCE_RATE_LIMITED, Then.PAUSE),
    (ccxt.DDoSProtection, Code.SOURCE_RATE_LIMITED, Then.PAUSE),
    (ccxt.InvalidNonce, Code.SOURCE_CLOCK, Then.RESYNC),
    (ccxt.RequestTimeout, Code.SOURCE_TIMEOUT, Then.GIVE_UP),
    (ccxt.OnMaintenance, Code.SOURCE_DOWN, Then.PAUSE),
    (ccxt.ExchangeNotAvailable, Code.SOURCE_DOWN, Then.RETRY),
    (ccxt.NetworkError, Code.SOURCE_DOWN, Then.RETRY),
    (ccxt.AuthenticationError, Code.SOURCE_ACCESS, Then.NEVER),
    (ccxt.RestrictedLocation, Code.SOURCE_DOWN, Then.GIVE_UP),
    (ccxt.BadSymbol, Code.MARKET_UNKNOWN, Then.GIVE_UP),
    (AnswerTooLarge, Code.SOURCE_MALFORMED, Then.GIVE_UP),
    (ccxt.BadResponse, Code.SOURCE_MALFORMED, Then.RETRY),
    (ccxt.OperationFailed, Code.SOURCE_DOWN, Then.RETRY),
    (ccxt.BaseError, Code.SOURCE_MALFORMED, Then.GIVE_UP),
)
# Binance says -1021 (our clock) as InvalidNonce in one of ccxt's tables and as BadRequest in another.
CLOCK_WORDS = ("-1021", "recvWindow", "Timestamp for this request")


def failure(venue: str, error: Exception) -> Failure:
    """The code of an exception of ccxt. The venue's words are escaped and shortened: they are data, not log lines."""
    message = f"{venue}: {type(error).__name__} {quoted(str(error))}"
    if isinstance(error, ccxt.BadRequest) and any(word in str(error) for word in CLOCK_WORDS):
        return Failure(Reason(Code.SOURCE_CLOCK, message), Then.RESYNC)
    if isinstance(error.__cause__, aiohttp.ClientError) and not isinstance(error, ccxt.NetworkError):
        return Failure(Reason(Code.SOURCE_MALFORMED, message), Then.RETRY)  # cut off, or not what its header says
    for cls, code, then in CLASSES:
        if isinstance(error, cls):
            return Failure(Reason(code, message), then, getattr(error, "retry_after_s", None))
    if isinstance(error, OSError | RuntimeError) and not isinstance(error, RecursionError):
        return Failure(Reason(Code.SOURCE_DOWN, message), Then.GIVE_UP)
    message = f"{venue}: ccxt could not read the answer ({type(error).__name__}: {quoted(str(error))})"
    return Failure(Reason(Code.SOURCE_MALFORMED, message), Then.GIVE_UP)
