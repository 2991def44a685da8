"""The chain from caps and factors to an exposure, with every part recorded in words and numbers."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from agent.decision import Scaler


@dataclass(frozen=True, slots=True)
class Sizing:
    """An exposure and everything it came from, caps first, then factors."""

    exposure: float  # each leg's notional as a multiple of net asset value
    scalers: tuple[Scaler, ...]
    band: float | None = None  # half-width of the no-trade band, of net asset value; None for the strategy's own


def combine(caps: Sequence[Scaler], factors: Sequence[Scaler]) -> Sizing:
    """The smallest cap times every factor.

        exposure = min(cap_1, ..., cap_k) * factor_1 * ... * factor_m

    Parameters
    ----------
    caps : exposures as multiples of net asset value, each >= 0, at least one
    factors : each in [0, 1]; a factor can only reduce, so no combination of them exceeds the smallest cap

    Raises
    ------
    ValueError : no cap, or a value that is not finite or out of its range.
    """
    if not caps:
        raise ValueError("an exposure needs at least one cap")
    for cap in caps:
        if not (math.isfinite(cap.value) and cap.value >= 0):
            raise ValueError(f"cap {cap.name} must be a finite number >= 0, got {cap.value}")
    for factor in factors:
        if not 0 <= factor.value <= 1:
            raise ValueError(f"factor {factor.name} must be in [0, 1], got {factor.value}")
    exposure = min(cap.value for cap in caps) * math.prod(factor.value for factor in factors)
    return Sizing(exposure, (*caps, *factors))


def scaler(name: str, value: float, sentence: str, **inputs: float) -> Scaler:
    """One recorded part; `inputs` are the numbers the value came from."""
    return Scaler(name, value, tuple((key, float(number)) for key, number in inputs.items()), sentence)
