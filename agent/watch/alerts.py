"""Alerts to people: by severity, each once until it changes, and a digest of the day."""

import logging
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from enum import IntEnum
from typing import Protocol

from agent.reasons import Code

log = logging.getLogger("ballast.alerts")
REPEAT_S = 6 * 3_600  # the same alert again only after so long


class Severity(IntEnum):
    """How soon a person must look."""

    INFO = 0
    WARNING = 1
    CRITICAL = 2


# What needs a person at once; everything that latches or says that somebody else acts is among them.
CRITICAL = frozenset(
    {
        Code.HALTED,
        Code.KILLED,
        Code.KILL_SWITCH_UNREADABLE,
        Code.STATE_UNREADABLE,
        Code.STATE_LOST,
        Code.SENT_AGAINST_INTENDED,
        Code.REPEATED_EXECUTION,
        Code.RESTART_BUDGET,
        Code.KEY_SHARED,
        Code.JOURNAL_DAMAGED,
        Code.JOURNAL_BEHIND,
        Code.JOURNAL_UNWRITABLE,
        Code.TRANSACTION_STUCK,
        Code.REVERT_REPEATED,
        Code.SIGNER_DELEGATED,
        Code.SIGNER_FAILED,
        Code.GAS_RESERVE,
        Code.SIGNER_ROLE,
        Code.POLICY_MISMATCH,
        Code.DAILY_LOSS,
        Code.WEEKLY_LOSS,
        Code.DRAWDOWN,
        Code.LIQUIDATION_TOO_CLOSE,
        Code.HEALTH_TOO_LOW,
        Code.ASSET_DEPEG,
        Code.SOURCE_ACCESS,
        Code.KEY_CAN_WITHDRAW,
        Code.MARKET_CLOSED,
        Code.EFFECT_MISSING,
    }
)
# What comes and goes by itself and is only worth a line in the digest.
QUIET = frozenset(
    {
        Code.WARMING_UP,
        Code.EFFECT_PENDING,
        Code.COOLDOWN,
        Code.PLAN_RATE,
        Code.PAUSED,
        Code.NOT_LEADER,
        Code.OBSERVE_ONLY,
    }
)


def severity_of(code: Code) -> Severity:
    """How soon a person must look when this code comes up."""
    if code in CRITICAL:
        return Severity.CRITICAL
    return Severity.INFO if code in QUIET else Severity.WARNING


class Channel(Protocol):
    """Whatever carries a message to people."""

    def send(self, severity: Severity, title: str, body: str) -> bool:
        """Whether it was delivered."""
        ...


class AppriseChannel:
    """Chat, mail and webhooks through Apprise.

    Parameters
    ----------
    urls : of Apprise, such as tgram://, slack://, discord://, mailtos:// or json://; they hold secrets
    """

    def __init__(self, urls: Sequence[str]) -> None:
        import apprise

        self._apprise = apprise.Apprise()
        for url in urls:
            if not self._apprise.add(url):
                raise ValueError(f"an alert address that Apprise does not know: {url.split('://')[0]}://…")
        self._kinds = {
            Severity.INFO: apprise.NotifyType.INFO,
            Severity.WARNING: apprise.NotifyType.WARNING,
            Severity.CRITICAL: apprise.NotifyType.FAILURE,
        }

    def send(self, severity: Severity, title: str, body: str) -> bool:
        """Whether every address took it."""
        return bool(self._apprise.notify(body=body, title=title, notify_type=self._kinds[severity]))


class Alerts:
    """Sends what is new and counts the rest for the digest.

    An alert that a channel does not take is logged and tried again the next time it comes up; it never stops a cycle.

    Parameters
    ----------
    channel : None sends nothing and still counts
    redact : hides secrets
    clock : unix seconds
    """

    def __init__(self, channel: Channel | None, redact: Callable[[str], str], clock: Callable[[], float]) -> None:
        self._channel, self._redact, self._clock = channel, redact, clock
        self._sent: dict[tuple[str, Code], float] = {}
        self._counted: Counter[tuple[str, Code]] = Counter()
        self._lock = threading.Lock()  # of the two above; never held while a channel is asked

    def raise_(self, vault: str, code: Code, message: str) -> bool:
        """Tell people unless they know; whether something was sent."""
        severity, now = severity_of(code), self._clock()
        with self._lock:
            self._counted[vault, code] += 1
            last = self._sent.get((vault, code))
        if severity is Severity.INFO or (last is not None and now - last < REPEAT_S):
            return False
        if not self._deliver(severity, f"{vault}: {code}", message):
            return False
        with self._lock:
            self._sent[vault, code] = now
        return True

    def over(self, vault: str, still: frozenset[Code]) -> None:
        """Forget alerts of a vault that no longer hold, so that they are told again when they come back."""
        with self._lock:
            for key in [key for key in self._sent if key[0] == vault and key[1] not in still]:
                del self._sent[key]

    def digest(self, lines: Sequence[str]) -> bool:
        """The day in one message: the given lines, and how often each code came up; counting begins anew."""
        with self._lock:
            told = Counter(self._counted)
        counted = [f"{vault}: {code} x {count}" for (vault, code), count in told.most_common()]
        body = "\n".join([*lines, *(counted or ["no refusals"])])
        delivered = self._deliver(Severity.INFO, "Ballast, the last day", body)
        if delivered:
            with self._lock:
                self._counted -= told
        return delivered

    def _deliver(self, severity: Severity, title: str, body: str) -> bool:
        if self._channel is None:
            return False
        try:
            delivered = self._channel.send(severity, self._redact(title), self._redact(body))
        except (OSError, ValueError) as error:
            log.warning("alert not delivered", extra={"title": title, "error": str(error)})
            return False
        if not delivered:
            log.warning("alert not delivered", extra={"title": title})
        return delivered
