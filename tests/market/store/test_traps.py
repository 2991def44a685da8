"""A wrong number never passes silently: each trap of recorded data, fed in, is seen with its code.

What has a problem is not imported either; what is only worth knowing is, and is told.
"""

import csv
import gzip
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import parquet
from small_series import HOUR_MS, START_MS, UTC_MS, candle_columns, hours, ms, walk, write

from agent.market.store import Kind, import_recorded, open_store, table_from_store
from agent.market.store.check import check_data
from agent.reasons import Code, Refusal

YEAR_H = 8_760


def found(folder: Path, against: Path | None = None, **clocks: str) -> set[tuple[Code, bool]]:
    """The codes of everything that a check finds, and whether they are problems."""
    return {(one.reason.code, one.problem) for one in check_data(folder, clocks, against)}


def where(folder: Path, code: Code) -> list[str]:
    return [one.reason.where for one in check_data(folder) if one.reason.code is code]


def imported(folder: Path, into: Path) -> set[str]:
    import_recorded(folder, open_store(into))
    return {f"{key.venue}/{key.kind}" for key in open_store(into).series()}


def funding(days: int, seed: int, per_day: int = 3) -> list[float]:
    """Rates that wander as a market's do."""
    random = np.random.Generator(np.random.PCG64(seed))
    rates, rate = [], 0.0001
    for step in random.normal(0.0, 0.00006, days * per_day).tolist():
        rate = 0.0001 + 0.95 * (rate - 0.0001) + step
        rates.append(rate)
    return rates


def write_funding(folder: Path, venue: str, rates: list[float], every_h: int = 8, name: str = "BTCUSDT") -> None:
    write(folder, f"{venue}/funding/{name}.parquet", hours(len(rates), every_h=every_h), {"rate": rates})


def test_the_sound_series_of_these_tests_are_found_sound(tmp_path: Path) -> None:
    rates = np.array(funding(365, seed=1))
    write_funding(tmp_path, "binance", rates.tolist())
    write_funding(tmp_path, "bybit", (1.2 * rates + 0.00002 * np.sin(np.arange(len(rates)))).tolist())
    write(tmp_path, "binance/spot/BTCUSDT-1h.parquet", hours(YEAR_H), candle_columns(walk(YEAR_H).tolist()))
    write(tmp_path, "binance/perp/BTCUSDT-1h.parquet", hours(YEAR_H), candle_columns((walk(YEAR_H) * 1.001).tolist()))
    assert found(tmp_path) == set()
    assert imported(tmp_path, tmp_path / "store") == {
        "binance/funding", "bybit/funding", "binance/spot", "binance/perp",
    }  # fmt: skip


def test_trap_1_fabricated_hourly_funding_disagrees_with_a_second_source(tmp_path: Path) -> None:
    write_funding(tmp_path, "binance", funding(365, seed=1))
    made_up = np.random.Generator(np.random.PCG64(5)).normal(0.0000125, 0.00001, 365 * 24).tolist()
    write_funding(tmp_path, "hyperliquid", made_up, every_h=1)
    assert (Code.DATA_DISAGREES, True) in found(tmp_path)


