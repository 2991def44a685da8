"""A fingerprint of a run: the same decisions and outcomes give the same one, on any machine at any hour."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from agent.decision import Decision
from agent.reasons import Reason


class Digest:
    """SHA-256 over the canonical JSON of each decision with its outcome, one per line, in order."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()

    def add(self, decision: Decision, outcome: Mapping[str, object]) -> None:
        """Feed one cycle. `outcome` holds what the chain came to: no wall clock, no path of a machine.

        Raises ValueError on NaN or infinity, TypeError on a value that has no canonical form.
        """
        self._hash.update(canonical_json([decision, outcome]))
        self._hash.update(b"\n")

    def hexdigest(self) -> str:
        """The fingerprint of everything fed so far, 64 hexadecimal digits."""
        return self._hash.hexdigest()


def canonical_json(value: object) -> bytes:
    """One byte string per value: sorted keys, no blanks, bytes as hexadecimal, dataclasses as their fields."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False, default=_plain).encode()


def _plain(value: Any) -> object:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, Reason):  # `where` names a file of this machine
        return [value.code, value.message, value.value, value.bound]
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    raise TypeError(f"{type(value).__name__} has no canonical form; pass numbers, text, bytes or dataclasses")
