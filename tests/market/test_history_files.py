"""Recorded files: what is believed, and what is refused with its file and row."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from market_files import (
    CONFIG,
    FULL_CONFIG,
    FUNDING,
    HOUR_S,
    INTEREST,
    MARK,
    PERP,
    SPOT,
    START_S,
    candles,
    only,
    refused,
    stamps_ms,
    write,
)

from agent.market.history_files import load_market
from agent.reasons import Code


def test_a_bar_is_known_at_its_close_and_the_last_one_is_not_trusted(tmp_path: Path) -> None:
    write(tmp_path, SPOT, candles(30))
    table = load_market(CONFIG, tmp_path)
    assert table.spot.time_s[0] == START_S + HOUR_S
    assert len(table.spot.time_s) == 29
    assert table.label == "recorded binance/spot ETHUSDT"
    assert table.mark is None
    assert table.funding is None
    assert table.open_interest is None


@pytest.mark.parametrize(
    ("column", "value", "code"),
    [
        ("close", 0.0, Code.DATA_NOT_POSITIVE),
        ("open", 0.0, Code.DATA_NOT_POSITIVE),
        ("low", 0.0, Code.DATA_NOT_POSITIVE),
        ("high", -1.0, Code.DATA_NOT_POSITIVE),
        ("volume", -1.0, Code.DATA_NOT_POSITIVE),
        ("close", float("nan"), Code.DATA_NOT_FINITE),
        ("high", float("inf"), Code.DATA_NOT_FINITE),
        ("low", None, Code.DATA_NOT_FINITE),
        ("volume", None, Code.DATA_NOT_FINITE),
        ("low", 2_999.0, Code.DATA_INCONSISTENT),  # above the high
        ("close", 2_900.0, Code.DATA_INCONSISTENT),  # outside the bar
        ("open", 1_000.0, Code.DATA_INCONSISTENT),
    ],
)
def test_refuses_an_impossible_value_with_its_file_and_row(
    tmp_path: Path, column: str, value: float | None, code: Code
) -> None:
    columns = candles()
    columns[column][17] = value
    write(tmp_path, SPOT, columns)
    reasons = refused(tmp_path)
    assert {(reason.code, reason.where) for reason in reasons} == {(code, f"{SPOT} row 17")}


def test_refuses_a_stamp_that_comes_twice(tmp_path: Path) -> None:
    times = stamps_ms(30)
    times[12] = times[11] + 400  # within the jitter, so it is the same hour
    write(tmp_path, SPOT, candles(), times)
    assert only(refused(tmp_path)) == (Code.DATA_DUPLICATE, f"{SPOT} row 12")


def test_refuses_stamps_out_of_order(tmp_path: Path) -> None:
    times = stamps_ms(30)
    times[8], times[9] = times[9], times[8]
    write(tmp_path, SPOT, candles(), times)
    assert only(refused(tmp_path)) == (Code.DATA_OUT_OF_ORDER, f"{SPOT} row 9")


def test_refuses_a_stamp_off_the_hour(tmp_path: Path) -> None:
    times = stamps_ms(30)
    times[5] += 1_500
    write(tmp_path, SPOT, candles(), times)
    assert only(refused(tmp_path)) == (Code.DATA_INTERVAL, f"{SPOT} row 5")


def test_refuses_four_hour_bars_under_an_hourly_name(tmp_path: Path) -> None:
    write(tmp_path, SPOT, candles(), stamps_ms(30, every_h=4))
    assert only(refused(tmp_path)) == (Code.DATA_INTERVAL, SPOT)


@pytest.mark.parametrize("clock", [pa.timestamp("ms"), pa.timestamp("ms", tz="Europe/London"), pa.int64()])
def test_refuses_a_clock_that_is_not_utc(tmp_path: Path, clock: pa.DataType) -> None:
    write(tmp_path, SPOT, candles(), clock=clock)
    assert only(refused(tmp_path)) == (Code.DATA_CLOCK, SPOT)


def test_keeps_an_outage_missing(tmp_path: Path) -> None:
    times = stamps_ms(30)
    times = times[:10] + [stamp + 5 * HOUR_S * 1_000 for stamp in times[10:]]
    write(tmp_path, SPOT, candles(), times)
    table = load_market(CONFIG, tmp_path)
    assert sorted(set(np.diff(table.spot.time_s).tolist())) == [HOUR_S, 6 * HOUR_S]


def test_an_hour_without_a_trade_is_missing(tmp_path: Path) -> None:
    columns = candles()
    columns["volume"][3] = 0.0
    write(tmp_path, SPOT, columns)
    assert START_S + 4 * HOUR_S not in load_market(CONFIG, tmp_path).spot.time_s


@pytest.mark.parametrize(("frozen_h", "believed"), [(5, True), (6, False), (20, False)])
def test_refuses_prices_filled_in_without_volume(tmp_path: Path, frozen_h: int, believed: bool) -> None:
    columns = candles()
    for row in range(8, 8 + frozen_h):
        for name in ("open", "high", "low", "close"):
            columns[name][row] = 2_000.0
        columns["volume"][row] = 0.0
    write(tmp_path, SPOT, columns)
    if believed:
        assert len(load_market(CONFIG, tmp_path).spot.time_s) == 29 - frozen_h
    else:
        assert only(refused(tmp_path)) == (Code.DATA_STALE, f"{SPOT} row 13")


def test_names_the_missing_file_and_what_exists_in_its_place(tmp_path: Path) -> None:
    write(tmp_path, "binance/spot/BTCUSDT-1h.parquet", candles())
    (reason,) = refused(tmp_path)
    assert reason.code == Code.DATA_MISSING
    assert reason.where == SPOT
    assert "binance/spot holds BTCUSDT-1h.parquet" in reason.message
    (reason,) = refused(tmp_path, CONFIG.model_copy(update={"spot": "kraken/spot"}))
    assert "the data folder holds binance" in reason.message


def test_refuses_a_folder_outside_the_data_folder(tmp_path: Path) -> None:
    write(tmp_path, SPOT, candles())
    (tmp_path / "data").mkdir()
    (reason,) = refused(tmp_path / "data", CONFIG.model_copy(update={"spot": "../binance/spot"}))
    assert "outside the data folder" in reason.message


def test_refuses_a_file_that_is_not_parquet(tmp_path: Path) -> None:
    (tmp_path / "binance/spot").mkdir(parents=True)
    (tmp_path / SPOT).write_text("time,close\n")
    assert only(refused(tmp_path)) == (Code.DATA_MISSING, SPOT)


def test_refuses_missing_columns_text_columns_and_empty_files(tmp_path: Path) -> None:
    columns = candles()
    del columns["volume"]
    write(tmp_path, SPOT, columns)
    assert "no column 'volume'" in refused(tmp_path)[0].message
    write(tmp_path, SPOT, {**candles(), "close": ["2000"] * 30})
    assert only(refused(tmp_path)) == (Code.DATA_NOT_FINITE, SPOT)
    write(tmp_path, SPOT, {name: np.array([]) for name in candles()})
    assert only(refused(tmp_path)) == (Code.DATA_MISSING, SPOT)


def test_one_run_shows_every_mistake_of_every_file(tmp_path: Path) -> None:
    spot, perp = candles(), candles()
    spot["close"][2] = spot["close"][4] = float("nan")
    perp["low"][7] = 0.0
    write(tmp_path, SPOT, spot)
    write(tmp_path, PERP, perp)
    write(tmp_path, MARK, {"mark": [2_000.0] * 29 + [0.0, 0.0]})
    write(tmp_path, FUNDING, {"rate": [0.0001, 0.5, 0.0001, 0.0001]}, stamps_ms(4, every_h=8))
    write(tmp_path, INTEREST, {"open_interest": [0.0] + [5_000.0] * 29})
    found = {(reason.code, reason.where) for reason in refused(tmp_path, FULL_CONFIG)}
    assert found == {
        (Code.DATA_NOT_FINITE, f"{SPOT} row 2"),
        (Code.DATA_NOT_FINITE, f"{SPOT} row 4"),
        (Code.DATA_NOT_POSITIVE, f"{PERP} row 7"),
        (Code.DATA_NOT_POSITIVE, f"{MARK} row 29"),
        (Code.DATA_UNIT, f"{FUNDING} row 1"),
        (Code.DATA_NOT_POSITIVE, f"{INTEREST} row 0"),
    }


def test_a_file_full_of_one_mistake_is_counted_not_listed(tmp_path: Path) -> None:
    columns = candles(200)
    columns["close"] = [float("nan")] * 200
    write(tmp_path, SPOT, columns)
    reasons = refused(tmp_path)
    assert len(reasons) == 11
    assert reasons[-1].message == "and 189 more rows like these"  # the unfinished last bar is not looked at


def test_values_are_checked_inside_the_period_only_but_stamps_everywhere(tmp_path: Path) -> None:
    columns = candles()
    columns["close"][25] = 0.0
    write(tmp_path, SPOT, columns)
    table = load_market(CONFIG, tmp_path, end_s=START_S + 25 * HOUR_S)
    assert table.spot.time_s[-1] == START_S + 25 * HOUR_S
    assert only(refused(tmp_path, start_s=START_S + 20 * HOUR_S)) == (Code.DATA_NOT_POSITIVE, f"{SPOT} row 25")
    times = stamps_ms(30)
    times[28] = times[27]
    write(tmp_path, SPOT, candles(), times)
    reasons = refused(tmp_path, end_s=START_S + 10 * HOUR_S)
    assert only(reasons) == (Code.DATA_DUPLICATE, f"{SPOT} row 28")


def test_refuses_a_period_the_file_does_not_cover(tmp_path: Path) -> None:
    write(tmp_path, SPOT, candles())
    assert only(refused(tmp_path, start_s=START_S + 100 * HOUR_S)) == (Code.DATA_MISSING, SPOT)


def test_the_mark_closes_the_candle_and_widens_it(tmp_path: Path) -> None:
    write(tmp_path, SPOT, candles())
    write(tmp_path, PERP, candles())
    write(tmp_path, MARK, {"mark": [2_001.0, 2_030.0, 1_990.0, *[2_020.0] * 27]})
    config = CONFIG.model_copy(update={"perp": "binance/perp", "mark": "binance/mark"})
    mark = load_market(config, tmp_path).mark
    assert mark is not None
    assert mark.close[:3].tolist() == [2_001.0, 2_030.0, 1_990.0]
    assert mark.high[:3].tolist() == [2_005.0, 2_030.0, 2_025.0]
    assert mark.low[:3].tolist() == [1_995.0, 2_005.0, 1_990.0]


def test_refuses_mark_prices_without_the_perps_candles(tmp_path: Path) -> None:
    write(tmp_path, SPOT, candles())
    write(tmp_path, MARK, {"mark": [2_000.0] * 30})
    assert only(refused(tmp_path, CONFIG.model_copy(update={"mark": "binance/mark"}))) == (
        Code.DATA_MISSING, "market.perp",
    )  # fmt: skip
