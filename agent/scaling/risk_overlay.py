"""A brake on the whole position when any measure of its risk is too far above what was wanted."""

from collections.abc import Sequence

from agent.scaling.checks import finite_numbers, require_not_negative, require_positive


@finite_numbers
def risk_overlay(risks: Sequence[float], limits: Sequence[float], target: float) -> float:
    """The smallest of the factors that bring each risk to its limit.

        m = min_i min(1, limit_i / (risk_i / target))

    Parameters
    ----------
    risks : annualised volatilities of the position under different views, >= 0: as forecast, after a jump, unhedged
    limits : multiples of the target that each may reach, > 0
    target : annualised volatility wanted, > 0

    Returns
    -------
    Factor in (0, 1].

    Source: Carver (2021), risk overlay of pysystemtrade.

    >>> risk_overlay([0.2, 0.8, 0.6], [2, 4, 6], 0.1)
    0.5
    """
    require_positive(target=target)
    if len(risks) != len(limits):
        raise ValueError(f"as many limits as risks are needed, got {len(limits)} and {len(risks)}")
    factor = 1.0
    for risk, limit in zip(risks, limits, strict=True):
        require_not_negative(risk=risk)
        require_positive(limit=limit)
        if risk > limit * target:
            factor = min(factor, limit * (target / risk))
    return factor
