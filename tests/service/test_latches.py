"""What stops a vault until a person says otherwise."""

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sql

from agent.reasons import Code, Reason
from agent.risk.controls import SentPlan
from agent.service.kill_switch import KillSwitch, stop
from agent.service.latches import EVERY_VAULT, Latches, Value

UNINTENDED = Reason(Code.SENT_AGAINST_INTENDED, "one more", 9, 3, "journal")
REPEATED = Reason(Code.REPEATED_EXECUTION, "16 plans", 16, 16, "controls.max_trading_plans_per_day")


def test_a_latch_survives_a_restart(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'service.sqlite'}"
    first = Latches(url)
    first.set("eth-carry", REPEATED, 100, "the agent")
    first.close()
    again = Latches(url)
    (latch,) = again.active("eth-carry")
    assert (latch.reason, latch.set_at, latch.set_by) == (REPEATED, 100, "the agent")
    again.close()


def test_the_same_reason_is_latched_once_and_keeps_its_first_time(latches: Latches) -> None:
    latches.set("eth-carry", REPEATED, 100, "the agent")
    latches.set("eth-carry", REPEATED, 200, "the agent")
    assert [latch.set_at for latch in latches.active("eth-carry")] == [100]


def test_a_latch_of_one_vault_leaves_the_others_alone_and_one_of_all_stops_all(latches: Latches) -> None:
    latches.set("eth-carry", REPEATED, 100, "the agent")
    assert latches.active("btc-carry") == ()
    latches.set(EVERY_VAULT, Reason(Code.KILLED, "everything"), 100, "somebody")
    assert len(latches.active("btc-carry")) == 1
    assert len(latches.active("eth-carry")) == 2


def test_a_person_clears_and_history_stays(latches: Latches) -> None:
    latches.set("eth-carry", REPEATED, 100, "the agent")
    assert latches.clear("eth-carry", 300, "ann") == 1
    assert latches.active("eth-carry") == ()
    assert latches.last_cleared("eth-carry") == 300
    assert latches.clear("eth-carry", 400, "ann") == 0


def test_a_plan_that_failed_and_is_sent_again_counts_again(latches: Latches) -> None:
    for at in (100, 100, 200):
        latches.record_plan("eth-carry", 7, SentPlan(at, 5_000.0))
    assert list(latches.plans_since("eth-carry", 0)) == [SentPlan(100, 5_000.0), SentPlan(200, 5_000.0)]
    assert not latches.plans_since("eth-carry", 200)
    assert not latches.plans_since("btc-carry", 0)


def test_values_of_all_vaults_add_up(latches: Latches) -> None:
    assert latches.totals("eth-carry", Value(100.0, 5.0, 1)) == (100.0, 5.0)
    latches.record_value("eth-carry", Value(100.0, 5.0, 1))
    assert latches.totals("btc-carry", Value(50.0, 0.0, 1)) == (150.0, 5.0)
    latches.record_value("btc-carry", Value(50.0, 0.0, 1))
    assert latches.totals("eth-carry", Value(90.0, 15.0, 2)) == (140.0, 15.0), "itself as it is now"
    latches.record_value("eth-carry", Value(90.0, 15.0, 2))
    assert latches.last_value("eth-carry") == Value(90.0, 15.0, 2)


def test_a_vault_that_is_no_part_of_the_service_any_more_counts_no_more(latches: Latches) -> None:
    latches.record_value("gone", Value(100.0, 50.0, 1))
    assert latches.totals("eth-carry", Value(90.0, 0.0, 86_400)) == (190.0, 50.0)
    assert latches.totals("eth-carry", Value(90.0, 0.0, 86_401)) == (90.0, 0.0)


def test_a_dry_run_is_kept_for_its_configuration_and_the_last_one_counts(latches: Latches) -> None:
    assert latches.dry_run_of("abc") is None
    latches.record_dry_run("abc", 1_750_000_600, "second")
    latches.record_dry_run("abc", 1_750_000_000, "first, written later")
    latches.record_dry_run("another", 1_750_009_999, "")
    assert latches.dry_run_of("abc") == 1_750_000_600


def test_latches_are_the_same_in_postgresql(postgres: str) -> None:
    latches = Latches(postgres)
    latches.set("eth-carry", REPEATED, 100, "the agent")
    latches.record_plan("eth-carry", 7, SentPlan(100, 5_000.0))
    assert latches.baseline("eth-carry", 3) == 3
    assert latches.baseline("eth-carry", 9) == 3
    assert [latch.reason for latch in latches.active("eth-carry")] == [REPEATED]
    latches.clear("eth-carry", 300, "ann")
    assert latches.baseline("eth-carry", 9) == 3
    latches.set("eth-carry", UNINTENDED, 400, "the agent")
    latches.clear("btc-carry", 500, "ann")
    assert latches.baseline("eth-carry", 9) == 3
    latches.clear("eth-carry", 500, "ann")
    assert latches.baseline("eth-carry", 9) == 9
    latches.record_value("eth-carry", Value(90.0, 15.0, 2))
    assert latches.totals("btc-carry", Value(10.0, 0.0, 2)) == (100.0, 15.0)
    assert (latches.counted("eth-carry", 7), latches.counted("eth-carry", 8)) == (True, False)
    latches.record_dry_run("abc", 1_750_000_600, "")
    assert latches.dry_run_of("abc") == 1_750_000_600
    latches.close()


