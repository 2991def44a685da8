"""Recorded files: what is believed, and what is refused with its file and row."""

import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from agent.config import MarketConfig
from agent.market.history_files import load_market
from agent.market.history_reader import settlement_intervals
from agent.market.table import MarketTable, Settlements
from agent.reasons import Code, Reason, Refusal

HOUR_S = 3_600
START_S = int(datetime(2023, 5, 1, tzinfo=UTC).timestamp())
UTC_MS = pa.timestamp("ms", tz="UTC")
SPOT = "binance/spot/ETHUSDT-1h.parquet"
PERP = "binance/perp/ETHUSDT-1h.parquet"
MARK = "binance/mark/ETHUSDT-1h.parquet"
FUNDING = "binance/funding/ETHUSDT.parquet"
INTEREST = "bybit/open_interest/ETHUSDT-1h.parquet"
CONFIG = MarketConfig(symbol="ETHUSDT", spot="binance/spot")
FULL_CONFIG = MarketConfig(
    symbol="ETHUSDT", spot="binance/spot", perp="binance/perp", mark="binance/mark", funding="binance/funding",
    open_interest="bybit/open_interest",
)  # fmt: skip


def seconds(year: int, month: int, day: int, hour: int = 0) -> int:
    return int(datetime(year, month, day, hour, tzinfo=UTC).timestamp())


def stamps_ms(count: int, every_h: int = 1) -> list[int]:
    return [(START_S + row * every_h * HOUR_S) * 1_000 for row in range(count)]


def candles(count: int = 30) -> dict[str, Any]:
    close: list[Any] = [2_000.0 + 10 * (row % 7) for row in range(count)]
    return {
        "open": [price - 1 for price in close], "high": [price + 5 for price in close],
        "low": [price - 5 for price in close], "close": list(close), "volume": [100.0] * count,
    }  # fmt: skip


def write(
    folder: Path, file: str, columns: dict[str, Any], time_ms: list[int] | None = None,
    clock: pa.DataType = UTC_MS,
) -> None:  # fmt: skip
    path = folder / file
    path.parent.mkdir(parents=True, exist_ok=True)
    count = len(next(iter(columns.values())))
    times = pa.array(stamps_ms(count) if time_ms is None else time_ms, type=clock)
    parquet.write_table(pa.table({"time": times, **columns}), path)


def refused(folder: Path, config: MarketConfig = CONFIG, **window: int) -> tuple[Reason, ...]:
    with pytest.raises(Refusal) as caught:
        load_market(config, folder, **window)
    return caught.value.reasons


def only(reasons: tuple[Reason, ...]) -> tuple[Code, str]:
    assert len(reasons) == 1, reasons
    return reasons[0].code, reasons[0].where


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


def test_jitter_of_settlements_is_rounded_to_the_hour(tmp_path: Path) -> None:
    write(tmp_path, SPOT, candles())
    times = [stamp + jitter for stamp, jitter in zip(stamps_ms(4, every_h=8), (0, 47, 12, 3), strict=True)]
    write(tmp_path, FUNDING, {"rate": [0.0001, -0.0002, 0.0, 0.0003]}, times)
    funding = load_market(CONFIG.model_copy(update={"funding": "binance/funding"}), tmp_path).funding
    assert funding is not None
    assert funding.time_s.tolist() == [START_S + 8 * HOUR_S * row for row in range(4)]
    assert funding.interval_h.tolist() == [8.0] * 4


@pytest.mark.parametrize(
    ("hours", "intervals", "strange"),
    [
        ([0, 8, 16, 24], [8, 8, 8, 8], []),
        ([0, 8, 32, 40], [8, 8, 8, 8], []),  # two settlements missing
        ([0, 1, 2, 4, 5], [1, 1, 1, 1, 1], []),  # one missing: not a two-hour settlement
        ([0, 4, 8, 16, 20], [4, 4, 4, 4, 4], []),  # one missing: the eight hours are not confirmed
        ([0, 8, 12, 16, 18, 20, 28, 36], [8, 8, 4, 4, 2, 2, 8, 8], []),  # a change up is confirmed by the next
        ([0, 4, 8, 16], [4, 4, 4, 4], []),  # nothing confirms the last
        ([0, 16, 24, 32], [8, 8, 8, 8], []),  # begins with a hole
        ([0, 8, 11, 19], [8, 8, 8, 8], [2]),
        ([0], [], [0]),
    ],
)
def test_intervals_are_learnt_and_a_hole_is_never_one(
    hours: list[int], intervals: list[int], strange: list[int]
) -> None:
    assert settlement_intervals(np.array(hours, dtype=np.int64) * HOUR_S) == (intervals, strange)


def test_refuses_settlements_at_a_distance_no_venue_uses(tmp_path: Path) -> None:
    write(tmp_path, SPOT, candles())
    times = [(START_S + hour * HOUR_S) * 1_000 for hour in (0, 8, 11, 19)]
    write(tmp_path, FUNDING, {"rate": [0.0001] * 4}, times)
    config = CONFIG.model_copy(update={"funding": "binance/funding"})
    assert only(refused(tmp_path, config)) == (Code.DATA_INTERVAL, f"{FUNDING} row 2")


# --- the real recordings ---


def funding_of(data_folder: Path, symbol: str, spot: str = "binance/spot") -> Settlements:
    table = load_market(MarketConfig(symbol=symbol, spot=spot, funding="binance/funding"), data_folder)
    assert table.funding is not None
    return table.funding


