"""Small series of our own, and what tests ask of a store again and again."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from agent.market.store import Key, Kind, Store

HOUR_MS = 3_600_000
UTC_MS = pa.timestamp("ms", tz="UTC")
START_MS = int(datetime(2023, 1, 1, tzinfo=UTC).timestamp()) * 1_000
FUNDING = Key(Kind.FUNDING, "binance", "ETHUSDT")
PERP = Key(Kind.PERP, "binance", "ETHUSDT", "1h")


def ms(year: int, month: int = 1, day: int = 1, hour: int = 0) -> int:
    return int(datetime(year, month, day, hour, tzinfo=UTC).timestamp()) * 1_000


def hours(count: int, start_ms: int = START_MS, every_h: int = 1) -> list[int]:
    return [start_ms + row * every_h * HOUR_MS for row in range(count)]


def walk(count: int, seed: int = 1) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """A price that moves every hour."""
    steps = np.random.Generator(np.random.PCG64(seed)).normal(0.0, 0.005, count)
    return np.asarray(2_000.0 * np.exp(np.cumsum(steps)))


def candle_columns(close: Sequence[float]) -> dict[str, Any]:
    price = np.asarray(close, dtype=np.float64)
    return {
        "open": price,
        "high": price * 1.001,
        "low": price * 0.999,
        "close": price,
        "volume": np.linspace(100.0, 120.0, len(price)),
    }


def table(time_ms: Sequence[int], columns: dict[str, Any]) -> pa.Table:
    return pa.table({"time": pa.array(time_ms, UTC_MS), **columns})


def write(folder: Path, file: str, time_ms: Sequence[int], columns: dict[str, Any]) -> None:
    path = folder / file
    path.parent.mkdir(parents=True, exist_ok=True)
    parquet.write_table(table(time_ms, columns), path)


def fill(store: Store, key: Key, rows: pa.Table) -> None:
    with store.writing(key):
        store.merge(key, rows)


def content(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, with its bytes."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }
