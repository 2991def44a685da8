"""Every error that ccxt can raise has a code, and says what to do next."""

import ccxt
import pytest

from agent.market.exchanges.errors import AnswerTooLarge, Then, TooManyRequests, failure
from agent.reasons import Code

EVERY = [one for one in vars(ccxt).values() if isinstance(one, type) and issubclass(one, ccxt.BaseError)]


@pytest.mark.parametrize("error", EVERY, ids=lambda one: one.__name__)
def test_every_class_of_ccxt_has_a_code(error: type[Exception]) -> None:
    failed = failure("binance", error("words"))
    assert failed.reason.code.name.startswith(("SOURCE_", "MARKET_"))
    assert error.__name__ in failed.reason.message


@pytest.mark.parametrize(
    ("error", "code", "then"),
    [
        (ccxt.RateLimitExceeded("x"), Code.SOURCE_RATE_LIMITED, Then.PAUSE),
        (ccxt.DDoSProtection("x"), Code.SOURCE_RATE_LIMITED, Then.PAUSE),
        (TooManyRequests("x", 9.0), Code.SOURCE_RATE_LIMITED, Then.PAUSE),
        (ccxt.OnMaintenance("x"), Code.SOURCE_DOWN, Then.PAUSE),
        (ccxt.ExchangeNotAvailable("x"), Code.SOURCE_DOWN, Then.RETRY),
        (ccxt.AccountSuspended("x"), Code.SOURCE_ACCESS, Then.NEVER),
        (ccxt.PermissionDenied("x"), Code.SOURCE_ACCESS, Then.NEVER),
        (ccxt.InvalidNonce("x"), Code.SOURCE_CLOCK, Then.RESYNC),
        (ccxt.BadRequest('{"code":-1021,"msg":"..."}'), Code.SOURCE_CLOCK, Then.RESYNC),
        (ccxt.BadRequest("x"), Code.SOURCE_MALFORMED, Then.GIVE_UP),
        (ccxt.RequestTimeout("x"), Code.SOURCE_TIMEOUT, Then.GIVE_UP),
        (ccxt.BadSymbol("x"), Code.MARKET_UNKNOWN, Then.GIVE_UP),
        (ccxt.BadResponse("x"), Code.SOURCE_MALFORMED, Then.RETRY),
        (AnswerTooLarge("x"), Code.SOURCE_MALFORMED, Then.GIVE_UP),
        (RecursionError("x"), Code.SOURCE_MALFORMED, Then.GIVE_UP),
        (RuntimeError("Session is closed"), Code.SOURCE_DOWN, Then.GIVE_UP),
        (OSError("too many open files"), Code.SOURCE_DOWN, Then.GIVE_UP),
        (KeyError("result"), Code.SOURCE_MALFORMED, Then.GIVE_UP),
    ],
)
def test_an_error_says_what_to_do_next(error: Exception, code: Code, then: Then) -> None:
    failed = failure("binance", error)
    assert (failed.reason.code, failed.then) == (code, then)


def test_the_seconds_of_retry_after_travel_with_the_error() -> None:
    assert failure("binance", TooManyRequests("x", 9.0)).retry_after_s == 9.0
    assert failure("binance", ccxt.RateLimitExceeded("x")).retry_after_s is None
