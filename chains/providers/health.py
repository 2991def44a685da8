"""How well one provider serves: score, latency, back-off, and the faults it was caught at."""

from dataclasses import dataclass
from enum import StrEnum

SCORE_MEMORY = 0.9  # weight of the past: half of a score is the last seven answers
FIRST_BACK_OFF_S = 0.5
LONGEST_BACK_OFF_S = 30.0
LONGEST_RETRY_AFTER_S = 300.0


class FaultKind(StrEnum):
    """What a provider was caught at."""

    NO_ANSWER = "no answer"
    BAD_ANSWER = "bad answer"
    REFUSED = "refused"  # with an error that is no revert, such as a block it does not have
    WRONG_CHAIN = "wrong chain"
    SYNCING = "syncing"
    LAGGING = "lagging"
    AHEAD = "ahead"  # of what enough others know; nobody can check such a block
    FORKED = "forked"
    DISAGREES = "disagrees"


@dataclass(frozen=True, slots=True)
class ProviderFault:
    """One fault of one provider, for the record. `provider` is host and port, never a path that may hold a key."""

    provider: str
    kind: FaultKind
    detail: str


@dataclass(frozen=True, slots=True)
class ProviderHealth:
    """A provider's record: `score` 1 for all answers good and agreed, 0 for none; `latency_s` None before the first."""

    provider: str
    score: float
    latency_s: float | None
    answers: int
    failures: int
    failures_in_a_row: int
    asked_again_in_s: float  # 0 when it is not backing off


class HealthRecord:
    """The running record of one provider; times are of one monotonic clock, in seconds."""

    def __init__(self, provider: str) -> None:
        self.provider = provider
        self._score = 1.0
        self._latency_s: float | None = None
        self._answers = 0
        self._failures = 0
        self._in_a_row = 0
        self._resting_until_s = 0.0

    def good(self, latency_s: float) -> None:
        """An answer that counted."""
        self._answers += 1
        self._in_a_row = 0
        self._score = SCORE_MEMORY * self._score + (1 - SCORE_MEMORY)
        known = latency_s if self._latency_s is None else self._latency_s
        self._latency_s = SCORE_MEMORY * known + (1 - SCORE_MEMORY) * latency_s

    def bad(self, now_s: float, retry_after_s: float | None = None) -> None:
        """A failure. The second in a row makes it rest, each further one twice as long."""
        self._failures += 1
        self._in_a_row += 1
        self._score *= SCORE_MEMORY
        rest_s = 0.0
        if self._in_a_row > 1:
            rest_s = min(LONGEST_BACK_OFF_S, FIRST_BACK_OFF_S * 2.0 ** min(self._in_a_row - 2, 30))
        if retry_after_s is not None:
            rest_s = max(rest_s, min(LONGEST_RETRY_AFTER_S, retry_after_s))
        self._resting_until_s = max(self._resting_until_s, now_s + rest_s)

    def resting_s(self, now_s: float) -> float:
        """Seconds until it may be asked again."""
        return max(0.0, self._resting_until_s - now_s)

    def snapshot(self, now_s: float) -> ProviderHealth:
        """The record as of now."""
        return ProviderHealth(
            self.provider,
            self._score,
            self._latency_s,
            self._answers,
            self._failures,
            self._in_a_row,
            self.resting_s(now_s),
        )
