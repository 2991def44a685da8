"""The simulated vault: what an hour does to it, and what a proposal does. Both runners walk this one world.

Amounts are integers in millionths of a USD and in lots, as on chain. A fill is at the row's price and pays its cost; a
deposit and a withdrawal arrive with the next row; funding is quantity x mark x rate at every settlement.
"""
# mypy: disable-error-code="no-any-return"

import math

import numpy as np

import agent.research.layout as at
from agent.market.observation import Floats, Seconds
from agent.policy import LOSS_WINDOW_S
from agent.research.compiled import compiled_inline, compiled_row
from agent.research.layout import Amounts, Dawns
from agent.units import BPS, HOURS_PER_YEAR, SECONDS_PER_HOUR

SECONDS_PER_DAY = 86_400
DAYS_TO_MONDAY = 3  # 1970-01-01 was a Thursday
NEW_DAY, NEW_WEEK = 1, 2


def dawns(time_s: Seconds) -> Dawns:
    """For every row whether it is the first of a UTC day (1), of a week that begins on Monday (2), or neither (0)."""
    day = time_s // SECONDS_PER_DAY
    week = (day + DAYS_TO_MONDAY) // 7
    first = (np.diff(day, prepend=day[:1]) > 0).astype(np.int8)
    return first + (np.diff(week, prepend=week[:1]) > 0).astype(np.int8)


def new_vault(p: Floats) -> tuple[Amounts, Floats, Floats]:
    """A vault with nothing but cash: amounts, marks and tallies."""
    amounts = np.zeros(at.AMOUNTS, dtype=np.int64)
    amounts[at.IDLE] = int(p[at.NAV_USD] * at.USD)
    marks = np.zeros(at.MARKS)
    marks[: at.WEEK + 1] = p[at.NAV_USD] * at.USD
    return amounts, marks, np.zeros(at.TALLIES)


@compiled_inline
def net_assets(p: Floats, s: Amounts, spot: float) -> int:
    """Net asset value in millionths of a USD; a perp account below zero counts as nothing."""
    cash = s[at.IDLE] + max(0, s[at.EQUITY]) + s[at.CORE] + s[at.TO_VENUE] + s[at.TO_VAULT]
    return cash + int(s[at.SPOT] * p[at.LOT_BASE] * spot * at.USD)


@compiled_inline
def is_liquidated(p: Floats, quantity: float, equity: int, mark_before: float, high: float) -> bool:
    """Whether the high of the hour leaves a short of `quantity` no more than its maintenance margin."""
    at_high = equity - quantity * (high - mark_before) * at.USD
    return at_high <= quantity * high * p[at.MAINTENANCE] * at.USD


@compiled_inline
def lost_by_short(quantity: float, mark: float, mark_before: float) -> int:
    """What the move of the mark takes from a short of `quantity`, millionths of a USD."""
    return int(quantity * (mark - mark_before) * at.USD)


@compiled_inline
def drain_budgets(p: Floats, f: Floats, elapsed_s: int) -> None:
    """Give back what time gives back of the budgets for turnover and losses."""
    f[at.TURNOVER] = _drained(f[at.TURNOVER], p[at.TURNOVER_BPS], elapsed_s, SECONDS_PER_DAY)
    f[at.LOSS] = _drained(f[at.LOSS], p[at.LOSS_BUDGET_BPS], elapsed_s, LOSS_WINDOW_S)
    f[at.EMERGENCY] = _drained(f[at.EMERGENCY], p[at.EMERGENCY_BPS], elapsed_s, LOSS_WINDOW_S)


@compiled_inline
def _drained(level: float, capacity_bps: float, elapsed_s: int, window_s: int) -> float:
    """What is left in a bucket that drains its capacity in `window_s`."""
    return max(0.0, level - capacity_bps * elapsed_s / window_s) if level > 0.0 else level


@compiled_inline
def funding_payment(quantity: float, mark: float, rate: float) -> int:
    """What a short of `quantity` receives at one settlement, millionths of a USD: quantity x mark x rate."""
    return round(quantity * mark * rate * at.USD)


