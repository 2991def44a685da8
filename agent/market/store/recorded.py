"""Brings recorded files into a store; a series with a problem stays outside."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from agent.market.store.findings import Finding, problems
from agent.market.store.layout import CANDLE_KINDS, Key
from agent.market.store.recordings import read_recordings
from agent.market.store.series_checks import check_series
from agent.market.store.store import Store
from agent.reasons import Code


@dataclass(frozen=True, slots=True)
class Imported:
    """Rows added by series, and everything that was noticed; a problem means that its series was left out."""

    added: dict[Key, int]
    findings: tuple[Finding, ...]


def import_recorded(data_folder: Path, store: Store, clocks: Mapping[str, str] | None = None) -> Imported:
    """Read every recorded file below a folder into the store; doing it again changes nothing.

    The last bar of a file is left out, because only a bar that follows proves it complete.

    Parameters
    ----------
    clocks : the time zone of files that do not say theirs, by the beginning of their path: {"multi": "Europe/London"}.
        Without it a file on a local clock is refused.

    Raises
    ------
    Refusal : the folder holds nothing to read.
    """
    recordings = read_recordings(data_folder, clocks)
    added: dict[Key, int] = {}
    findings = list(recordings.findings)
    for recording in recordings.series:
        found = check_series(recording.key, recording.origin, recording.rows)
        findings += found
        # rows in disorder are put in order by their stamps; any other mistake could change a number
        if any(finding.problem and finding.reason.code is not Code.DATA_OUT_OF_ORDER for finding in found):
            continue
        rows = recording.rows
        if recording.key.kind in CANDLE_KINDS:
            rows = rows.slice(0, rows.num_rows - 1)
        with store.writing(recording.key):
            merged = store.merge(recording.key, rows)
        added[recording.key] = added.get(recording.key, 0) + merged.added
        findings += problems(merged.revised)
    return Imported(added, tuple(findings))
