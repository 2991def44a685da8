"""Heterogeneous autoregression of realised variance: yesterday, the last week and the last month together."""

import math
from dataclasses import dataclass

import numpy as np

from agent.market.observation import Floats, Seconds
from agent.reasons import Reason
from agent.units import DAYS_PER_YEAR
from agent.volatility.checks import require_returns, warming_up
from agent.volatility.realised import daily_variances

CALENDAR_LAGS = (1, 7, 30)  # of a market that never closes; Corsi's business days are (1, 5, 22)
LEAST_DAYS_PER_COEFFICIENT = 15


@dataclass(frozen=True, slots=True)
class HarFit:
    """RV_t = constant + sum of slopes[i] * mean(RV over the last lags[i] days before t), or the same between logs."""

    lags: tuple[int, ...]
    constant: float
    slopes: tuple[float, ...]
    r_squared: float
    days: int
    logs: bool
    noise: float  # variance of what the line leaves unexplained

    def next(self, variances: Floats) -> float:
        """The expected variance of the day after the last one given."""
        means = [float(variances[-lag:].mean()) for lag in self.lags]
        if not self.logs:
            return self.constant + sum(slope * mean for slope, mean in zip(self.slopes, means, strict=True))
        logs = [math.log(mean) for mean in means]
        line = self.constant + sum(slope * value for slope, value in zip(self.slopes, logs, strict=True))
        return math.exp(line + self.noise / 2)  # the mean of a log-normal variance, not its median


def fit_har(variances: Floats, lags: tuple[int, ...] = CALENDAR_LAGS, *, logs: bool = False) -> HarFit:
    """Least squares over all days that have a full longest lag before them.

    Parameters
    ----------
    variances : of each day, oldest first
    lags : days averaged
    logs : fit ln RV on the logs of the averages: one wild day bends the line less, and no forecast is negative

    Raises ValueError when variances are not finite (and, for logs, positive) or fewer than the coefficients need.

    Source: Corsi (2009), Journal of Financial Econometrics 7(2).
    """
    longest = max(lags)
    if len(variances) - longest < LEAST_DAYS_PER_COEFFICIENT * (len(lags) + 1) or not np.isfinite(variances).all():
        raise ValueError(f"{len(variances)} finite daily variances are too few for lags {lags}")
    cumulative = np.concatenate(([0.0], np.cumsum(variances)))
    end = np.arange(longest, len(variances))
    means = [(cumulative[end] - cumulative[end - lag]) / lag for lag in lags]
    wanted = variances[longest:]
    if logs:
        if not (variances > 0).all():
            raise ValueError("logs need variances above zero")
        means, wanted = [np.log(mean) for mean in means], np.log(wanted)
    design = np.column_stack([np.ones(len(end)), *means])
    solution = np.linalg.lstsq(design, wanted, rcond=None)[0]
    residual = wanted - design @ solution
    spread = float(np.square(wanted - wanted.mean()).sum())
    explained = 1 - float(residual @ residual) / spread if spread > 0 else 0.0
    slopes = tuple(float(value) for value in solution[1:])
    noise = float(residual @ residual) / (len(end) - len(lags) - 1)
    return HarFit(lags, float(solution[0]), slopes, explained, len(end), logs, noise)


def har_volatility(
    time_s: Seconds,
    step_returns: Floats,
    *,
    floor: float,
    warm_up_h: int,
    lags: tuple[int, ...] = CALENDAR_LAGS,
) -> float | Reason:
    """Annualised volatility of the next day, by a fit to the whole history given, or the refusal WARMING_UP.

        sigma = max(floor, sqrt(365 * RV forecast)),  fitted in logs; days that never moved count as the floor

    Parameters
    ----------
    time_s, step_returns : hourly rows and their returns; days end at the last row
    floor : annualised
    warm_up_h : steps needed for an answer; besides, 15 days per coefficient and the longest lag
    lags : days
    """
    require_returns(time_s, step_returns, floor=floor)
    variances = daily_variances(time_s, step_returns)
    need_days = max(lags) + LEAST_DAYS_PER_COEFFICIENT * (len(lags) + 1)
    if len(step_returns) < warm_up_h:
        return warming_up(len(step_returns), warm_up_h)
    if len(variances) < need_days:
        return warming_up(len(variances), need_days, "days")
    moved = np.maximum(variances, floor * floor / DAYS_PER_YEAR)
    return max(floor, math.sqrt(fit_har(moved, lags, logs=True).next(moved) * DAYS_PER_YEAR))
