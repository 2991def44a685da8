"""What goes into the ledger comes out again, in whole cycles, and quickly."""

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest
from carry_run import carry_records

from agent.ledger import CycleRecord, Ledger, write_text


@pytest.fixture(scope="module")
def records() -> list[CycleRecord]:
    return carry_records(days=20, seed=3)


def test_a_run_comes_back_as_it_was_recorded(records: list[CycleRecord], tmp_path: Path) -> None:
    with Ledger.open(tmp_path / "ledger.sqlite") as ledger:
        for record in records:
            ledger.record_cycle(record)
    with Ledger.open(tmp_path / "ledger.sqlite") as ledger:
        table = ledger.cycles_table()
        assert ledger.last_cycle == records[-1].number
    assert list(table["nav_usd"]) == [record.nav_usd for record in records]
    assert list(table["slippage_usd"]) == [record.attribution.slippage for record in records]
    assert list(table["headroom_net_delta"]) == [record.headroom["net_delta"] for record in records]
    assert [str(plan) for plan in table["plan"].dropna()] == [str(r.plan.number) for r in records if r.plan]
    assert list(table["refusals"][:2]) == ["WARMING_UP", "WARMING_UP"]
    assert table["exposure_target"].isna().sum() == 168


def test_the_parquet_file_is_the_table(records: list[CycleRecord], tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    with Ledger.open(tmp_path / "ledger.sqlite") as ledger:
        for record in records[:200]:
            ledger.record_cycle(record)
        path = ledger.write_cycles(tmp_path / "cycles.parquet")
        pandas.testing.assert_frame_equal(pandas.read_parquet(path), ledger.cycles_table())


def test_largest_decisions_come_with_every_scaler(records: list[CycleRecord], tmp_path: Path) -> None:
    with Ledger.open(tmp_path / "ledger.sqlite") as ledger:
        for record in records:
            ledger.record_cycle(record)
        largest = ledger.largest_decisions(2)
    by_size = sorted(records, key=lambda record: -record.traded_usd)[:2]
    assert [row.traded_usd for row in largest] == [record.traded_usd for record in by_size]
    assert largest[0].scalers == by_size[0].decision.scalers
    assert by_size[0].plan
    assert largest[0].tx_hash == by_size[0].plan.tx_hash


def test_fills_and_flows_have_their_tables(records: list[CycleRecord], tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    with Ledger.open(path) as ledger:
        for record in carry_records(days=21, seed=3):
            ledger.record_cycle(record)
    connection = sqlite3.connect(path)
    assert connection.execute("SELECT deposits_usd, withdrawals_usd FROM flows").fetchall() == [(2_500_000.0, 0.0)]
    assert {row[0] for row in connection.execute("SELECT DISTINCT venue FROM fills")} == {"spot", "perp"}
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()


def test_a_run_without_limits_refusals_or_plans_is_a_table_too(records: list[CycleRecord], tmp_path: Path) -> None:
    quiet = [replace(record, headroom={}, refusals=(), plan=None) for record in records[:3]]
    with Ledger.open(tmp_path / "ledger.sqlite") as ledger:
        for record in quiet:
            ledger.record_cycle(record)
        table = ledger.cycles_table()
    assert list(table["refusals"]) == ["", "", ""]
    assert table["plan"].isna().all()


def test_refuses_a_cycle_that_is_already_there(records: list[CycleRecord], tmp_path: Path) -> None:
    with Ledger.open(tmp_path / "ledger.sqlite") as ledger:
        ledger.record_cycle(records[5])
    with Ledger.open(tmp_path / "ledger.sqlite") as ledger, pytest.raises(ValueError, match="already in the ledger"):
        ledger.record_cycle(records[5])


def test_refuses_a_ledger_of_another_version(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(ValueError, match="version 99"):
        Ledger.open(path)


def test_cycles_are_committed_together_and_whole(records: list[CycleRecord], tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    ledger = Ledger.open(path, flush_every=10)
    reader = sqlite3.connect(path)
    for record in records[:19]:
        ledger.record_cycle(record)
    for name in ("cycles", "decisions", "attributions"):
        assert reader.execute(f"SELECT count(*) FROM {name}").fetchone() == (10,)
    ledger.close()
    assert reader.execute("SELECT count(*) FROM cycles").fetchone() == (19,)
    reader.close()


def test_a_file_that_failed_half_way_was_never_there(tmp_path: Path) -> None:
    path = write_text(tmp_path / "page.html", "old")
    with pytest.raises(UnicodeEncodeError):
        write_text(path, "half of it \ud800")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
