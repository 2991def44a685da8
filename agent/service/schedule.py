"""When cycles run: at fixed times with jitter, and at once when an event cannot wait; skipped, never in a burst."""

import random
import threading
from collections.abc import Callable
from datetime import UTC, datetime

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger

from agent.service.settings import Timing

GRACE = 0.5  # of the interval: a cycle that starts later than this is left out


class Schedule:
    """Runs jobs of several vaults on a few threads; a job never overlaps itself.

    What APScheduler would do by default (drop a job that is a second late, run missed ones in a burst) is set
    otherwise on purpose: one late run within half an interval replaces all that were missed, later ones are left out.
    """

    def __init__(self, workers: int, seed: int) -> None:
        self._random = random.Random(seed)
        self._stopping = threading.Event()
        self._scheduler = BackgroundScheduler(
            timezone=UTC,
            executors={"default": ThreadPoolExecutor(workers)},
            job_defaults={"coalesce": True, "max_instances": 1},
        )

    def add(self, name: str, timing: Timing, cycle: Callable[[], None], due: Callable[[], str | None]) -> None:
        """Schedule a vault: `cycle` at its times, and at once when `due` names an event.

        Both run under one lock, so that an event never meets a cycle half way; an event that comes while a cycle
        runs is covered by that cycle.
        """
        lock = threading.Lock()

        def guarded() -> None:
            if not self._stopping.is_set() and lock.acquire(blocking=False):
                try:
                    cycle()
                finally:
                    lock.release()

        def watch() -> None:
            if not self._stopping.is_set() and not lock.locked() and due() is not None:
                guarded()

        now = datetime.now(UTC).timestamp()
        spread = self._random.uniform(0, timing.jitter_s)
        first = now - now % timing.interval_s + timing.offset_s + spread
        if first <= now:
            first += timing.interval_s
        self._every(f"{name} cycle", timing.interval_s, first, guarded)
        self._every(f"{name} watch", timing.watch_s, now + self._random.uniform(0, timing.watch_s), watch)

    def add_plain(self, name: str, interval_s: int, job: Callable[[], object]) -> None:
        """Schedule something that belongs to no vault, such as the daily digest."""
        self._every(name, interval_s, datetime.now(UTC).timestamp() + interval_s, job)

    def start(self) -> None:
        """Begin."""
        self._scheduler.start()

    def stop(self) -> None:
        """Start nothing new, neither what waits for a thread, and wait for what is running."""
        self._stopping.set()
        self._scheduler.shutdown(wait=True)

    def _every(self, name: str, interval_s: int, first: float, job: Callable[[], object]) -> None:
        trigger = IntervalTrigger(seconds=interval_s, start_date=datetime.fromtimestamp(first, UTC), timezone=UTC)
        grace = max(1, int(interval_s * GRACE))
        self._scheduler.add_job(job, trigger, id=name, name=name, misfire_grace_time=grace)
