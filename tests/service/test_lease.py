"""One of several agents sends, whatever sleeps, dies or wakes."""

import threading
import time

import pytest
import sqlalchemy as sql

from agent.execution.outcome import Fenced
from agent.reasons import Code
from agent.service.lease import LeaderLease


class Clock:
    """A process's monotonic clock, which a test moves on."""

    def __init__(self) -> None:
        self.offset = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self.offset


def run_out(url: str, name: str) -> None:
    """What the database knows of a lease once its time is over."""
    over = sql.text("UPDATE leader_leases SET expires_at = now() - interval '1 second' WHERE name = :name")
    with sql.create_engine(url).begin() as connection:
        connection.execute(over, {"name": name})


def test_one_leads_and_the_other_waits(postgres: str) -> None:
    one, two = (LeaderLease(postgres, "waits", name, 30.0) for name in ("one", "two"))
    assert one.acquire()
    assert not two.acquire()
    one.fence()
    reason = two.reason()
    assert reason is not None
    assert reason.code is Code.NOT_LEADER
    one.release()
    assert two.acquire()
    two.release()


def test_renewing_keeps_the_token_and_a_new_leader_gets_a_larger_one(postgres: str) -> None:
    one, two = (LeaderLease(postgres, "tokens", name, 30.0) for name in ("one", "two"))
    one.acquire()
    first = one.token
    one.acquire()
    assert one.token == first == 1
    one.release()
    two.acquire()
    assert two.token == 2
    two.release()


def test_fault_66_a_leader_that_was_frozen_is_fenced_when_it_wakes(postgres: str) -> None:
    old = LeaderLease(postgres, "frozen", "old", 30.0)
    assert old.acquire()
    old.fence()
    run_out(postgres, "frozen")  # its process stands still, and so does its own clock
    standby = LeaderLease(postgres, "frozen", "standby", 30.0)
    assert standby.acquire()
    with pytest.raises(Fenced, match="another agent"):
        old.fence()
    standby.fence()
    assert not old.acquire()
    standby.release()


def test_a_lease_about_to_end_allows_no_send(postgres: str) -> None:
    clock = Clock()
    lease = LeaderLease(postgres, "ending", "one", 10.0, clock)
    lease.acquire()
    lease.fence()
    clock.offset = 8.5
    with pytest.raises(Fenced, match="run out"):
        lease.fence()
    lease.release()


def test_a_database_that_does_not_answer_makes_no_leader(postgres: str) -> None:
    lease = LeaderLease(postgres, "deaf", "one", 30.0)
    lease.acquire()
    engine = sql.create_engine(postgres)
    with engine.begin() as connection:
        connection.execute(sql.text("ALTER TABLE leader_leases RENAME TO elsewhere"))
    try:
        with pytest.raises(Fenced, match="nobody can tell"):
            lease.fence()
    finally:
        with engine.begin() as connection:
            connection.execute(sql.text("ALTER TABLE elsewhere RENAME TO leader_leases"))
        engine.dispose()
    lease.release()


def test_a_kept_lease_outlives_its_length(postgres: str) -> None:
    lease = LeaderLease(postgres, "kept", "one", 3.0)
    assert lease.acquire()
    lost: list[str] = []
    lease.keep(lambda: lost.append("one"))
    time.sleep(4)
    lease.fence()
    assert lost == []
    lease.release()


def test_who_was_overtaken_hears_of_it_even_when_the_other_has_left_again(postgres: str) -> None:
    old = LeaderLease(postgres, "overtaken", "old", 0.6)
    assert old.acquire()
    run_out(postgres, "overtaken")
    other = LeaderLease(postgres, "overtaken", "other", 30.0)
    assert other.acquire()
    other.release()
    lost = threading.Event()
    old.keep(lost.set)
    assert lost.wait(30)
    old.release()


def test_an_answer_that_came_too_late_allows_no_send(postgres: str) -> None:
    clock = Clock()
    lease = LeaderLease(postgres, "slow answer", "one", 10.0, clock)
    lease.acquire()
    with sql.create_engine(postgres).begin() as blocker:
        blocker.execute(sql.text("LOCK TABLE leader_leases IN ACCESS EXCLUSIVE MODE"))

        def nine_seconds_pass() -> None:
            clock.offset = 9.0
            blocker.rollback()

        timer = threading.Timer(0.3, nine_seconds_pass)
        timer.start()
        with pytest.raises(Fenced, match="run out"):
            lease.fence()
        timer.join()
    lease.release()