def test_each_place_of_the_kill_switch_is_enough(tmp_path: Path, latches: Latches) -> None:
    switch = KillSwitch(tmp_path, latches)
    assert switch.reasons("eth-carry") == ()
    (tmp_path / "KILL").touch()
    assert [reason.code for reason in switch.reasons("eth-carry")] == [Code.KILLED]
    (tmp_path / "KILL").unlink()
    stop(latches, "eth-carry", Code.KILLED, "by hand", "ann")
    assert [reason.code for reason in switch.reasons("eth-carry")] == [Code.KILLED]


def test_fault_78_a_kill_switch_that_cannot_be_read_counts_as_used(tmp_path: Path, latches: Latches) -> None:
    gone = KillSwitch(tmp_path / "gone", latches)
    assert [reason.code for reason in gone.reasons("eth-carry")] == [Code.KILL_SWITCH_UNREADABLE]
    not_a_folder = tmp_path / "file"
    not_a_folder.touch()
    assert Code.KILL_SWITCH_UNREADABLE in [one.code for one in KillSwitch(not_a_folder, latches).reasons("eth-carry")]


def test_fault_78_latches_that_cannot_be_read_stop_everything(tmp_path: Path) -> None:
    path = tmp_path / "service.sqlite"
    latches = Latches(f"sqlite:///{path}")
    path.write_bytes(b"not a database at all, whatever its name says" * 100)
    found = KillSwitch(tmp_path, latches).reasons("eth-carry")
    assert [reason.code for reason in found] == [Code.KILL_SWITCH_UNREADABLE]
    with pytest.raises(sql.exc.SQLAlchemyError):
        latches.active("eth-carry")
    latches.close()


BY_ANOTHER_PROCESS = """
import sys
from agent.reasons import Code
from agent.service.kill_switch import stop
from agent.service.latches import Latches
latches = Latches(sys.argv[1])
stop(latches, sys.argv[2], Code.KILLED, "by hand", "ann")
latches.close()
"""


def test_a_stop_is_seen_however_often_others_had_the_database_open_before(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'service.sqlite'}"
    running = Latches(url)
    switch = KillSwitch(tmp_path, running)
    for vault in ("btc-carry", "sol-carry", "eth-carry"):
        assert switch.reasons("eth-carry") == ()
        subprocess.run([sys.executable, "-c", BY_ANOTHER_PROCESS, url, vault], check=True, timeout=60)
    assert [reason.code for reason in switch.reasons("eth-carry")] == [Code.KILLED]
    running.close()


def removed(path: Path, _: Path) -> None:
    path.unlink()


def replaced(path: Path, backup: Path) -> None:
    backup.replace(path)


def restored_in_place(path: Path, backup: Path) -> None:
    shutil.copyfile(backup, path)


@pytest.mark.parametrize("what", [removed, replaced, restored_in_place])
def test_latches_that_were_removed_or_replaced_under_a_running_agent_stop_everything(
    tmp_path: Path, latches: Latches, what: Callable[[Path, Path], None]
) -> None:
    path, switch = tmp_path / "service.sqlite", KillSwitch(tmp_path, latches)
    backup = Path(shutil.copyfile(path, tmp_path / "backup"))
    latches.set("btc-carry", REPEATED, 100, "the agent")
    assert switch.reasons("eth-carry") == ()
    what(path, backup)
    for _ in range(2):
        assert [reason.code for reason in switch.reasons("eth-carry")] == [Code.KILL_SWITCH_UNREADABLE]
        # What a person writes into the file that is there now is not seen by who has the other; it stays stopped.
        again = Latches(f"sqlite:///{path}")
        for name in ("eth-carry", "sol-carry", "btc-carry"):
            stop(again, name, Code.PAUSED, "by hand", "ann")
            again.clear(name, 200, "ann")
        again.close()
    with pytest.raises(sql.exc.SQLAlchemyError):
        latches.record_plan("eth-carry", 7, SentPlan(100, 5_000.0))


def test_a_database_that_another_process_writes_is_no_other_database(tmp_path: Path, latches: Latches) -> None:
    other = Latches(f"sqlite:///{tmp_path / 'service.sqlite'}")
    for at in range(20):
        other.record_plan("eth-carry", at, SentPlan(at, 1.0))
        latches.record_plan("btc-carry", at, SentPlan(at, 1.0))
        assert len(latches.plans_since("eth-carry", -1)) == at + 1
    other.close()
    with sqlite3.connect(tmp_path / "service.sqlite") as database:
        database.execute("VACUUM")
    assert latches.active("eth-carry") == ()
