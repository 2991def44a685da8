"""A12: smaller while the order book is thin."""

from agent.scaling.checks import finite_numbers, require_fraction, require_not_negative


@finite_numbers
def depth_factor(depth: float, thin: float, full: float, floor: float) -> float:
    """Factor that rises linearly from `floor` in a thin book to 1 in a full one.

        factor = floor + (1 - floor) * clip((depth - thin) / (full - thin), 0, 1)

    Parameters
    ----------
    depth : quote that rests near the middle, on the thinner side, >= 0
    thin, full : 0 <= thin < full
    floor : in [0, 1]

    Returns
    -------
    Factor in [floor, 1].

    >>> depth_factor(300, 100, 500, 0.5)
    0.75
    """
    require_not_negative(depth=depth, thin=thin)
    require_fraction(floor=floor)
    if not full > thin:
        raise ValueError(f"full {full} must be above thin {thin}")
    return floor + (1 - floor) * min(1.0, max(0.0, (depth - thin) / (full - thin)))
