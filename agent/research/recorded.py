"""Recorded series as research reads them: every funding file of a folder, and the closes of one market."""

from pathlib import Path

import numpy as np

from agent.market.history_reader import settlement_intervals
from agent.market.observation import Floats, Seconds
from agent.market.table import Settlements
from agent.reasons import Code, Reason, Refusal
from agent.units import SECONDS_PER_HOUR

MS_PER_HOUR = 1_000 * SECONDS_PER_HOUR


def funding_series(data: Path) -> list[Settlements]:
    """Every `<venue>/funding/<SYMBOL>.parquet` below the data folder, named `<venue> <SYMBOL>`, in their order.

    Raises Refusal when there is none, or when one has a rate that is no number or a stamp that comes twice.
    """
    files = sorted(data.glob("*/funding/*.parquet"))
    if not files:
        reason = Reason(Code.DATA_MISSING, f"no file <venue>/funding/<SYMBOL>.parquet below {data}", where="--data")
        raise Refusal(reason)
    return [_settlements(file, f"{file.parent.parent.name} {file.stem}") for file in files]


def hourly_bars(file: Path) -> tuple[Seconds, dict[str, Floats]]:
    """When each hourly bar closed, and its open, high, low and close; hours without a trade are left out."""
    times, columns = _columns(file, ("open", "high", "low", "close", "volume"))
    traded = columns.pop("volume") > 0
    return times[traded] + SECONDS_PER_HOUR, {name: values[traded] for name, values in columns.items()}


def _settlements(file: Path, name: str) -> Settlements:
    times, columns = _columns(file, ("rate",))
    intervals, strange = settlement_intervals(times)
    if strange or not np.isfinite(columns["rate"]).all():
        message = f"rows {strange[:5]} fit no settlement interval" if strange else "a rate is no number"
        raise Refusal(Reason(Code.DATA_INTERVAL, message, where=str(file)))
    return Settlements(name, times, columns["rate"], np.array(intervals, dtype=np.float64))


def _columns(file: Path, names: tuple[str, ...]) -> tuple[Seconds, dict[str, Floats]]:
    from pyarrow import float64, int64, parquet

    if not file.is_file():
        raise Refusal(Reason(Code.DATA_MISSING, "no such file", where=str(file)))
    table = parquet.read_table(file)
    missing = [name for name in ("time", *names) if name not in table.column_names]
    if missing:
        raise Refusal(Reason(Code.DATA_MISSING, f"no column {', '.join(missing)}", where=str(file)))
    # venues stamp a settlement some milliseconds late
    hours = np.rint(table.column("time").cast(int64()).to_numpy() / MS_PER_HOUR).astype(np.int64)
    if (np.diff(hours) <= 0).any():
        raise Refusal(Reason(Code.DATA_OUT_OF_ORDER, "stamps must ascend, each hour once", where=str(file)))
    return hours * SECONDS_PER_HOUR, {
        name: table.column(name).cast(float64()).to_numpy(zero_copy_only=False) for name in names
    }
