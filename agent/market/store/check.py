"""Looks at every number of a store or of a folder of recorded files, and names what is wrong by file and row."""

from collections.abc import Mapping
from pathlib import Path

from agent.market.moments import hour_text
from agent.market.store.as_market import origin_of
from agent.market.store.findings import Finding, problems
from agent.market.store.layout import is_store
from agent.market.store.recordings import Recording, Recordings, read_recordings
from agent.market.store.second_source import check_sources
from agent.market.store.series_checks import check_series
from agent.market.store.store import Store, open_store, stamps
from agent.reasons import Code, Reason


def check_data(folder: Path, clocks: Mapping[str, str] | None = None, against: Path | None = None) -> list[Finding]:
    """Everything that a folder's data shows, problems first.

    Parameters
    ----------
    folder : a store, or recorded files
    clocks : the time zone of files that do not say theirs, by the beginning of their path
    against : another store or folder whose series are compared with those of the first

    Raises
    ------
    Refusal : a folder does not exist or holds nothing.
    """
    held = held_series(folder, clocks)
    findings = list(held.findings)
    sound = []
    for recording in held.series:
        found = check_series(recording.key, recording.origin, recording.rows)
        findings += found
        if not any(finding.problem for finding in found):
            sound.append(recording)
    others = held_series(against, clocks).series if against is not None else ()
    findings += check_sources([*sound, *others])
    return sorted(findings, key=lambda finding: not finding.problem)


def held_series(folder: Path, clocks: Mapping[str, str] | None = None) -> Recordings:
    """Every series of a store or of a folder of recorded files. Raises Refusal when there is none."""
    if not is_store(folder):
        return read_recordings(folder, clocks)
    store = open_store(folder)
    series = [Recording(key, origin_of(store, key), store.read(key)) for key in store.series()]
    return Recordings(tuple(series), tuple(_put_aside(store)))


def _put_aside(store: Store) -> list[Finding]:
    """Rows that a venue told otherwise wait for somebody to look at them."""
    found = []
    for key in store.series():
        rows = store.aside(key)
        if rows.num_rows:
            first = hour_text(stamps(rows)[0] // 1_000)
            message = f"rows of {key} that the venue told otherwise later, the first of {first}"
            found.append(Reason(Code.DATA_REVISED, message, float(rows.num_rows), 0.0, f"aside/{key.folder}"))
    return problems(found)
