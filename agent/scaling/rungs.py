"""A7: which steps of a ladder are taken now, from nothing but the past of its signal."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from agent.scaling.checks import finite_numbers, require_positive
from agent.scaling.ladder import average_entry


@dataclass(frozen=True, slots=True)
class Rungs:
    """A ladder after the last row."""

    share: float  # of the steps that are taken, in [0, 1]
    taken: int
    average_entry: float  # of those, in equal amounts of quote; 0 without any
    realised: tuple[float, ...]  # gain of each exit within the rows, as a part of the step's own amount


@finite_numbers
def rungs(signal: Sequence[float], price: Sequence[float], levels: Sequence[float], exit_part: float) -> Rungs:
    """Walk along the rows: a step is taken at its level of the signal and left again at its exit.

        step i in   when signal >= level_i
        step i out  when signal <= exit_part * level_i

    Between the two it stays what it was, so a signal that hovers around a level does not trade at every row. The
    ladder is empty before the first row: a step that has not met its exit within the rows is forgotten with them, which
    is a time stop.

    Parameters
    ----------
    signal : n values: how far the price is below its average, momentum, or funding
    price : n prices, > 0, for entries and gains
    levels : ascending, each > 0
    exit_part : below 1; 0 is the reference itself, a negative one lies beyond it

    >>> rungs([0.0, 0.06, 0.03, -0.01], [100, 94, 97, 101], [0.02, 0.05], 0.0).realised
    (0.07446808510638303, 0.07446808510638303)
    """
    if len(signal) != len(price) or len(price) == 0:
        raise ValueError(f"signal and price must be equally long and not empty, got {len(signal)} and {len(price)}")
    if not exit_part < 1:
        raise ValueError(f"exit_part must be below 1, got {exit_part}")
    if len(levels) == 0 or list(levels) != sorted(levels):
        raise ValueError("levels must ascend, and there must be one")
    require_positive(first=levels[0], price=min(price))
    entries: list[float | None] = [None] * len(levels)
    realised: list[float] = []
    exits = [exit_part * level for level in levels]
    next_exit, next_entry = -math.inf, levels[0]
    for now, at in zip(signal, price, strict=True):
        if next_exit < now < next_entry:  # as at most rows
            continue
        for step, entry in enumerate(entries):
            if entry is None and now >= levels[step]:
                entries[step] = at
            elif entry is not None and now <= exits[step]:
                realised.append(at / entry - 1)
                entries[step] = None
        next_exit = max((exits[step] for step, entry in enumerate(entries) if entry is not None), default=-math.inf)
        next_entry = min((levels[step] for step, entry in enumerate(entries) if entry is None), default=math.inf)
    taken = [entry for entry in entries if entry is not None]
    average = average_entry([1.0] * len(taken), taken) if taken else 0.0
    return Rungs(len(taken) / len(levels), len(taken), average, tuple(realised))
