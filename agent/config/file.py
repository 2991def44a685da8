"""Loads one strategy file: every mistake at once, each with its line, and the hash that names the configuration."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import ValidationError

from agent.config.mistakes import mistake
from agent.config.models import Config, ExecutionConfig, VaultConfig
from agent.config.rules import inconsistencies
from agent.config.text import MAX_BYTES, Document, parse, place
from agent.policy import looser_than_contract
from agent.reasons import Code, Reason, Refusal


@dataclass(frozen=True, slots=True)
class LoadedConfig:
    """A valid configuration, its hash, and where each key stands in the file."""

    config: Config
    config_hash: str  # SHA-256 of the validated values; comments and the order of keys do not count
    path: str  # as the user typed it
    lines: Mapping[str, int]  # of every dotted key that is written

    def line_of(self, dotted_key: str) -> int:
        """Line of a key, or of the block that would hold it (a default has no line of its own)."""
        return line_of(self.lines, dotted_key)

    def where(self, dotted_key: str) -> str:
        """The place as messages show it: `configs/eth-carry.yaml, line 14`."""
        return place(self.path, self.line_of(dotted_key))


def load_config(path: str | Path) -> LoadedConfig:
    """Read and validate one strategy file.

    Raises
    ------
    Refusal : one `Reason` per mistake in the order of the lines, `where` being the path as typed and the line.
    """
    typed = str(path)
    document = parse(read_text(typed), typed)
    config, mistakes = _validated(document)
    mistakes += _contradictions(document, {reason.where for reason in mistakes})
    reasons = document.reasons + [
        replace(reason, where=place(typed, line_of(document.lines, reason.where))) for reason in mistakes
    ]
    if config is None or reasons:
        raise Refusal(*sorted(reasons, key=lambda reason: int(reason.where.rpartition(" ")[2])))
    return LoadedConfig(config, config_hash(config), typed, document.lines)


def config_hash(config: Config) -> str:
    """SHA-256 over the canonical JSON (sorted keys, no spaces) of the validated values, defaults included."""
    canonical = json.dumps(config.model_dump(mode="json"), sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def flatten(values: Mapping[str, object], prefix: str = "") -> dict[str, object]:
    """Nested blocks and lists of them to dotted keys; a value of None is absent.

    >>> flatten({"policy": {"max_drawdown": 0.08}, "name": "eth-carry"})
    {'policy.max_drawdown': 0.08, 'name': 'eth-carry'}
    >>> flatten({"scaling": [{"method": "kelly"}]})
    {'scaling.0.method': 'kelly'}
    """
    flat: dict[str, object] = {}
    for key, value in values.items():
        if isinstance(value, Mapping):
            flat |= flatten(value, f"{prefix}{key}.")
        elif isinstance(value, (list, tuple)) and any(isinstance(one, Mapping) for one in value):
            flat |= flatten({str(index): one for index, one in enumerate(value)}, f"{prefix}{key}.")
        elif value is not None:
            flat[f"{prefix}{key}"] = value
    return flat


def read_text(path: str) -> str:
    """The text of a file of limited size. Raises Refusal when it is missing, too large or not UTF-8."""
    file = Path(path)
    if not file.is_file():
        raise Refusal(Reason(Code.CONFIG_MISSING, f"expected a strategy file; {_beside(file)}", where=place(path, 1)))
    try:
        with file.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        message = f"expected a file that can be read, got: {error.strerror}"
        raise Refusal(Reason(Code.CONFIG_MISSING, message, where=place(path, 1))) from error
    if len(data) > MAX_BYTES:
        message = f"expected at most {MAX_BYTES // 1024} KB, got more; a strategy file has about 5 KB"
        raise Refusal(Reason(Code.CONFIG_SYNTAX, message, where=place(path, 1)))
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        message = f"expected UTF-8 text, got the byte 0x{data[error.start]:02x}"
        raise Refusal(Reason(Code.CONFIG_SYNTAX, message, where=place(path, line))) from error


def _beside(file: Path) -> str:
    """What a person may have meant: the strategy files of the folder asked for, or else of configs/."""
    for folder in (file.parent, Path("configs")):
        found = sorted(str(candidate) for candidate in folder.glob("*.yaml"))
        if found:
            return f"there is no such file, but there is {', '.join(found[:10])}"
    return "there is no such file, and none ending in .yaml beside it or in configs/"


def _validated(document: Document) -> tuple[Config | None, list[Reason]]:
    try:
        return Config.model_validate(document.values), []
    except ValidationError as error:
        return None, [reason for detail in error.errors(include_url=False) for reason in mistake(detail, document)]


def _contradictions(document: Document, faulty: set[str]) -> list[Reason]:
    """What the valid values say against each other and against the contract, whatever else is wrong in the file."""
    defaults = flatten(ExecutionConfig().model_dump(), "execution.")
    defaults["vault.pool_fee"] = VaultConfig.model_fields["pool_fee"].default
    values = defaults | flatten(document.values)
    valid = {key: value for key, value in values.items() if not any(_inside(key, one) for one in faulty)}
    limits = {
        key.removeprefix("policy."): value
        for key, value in valid.items()
        if key.startswith("policy.") and isinstance(value, (int, float))
    }
    found = looser_than_contract(limits) + inconsistencies(valid)
    # A key that is written but was refused is faulty; it is not missing as well.
    return [one for one in found if one.code is not Code.CONFIG_MISSING or one.where not in document.lines]


def _inside(key: str, block: str) -> bool:
    return key == block or key.startswith(f"{block}.")


def line_of(lines: Mapping[str, int], dotted_key: str) -> int:
    """Line of a dotted key, or of the block that would hold it; the first line when nothing would."""
    parts = dotted_key.split(".")
    known = (lines.get(".".join(parts[:length])) for length in range(len(parts), 0, -1))
    return next((line for line in known if line is not None), 1)
