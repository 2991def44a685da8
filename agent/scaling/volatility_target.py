"""Exposure from a volatility forecast."""

import math


def volatility_target(forecast: float, target: float) -> float:
    """Exposure that holds the expected volatility at the target.

        exposure = target / forecast

    It is not capped here: the caps are scalers of their own, so that a decision shows which one was binding.

    Parameters
    ----------
    forecast : annualised volatility of one unit of exposure, > 0 (0.65 is 65 % a year)
    target : annualised volatility wanted, > 0

    Returns
    -------
    Multiple of net asset value, > 0.

    Raises
    ------
    ValueError : an argument is not finite and positive.

    Source: Harvey et al. (2018), The Impact of Volatility Targeting, Journal of Portfolio Management 45(1).

    >>> volatility_target(0.5, 0.1)
    0.2
    """
    for name, value in (("forecast", forecast), ("target", target)):
        if not (math.isfinite(value) and value > 0):
            raise ValueError(f"{name} volatility must be a positive number, got {value}")
    exposure = target / forecast
    if not math.isfinite(exposure):
        raise ValueError(f"target {target} and forecast {forecast} volatility are too far apart")
    return exposure
