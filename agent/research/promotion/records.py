"""Records of promotion: one JSON file per step, never changed, each with the digest of the one before it.

Whoever edits, exchanges, renumbers or removes a record in the middle breaks the chain, and nothing is believed until a
person has looked. The last record's digest is printed by `ballast promotions`: who keeps it elsewhere also sees when
records were removed from the end, or all of them were written anew.
"""

import hashlib
import json
import os
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from agent.reasons import Code, Reason, Refusal
from agent.research.promotion.stages import Criterion, Stage

NOTHING_BEFORE = "0" * 64


@dataclass(frozen=True, slots=True)
class Record:
    """One attempt to reach a stage, whether it succeeded or not."""

    stage: Stage
    passed: bool
    strategy: str
    config_hash: str
    at: str  # UTC, ISO 8601
    criteria: tuple[Criterion, ...]
    data_hash: str = ""  # of the market it was judged on; empty where no market was looked at
    period: tuple[int, int] | None = None  # first and last hour of that market's period, unix seconds
    evidence: dict[str, Any] = field(default_factory=dict)
    by: str = ""
    note: str = ""
    number: int = 0  # 1 is the first of the folder
    previous: str = NOTHING_BEFORE
    digest: str = ""

    def sealed(self, number: int, previous: str) -> "Record":
        """The record at its place in the chain."""
        values = {name: getattr(self, name) for name in self.__slots__}
        placed = Record(**{**values, "number": number, "previous": previous, "digest": ""})
        return Record(**{**values, "number": number, "previous": previous, "digest": digest_of(placed)})


def digest_of(record: Record) -> str:
    """SHA-256 over everything in a record but the digest itself, as canonical JSON."""
    values = asdict(record)
    values.pop("digest")
    text = json.dumps(values, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def read_records(folder: Path) -> list[Record]:
    """Every record of a folder in its order; none when the folder does not exist.

    Raises Refusal (PROMOTION_DAMAGED) when one is missing, unreadable or not what was written.
    """
    found: list[Record] = []
    for number, path in enumerate(sorted(folder.glob("*.json")), start=1):
        if path.name != _name(number):
            _damaged(path, f"record {number} is missing: found {path.name} in its place")
        record = _read(path)
        before = found[-1].digest if found else NOTHING_BEFORE
        if record.number != number or record.previous != before:
            _damaged(path, f"record {number} does not follow the one before it")
        if record.digest != digest_of(record):
            _damaged(path, f"record {number} does not have the digest that it was written with")
        found.append(record)
    return found


def append(folder: Path, record: Record) -> Record:
    """Write a record behind the last one and return it as written.

    Raises Refusal when the records so far are damaged, or another process wrote one meanwhile.
    """
    folder.mkdir(parents=True, exist_ok=True)
    before = read_records(folder)
    sealed = record.sealed(len(before) + 1, before[-1].digest if before else NOTHING_BEFORE)
    with tempfile.NamedTemporaryFile("w", dir=folder, suffix=".partial", encoding="utf-8") as partial:
        json.dump(asdict(sealed), partial, indent=2, allow_nan=False)
        partial.write("\n")
        partial.flush()
        os.fsync(partial.fileno())
        os.chmod(partial.name, 0o444)
        path = folder / _name(sealed.number)
        try:
            os.link(partial.name, path)  # whole or not at all, and never over another
        except FileExistsError:
            message = f"another process wrote record {sealed.number} meanwhile; try again"
            raise Refusal(Reason(Code.PROMOTION_STALE, message, where=str(path))) from None
    return sealed


def reached(records: Sequence[Record], config_hash: str) -> dict[Stage, Record]:
    """The records that count for a configuration: of each stage the last that passed, up to the stage it is at.

    Passing a stage again, on newer data for example, takes back what came after it; failing one takes back that too.
    """
    counted: dict[Stage, Record] = {}
    for record in records:
        if record.config_hash != config_hash:
            continue
        counted = {stage: one for stage, one in counted.items() if stage.number < record.stage.number}
        if record.passed and len(counted) == record.stage.number - 1:
            counted[record.stage] = record
    return counted


def _name(number: int) -> str:
    return f"{number:06d}.json"


def _read(path: Path) -> Record:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        criteria = tuple(Criterion(**one) for one in values.pop("criteria"))
        period = values.pop("period")
        stage = Stage(values.pop("stage"))
        return Record(
            **values, stage=stage, criteria=criteria, period=None if period is None else (period[0], period[1])
        )
    except (OSError, ValueError, TypeError, KeyError, AttributeError, IndexError) as error:
        raise _refusal(path, f"not a record of a promotion: {error}") from error


def _damaged(path: Path, message: str) -> None:
    raise _refusal(path, message)


def _refusal(path: Path, message: str) -> Refusal:
    return Refusal(Reason(Code.PROMOTION_DAMAGED, message, where=str(path)))
