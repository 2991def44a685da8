"""Reads the recorded files of one series as they are; only their clock and their order are checked."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from agent.market.history_files import read_file
from agent.market.observation import Floats, Seconds
from agent.market.replay_server.series import Bars, Points
from agent.reasons import Code, Reason, Refusal

BAR = ("open", "high", "low", "close", "volume")


def recorded_bars(folder: Path, kind: str, base: str) -> Bars | None:
    """Hourly bars of `<folder>/<kind>`, or None when there is no file. Raises Refusal when a file cannot be used."""
    read = _read(folder, kind, base, "-1h", BAR)
    return None if read is None else Bars(read[0], *(read[1][name] for name in BAR))


def recorded_points(folder: Path, kind: str, base: str, column: str, hourly: bool = False) -> Points | None:
    """Values of one column at the file's own stamps, or None when there is no file. Raises Refusal."""
    read = _read(folder, kind, base, "-1h" if hourly else "", (column,))
    return None if read is None else Points(read[0], read[1][column])


def _read(
    folder: Path, kind: str, base: str, ending: str, names: Sequence[str]
) -> tuple[Seconds, dict[str, Floats]] | None:
    """All files of one series, one after the other: `<kind>/<name>` and that of a later year below it."""
    files = [f"{kind}/{year}{name}{ending}.parquet" for name in (f"{base}USDT", base) for year in ("", "2025/")]
    read = [read_file(folder, file, names) for file in files if (folder / file).is_file()]
    if not read:
        return None
    time_ms = np.concatenate([rows.time_ms for rows in read])
    if bool(np.any(np.diff(time_ms) <= 0)):
        raise Refusal(Reason(Code.DATA_OUT_OF_ORDER, "stamps must ascend, each once", where=f"{kind}/{base}"))
    return time_ms, {name: np.concatenate([rows.columns[name] for rows in read]) for name in names}
