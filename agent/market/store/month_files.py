"""Writes one month of one series so that a killed process leaves the old file or the new one, never half of either."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path

import pyarrow as pa
from pyarrow import parquet

from agent.reasons import Code, Reason, Refusal

UNFINISHED = ".unfinished"


def read_month(path: Path, schema: pa.Schema) -> pa.Table:
    """The rows of one file; none when it does not exist. Raises Refusal when it is not what this store writes."""
    if not path.exists():
        return schema.empty_table()
    try:
        with parquet.ParquetFile(path) as file:  # read_table would load all of pyarrow.dataset for one file
            table = file.read()
    except (pa.ArrowException, OSError) as error:
        raise Refusal(Reason(Code.DATA_MISSING, f"not a readable Parquet file: {error}", where=str(path))) from error
    if table.schema != schema:
        names = ", ".join(f"{field.name} {field.type}" for field in table.schema)
        raise Refusal(Reason(Code.DATA_MISSING, f"the columns are not those of the series: {names}", where=str(path)))
    return table


def write_month(path: Path, table: pa.Table) -> None:
    """Replace one file. The same rows give the same bytes: nothing of this moment or machine is written."""
    unfinished = path.with_name(path.name + UNFINISHED)
    with unfinished.open("wb") as file:
        parquet.write_table(
            table.combine_chunks(), file, version="2.6", compression="zstd", compression_level=3, store_schema=True
        )
        file.flush()
        os.fsync(file.fileno())
    unfinished.rename(path)


@contextmanager
def only_writer(folder: Path) -> Iterator[None]:
    """Let one process at a time write a series, and clear away what a killed one left unfinished.

    Raises Refusal when another process writes it now.
    """
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            flock(handle, LOCK_EX | LOCK_NB)
        except BlockingIOError as error:
            raise Refusal(Reason(Code.DATA_LOCKED, "another process writes this series", where=str(folder))) from error
        for left in folder.glob(f"*{UNFINISHED}"):
            left.unlink()
        yield
        os.fsync(handle)  # without this a power cut may forget the last renames
    finally:
        os.close(handle)