@compiled_inline
def pass_row(
    p: Floats,
    s: Amounts,
    f: Floats,
    tally: Floats,
    time_s: int,
    before_s: int,
    spot: float,
    mark: float,
    mark_before: float,
    high: float,
    paid: float,
    dawn: int,
) -> None:
    """Everything that happens to the vault between two rows, and the marks its limits use; `dawn` as of `dawns`."""
    if s[at.TO_VENUE] + s[at.TO_VAULT] > 0:
        s[at.CORE] += s[at.TO_VENUE]
        s[at.IDLE] += s[at.TO_VAULT]
        s[at.TO_VENUE], s[at.TO_VAULT] = 0, 0
    if s[at.SHORT] > 0:
        quantity = s[at.SHORT] * p[at.LOT_BASE]
        if is_liquidated(p, quantity, s[at.EQUITY], mark_before, high):
            # the venue's liquidators keep what maintenance margin was left
            s[at.SHORT], s[at.EQUITY] = 0, 0
            s[at.LIQUIDATIONS] += 1
        else:
            funding, interest = 0, 0
            if paid != 0.0:
                funding = funding_payment(quantity, mark, paid)
                tally[at.FUNDING_USD] += funding / at.USD
            if p[at.BORROW_ANNUAL] > 0.0:
                hours = (time_s - before_s) / SECONDS_PER_HOUR
                interest = int(quantity * mark * p[at.BORROW_ANNUAL] * hours / HOURS_PER_YEAR * at.USD)
                tally[at.INTEREST_USD] += interest / at.USD
            s[at.EQUITY] += funding - interest - lost_by_short(quantity, mark, mark_before)
    drain_budgets(p, f, time_s - before_s)
    share = float(net_assets(p, s, spot))
    f[at.SHARE] = share
    if share > f[at.HIGH]:
        f[at.HIGH] = share
    if dawn > 0:
        begin_day(p, s, f, tally, share, dawn)


@compiled_inline
def begin_day(p: Floats, s: Amounts, f: Floats, tally: Floats, share: float, dawn: int) -> None:
    """What the first row of a day adds: the marks of the loss limits, and the agent's daily sign of life."""
    f[at.DAY] = share
    if dawn == NEW_WEEK:
        f[at.WEEK] = share
    s[at.IDLE] -= int(p[at.GAS] * at.USD)
    tally[at.GAS_USD] += p[at.GAS]


@compiled_inline
def latch_due(p: Floats, s: Amounts, f: Floats) -> bool:
    """Whether a loss limit is broken that is not latched yet; as agent/risk/upkeep.py."""
    share = f[at.SHARE]
    if share >= f[at.HIGH] * p[at.CALM] or s[at.MODE] != at.ACTIVE:
        return False  # no start of a day or week is above the high
    return (
        (f[at.DAY] - share) * BPS > p[at.DAILY_BPS] * f[at.DAY]
        or (f[at.WEEK] - share) * BPS > p[at.WEEKLY_BPS] * f[at.WEEK]
        or (f[at.HIGH] - share) * BPS > p[at.DRAWDOWN_BPS] * f[at.HIGH]
    )


@compiled_row
def latch(p: Floats, s: Amounts) -> None:
    """What the contract does when a loss limit is broken; only a person undoes it."""
    s[at.MODE] = at.HALTED if p[at.HALTS] > 0.0 else at.REDUCE_ONLY


@compiled_row
def carry_out(p: Floats, s: Amounts, f: Floats, tally: Floats, spot: float, mark: float, out: Amounts) -> None:
    """Fill a proposal at this row's prices and charge what it costs."""
    nav = net_assets(p, s, spot) / at.USD
    spot_usd = out[at.SPOT_DELTA] * p[at.LOT_BASE] * spot
    short_usd = out[at.SHORT_DELTA] * p[at.LOT_BASE] * mark
    spot_cost, perp_cost = abs(spot_usd) * p[at.SPOT_COST], abs(short_usd) * p[at.PERP_COST]
    reducing = out[at.SPOT_DELTA] <= 0 and out[at.SHORT_DELTA] <= 0
    s[at.SPOT] += out[at.SPOT_DELTA]
    s[at.SHORT] += out[at.SHORT_DELTA]
    s[at.IDLE] -= int((spot_usd + spot_cost + p[at.GAS]) * at.USD) + out[at.DEPOSIT]
    s[at.TO_VENUE] += out[at.DEPOSIT]
    s[at.EQUITY] += out[at.TO_PERP] - out[at.FROM_PERP] - int(perp_cost * at.USD)
    s[at.CORE] += out[at.FROM_PERP] - out[at.TO_PERP] - out[at.WITHDRAW]
    s[at.TO_VAULT] += out[at.WITHDRAW]
    s[at.PLANS] += 1
    traded = abs(spot_usd) + abs(short_usd)
    tally[at.SPOT_COST_USD] += spot_cost
    tally[at.PERP_COST_USD] += perp_cost
    tally[at.GAS_USD] += p[at.GAS]
    tally[at.TRADED_USD] += traded
    if nav > 0.0 and traded > 0.0:
        f[at.TURNOVER] = min(p[at.TURNOVER_BPS], f[at.TURNOVER] + traded / nav * BPS)
        budget = at.EMERGENCY if reducing else at.LOSS
        f[budget] += (spot_cost + perp_cost) / nav * BPS


@compiled_row
def whole_bps(level: float) -> int:
    """A bucket's level as the contract reports it, rounded up."""
    return math.ceil(level)
