"""What a look at recorded data found: a problem that makes it wrong, or a fact that its reader should know."""

from collections.abc import Iterable
from dataclasses import dataclass

from agent.reasons import Reason


@dataclass(frozen=True, slots=True)
class Finding:
    """A coded reason; `problem` is False for what is true of the venue and no mistake of the file."""

    reason: Reason
    problem: bool


def problems(reasons: Iterable[Reason]) -> list[Finding]:
    """Findings that make a file wrong."""
    return [Finding(reason, problem=True) for reason in reasons]


def facts(reasons: Iterable[Reason]) -> list[Finding]:
    """Findings that a reader should know, and that are no mistake."""
    return [Finding(reason, problem=False) for reason in reasons]