def london_csv(folder: Path, zone: str) -> list[int]:
    """A year of eight-hour bars and funding of one pair, stamped by the clock of a zone without saying so."""
    stamps = hours(365 * 3, every_h=8)
    path = folder / "multi" / "bars.csv.gz"
    path.parent.mkdir(parents=True)
    with gzip.open(path, "wt", newline="") as file:
        out = csv.writer(file)
        out.writerow(["time", "exchange", "pair", "open", "high", "low", "close", "volume", "funding rate"])
        for stamp, price, rate in zip(stamps, walk(len(stamps)).tolist(), funding(365, seed=1), strict=True):
            clock = datetime.fromtimestamp(stamp / 1_000, ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M:%S")
            out.writerow([clock, "okx", "BTCUSDT", price, price * 1.01, price * 0.99, price, 10.0, rate])
    return stamps


@pytest.mark.parametrize("zone", ["Europe/London", "America/New_York"])
def test_trap_2_a_naive_local_clock_betrays_itself_in_summer(tmp_path: Path, zone: str) -> None:
    stamps = london_csv(tmp_path / "files", zone)
    [clock] = [one for one in check_data(tmp_path / "files") if one.reason.code is Code.DATA_CLOCK]
    assert clock.problem
    assert zone in clock.reason.message
    assert imported(tmp_path / "files", tmp_path / "refused") == set()
    store = open_store(tmp_path / "told")
    import_recorded(tmp_path / "files", store, {"multi": zone})
    assert store.funding("okx", "BTCUSDT").time_ms.tolist() == stamps  # no hour lost, none twice


def test_trap_2_a_parquet_file_must_say_its_clock(tmp_path: Path) -> None:
    path = tmp_path / "binance" / "spot" / "BTCUSDT-1h.parquet"
    path.parent.mkdir(parents=True)
    times = pa.array(hours(200), pa.timestamp("ms"))
    parquet.write_table(pa.table({"time": times, **candle_columns(walk(200).tolist())}), path)
    assert found(tmp_path) == {(Code.DATA_CLOCK, True)}


def test_trap_2_prices_an_hour_late_in_summer_show_beside_a_second_source(tmp_path: Path) -> None:
    price = walk(YEAR_H)
    london = [
        int(datetime.fromtimestamp(stamp / 1_000, ZoneInfo("Europe/London")).replace(tzinfo=UTC).timestamp() * 1_000)
        for stamp in hours(YEAR_H)
    ]
    _, first = np.unique(london, return_index=True)  # somebody dropped the hour that came twice
    write(
        tmp_path, "okx/perp/BTCUSDT-1h.parquet", np.array(london)[first].tolist(), candle_columns(price[first].tolist())
    )
    write(tmp_path, "binance/perp/BTCUSDT-1h.parquet", hours(YEAR_H), candle_columns((price * 1.001).tolist()))
    assert (Code.DATA_CLOCK, True) in found(tmp_path)


def test_trap_3_prices_filled_in_without_a_trade(tmp_path: Path) -> None:
    columns = candle_columns(walk(200).tolist())
    for name in ("open", "high", "low", "close"):
        columns[name] = columns[name].copy()
        columns[name][50:90] = columns["close"][50]
    columns["volume"][50:90] = 0.0
    write(tmp_path, "binance/spot/ETHUSDT-1h.parquet", hours(200), columns)
    assert found(tmp_path) == {(Code.DATA_STALE, True)}
    assert where(tmp_path, Code.DATA_STALE) == ["binance/spot/ETHUSDT-1h.parquet row 55"]
    assert imported(tmp_path, tmp_path / "store") == set()


def test_trap_3_history_from_before_the_venue_existed(tmp_path: Path) -> None:
    columns = candle_columns(walk(200).tolist())
    write(tmp_path, "hyperliquid/perp/ETH-1h.parquet", hours(200, ms(2021)), columns)
    assert found(tmp_path) == {(Code.DATA_TOO_EARLY, True)}
    assert imported(tmp_path, tmp_path / "store") == set()


def test_trap_4_a_file_that_is_nearly_all_empty(tmp_path: Path) -> None:
    rates = [0.0001 if row % 167 == 0 else None for row in range(54_000)]
    write(tmp_path, "bybit/funding/ETHUSDT.parquet", hours(54_000, ms(2019)), {"rate": rates})
    [empty] = check_data(tmp_path)
    assert (empty.reason.code, empty.problem) == (Code.DATA_EMPTY, True)
    assert empty.reason.value == pytest.approx(0.994, abs=5e-4)
    assert imported(tmp_path, tmp_path / "store") == set()


def test_trap_5_zero_written_for_missing(tmp_path: Path) -> None:
    coins = (walk(200) * 3).tolist()
    coins[120] = 0.0
    mark = walk(200).tolist()
    mark[7] = 0.0
    write(tmp_path, "bybit/open_interest/ETHUSDT-1h.parquet", hours(200), {"open_interest": coins})
    write(tmp_path, "binance/mark/ETHUSDT-1h.parquet", hours(200), {"mark": mark})
    assert found(tmp_path) == {(Code.DATA_NOT_POSITIVE, True)}
    assert sorted(where(tmp_path, Code.DATA_NOT_POSITIVE)) == [
        "binance/mark/ETHUSDT-1h.parquet row 7",
        "bybit/open_interest/ETHUSDT-1h.parquet row 120",
    ]


def test_trap_6_rates_in_per_cent(tmp_path: Path) -> None:
    # 0.01 per cent is 0.0001; written as 0.01 it is small enough to look like a rate
    write_funding(tmp_path, "binance", [100 * rate for rate in funding(365, seed=1)])
    assert (Code.DATA_UNIT, True) in found(tmp_path)
    assert imported(tmp_path, tmp_path / "store") == set()


@pytest.mark.parametrize("factor", [8, 1 / 8])
def test_trap_6_rates_for_eight_hours_in_an_hourly_file_and_the_reverse(tmp_path: Path, factor: float) -> None:
    rates = funding(365, seed=1)
    write_funding(tmp_path, "binance", rates)
    hourly = np.repeat(np.array(rates) / 8, 8) * factor
    write_funding(tmp_path, "hyperliquid", hourly.tolist(), every_h=1)
    assert (Code.DATA_UNIT, True) in found(tmp_path)


def test_trap_6_open_interest_in_contracts(tmp_path: Path) -> None:
    coins = walk(500) * 20
    write(tmp_path, "binance/open_interest/BTCUSDT-1h.parquet", hours(500), {"open_interest": coins})
    write(tmp_path, "okx/open_interest/BTCUSDT-1h.parquet", hours(500), {"open_interest": coins * 100 * 1.3})
    assert found(tmp_path) == {(Code.DATA_UNIT, True)}
    changed = coins.copy()
    changed[250:] *= 100
    write(tmp_path / "second", "okx/open_interest/BTCUSDT-1h.parquet", hours(500), {"open_interest": changed})
    assert where(tmp_path / "second", Code.DATA_UNIT) == ["okx/open_interest/BTCUSDT-1h.parquet row 250"]


def test_trap_7_a_change_of_interval_is_told_and_annualised_by_the_new_one(tmp_path: Path) -> None:
    eight, one = hours(60, every_h=8), hours(100, START_MS + 480 * HOUR_MS)
    rates = [0.0008] * 61 + [0.0001] * 99  # the first stamp of the hourly ones still ends eight hours
    write(tmp_path, "hyperliquid/funding/ETH.parquet", eight + one, {"rate": rates})
    write(tmp_path, "hyperliquid/spot/ETH-1h.parquet", hours(600), candle_columns(walk(600).tolist()))
    [change] = check_data(tmp_path)
    assert (change.reason.code, change.problem) == (Code.DATA_INTERVAL, False)
    assert "settles every 1 h from 2023-01-21 01:00 UTC, every 8 h before" in change.reason.message
    store = open_store(tmp_path / "store")
    import_recorded(tmp_path, store)
    settled = table_from_store(store, "hyperliquid", "ETH").funding
    assert settled is not None
    assert np.allclose(settled.rate / settled.interval_h, 0.0001)


def test_trap_7_an_interval_that_no_venue_has(tmp_path: Path) -> None:
    stamps = [*hours(20, every_h=8), *hours(20, START_MS + 155 * HOUR_MS, every_h=8)]
    write(tmp_path, "binance/funding/ETHUSDT.parquet", stamps, {"rate": [0.0001] * 40})
    assert (Code.DATA_INTERVAL, True) in found(tmp_path)


def test_trap_8_jitter_is_told_and_makes_no_second_row(tmp_path: Path) -> None:
    rates = funding(100, seed=1)
    stamps = [stamp + row % 48 for row, stamp in enumerate(hours(300, every_h=8))]
    write(tmp_path / "one", "binance/funding/BTCUSDT.parquet", stamps, {"rate": rates})
    write(tmp_path / "two", "binance/funding/BTCUSDT.parquet", hours(300, every_h=8), {"rate": rates})
    assert found(tmp_path / "one") == {(Code.DATA_JITTER, False)}
    store = open_store(tmp_path / "store")
    import_recorded(tmp_path / "one", store)
    import_recorded(tmp_path / "two", store)
    assert len(store.funding("binance", "BTCUSDT").time_ms) == 300


def test_trap_8_stamps_far_from_the_hour(tmp_path: Path) -> None:
    stamps = [stamp - 120_000 for stamp in hours(300, START_MS + HOUR_MS, every_h=8)]
    write(tmp_path, "binance/funding/BTCUSDT.parquet", stamps, {"rate": funding(100, seed=1)})
    assert (Code.DATA_INTERVAL, True) in found(tmp_path)


def test_trap_9_a_partial_last_bar_and_a_hole(tmp_path: Path) -> None:
    columns = candle_columns(walk(200).tolist())
    columns["volume"][-1] = 0.4
    stamps = [*hours(100), *hours(100, START_MS + 103 * HOUR_MS)]
    write(tmp_path, "binance/perp/ETHUSDT-1h.parquet", stamps, columns)
    assert found(tmp_path) == {(Code.DATA_PARTIAL, False), (Code.DATA_GAP, False)}
    assert where(tmp_path, Code.DATA_GAP) == ["binance/perp/ETHUSDT-1h.parquet row 100"]
    store = open_store(tmp_path / "store")
    import_recorded(tmp_path, store)
    assert store.candles("binance", "ETHUSDT").time_ms.tolist() == stamps[:-1]


def test_trap_10_an_aggregator_that_tells_other_rates_than_the_venue_settled(tmp_path: Path) -> None:
    rates = np.array(funding(200, seed=1))
    write_funding(tmp_path / "venue", "binance", rates.tolist())
    rates[1::2] *= 1.15
    write_funding(tmp_path / "aggregator", "binance", rates.tolist())
    assert found(tmp_path / "venue", tmp_path / "aggregator") == {(Code.DATA_DISAGREES, True)}
    [told] = check_data(tmp_path / "venue", against=tmp_path / "aggregator")
    assert told.reason.value == pytest.approx(0.5)
    assert told.reason.where.startswith("binance/funding/BTCUSDT.parquet row 1,")
    # and in a store: what the venue settled stays
    store = open_store(tmp_path / "store")
    import_recorded(tmp_path / "venue", store)
    before = store.funding("binance", "BTCUSDT").rate.tolist()
    second = import_recorded(tmp_path / "aggregator", store)
    assert {one.reason.code for one in second.findings if one.problem} == {Code.DATA_REVISED}
    assert store.funding("binance", "BTCUSDT").rate.tolist() == before
    assert (Code.DATA_REVISED, True) in found(tmp_path / "store")


def test_other_mistakes_are_named_by_file_and_row(tmp_path: Path) -> None:
    stamps = hours(100)
    stamps[40], stamps[41] = stamps[41], stamps[40]
    columns = candle_columns(walk(100).tolist())
    columns["high"][10] = columns["low"][10] * 0.9
    columns["close"][20] = float("nan")
    write(tmp_path, "binance/spot/ETHUSDT-1h.parquet", stamps, columns)
    write(tmp_path, "binance/funding/ETHUSDT.parquet", [*hours(50, every_h=8), hours(50, every_h=8)[-1]], {
        "rate": [0.0001] * 51,
    })  # fmt: skip
    places = {(one.reason.code, one.reason.where) for one in check_data(tmp_path) if one.problem}
    assert places == {
        (Code.DATA_OUT_OF_ORDER, "binance/spot/ETHUSDT-1h.parquet row 41"),
        (Code.DATA_INCONSISTENT, "binance/spot/ETHUSDT-1h.parquet row 10"),
        (Code.DATA_NOT_FINITE, "binance/spot/ETHUSDT-1h.parquet row 20"),
        (Code.DATA_DUPLICATE, "binance/funding/ETHUSDT.parquet row 50"),
    }


def test_a_file_that_cannot_be_read_and_a_folder_without_any(tmp_path: Path) -> None:
    (tmp_path / "binance").mkdir()
    with pytest.raises(Refusal, match="holds no file"):
        check_data(tmp_path)
    (tmp_path / "binance" / "broken.parquet").write_bytes(b"PAR1 and then nothing")
    assert found(tmp_path) == {(Code.DATA_MISSING, True)}


def test_the_recordings_have_the_problems_they_are_known_for_and_no_other(data_folder: Path) -> None:
    findings = check_data(data_folder)
    assert {(one.reason.code, one.reason.where.split("/")[0]) for one in findings if one.problem} == {
        (Code.DATA_CLOCK, "multi"),  # Europe/London
        (Code.DATA_OUT_OF_ORDER, "onchain"),  # one minute of the price file stands two rows late
    }
    told = [one.reason for one in findings if not one.problem]
    outages = [one for one in told if one.code is Code.DATA_GAP and one.where.startswith("binance/spot/BTCUSDT")]
    assert len(outages) == 28
    assert max(one.message for one in outages if "33 x 60 minutes" in one.message).endswith("2018-02-09 10:00 UTC")
    changes = [one.message for one in told if one.code is Code.DATA_INTERVAL and "SOLUSDT" in one.where]
    assert [message[:15] for message in changes] == ["settles every 4", "settles every 2", "settles every 8"]


def test_kinds_are_recognised_by_columns_when_folders_do_not_say(tmp_path: Path) -> None:
    path = tmp_path / "funding-of-bybit.parquet"
    parquet.write_table(pa.table({"time": pa.array(hours(50, every_h=8), UTC_MS), "fundingRate": [0.0001] * 50}), path)
    store = open_store(tmp_path / "store")
    import_recorded(tmp_path, store)
    assert [key.kind for key in store.series()] == [Kind.FUNDING]


WORDS = ("time", "timestamp", "", "exchange", "pair", "open", "close", "high", "low", "volume", "rate", "closeTick",
         "nan", "inf", "1e400", "2023-01-01 00:00:00", "2023-01-01 01:00:00", "2023-13-01", "-5", "0", "9" * 30,
         "\x00", '"', "\u00e9")  # fmt: skip


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(st.lists(st.sampled_from(WORDS), min_size=1, max_size=7), max_size=6), headed=st.booleans())
def test_whatever_a_file_holds_the_answer_is_a_code(tmp_path: Path, rows: list[list[str]], headed: bool) -> None:
    lines = ["time,open,high,low,close,volume,rate"] if headed else []
    (tmp_path / "any.csv").write_text("\n".join(lines + [",".join(row) for row in rows]))
    for finding in check_data(tmp_path):
        assert finding.reason.code in Code
    import_recorded(tmp_path, open_store(tmp_path / "store"))
