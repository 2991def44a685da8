"""Who decides for a vault under stress: its strategy's compiled twin, or the live functions where no twin knows it."""

from collections.abc import Callable

import numpy as np

import agent.research.layout as at
from agent.config import Config
from agent.market.observation import Floats, MarketView
from agent.market.source import HistorySource
from agent.research.bars import Bars
from agent.research.compiled_gate import approves
from agent.research.kernel import Signals, signals_of
from agent.research.layout import Amounts
from agent.research.live import LiveRules
from agent.research.parameters import beyond_the_twin
from agent.research.stress.vault import Moment, Rules, SimulatedVault
from agent.research.walk import proposes
from agent.units import SECONDS_PER_HOUR


def live_rules(config: Config, p: Floats) -> LiveRules | None:
    """The live functions when the compiled twin does not know the whole file, else None."""
    return None if beyond_the_twin(config) is None else LiveRules(config, p)


def rules_by_row(config: Config, source: HistorySource, bars: Bars, p: Floats) -> Callable[[int], Rules]:
    """What the strategy says at each row of a market.

    Parameters
    ----------
    p : of `world_row`
    """
    live = live_rules(config, p)
    if live is not None:
        return lambda row: by_live(live, source.view(int(bars.time_s[row])))
    signals = signals_of(bars, p, 0, len(bars) - 1)
    return lambda row: by_twin(signals, row)


def by_twin(signals: Signals, row: int) -> Rules:
    """The compiled twin, told what the market says at one row."""
    read = (signals.forecast[row], signals.sigma[row], signals.factor[row])

    def wanted(vault: SimulatedVault, now: Moment) -> Amounts | None:
        out, prices = np.zeros(at.PROPOSAL, np.int64), (now.spot, now.mark)
        state = (vault.p, vault.amounts, vault.marks, vault.nav_usd)
        if not proposes(*state, *prices, *read, out):
            return None
        return out if approves(*state, *prices, out) else None

    return wanted


def by_live(live: LiveRules, view: MarketView) -> Rules:
    """The live functions, shown one view of the market."""

    def wanted(vault: SimulatedVault, now: Moment) -> Amounts | None:
        prices, planned_at = (now.spot, now.mark), view.time - SECONDS_PER_HOUR
        asked, _ = live.wanted(live.observe(view, vault.amounts, vault.marks, prices, planned_at))
        return asked if asked.any() else None

    return wanted
