"""What one scenario did to one strategy."""

import math
from dataclasses import dataclass

import numpy as np

from agent.research.bars import Market, bars_of
from agent.research.parameters import charges_of
from agent.research.stress.scenarios import Scenario, rows_of
from agent.research.stress.vault import SimulatedVault
from agent.research.stress.walk import walk


@dataclass(frozen=True, slots=True)
class Outcome:
    """One row of the table. Fractions of net asset value unless said otherwise."""

    scenario: str
    kind: str
    held: float  # the larger leg when it began; for a recorded window the largest of all of it
    total_return: float  # from the event on; of a recorded window, over all of it
    worst_drawdown: float
    nearest_distance: float  # move of the perp's price that would have liquidated the short; infinite without a short
    liquidations: int
    breached: tuple[str, ...]  # limits of the policy that the market broke, the worst first
    latched: bool
    note: str


def measure(scenario: Scenario, nav_usd: float = 1_000_000.0) -> Outcome:
    """Walk the strategy through one scenario.

    Raises Refusal for a strategy that no backtest can judge.
    """
    market = Market(scenario.source, bars_of(scenario.source), *rows_of(scenario), synthetic=scenario.kind == "made up")
    walked = walk(market, scenario.config, charges_of(scenario.config), nav_usd)
    begins = max(0, int(np.searchsorted(walked.time_s, scenario.event_s, side="right")) - 1)
    legs = np.maximum(walked.spot_exposure, walked.short_exposure)
    held = float(np.nanmax(legs)) if scenario.event_s == scenario.first_s else float(legs[begins])
    return Outcome(
        scenario.name,
        scenario.kind,
        held,
        float(walked.equity_usd[-1] / walked.equity_usd[begins] - 1),
        walked.vault.worst_fall,
        walked.vault.nearest,
        walked.vault.liquidations,
        breached_limits(walked.vault),
        walked.vault.latched_s is not None,
        scenario.note,
    )


def breached_limits(vault: SimulatedVault) -> tuple[str, ...]:
    """Names of the limits that the market broke, the worst first."""
    broken = [(left, name) for name, left in vault.headroom.items() if left < 0]
    return tuple(name for _, name in sorted(broken))


def shown_distance(distance: float) -> str:
    """A distance to liquidation in words."""
    return "no short" if math.isinf(distance) else f"{distance:.1%}"
