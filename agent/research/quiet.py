"""The hours in which surely nothing is due: most of a backtest, walked with the vault in registers.

What happens in an hour and what a strategy wants are the functions of world.py, compiled_exposure.py and
compiled_step.py; an hour that needs more of them than stands here is left to agent/research/walk.py.
"""
# mypy: disable-error-code="no-any-return"

import agent.research.layout as at
from agent.market.observation import Floats
from agent.research.compiled import compiled_row
from agent.research.compiled_exposure import exposure
from agent.research.compiled_step import is_calm
from agent.research.layout import Amounts, Kept, Rows
from agent.research.world import begin_day, drain_budgets, funding_payment, is_liquidated, lost_by_short


@compiled_row
def pass_quiet_rows(
    p: Floats, s: Amounts, f: Floats, tally: Floats, rows: Rows, start: int, stop: int, kept: Kept
) -> int:
    """Move the world on from row `start` > 0 to the first row that is not surely quiet, or to `stop`; that row."""
    if s[at.CORE] + s[at.TO_VENUE] + s[at.TO_VAULT] > 0 or p[at.BORROW_ANNUAL] > 0.0:
        return start
    active = s[at.MODE] == at.ACTIVE
    spot_lots, short, idle, equity = s[at.SPOT], s[at.SHORT], s[at.IDLE], s[at.EQUITY]
    share, high = f[at.SHARE], f[at.HIGH]
    quantity, idle_usd, funding_usd = short * p[at.LOT_BASE], idle / at.USD, tally[at.FUNDING_USD]
    gas = int(p[at.GAS] * at.USD)
    mark_before = rows.mark[start - 1]
    # views that begin at 0: an index that might be negative costs time at every row
    spots, marks, highs = rows.spot[start:stop], rows.mark[start:stop], rows.high[start:stop]
    paid, dawn = rows.paid[start:stop], rows.dawn[start:stop]
    forecast, sigma, factor = rows.forecast[start:stop], rows.sigma[start:stop], rows.factor[start:stop]
    worth, quiet = kept.equity_usd[start:stop], 0
    for i in range(len(spots)):
        spot, mark = spots[i], marks[i]
        equity_now, funding_now = equity, funding_usd
        if short > 0:
            if is_liquidated(p, quantity, equity, mark_before, highs[i]):
                break
            equity_now -= lost_by_short(quantity, mark, mark_before)
            if paid[i] != 0.0:
                payment = funding_payment(quantity, mark, paid[i])
                equity_now += payment
                funding_now += payment / at.USD
        units = idle + max(0, equity_now) + int(spot_lots * p[at.LOT_BASE] * spot * at.USD)
        share_now = float(units)
        high_now = max(high, share_now)
        if active and share_now < high_now * p[at.CALM]:  # a loss limit may be broken
            break
        if dawn[i] > 0:
            units -= gas
            idle_usd = (idle - gas) / at.USD
        nav, equity_usd = units / at.USD, equity_now / at.USD
        target = 0.0
        if active:
            target = exposure(
                p, spot_lots, short, idle_usd, equity_usd, nav, share_now, high_now, spot, mark,
                forecast[i], sigma[i], factor[i],
            )  # fmt: skip
        if not is_calm(p, spot_lots, short, idle_usd, equity_usd, nav, spot, mark, target):
            break
        equity, funding_usd, share, high, mark_before = equity_now, funding_now, share_now, high_now, mark
        if dawn[i] > 0:
            begin_day(p, s, f, tally, share, dawn[i])
            idle = s[at.IDLE]
        worth[i] = nav
        quiet += 1
    row = start + quiet
    kept.spot_lots[start:row] = spot_lots
    kept.short_lots[start:row] = short
    s[at.EQUITY], f[at.SHARE], f[at.HIGH], tally[at.FUNDING_USD] = equity, share, high, funding_usd
    drain_budgets(p, f, rows.time_s[row - 1] - rows.time_s[start - 1])
    return row
