"""What every estimator asks of its arguments, and the refusal of a history that is too short."""

import math

import numpy as np

from agent.market.observation import Floats, Seconds
from agent.reasons import Code, Reason


def require_positive(**parameters: float) -> None:
    """Raises ValueError that names every parameter which is not a finite number above zero."""
    wrong = [f"{name} {value}" for name, value in parameters.items() if not (math.isfinite(value) and value > 0)]
    if wrong:
        raise ValueError(f"must be positive numbers: {', '.join(wrong)}")


def require_returns(time_s: Seconds, step_returns: Floats, **parameters: float) -> None:
    """Raises ValueError unless there is one finite return per step of the times and all parameters are positive."""
    require_positive(**parameters)
    if len(step_returns) != max(0, len(time_s) - 1):
        raise ValueError(f"{len(time_s)} times need {max(0, len(time_s) - 1)} returns, got {len(step_returns)}")
    if not np.isfinite(step_returns).all():
        raise ValueError("returns must be finite numbers")


def require_bars(**prices: Floats) -> int:
    """The common length of price arrays; raises ValueError unless all are equally long, finite and positive."""
    lengths = {len(values) for values in prices.values()}
    if len(lengths) != 1:
        raise ValueError(f"{', '.join(prices)} must be equally long, got {sorted(lengths)}")
    for name, values in prices.items():
        if not (np.isfinite(values) & (values > 0)).all():
            raise ValueError(f"{name} must be finite and positive numbers")
    return lengths.pop()


def warming_up(have: int, need: int, what: str = "hours of history") -> Reason:
    """The refusal of an estimator that has not seen enough."""
    return Reason(
        Code.WARMING_UP,
        f"{have} {what}, {need} are needed before volatility is known",
        float(have),
        float(need),
        "strategy.volatility.warm_up_h",
    )
