"""The event-driven backtest: every row through the live `decide` and the live gate, in the same simulated vault.

Most hours nothing is to be done. Between them the compiled twin of the strategy walks ahead and stops where it would
act, where a loss limit is due, and at every `audit_every`th row; there the live functions decide, and a twin that said
anything else is an error. With `audit_every` 1 the live functions see every row and the twin decides nothing.
"""

from collections.abc import Callable

import numpy as np

import agent.research.layout as at
from agent.config import Config
from agent.market.observation import Floats, Observation
from agent.market.source import HistorySource
from agent.research.bars import Bars, bars_of
from agent.research.kernel import Run, Signals, nothing_kept, rows_of, signals_of
from agent.research.layout import Amounts
from agent.research.live import LiveRules
from agent.research.parameters import Charges, parameter_row, world_row
from agent.research.walk import keep, until_due
from agent.research.world import carry_out, latch, new_vault


class Disagreement(Exception):
    """The compiled twin and the live strategy answered differently to the same observation."""


def run_events(
    source: HistorySource,
    config: Config,
    charges: Charges,
    period: tuple[int, int],
    *,
    nav_usd: float = 1_000_000.0,
    audit_every: int = 24,
    on_row: Callable[[int, int], None] = lambda done, rows: None,
) -> Run:
    """Backtest one strategy through the live agent's own functions.

    Parameters
    ----------
    period : first and last hour, unix seconds
    audit_every : rows between two looks of the live functions at rows where nothing is to be done
    on_row : called with rows done and rows in all

    Raises
    ------
    Disagreement : the twin would have acted where the live strategy does not, or the other way round
    """
    bars = bars_of(source)
    p = (parameter_row if audit_every > 1 else world_row)(config, charges, nav_usd)
    first = int(np.searchsorted(bars.time_s, period[0]))
    last = int(np.searchsorted(bars.time_s, period[1], side="right")) - 1
    return _Runner(source, config, bars, p, first, last).run(max(1, audit_every), on_row)


class _Runner:
    """One vault on its way through the rows of a period."""

    def __init__(self, source: HistorySource, config: Config, bars: Bars, p: Floats, first: int, last: int) -> None:
        self.source, self.config, self.bars, self.p = source, config, bars, p
        self.first, self.last = first, last
        self.amounts, self.marks, self.tally = new_vault(p)
        self.waiting = np.zeros(at.PROPOSAL, np.int64)
        self.live = LiveRules(config, p)

    def run(self, audit_every: int, on_row: Callable[[int, int], None]) -> Run:
        count = self.last + 1 - self.first
        signals = Signals(*[np.full(count, np.nan)] * 3)
        if audit_every > 1:
            signals = signals_of(self.bars, self.p, self.first, self.last)
        rows = rows_of(self.bars, signals, self.first, self.last)
        kept, twin = nothing_kept(len(rows.time_s)), np.zeros(at.PROPOSAL, np.int64)
        latched, row = -1, 0
        while row < len(rows.time_s):
            audit = -(-row // audit_every) * audit_every
            row, acts = until_due(
                self.p, self.amounts, self.marks, self.tally, rows, row, audit, self.waiting, kept, twin
            )
            if row == len(rows.time_s):
                break
            if self._look(self.first + row, twin, acts, audit_every):
                latched = row
            keep(self.p, self.amounts, rows.spot[row], row, kept)
            row += 1
            on_row(row, len(rows.time_s))
        return Run(rows.time_s, *kept, self.tally, self.amounts, latched)

    def _look(self, row: int, twin: Amounts, acts: bool, audit_every: int) -> bool:
        """The live functions at one row; True when a loss limit was latched."""
        observation = self._observe(row)
        if self.live.latch_due(observation):
            latch(self.p, self.amounts)
            return True
        wanted, note = self.live.wanted(observation)
        if audit_every > 1 and not _close(wanted, twin if acts else np.zeros_like(twin)):
            message = f"row {row}: the live strategy asks for {wanted.tolist()}, its twin for {twin.tolist()}"
            raise Disagreement(f"{message} ({note})")
        if wanted.any():
            if self.p[at.DELAY] > 0:
                self.waiting[:] = wanted
            else:
                market = (self.bars.spot[row], self.bars.mark[row])
                carry_out(self.p, self.amounts, self.marks, self.tally, *market, wanted)
        return False

    def _observe(self, row: int) -> Observation:
        prices = (self.bars.spot.item(row), self.bars.mark.item(row))
        planned_at = int(self.bars.time_s[max(0, row - 1)])
        view = self.source.view(int(self.bars.time_s[row]))
        return self.live.observe(view, self.amounts, self.marks, prices, planned_at)


def _close(one: Amounts, other: Amounts) -> bool:
    """Equal, but for the last units that a sum in another order may round differently."""
    tolerance = np.maximum(2, np.abs(one) // 10**9)
    same = np.abs(one - other) <= tolerance
    same[: at.DEPOSIT] = np.abs(one - other)[: at.DEPOSIT] <= 1
    return bool(same.all())
