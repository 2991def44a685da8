"""Forecasts of volatility: which returns to measure, how to weigh them, and how good each way has been."""

from agent.volatility.calibrated_ewma import calibrated_ewma_volatility
from agent.volatility.close_to_close import close_to_close_volatility
from agent.volatility.evaluate import Evaluation, evaluate
from agent.volatility.ewma import ewma_volatility
from agent.volatility.forecast import forecast_hours, forecast_volatility
from agent.volatility.garch import GarchFit, fit_garch, garch_volatility
from agent.volatility.garman_klass import garman_klass_variance, garman_klass_volatility
from agent.volatility.har import HarFit, fit_har, har_volatility
from agent.volatility.parkinson import parkinson_volatility
from agent.volatility.realised import daily_variances, realised_volatility
from agent.volatility.returns import carry_returns, log_returns
from agent.volatility.rogers_satchell import rogers_satchell_variance, rogers_satchell_volatility
from agent.volatility.yang_zhang import yang_zhang_volatility

__all__ = [
    "Evaluation",
    "GarchFit",
    "HarFit",
    "calibrated_ewma_volatility",
    "carry_returns",
    "close_to_close_volatility",
    "daily_variances",
    "evaluate",
    "ewma_volatility",
    "fit_garch",
    "fit_har",
    "forecast_hours",
    "forecast_volatility",
    "garch_volatility",
    "garman_klass_variance",
    "garman_klass_volatility",
    "har_volatility",
    "log_returns",
    "parkinson_volatility",
    "realised_volatility",
    "rogers_satchell_variance",
    "rogers_satchell_volatility",
    "yang_zhang_volatility",
]
