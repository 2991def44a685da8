"""What every scaling function refuses at its door, and what none of them may answer."""

import functools
import math
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from typing import ParamSpec, TypeVar

import numpy as np

P = ParamSpec("P")
R = TypeVar("R")


def finite_numbers(function: Callable[P, R]) -> Callable[P, R]:
    """Refuses NaN and infinity among the arguments, and an answer that is not finite, with ValueError.

    An overflow or a division by what underflowed to zero is such an answer too: the inputs were numbers of different
    worlds, and no size may come of them.
    """
    names = function.__code__.co_varnames

    @functools.wraps(function)
    def checked(*args: P.args, **kwargs: P.kwargs) -> R:
        for name, value in (*zip(names, args, strict=False), *kwargs.items()):
            if not _is_finite(value):
                raise ValueError(f"{name} must be finite numbers, got {value}")
        try:
            answer = function(*args, **kwargs)
        except (OverflowError, ZeroDivisionError) as error:
            raise ValueError(f"{function.__name__}: the arguments are too large or too small together") from error
        if not _is_finite(answer):
            raise ValueError(f"{function.__name__}: the arguments are too large or too small together")
        return answer

    return checked


def require_positive(**values: float) -> None:
    """Raises ValueError that names the first value that is not above zero."""
    for name, value in values.items():
        if not value > 0:
            raise ValueError(f"{name} must be above zero, got {value}")


def require_not_negative(**values: float) -> None:
    """Raises ValueError that names the first value below zero."""
    for name, value in values.items():
        if not value >= 0:
            raise ValueError(f"{name} must not be negative, got {value}")


def require_fraction(**values: float) -> None:
    """Raises ValueError that names the first value outside [0, 1]."""
    for name, value in values.items():
        if not 0 <= value <= 1:
            raise ValueError(f"{name} must be in [0, 1], got {value}")


def require_count(least: int = 1, most: int = 1_000, **values: int) -> None:
    """Raises ValueError that names the first value that is no whole number from `least` to `most`."""
    for name, value in values.items():
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise ValueError(f"{name} must be a whole number from {least} to {most}, got {value}")


def _is_finite(value: object) -> bool:
    if isinstance(value, np.ndarray):
        return value.dtype.kind not in "fc" or bool(np.isfinite(value).all())
    if isinstance(value, float):
        return math.isfinite(value)
    if is_dataclass(value) and not isinstance(value, type):
        return all(_is_finite(getattr(value, field.name)) for field in fields(value))
    if isinstance(value, (list, tuple)):
        if set(map(type, value)) == {float}:  # a whole history, at every decision
            return all(map(math.isfinite, value))
        return all(_is_finite(one) for one in value)
    return True
