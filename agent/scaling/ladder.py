"""A7: the steps of a ladder, its average entry, and what each step out of it realises."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from agent.scaling.checks import finite_numbers, require_count, require_fraction, require_positive

Spacing = Literal["linear", "geometric", "fibonacci", "log"]
MOST_STEPS = 20


@dataclass(frozen=True, slots=True)
class Exit:
    """One step out of a position."""

    price: float
    quantity: float
    left: float
    realised: float  # quote, against the average entry


@finite_numbers
def ladder_levels(
    spacing: Spacing, first: float, steps: int, *, last: float | None = None, ratio: float = 2.0
) -> tuple[float, ...]:
    """Distances of a ladder's steps from its reference, ascending.

        linear     first + (last - first) i / (n - 1)
        geometric  first * ratio^i
        fibonacci  first * (1, 2, 3, 5, 8, ...)
        log        first * log2(i + 2)

    Parameters
    ----------
    first : of the first step, > 0 (0.01 is 1 %)
    steps : n, 1 to 20
    last : of the last step, >= first, for linear
    ratio : > 1, for geometric

    Raises
    ------
    ValueError : an argument is out of range, or `last` is missing where it is needed.

    >>> [round(level, 4) for level in ladder_levels("fibonacci", 0.01, 5)]
    [0.01, 0.02, 0.03, 0.05, 0.08]
    """
    require_positive(first=first)
    require_count(1, MOST_STEPS, steps=steps)
    if spacing == "linear":
        if last is None or last < first:
            raise ValueError(f"a linear ladder needs a last step of at least {first}, got {last}")
        return tuple(first + (last - first) * step / max(1, steps - 1) for step in range(steps))
    if spacing == "geometric":
        if not ratio > 1:
            raise ValueError(f"a geometric ladder needs a ratio above 1, got {ratio}")
        return tuple(first * ratio**step for step in range(steps))
    if spacing == "log":
        return tuple(first * math.log2(step + 2) for step in range(steps))
    if spacing != "fibonacci":
        raise ValueError(f"spacing must be linear, geometric, fibonacci or log, got {spacing}")
    levels, before = [1, 2], 1
    while len(levels) < steps:
        before, following = levels[-2], levels[-1]
        levels.append(before + following)
    return tuple(first * level for level in levels[:steps])


@finite_numbers
def average_entry(amounts: Sequence[float], prices: Sequence[float]) -> float:
    """Average entry of purchases counted in quote: the harmonic mean, weighted by the amounts.

        sum(amount) / sum(amount / price)

    >>> round(average_entry([1, 1, 1], [100, 80, 50]), 6)
    70.588235
    """
    if len(amounts) != len(prices) or len(prices) == 0:
        raise ValueError(f"as many amounts as prices are needed and at least one, got {len(amounts)} and {len(prices)}")
    for amount, price in zip(amounts, prices, strict=True):
        require_positive(amount=amount, price=price)
    most, least = max(amounts), min(prices)
    return (
        least
        * sum(amount / most for amount in amounts)
        / sum(amount / most * (least / price) for amount, price in zip(amounts, prices, strict=True))
    )


@finite_numbers
def scale_out(entry: float, quantity: float, targets: Sequence[float], parts: Sequence[float]) -> tuple[Exit, ...]:
    """The steps out of a long position and what each of them realises.

        price_i = entry (1 + target_i),  quantity_i = part_i * quantity,  realised_i = quantity_i (price_i - entry)

    Parameters
    ----------
    entry : average, > 0
    quantity : held, > 0
    targets : rises above the entry, ascending, each > 0
    parts : of the quantity sold at each, each in [0, 1], together at most 1

    >>> [(round(step.realised, 6), round(step.left, 6)) for step in scale_out(100, 10, [0.1, 0.2], [0.5, 0.5])]
    [(50.0, 5.0), (100.0, 0.0)]
    """
    require_positive(entry=entry, quantity=quantity)
    if len(targets) != len(parts) or list(targets) != sorted(targets):
        raise ValueError("targets must ascend, with one part for each")
    if math.fsum(parts) > 1 + 1e-12:
        raise ValueError(f"parts must be at most 1 together, got {math.fsum(parts)}")
    steps, left = [], quantity
    for target, part in zip(targets, parts, strict=True):
        require_positive(target=target)
        require_fraction(part=part)
        sold = part * quantity
        left = max(0.0, left - sold)
        steps.append(Exit(entry * (1 + target), sold, left, sold * entry * target))
    return tuple(steps)
