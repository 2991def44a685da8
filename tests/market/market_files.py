"""Parquet files of a small market as a recording holds them, and what reading them refuses."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from agent.config import MarketConfig
from agent.market.history_files import load_market
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
