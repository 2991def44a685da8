"""What a strategy answers: a target with every scaler's part in it, and the next step towards it."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from agent.reasons import Reason

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Scaler:
    """One factor of the exposure: its value, the numbers it came from, and a sentence a person can read."""

    name: str
    value: float
    inputs: tuple[tuple[str, float], ...]
    sentence: str


@dataclass(frozen=True, slots=True)
class Target:
    """Where the vault should be. `exposure` is each leg's notional as a multiple of net asset value."""

    exposure: float
    spot_base: float  # signed base quantity
    perp_base: float  # signed base quantity
    margin_usd: float  # equity wanted on the perp venue


@dataclass(frozen=True, slots=True)
class Proposal:
    """The next step, in the smallest units of the chain. Zero fields ask for nothing.

    Signs: a positive `spot_base_delta` buys base, a positive `perp_size_delta` buys the perp.
    """

    spot_base_delta: int = 0
    perp_size_delta: int = 0
    perp_reduce_only: bool = False
    deposit: int = 0  # vault cash to HyperCore spot, asset units
    to_perp: int = 0  # HyperCore spot to perp account, USD 6 decimals
    from_perp: int = 0  # perp account to HyperCore spot, USD 6 decimals
    withdraw: int = 0  # HyperCore spot to the vault, USD 6 decimals

    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return self == Proposal()

    def trades(self) -> bool:
        """Whether exposure changes, as opposed to cash moving only."""
        return self.spot_base_delta != 0 or self.perp_size_delta != 0


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer of `decide`: why, where to, and the next step. A hold has an empty proposal and says why."""

    time: int
    strategy: str
    target: Target | None  # None when nothing may be decided (see `refusals`)
    scalers: tuple[Scaler, ...]
    proposal: Proposal
    note: str  # one sentence: why this step, or why none
    refusals: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class Approved(Generic[T]):
    """Something that passed every check of the gate; only the gate makes these."""

    item: T


@dataclass(frozen=True, slots=True)
class Refused(Generic[T]):
    """Something that the gate stopped, with every reason."""

    item: T
    reasons: tuple[Reason, ...]
