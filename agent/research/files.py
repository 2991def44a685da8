"""What a backtest leaves behind: its measures as JSON, its path as Parquet."""

import json
from pathlib import Path

from agent.research.backtest import Backtest


def write_backtest(folder: Path, done: Backtest, config_hash: str) -> Path:
    """Write `backtest.json` and `backtest.parquet` into the folder and return the first one's path."""
    import pyarrow as pa
    from pyarrow import parquet

    folder.mkdir(parents=True, exist_ok=True)
    table = pa.table(
        {
            "time": pa.array(done.run.time_s, pa.timestamp("s", tz="UTC")),
            "equity_usd": done.run.equity_usd,
            "spot_lots": done.run.spot_lots,
            "short_lots": done.run.short_lots,
        }
    )
    parquet.write_table(table, folder / "backtest.parquet")
    path = folder / "backtest.json"
    summary = {
        "strategy": done.strategy,
        "config_hash": config_hash,
        "market": done.market,
        "synthetic": done.synthetic,
        "hours": done.hours,
        "latched_row": done.run.latched_row,
        "measures": dict(done.measures),
    }
    # a ratio that has no value (no loss, no movement) is null, which JSON knows, and not NaN, which it does not
    finite = {key: value if value == value else None for key, value in done.measures.items()}
    path.write_text(json.dumps({**summary, "measures": finite}, indent=2, allow_nan=False) + "\n")
    return path
