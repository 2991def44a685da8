"""The server's clock: it stands where it was set, or runs on from there at the speed of the real one."""

import time
from collections.abc import Callable


class VirtualClock:
    """Unix milliseconds.

    Parameters
    ----------
    at_ms : where the clock begins; None takes the real time
    running : True lets it advance with real seconds, False keeps it where it was set
    monotonic : seconds that only grow; replaced in tests
    """

    def __init__(
        self, at_ms: int | None = None, running: bool = False, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self.running = running
        self._monotonic = monotonic
        self.set_time(int(time.time() * 1_000) if at_ms is None else at_ms)

    @property
    def now_ms(self) -> int:
        """The present."""
        passed_s = self._monotonic() - self._set_at_s if self.running else 0.0
        return self._at_ms + int(passed_s * 1_000)

    def set_time(self, unix_ms: int) -> None:
        """Move the clock, forwards or backwards."""
        if unix_ms < 0:
            raise ValueError(f"a clock cannot stand before 1970, got {unix_ms} ms")
        self._at_ms = unix_ms
        self._set_at_s = self._monotonic()
