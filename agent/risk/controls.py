"""Controls over plans taken together: how many, how often repeated, at what prices, by whom. Pure, like the gate."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from agent.config import ControlsConfig
from agent.market.observation import MarketView
from agent.reasons import Code, Reason
from agent.units import SECONDS_PER_HOUR, finite

SECONDS_PER_DAY = 24 * SECONDS_PER_HOUR


@dataclass(frozen=True, slots=True)
class SentPlan:
    """A plan that was sent: when (unix seconds) and how much it traded, 0 when it only settled or marked."""

    at_s: int
    traded_usd: float


def plan_rate(sent: Sequence[SentPlan], now_s: int, controls: ControlsConfig) -> Reason | None:
    """Why no plan may be sent now: the hour has had its plans. It passes by itself."""
    count = sum(now_s - SECONDS_PER_HOUR < plan.at_s <= now_s for plan in sent)
    if count < controls.max_plans_per_hour:
        return None
    message = f"{count} plans were sent within an hour"
    return Reason(Code.PLAN_RATE, message, count, controls.max_plans_per_hour, "controls.max_plans_per_hour")


def repetition(sent: Sequence[SentPlan], now_s: int, controls: ControlsConfig) -> Reason | None:
    """Why the strategy is disabled until a person enables it again: it trades and trades and never arrives.

    A strategy that works needs a few plans to reach its target and then rests. One whose orders a venue keeps
    refusing, or whose own trades bring about the next signal, does not rest.
    """
    count = sum(now_s - SECONDS_PER_DAY < plan.at_s <= now_s and plan.traded_usd > 0 for plan in sent)
    if count < controls.max_trading_plans_per_day:
        return None
    message = f"{count} trading plans within a day; look why it does not arrive, then enable it"
    bound = controls.max_trading_plans_per_day
    return Reason(Code.REPEATED_EXECUTION, message, count, bound, "controls.max_trading_plans_per_day")


def price_collar(market: MarketView, controls: ControlsConfig) -> Reason | None:
    """Why nothing may be widened: the price moved too far within the last hour.

        |spot / spot an hour ago - 1| > max_move_1h

    An unknown price is not judged here: without one nothing is decided at all.
    """
    if market.spot is None or len(market.history.time_s) == 0:
        return None
    row = int(np.searchsorted(market.history.time_s, market.time - SECONDS_PER_HOUR, side="right")) - 1
    if row < 0 or market.time - int(market.history.time_s[row]) > 2 * SECONDS_PER_HOUR:
        return None
    move = abs(market.spot.value / float(market.history.spot[row]) - 1)
    if move <= controls.max_move_1h:
        return None
    message = f"the price moved {move:.1%} within an hour"
    return Reason(Code.PRICE_COLLAR, message, move, controls.max_move_1h, "controls.max_move_1h")


def sent_against_intended(intended: int, on_chain: int) -> Reason | None:
    """Why everything stops: the vault carried out another number of plans than the journal knows of.

    More on chain than intended is a key in other hands, or a journal restored from a backup. Fewer is a chain that was
    rolled back below what counted as final.
    """
    if intended == on_chain:
        return None
    message = f"the vault has carried out {on_chain} plans, the journal knows of {intended}"
    return Reason(Code.SENT_AGAINST_INTENDED, message, on_chain, intended, "journal")


def portfolio_drawdown(nav_usd: float, below_peak_usd: float, controls: ControlsConfig) -> Reason | None:
    """Why nothing may be widened in any vault: together they are too far below their high-water marks.

        below / (nav + below) > max_portfolio_drawdown,   below = sum of nav x (high-water mark / share price - 1)

    Measured on share prices, so that deposits and redemptions are neither profit nor loss.
    """
    whole = finite("net asset value", nav_usd) + finite("loss", below_peak_usd)
    if whole <= 0:
        return None
    lost = below_peak_usd / whole
    if lost <= controls.max_portfolio_drawdown:
        return None
    message = f"all vaults together are {lost:.1%} below their highest value"
    bound = controls.max_portfolio_drawdown
    return Reason(Code.PORTFOLIO_DRAWDOWN, message, lost, bound, "controls.max_portfolio_drawdown")
