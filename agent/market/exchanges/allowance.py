"""How much a venue may still be asked: a bucket of request weight, and pauses that the venue demands."""

from collections.abc import Callable

FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 300.0
LONGEST_RETRY_AFTER_S = 3_600.0
SECONDS_PER_MINUTE = 60


class Allowance:
    """A token bucket that holds one minute's weight and refills evenly.

    Parameters
    ----------
    weight_per_minute : the venue's documented allowance
    monotonic : seconds that only grow
    """

    def __init__(self, weight_per_minute: float, monotonic: Callable[[], float]) -> None:
        self._capacity = weight_per_minute
        self._left = weight_per_minute
        self._monotonic = monotonic
        self._filled_at_s = monotonic()
        self._paused_until_s = -float("inf")
        self._pause_s = FIRST_PAUSE_S
        self.spent = 0.0

    def take(self, weight: float) -> bool:
        """Take the weight of one request; False, with nothing taken, when it would exceed the allowance."""
        if self.short_s(weight) > 0:
            return False
        self._left -= weight
        self.spent += weight
        return True

    def short_s(self, weight: float) -> float:
        """Seconds until so much weight is there; zero when it is."""
        now_s = self._monotonic()
        per_second = self._capacity / SECONDS_PER_MINUTE
        self._left = min(self._capacity, self._left + max(0.0, now_s - self._filled_at_s) * per_second)
        self._filled_at_s = now_s
        return max(0.0, (weight - self._left) / per_second)

    def paused_s(self) -> float:
        """Seconds until the venue may be asked again; zero when it may be asked now."""
        return max(0.0, self._paused_until_s - self._monotonic())

    def pause(self, retry_after_s: float | None) -> None:
        """Ask nothing for as long as the venue says; longer each time when it does not say."""
        if retry_after_s is None:
            wait_s, self._pause_s = self._pause_s, min(LONGEST_PAUSE_S, 2 * self._pause_s)
        else:
            wait_s = min(LONGEST_RETRY_AFTER_S, max(0.0, retry_after_s))
        self._paused_until_s = max(self._paused_until_s, self._monotonic() + wait_s)

    def answered(self) -> None:
        """The venue answered: the next pause begins short again."""
        self._pause_s = FIRST_PAUSE_S
