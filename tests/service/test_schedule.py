"""Stopping starts nothing new, neither what already waits for a thread."""

import threading
import time

from agent.service.schedule import Schedule
from agent.service.settings import Timing

TIMING = Timing(interval_s=60, offset_s=0, jitter_s=0, watch_s=5)


def test_jobs_that_wait_for_a_thread_do_not_run_after_the_signal() -> None:
    schedule = Schedule(1, seed=7)
    begun, go_on, ran = threading.Event(), threading.Event(), []

    def first() -> None:
        begun.set()
        go_on.wait(10)

    schedule.start()
    schedule.add_plain("first", 1, first)
    assert begun.wait(10)
    for number in range(3):
        schedule.add(f"vault {number}", TIMING, lambda: ran.append(1), lambda: "an event")
    time.sleep(5.5)  # all of them are due by now, and wait
    stopped = threading.Thread(target=schedule.stop)
    stopped.start()
    time.sleep(0.1)
    go_on.set()
    stopped.join(10)
    assert not stopped.is_alive()
    assert ran == []
