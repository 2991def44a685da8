"""How good forecasts of variance were, by three measures that agree only on a good one."""

from dataclasses import dataclass

import numpy as np

from agent.market.observation import Floats


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Losses (smaller is better) and the Mincer-Zarnowitz line realised = intercept + slope * forecast."""

    qlike: float
    mse: float
    intercept: float  # 0 for an unbiased forecast
    slope: float  # 1 for an unbiased forecast
    r_squared: float
    count: int


def evaluate(forecast_variance: Floats, realised_variance: Floats) -> Evaluation:
    """Compare forecasts with what was realised, both as variances over the same span.

        QLIKE = mean(realised / forecast - ln(realised / forecast) - 1)
        MSE   = mean((realised - forecast)^2)

    QLIKE punishes a forecast that is too low more than one too high, which is what sizing by volatility wants; both
    rank forecasts rightly although realised variance is itself a noisy measure.

    Parameters
    ----------
    forecast_variance, realised_variance : n values each, > 0, n >= 3

    Raises
    ------
    ValueError : lengths differ, fewer than three, a value is not finite and positive, or all forecasts are equal.

    Source: Patton (2011), Journal of Econometrics 160(1); Mincer and Zarnowitz (1969).
    """
    if len(forecast_variance) != len(realised_variance) or len(forecast_variance) < 3:
        raise ValueError(f"need as many forecasts as outcomes, got {len(forecast_variance)}, {len(realised_variance)}")
    both = np.concatenate((forecast_variance, realised_variance))
    if not (np.isfinite(both) & (both > 0)).all():
        raise ValueError("variances must be finite and positive numbers")
    centred = forecast_variance - forecast_variance.mean()
    spread = float(centred @ centred)
    if spread == 0:
        raise ValueError("all forecasts are equal, so no line can be fitted")
    slope = float(centred @ realised_variance) / spread
    intercept = float(realised_variance.mean()) - slope * float(forecast_variance.mean())
    residual = realised_variance - intercept - slope * forecast_variance
    total = float(np.square(realised_variance - realised_variance.mean()).sum())
    ratio = realised_variance / forecast_variance
    return Evaluation(
        qlike=float(np.mean(ratio - np.log(ratio) - 1)),
        mse=float(np.square(realised_variance - forecast_variance).mean()),
        intercept=intercept,
        slope=slope,
        r_squared=1 - float(residual @ residual) / total if total > 0 else 0.0,
        count=len(forecast_variance),
    )
