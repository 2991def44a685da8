"""Writes a market as the Parquet files that a data folder holds."""

from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from agent.market.table import MarketTable

HOUR = 3_600


def write_market(folder: Path, table: MarketTable) -> Path:
    """A market as the files that the loader reads; its last bar is left out there, as of any file."""
    assert table.mark is not None
    assert table.funding is not None
    for name, candles in (("spot", table.spot), ("perp", table.mark)):
        opened = np.concatenate((candles.close[:1], candles.close[:-1]))
        columns = {
            "open": np.clip(opened, candles.low, candles.high),
            "high": candles.high,
            "low": candles.low,
            "close": candles.close,
            "volume": np.ones(len(candles.close)),
        }
        write(folder / "binance" / name / "AVAXUSDT-1h.parquet", candles.time_s - HOUR, columns)
    write(folder / "binance/mark/AVAXUSDT-1h.parquet", table.mark.time_s - HOUR, {"mark": table.mark.close})
    write(folder / "binance/funding/AVAXUSDT.parquet", table.funding.time_s, {"rate": table.funding.rate})
    return folder


def write(path: Path, time_s: np.ndarray, columns: dict[str, np.ndarray]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    time = pa.array(time_s * 1_000, pa.timestamp("ms", tz="UTC"))
    parquet.write_table(pa.table({"time": time, **columns}), path)
