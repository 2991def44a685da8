"""What is searched: dimensions as people write them, and the configuration that a point of them makes."""

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from pydantic import ValidationError

from agent.config import Config
from agent.config.file import flatten
from agent.config.rules import inconsistencies
from agent.reasons import Code, Reason, Refusal

Point = tuple[float, ...]
MOST_POINTS = 1_000_000


@dataclass(frozen=True, slots=True)
class Dimension:
    """One key of the strategy file: a range (evenly or logarithmically) or the values that are tried."""

    key: str
    low: float
    high: float
    log: bool = False
    values: tuple[float, ...] = ()
    whole: bool = False

    def grid(self, points: int) -> tuple[float, ...]:
        """The values of a grid: those written, or `points` of the range."""
        if self.values:
            return self.values
        spread = np.geomspace if self.log else np.linspace
        found = spread(self.low, self.high, points)
        return tuple(dict.fromkeys(float(round(value)) if self.whole else float(value) for value in found))

    def draw(self, random: np.random.Generator) -> float:
        """One value at random."""
        if self.values:
            return float(random.choice(self.values))
        if self.log:
            value = math.exp(random.uniform(math.log(self.low), math.log(self.high)))
        else:
            value = float(random.uniform(self.low, self.high))
        return float(round(value)) if self.whole else value


def parse_space(config: Config, texts: Sequence[str]) -> tuple[Dimension, ...]:
    """Dimensions from `key=low:high`, `key=low:high:log` or `key=a,b,c`, all mistakes at once.

    Raises Refusal when there is none, a key is no number of this strategy file, a range is empty or has no end.
    """
    known = flatten(config.model_dump())
    reasons, found = [], []
    for text in texts:
        try:
            found.append(_dimension(known, text))
        except ValueError as error:
            reasons.append(Reason(Code.CONFIG_OUT_OF_RANGE, f"{text}: {error}", where="--param"))
    if len({one.key for one in found}) < len(found):
        reasons.append(Reason(Code.CONFIG_DUPLICATE_KEY, "a key is searched twice", where="--param"))
    if not texts:
        message = "there is nothing to search: name a parameter, for example strategy.sizing.band=0.01:0.1"
        reasons.append(Reason(Code.CONFIG_MISSING, message, where="--param"))
    if reasons:
        raise Refusal(*reasons)
    return tuple(found)


def grid_points(space: Sequence[Dimension], points: int) -> list[Point]:
    """Every combination, in a fixed order. Raises Refusal beyond a million."""
    axes = [one.grid(points) for one in space]
    count = math.prod(len(axis) for axis in axes)
    if count > MOST_POINTS:
        raise Refusal(Reason(Code.CONFIG_OUT_OF_RANGE, "too many combinations", count, MOST_POINTS, "--points"))
    return list(itertools.product(*axes))


def random_points(space: Sequence[Dimension], count: int, seed: int) -> list[Point]:
    """So many points at random; the same for the same seed."""
    random = np.random.default_rng(seed)
    return [tuple(one.draw(random) for one in space) for _ in range(count)]


def with_values(config: Config, space: Sequence[Dimension], point: Point) -> Config | None:
    """The configuration at a point, or None where its numbers contradict each other."""
    values = config.model_dump(exclude_none=True)
    for one, value in zip(space, point, strict=True):
        *path, last = one.key.split(".")
        block: Any = values
        for name in path:  # a number counts within a list of blocks, as in strategy.scaling.0.risk
            block = block[int(name)] if isinstance(block, (list, tuple)) else block[name]
        block[last] = int(value) if one.whole else value
    try:
        changed = Config.model_validate(values)
    except ValidationError:
        return None
    return None if inconsistencies(flatten(values)) else changed


def _dimension(known: Mapping[str, object], text: str) -> Dimension:
    key, _, written = text.partition("=")
    key = key.strip()
    present = known.get(key)
    if not isinstance(present, (int, float)) or isinstance(present, bool):
        raise ValueError(f"{key} is no number of this strategy file")
    whole = isinstance(present, int)
    if ":" in written:
        low, high, *how = written.split(":")
        first, last = _finite(low), _finite(high)
        if how not in ([], ["log"]):
            raise ValueError(f"{':'.join(how)} is unknown; only log may follow a range")
        if not first < last or (how and first <= 0):
            raise ValueError(f"the range from {first:g} to {last:g} is empty")
        return Dimension(key, first, last, bool(how), (), whole)
    values = tuple(_finite(value) for value in written.split(",") if value.strip())
    if not values:
        raise ValueError("write low:high, low:high:log or values with commas between them")
    return Dimension(key, min(values), max(values), False, values, whole)


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} is without end")
    return value
