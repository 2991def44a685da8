"""Reads recorded series from a folder of Parquet files into a market table.

    <data folder>/<venue>/<kind>/<SYMBOL>-1h.parquet      spot, perp, mark, open_interest
    <data folder>/<venue>/funding/<SYMBOL>.parquet        funding

Column `time` is UTC in milliseconds: the open of a bar, the moment of a settlement. The last bar of a file is left
out: only a bar that follows proves it complete.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from agent.config import MarketConfig
from agent.market.file_checks import Origin
from agent.market.history_reader import RecordedRows, read_market
from agent.market.table import MarketTable
from agent.reasons import Code, Reason, Refusal

MOST_NAMED = 12  # names of a folder that a message lists


def load_market(
    config: MarketConfig, data_folder: Path, start_s: int | None = None, end_s: int | None = None
) -> MarketTable:
    """Read the series that `config` names from files below `data_folder`; see `read_market` for the period.

    Raises Refusal with every mistake of every file, each with file and row.
    """

    def read(folder: str, symbol: str, names: Sequence[str]) -> RecordedRows:
        return read_file(data_folder, f"{folder}/{symbol}{'' if names == ('rate',) else '-1h'}.parquet", names)

    return read_market(config, read, start_s, end_s)


def read_file(data_folder: Path, file: str, names: Sequence[str]) -> RecordedRows:
    """The stamps and the named columns of one file below `data_folder`. Raises Refusal when they are not there."""
    path = data_folder / file
    if not path.resolve().is_relative_to(data_folder.resolve()):
        raise Refusal(Reason(Code.DATA_MISSING, "lies outside the data folder", where=file))
    if not path.is_file():
        raise Refusal(Reason(Code.DATA_MISSING, f"no such file; {_what_exists(data_folder, path)}", where=file))
    try:
        table = parquet.read_table(path)
    except (pa.ArrowException, OSError) as error:
        raise Refusal(Reason(Code.DATA_MISSING, f"not a readable Parquet file: {error}", where=file)) from error
    if len(set(table.column_names)) < table.num_columns:
        raise Refusal(Reason(Code.DATA_DUPLICATE, "two columns have one name", where=file))
    reasons = _schema_mistakes(file, table, names)
    if reasons:
        raise Refusal(*reasons)
    columns = {
        name: table.column(name).cast(pa.float64()).to_numpy(zero_copy_only=False).astype(np.float64) for name in names
    }
    time_ms = table.column("time").cast(pa.int64()).to_numpy()
    return RecordedRows(Origin(file), time_ms, columns, last_is_complete=False)


def _schema_mistakes(file: str, table: pa.Table, names: Sequence[str]) -> list[Reason]:
    reasons = []
    for name in ("time", *names):
        if name not in table.column_names:
            message = f"no column {name!r}, only {', '.join(table.column_names)}"
            reasons.append(Reason(Code.DATA_MISSING, message, where=file))
            continue
        kind = table.schema.field(name).type
        if name == "time":
            reasons += clock_mistakes(file, table)
        elif not (pa.types.is_floating(kind) or pa.types.is_integer(kind)):
            message = f"column {name!r} must hold numbers, not {kind}"
            reasons.append(Reason(Code.DATA_NOT_FINITE, message, where=file))
    if table.num_rows == 0:
        reasons.append(Reason(Code.DATA_MISSING, "the file has no rows", where=file))
    return reasons


def clock_mistakes(file: str, table: pa.Table) -> list[Reason]:
    """What is wrong with the type of column `time`."""
    kind = table.schema.field("time").type
    if not pa.types.is_timestamp(kind) or kind.unit != "ms" or kind.tz not in ("UTC", "+00:00"):
        # a naive clock may be anybody's local time and then loses an hour in summer
        return [Reason(Code.DATA_CLOCK, f"column 'time' must be timestamp[ms, tz=UTC], not {kind}", where=file)]
    if table.column("time").null_count:
        row = int(np.flatnonzero(table.column("time").is_null().to_numpy(zero_copy_only=False))[0])
        return [Reason(Code.DATA_NOT_FINITE, "the stamp is empty", where=f"{file} row {row}")]
    return []


def _what_exists(data_folder: Path, path: Path) -> str:
    """The nearest folder that exists, and what it holds, for whoever has to find the spelling mistake."""
    folder = path.parent
    while not folder.is_dir() and folder != data_folder:
        folder = folder.parent
    if not folder.is_dir():
        return f"the data folder {data_folder} does not exist"
    names = sorted(entry.name for entry in folder.iterdir())
    listed = ", ".join(names[:MOST_NAMED]) + (f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else "")
    shown = folder.relative_to(data_folder).as_posix()
    return f"{'the data folder' if shown == '.' else shown} holds {listed or 'nothing'}"
