"""A forecast by the name that a strategy file uses, and how many hours of history each one reads."""

from collections.abc import Callable, Mapping

from agent.config import ForecastConfig
from agent.market.observation import Floats, Seconds
from agent.reasons import Reason
from agent.volatility.calibrated_ewma import calibrated_ewma_volatility
from agent.volatility.ewma import ewma_volatility
from agent.volatility.har import har_volatility
from agent.volatility.realised import realised_volatility
from agent.volatility.truncation import LONGEST_HOLE_H, SETTLED_HALF_LIVES

Forecast = Callable[[Seconds, Floats, ForecastConfig], float | Reason]


def forecast_volatility(time_s: Seconds, step_returns: Floats, rule: ForecastConfig) -> float | Reason:
    """Annualised volatility by the method that `rule` names, or the refusal WARMING_UP.

    Parameters
    ----------
    time_s : n unix seconds, ascending
    step_returns : n - 1 additive returns, step i ends at time_s[i + 1]
    """
    return METHODS[rule.method](time_s, step_returns, rule)


def forecast_hours(rule: ForecastConfig) -> int:
    """Hours of history that the method reads."""
    hours = {
        "ewma": SETTLED_HALF_LIVES * rule.half_life_h + rule.return_interval_h,
        "calibrated_ewma": SETTLED_HALF_LIVES * (rule.half_life_h + rule.calibration_half_life_h),
        "realised": rule.half_life_h,
        "har": SETTLED_HALF_LIVES * rule.calibration_half_life_h,
    }
    return max(int(hours[rule.method]), rule.warm_up_h + rule.return_interval_h) + LONGEST_HOLE_H


def _ewma(time_s: Seconds, step_returns: Floats, rule: ForecastConfig) -> float | Reason:
    return ewma_volatility(
        time_s,
        step_returns,
        half_life_h=rule.half_life_h,
        return_interval_h=rule.return_interval_h,
        floor=rule.floor,
        warm_up_h=rule.warm_up_h,
    )


def _calibrated_ewma(time_s: Seconds, step_returns: Floats, rule: ForecastConfig) -> float | Reason:
    return calibrated_ewma_volatility(
        time_s,
        step_returns,
        half_life_h=rule.half_life_h,
        calibration_half_life_h=rule.calibration_half_life_h,
        floor=rule.floor,
        warm_up_h=rule.warm_up_h,
    )


def _realised(time_s: Seconds, step_returns: Floats, rule: ForecastConfig) -> float | Reason:
    return realised_volatility(
        time_s, step_returns, window_h=rule.half_life_h, floor=rule.floor, warm_up_h=rule.warm_up_h
    )


def _har(time_s: Seconds, step_returns: Floats, rule: ForecastConfig) -> float | Reason:
    return har_volatility(time_s, step_returns, floor=rule.floor, warm_up_h=rule.warm_up_h)


METHODS: Mapping[str, Forecast] = {
    "ewma": _ewma,
    "calibrated_ewma": _calibrated_ewma,
    "realised": _realised,
    "har": _har,
}
