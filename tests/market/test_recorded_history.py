"""The real recordings: they are clean, and say what is known of those years."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from market_files import FULL_CONFIG, FUNDING, HOUR_S, SPOT, refused
from pyarrow import parquet

from agent.config import MarketConfig
from agent.market.history_files import load_market
from agent.market.table import MarketTable, Settlements
from agent.reasons import Code


def seconds(year: int, month: int, day: int, hour: int = 0) -> int:
    return int(datetime(year, month, day, hour, tzinfo=UTC).timestamp())


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
