"""The probability that a Sharpe ratio is above zero, given how many were tried before it was found."""

import math
from statistics import NormalDist

NORMAL = NormalDist()


def expected_best_sharpe(variance: float, trials: int) -> float:
    """What the best of many worthless strategies would show.

        SR_0 = sqrt(V) ((1 - g) Phi^-1(1 - 1 / N) + g Phi^-1(1 - 1 / (N e))),  g = 0.5772... (Euler-Mascheroni)

    Parameters
    ----------
    variance : of the Sharpe ratios that were tried, per period, >= 0
    trials : how many independent ones, >= 2

    Source: Bailey and López de Prado (2014), The Deflated Sharpe Ratio, Journal of Portfolio Management 40(5).
    """
    if not (math.isfinite(variance) and variance >= 0 and trials >= 2):
        raise ValueError(f"variance {variance} must not be negative and trials {trials} at least 2")
    euler = 0.5772156649015329
    quantiles = NORMAL.inv_cdf(1 - 1 / trials), NORMAL.inv_cdf(1 - 1 / (trials * math.e))
    return math.sqrt(variance) * ((1 - euler) * quantiles[0] + euler * quantiles[1])


def deflated_sharpe(
    sharpe: float, *, count: int, variance: float, trials: int, skewness: float = 0.0, kurtosis: float = 3.0
) -> float:
    """The probability that the true Sharpe ratio exceeds what luck alone would have found.

        DSR = Phi((SR - SR_0) sqrt(T - 1) / sqrt(1 - skew SR + (kurt - 1) / 4 SR^2))

    Parameters
    ----------
    sharpe : per period (a yearly one divided by the root of the periods per year)
    count : returns it was measured on, >= 2
    variance, trials : of `expected_best_sharpe`
    skewness, kurtosis : of the returns; kurtosis of a normal distribution is 3

    Raises
    ------
    ValueError : a number is not finite, too few returns, or moments that no distribution has.

    Source: Bailey and López de Prado (2014).
    """
    if count < 2 or not all(math.isfinite(value) for value in (sharpe, skewness, kurtosis)):
        raise ValueError(f"needs two returns and finite moments, got {count}, {sharpe}, {skewness}, {kurtosis}")
    spread = 1 - skewness * sharpe + (kurtosis - 1) / 4 * sharpe * sharpe
    if spread <= 0:
        raise ValueError(f"no returns have skewness {skewness} and kurtosis {kurtosis} at a Sharpe ratio of {sharpe}")
    excess = sharpe - expected_best_sharpe(variance, trials)
    return NORMAL.cdf(excess * math.sqrt(count - 1) / math.sqrt(spread))
