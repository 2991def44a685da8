"""How much of a limit is left, on one scale for all of them: 1 is unused, 0 is at the limit, below 0 is a breach."""

from agent.units import finite


def below_maximum(value: float, maximum: float) -> float:
    """Headroom of a value that must not exceed `maximum` (> 0): 1 - value / maximum.

    >>> below_maximum(1.5, 2.0)
    0.25
    """
    if not finite("maximum", maximum) > 0:
        raise ValueError(f"maximum must be positive, got {maximum}")
    return 1.0 - finite("value", value) / maximum


def above_minimum(value: float, minimum: float) -> float:
    """Headroom of a value that must not fall under `minimum` (> 0).

        1 - minimum / value   while value >= minimum
        value / minimum - 1   below it, so that zero is -1

    >>> above_minimum(0.4, 0.1)
    0.75
    >>> above_minimum(0.05, 0.1)
    -0.5
    """
    if not finite("minimum", minimum) > 0:
        raise ValueError(f"minimum must be positive, got {minimum}")
    return 1.0 - minimum / value if finite("value", value) >= minimum else value / minimum - 1.0
