"""GARCH(1,1) and GJR forecasts of volatility, estimated by the library arch."""

import math
from dataclasses import dataclass

import numpy as np

from agent.market.observation import Floats
from agent.reasons import Reason
from agent.units import DAYS_PER_YEAR
from agent.volatility.checks import require_positive, warming_up

LEAST_RETURNS = 250  # three to four parameters from fewer returns say nothing
PER_CENT = 100.0  # the optimiser wants returns near 1


@dataclass(frozen=True, slots=True)
class GarchFit:
    """Parameters (returns in per cent), log-likelihood, and expected variances of the next periods (decimal)."""

    mean: float
    omega: float
    alpha: float
    gamma: float  # 0 for GARCH
    beta: float
    log_likelihood: float
    variances: tuple[float, ...]


def fit_garch(returns: Floats, *, asymmetric: bool = False, horizon: int = 1) -> GarchFit:
    """Maximum likelihood with a constant mean and normal shocks.

        v_t = omega + (alpha + gamma [e < 0]) e_(t-1)^2 + beta v_(t-1)

    Parameters
    ----------
    returns : decimal, equally spaced, at least 250
    asymmetric : with gamma (Glosten, Jagannathan and Runkle)
    horizon : periods ahead

    Raises
    ------
    ValueError : too few returns, one that is not finite, returns that never move, or an estimate that did not converge.

    Source: Bollerslev (1986); Glosten, Jagannathan and Runkle (1993); Sheppard's arch.
    """
    if len(returns) < LEAST_RETURNS or not np.isfinite(returns).all() or float(np.ptp(returns)) == 0:
        raise ValueError(f"GARCH needs {LEAST_RETURNS} finite returns that move, got {len(returns)}")
    from arch.univariate import arch_model

    model = arch_model(PER_CENT * returns, mean="Constant", vol="GARCH", p=1, o=int(asymmetric), q=1, rescale=False)
    fitted = model.fit(disp="off", show_warning=False)
    if fitted.convergence_flag != 0:
        raise ValueError(f"the GARCH estimate did not converge (flag {fitted.convergence_flag})")
    expected = fitted.forecast(horizon=horizon, reindex=False).variance.to_numpy()[-1] / PER_CENT**2
    values = fitted.params
    return GarchFit(
        mean=float(values["mu"]),
        omega=float(values["omega"]),
        alpha=float(values["alpha[1]"]),
        gamma=float(values["gamma[1]"]) if asymmetric else 0.0,
        beta=float(values["beta[1]"]),
        log_likelihood=float(fitted.loglikelihood),
        variances=tuple(float(value) for value in expected),
    )


def garch_volatility(
    returns: Floats, *, asymmetric: bool = False, periods_per_year: float = DAYS_PER_YEAR, floor: float
) -> float | Reason:
    """Annualised volatility of the next period, or the refusal WARMING_UP under 250 returns.

    Parameters
    ----------
    returns : decimal, equally spaced; daily ones, 365 a year, for a market that never closes
    floor : annualised
    """
    require_positive(periods_per_year=periods_per_year, floor=floor)
    if len(returns) < LEAST_RETURNS:
        return warming_up(len(returns), LEAST_RETURNS, "returns")
    return max(floor, math.sqrt(fit_garch(returns, asymmetric=asymmetric).variances[0] * periods_per_year))
