"""What earlier rounds showed: the last agreement, one that waits for confirmation, and who repeats himself."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from agent.market.reading import Quantity

Key = tuple[str, Quantity]  # base and quantity
SourceKey = tuple[str, str, Quantity]  # source, base, quantity


@dataclass(frozen=True, slots=True)
class Repeated:
    """A source's last value, in how many rounds in a row it was seen, and where the others stood at first."""

    value: float
    rounds: int
    others_then: float


@dataclass(frozen=True, slots=True)
class Memory:
    """Carried from round to round; a round returns the next memory and changes nothing."""

    agreed: Mapping[Key, float] = field(default_factory=lambda: MappingProxyType({}))
    unconfirmed: Mapping[Key, float] = field(default_factory=lambda: MappingProxyType({}))  # a jump seen once
    repeated: Mapping[SourceKey, Repeated] = field(default_factory=lambda: MappingProxyType({}))
