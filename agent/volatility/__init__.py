"""Forecasts of volatility from hourly history: which returns to measure, and how to weigh them."""

from agent.volatility.ewma import ewma_volatility
from agent.volatility.returns import carry_returns, log_returns

__all__ = ["carry_returns", "ewma_volatility", "log_returns"]