@pytest.mark.parametrize(
    ("symbol", "sums"),
    [
        ("BTCUSDT", {2020: 0.17240, 2021: 0.30608, 2022: 0.04165, 2023: 0.07866}),
        ("ETHUSDT", {2020: 0.27490, 2021: 0.37537, 2022: 0.00787, 2023: 0.08260}),
        ("SOLUSDT", {2021: 0.28595, 2022: -0.37998, 2023: 0.01297}),
        ("AVAXUSDT", {2021: 0.31047, 2022: -0.05181, 2023: 0.07451}),
    ],
)
def test_yearly_funding_equals_the_known_sums(data_folder: Path, symbol: str, sums: dict[int, float]) -> None:
    funding = funding_of(data_folder, symbol, "binance/perp" if symbol == "SOLUSDT" else "binance/spot")
    hour_s, hourly = funding.hourly()
    for year, expected in sums.items():
        start, end = seconds(year, 1, 1), seconds(year + 1, 1, 1)
        settled = funding.rate[(funding.time_s >= start) & (funding.time_s < end)].sum()
        assert settled == pytest.approx(expected, abs=6e-6)
        # the settlement at midnight of New Year pays for the eight hours before it
        paid = hourly[(hour_s > start - 8 * HOUR_S) & (hour_s <= end - 8 * HOUR_S)].sum()
        assert paid == pytest.approx(expected, abs=6e-6)


@pytest.mark.parametrize(("symbol", "volatility"), [("BTCUSDT", 0.4277), ("ETHUSDT", 0.4663)])
def test_volatility_of_2023_equals_the_known_one(data_folder: Path, symbol: str, volatility: float) -> None:
    perp = load_market(MarketConfig(symbol=symbol, spot="binance/perp"), data_folder).spot
    in_2023 = (perp.time_s > seconds(2023, 1, 1)) & (perp.time_s <= seconds(2024, 1, 1))
    returns = np.diff(np.log(perp.close[in_2023]))
    assert returns.std(ddof=1) * np.sqrt(8_760) == pytest.approx(volatility, abs=5e-5)


def test_solana_settles_faster_under_stress_and_the_hours_add_up(data_folder: Path) -> None:
    funding = funding_of(data_folder, "SOLUSDT", "binance/perp")
    november = (funding.time_s > seconds(2022, 11, 9, 8)) & (funding.time_s <= seconds(2022, 11, 19))
    intervals = funding.interval_h[november]
    changes = intervals[np.flatnonzero(np.diff(intervals, prepend=0.0))]
    assert changes.tolist() == [8.0, 4.0, 2.0, 8.0]
    hour_s, hourly = funding.hourly()
    assert len(hour_s) == len(set(hour_s.tolist()))  # no hour is paid twice
    inside = (hour_s > seconds(2022, 11, 9, 8)) & (hour_s <= seconds(2022, 11, 18, 16))
    recorded = funding.rate[november & (funding.time_s <= seconds(2022, 11, 18, 16))]
    assert hourly[inside].sum() == pytest.approx(recorded.sum(), abs=1e-12)
    # the cap of -2 % every two hours is -1 % an hour
    assert hourly[hour_s == seconds(2022, 11, 10, 9)] == pytest.approx(-0.01)


def full_market(data_folder: Path, symbol: str) -> MarketTable:
    return load_market(FULL_CONFIG.model_copy(update={"symbol": symbol, "mark": None}), data_folder)


@pytest.mark.parametrize("symbol", ["BTCUSDT", "ETHUSDT"])
def test_the_recordings_are_clean(data_folder: Path, symbol: str) -> None:
    table = full_market(data_folder, symbol)
    assert table.mark is not None
    assert table.open_interest is not None
    # recorded rows, less the bars without a trade (4 and 6) and the last
    assert len(table.spot.time_s) == {"BTCUSDT": 52_106 - 4 - 1, "ETHUSDT": 52_106 - 6 - 1}[symbol]
    assert len(table.mark.time_s) == 13_127
    assert len(table.open_interest.time_s) == 31_392


def test_the_recorded_mark_of_avalanche_is_clean(data_folder: Path) -> None:
    table = load_market(FULL_CONFIG.model_copy(update={"symbol": "AVAXUSDT", "open_interest": None}), data_folder)
    assert table.mark is not None
    assert table.mark.source == "binance/mark"
    assert len(table.mark.time_s) == 33_040


def test_ether_has_no_spot_price_in_the_two_hours_of_the_outage(data_folder: Path) -> None:
    spot = full_market(data_folder, "ETHUSDT").spot
    day = spot.time_s[(spot.time_s >= seconds(2023, 3, 24, 11)) & (spot.time_s <= seconds(2023, 3, 24, 16))]
    # 12:00 had no trade, 13:00 has no bar; they would be known at 13:00 and 14:00
    assert [datetime.fromtimestamp(int(stamp), UTC).hour for stamp in day] == [11, 12, 15, 16]


def test_refuses_a_recording_in_which_one_price_was_zeroed(data_folder: Path, tmp_path: Path) -> None:
    for file in (SPOT, FUNDING):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(data_folder / file, tmp_path / file)
    recorded = parquet.read_table(tmp_path / SPOT)
    close = recorded["close"].to_numpy().copy()
    close[40_000] = 0.0
    position = recorded.column_names.index("close")
    parquet.write_table(recorded.set_column(position, "close", pa.array(close)), tmp_path / SPOT)
    found = {(reason.code, reason.where) for reason in refused(tmp_path)}
    assert found == {(Code.DATA_NOT_POSITIVE, f"{SPOT} row 40000")}
