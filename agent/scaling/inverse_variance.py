"""A3: weights by inverse variance or volatility, with covariance when it is known, and exposure by inverse variance."""

from collections.abc import Sequence

import numpy as np

from agent.market.observation import Floats
from agent.scaling.checks import finite_numbers, require_fraction, require_positive


@finite_numbers
def inverse_variance_weights(volatilities: Sequence[float]) -> tuple[float, ...]:
    """Weights that minimise the variance of uncorrelated assets.

        w_i = sigma_i^-2 / sum_j sigma_j^-2

    Parameters
    ----------
    volatilities : n standard deviations in one unit, each > 0, n >= 1

    Returns
    -------
    n weights in [0, 1] that add up to 1.

    Raises
    ------
    ValueError : no asset, or a volatility is not finite and positive.

    >>> [round(weight, 6) for weight in inverse_variance_weights([0.10, 0.20])]
    [0.8, 0.2]
    """
    return _weights(volatilities, 2)


@finite_numbers
def inverse_volatility_weights(volatilities: Sequence[float]) -> tuple[float, ...]:
    """Weights under which every asset has the same volatility of its own.

        w_i = sigma_i^-1 / sum_j sigma_j^-1

    Arguments, answer and errors as of `inverse_variance_weights`.

    >>> [round(weight, 6) for weight in inverse_volatility_weights([0.10, 0.20])]
    [0.666667, 0.333333]
    """
    return _weights(volatilities, 1)


@finite_numbers
def minimum_variance_weights(covariance: Floats, shrinkage: float = 0.2) -> tuple[float, ...]:
    """Weights of least variance, none below zero, from a covariance shrunk towards its diagonal.

        S' = (1 - shrinkage) S + shrinkage diag(S)
        w  = S'^-1 1 / (1' S'^-1 1), negative weights set to zero and the rest scaled up

    Sample correlations are the least certain part of a covariance, and an inverse leans on the smallest of its
    eigenvalues, which are the worst estimated. A shrinkage of 1 forgets correlations: the answer is then
    `inverse_variance_weights`.

    Parameters
    ----------
    covariance : n x n, symmetric, diagonal > 0
    shrinkage : in [0, 1]

    Returns
    -------
    n weights in [0, 1] that add up to 1.

    Raises
    ------
    ValueError : not square or symmetric, a variance is not positive, or the shrunk matrix cannot be inverted.

    Source: Ledoit and Wolf (2004), Journal of Multivariate Analysis 88(2), with the diagonal as the target.

    >>> [round(weight, 4) for weight in minimum_variance_weights(np.array([[0.01, 0.0], [0.0, 0.04]]))]
    [0.8, 0.2]
    """
    matrix = np.asarray(covariance, dtype=np.float64)
    require_fraction(shrinkage=shrinkage)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or len(matrix) == 0 or not np.allclose(matrix, matrix.T):
        raise ValueError(f"covariance must be square and symmetric, got the shape {matrix.shape}")
    deviations = np.sqrt(np.maximum(np.diag(matrix), 0.0))
    if not (deviations > 0).all():
        raise ValueError("every variance must be above zero")
    # In units of the deviations, so that assets of very different scale do not spoil the inversion.
    correlation = matrix / deviations[:, None] / deviations[None, :]
    shrunk = (1 - shrinkage) * correlation + shrinkage * np.eye(len(matrix))
    if np.linalg.eigvalsh(shrunk)[0] < 1e-10:
        raise ValueError("the covariance is singular or not one; use more shrinkage")
    smallest = float(deviations.min())
    raw = np.maximum(np.linalg.solve(shrunk, smallest / deviations) * (smallest / deviations), 0.0)
    return tuple((raw / raw.sum()).tolist())


@finite_numbers
def vega_neutral_quantity(quantity: float, vega: float, hedge_vega: float) -> float:
    """How much of a second option takes the vega out of a first.

        quantity_2 = -quantity_1 * vega_1 / vega_2

    Parameters
    ----------
    quantity : held of the first option, any sign
    vega, hedge_vega : of one unit of each, per unit of volatility; hedge_vega > 0

    Raises
    ------
    ValueError : an argument is not finite, or hedge_vega is not positive.

    >>> vega_neutral_quantity(10, 0.30, 0.15)
    -20.0
    """
    require_positive(hedge_vega=hedge_vega)
    return -quantity * vega / hedge_vega


@finite_numbers
def variance_target(forecast: float, target: float) -> float:
    """Exposure by inverse variance: full size at the target, a quarter of it at twice that volatility.

        exposure = (target / forecast)^2

    Where a mean return does not rise with its variance, as in most risk premia, the exposure of best Sharpe ratio falls
    with the variance and not only with the volatility.

    Parameters
    ----------
    forecast : annualised volatility of one unit of exposure, > 0
    target : annualised volatility at which the exposure is 1, > 0

    Source: Moreira and Muir (2017), Volatility-Managed Portfolios, Journal of Finance 72(4).

    >>> variance_target(0.4, 0.2)
    0.25
    """
    require_positive(forecast=forecast, target=target)
    return (target / forecast) ** 2


def _weights(volatilities: Sequence[float], power: int) -> tuple[float, ...]:
    if len(volatilities) == 0:
        raise ValueError("weights need at least one asset")
    for number, volatility in enumerate(volatilities):
        require_positive(**{f"volatility {number}": volatility})
    # Relative to the smallest: nothing can overflow.
    raw = [(min(volatilities) / volatility) ** power for volatility in volatilities]
    return tuple(one / sum(raw) for one in raw)
