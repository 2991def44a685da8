"""The loop over rows that both runners share: the world moves, until the compiled twin of the strategy would act."""
# mypy: disable-error-code="no-any-return"

import numpy as np

import agent.research.layout as at
from agent.market.observation import Floats
from agent.research.compiled import compiled_inline, compiled_row
from agent.research.compiled_exposure import exposure
from agent.research.compiled_gate import approves
from agent.research.compiled_step import next_step
from agent.research.layout import Amounts, Kept, Rows
from agent.research.quiet import pass_quiet_rows
from agent.research.world import carry_out, latch_due, net_assets, pass_row


@compiled_inline
def _clear(proposal: Amounts) -> None:
    for field in range(at.PROPOSAL):  # a slice would be a new array at every row
        proposal[field] = 0


@compiled_inline
def _is_any(proposal: Amounts) -> bool:
    found = False
    for field in range(at.PROPOSAL):
        found = found or proposal[field] != 0
    return found


@compiled_inline
def proposes(
    p: Floats,
    s: Amounts,
    f: Floats,
    nav: float,
    spot: float,
    mark: float,
    forecast: float,
    sigma: float,
    factor: float,
    out: Amounts,
) -> bool:
    """Write the proposal of one row into `out`; False when there is none or nothing may be decided."""
    if s[at.MODE] == at.HALTED:
        return False
    if s[at.MODE] == at.ACTIVE and (np.isnan(forecast) or np.isnan(sigma) or np.isnan(factor)):
        return False
    _clear(out)
    target = 0.0
    if nav > 0.0 and s[at.MODE] == at.ACTIVE:
        idle = s[at.IDLE] / at.USD
        cash = (s[at.EQUITY] + s[at.CORE] + s[at.TO_VENUE] + s[at.TO_VAULT]) / at.USD
        target = exposure(
            p, s[at.SPOT], s[at.SHORT], idle, cash, nav, f[at.SHARE], f[at.HIGH], spot, mark, forecast, sigma, factor
        )
    next_step(p, s, f, nav, spot, mark, target, out)
    if out[at.SPOT_DELTA] != 0 or out[at.SHORT_DELTA] != 0:
        return True
    return p[at.HEDGED] > 0 and out[at.DEPOSIT] + out[at.TO_PERP] + out[at.FROM_PERP] + out[at.WITHDRAW] > 0


@compiled_row
def until_due(
    p: Floats,
    s: Amounts,
    f: Floats,
    tally: Floats,
    rows: Rows,
    start: int,
    stop: int,
    waiting: Amounts,
    kept: Kept,
    out: Amounts,
) -> tuple[int, bool]:
    """Move the world on from row `start` to the next row at which something is due, but no further than `stop`.

    Parameters
    ----------
    waiting : a proposal that the first of these rows carries out, all zero when there is none, as afterwards
    out : filled with what the twin would do

    Returns
    -------
    The row, and whether the twin would act there and the gate lets it; else a loss limit is broken, or it is `stop`.
    """
    row, pending = start, _is_any(waiting)
    while True:
        if row > 0 and not pending:
            row = pass_quiet_rows(p, s, f, tally, rows, row, min(stop, len(rows.time_s)), kept)
        if row == len(rows.time_s):
            return row, False
        spot, mark = rows.spot[row], rows.mark[row]
        if row > 0:
            pass_row(
                p, s, f, tally, rows.time_s[row], rows.time_s[row - 1],
                spot, mark, rows.mark[row - 1], rows.high[row], rows.paid[row], rows.dawn[row],
            )  # fmt: skip
        if pending:
            carry_out(p, s, f, tally, spot, mark, waiting)
            pending = False
            _clear(waiting)
        units = net_assets(p, s, spot)
        nav = units / at.USD
        acts = proposes(p, s, f, nav, spot, mark, rows.forecast[row], rows.sigma[row], rows.factor[row], out)
        acts = acts and approves(p, s, f, nav, spot, mark, out)
        if acts or row == stop or latch_due(p, s, f):
            return row, acts
        keep(p, s, spot, row, kept)
        row += 1


@compiled_inline
def keep(p: Floats, s: Amounts, spot: float, row: int, kept: Kept) -> None:
    """Write down what the vault is worth and holds after a row."""
    kept.equity_usd[row] = net_assets(p, s, spot) / at.USD
    kept.spot_lots[row], kept.short_lots[row] = s[at.SPOT], s[at.SHORT]
