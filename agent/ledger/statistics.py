"""Return, volatility and drawdown of a share price: flows of depositors do not touch any of them."""

import math

import numpy as np

from agent.market.observation import Floats, Seconds
from agent.units import DAYS_PER_YEAR, SECONDS_PER_HOUR, annualise_volatility

DAY_S = 24 * SECONDS_PER_HOUR
MIN_DAYS = 2  # below this a yearly figure says nothing


def annualised_return(time_s: Seconds, share_price: Floats) -> float | None:
    """Compound return per year of 365 days; None before two days have passed.

    (last / first) ^ (365 days / elapsed) - 1
    """
    if len(time_s) < 2:
        return None
    days = float(time_s[-1] - time_s[0]) / DAY_S
    if days < MIN_DAYS:
        return None
    return math.expm1(math.log(share_price[-1] / share_price[0]) * DAYS_PER_YEAR / days)


def sampled_returns(time_s: Seconds, share_price: Floats, interval_h: int) -> tuple[Seconds, Floats]:
    """Simple returns over consecutive intervals that start at the first row, with the moment each ended at.

    An interval ends at the last price known by then.
    """
    if len(time_s) == 0:
        return np.empty(0, np.int64), np.empty(0)
    ends = np.arange(time_s[0], time_s[-1] + 1, interval_h * SECONDS_PER_HOUR)
    known = share_price[np.searchsorted(time_s, ends, side="right") - 1]
    return ends[1:], np.diff(known) / known[:-1]


def realised_volatility(time_s: Seconds, share_price: Floats, interval_h: int = 24) -> float | None:
    """Standard deviation (n - 1) of returns over `interval_h`, per year of 365 days; None below two returns."""
    _, returns = sampled_returns(time_s, share_price, interval_h)
    if len(returns) < 2:
        return None
    return annualise_volatility(float(np.std(returns, ddof=1)), interval_h)


def drawdown(share_price: Floats) -> Floats:
    """Loss from the highest price so far, as a fraction of it, never negative."""
    return np.asarray(1.0 - share_price / np.maximum.accumulate(share_price), dtype=np.float64)
