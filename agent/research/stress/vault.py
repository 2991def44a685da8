"""One simulated vault, moment by moment, by the kernel's own steps, and how near it came to each of its limits."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import agent.research.layout as at
from agent.market.observation import Floats
from agent.research.compiled_exposure import liquidation_distance
from agent.research.layout import Amounts
from agent.research.world import carry_out, latch, latch_due, net_assets, new_vault, pass_row
from agent.risk.headroom import above_minimum, below_maximum
from agent.units import BPS


@dataclass(frozen=True, slots=True)
class Moment:
    """What the market shows at one instant; `high` is of the perp since the moment before."""

    time_s: int
    spot: float
    mark: float
    high: float
    paid: float  # funding that settled since the moment before, decimal
    dawn: int  # 1 begins a day, 2 a week, as agent/research/world.py


class SimulatedVault:
    """A vault that begins with nothing but cash.

    Parameters
    ----------
    p : of `world_row`

    Attributes
    ----------
    nearest : smallest rise of the perp's price that would have liquidated the short, a fraction; infinite without one
    headroom : the least that was left of each limit, 1 unused, below 0 breached
    worst_fall : of net asset value from its highest, a fraction
    latched_s : when a loss limit stopped it (unix seconds), or None
    """

    def __init__(self, p: Floats) -> None:
        self.p = p
        self.amounts, self.marks, self.tally = new_vault(p)
        self.now: Moment | None = None
        self.nearest = math.inf
        self.headroom: dict[str, float] = {}
        self.worst_fall = 0.0
        self.latched_s: int | None = None
        self._peak_usd = float(p[at.NAV_USD])

    @property
    def nav_usd(self) -> float:
        """Net asset value at the moment that was passed last."""
        spot = 0.0 if self.now is None else self.now.spot
        return float(net_assets(self.p, self.amounts, spot)) / at.USD

    @property
    def liquidations(self) -> int:
        """How often the venue closed the short by force."""
        return int(self.amounts[at.LIQUIDATIONS])

    def legs_usd(self) -> tuple[float, float]:
        """Value of the spot leg at its price and of the short at the mark, USD."""
        if self.now is None:
            return 0.0, 0.0
        lot = float(self.p[at.LOT_BASE])
        return int(self.amounts[at.SPOT]) * lot * self.now.spot, int(self.amounts[at.SHORT]) * lot * self.now.mark

    def distance(self, price: float) -> float:
        """Move of the perp from `price` that would liquidate the short; infinite without one, 0 where it is past."""
        short = int(self.amounts[at.SHORT]) * float(self.p[at.LOT_BASE])
        if short == 0 or self.now is None:
            return math.inf
        equity = int(self.amounts[at.EQUITY]) / at.USD - short * (price - self.now.mark)
        return max(0.0, float(liquidation_distance(equity / (short * price), float(self.p[at.MAINTENANCE]))))

    def pass_to(self, moment: Moment) -> None:
        """Let the market move on: prices, funding, transfers that arrive, liquidation; the first call only begins."""
        before, self.now = self.now, self.now or moment
        if before is not None:
            self.nearest = min(self.nearest, self.distance(max(moment.high, moment.mark)))
            pass_row(
                self.p, self.amounts, self.marks, self.tally, moment.time_s, before.time_s,
                moment.spot, moment.mark, before.mark, moment.high, moment.paid, moment.dawn,
            )  # fmt: skip
        self.now = moment
        nav = self.nav_usd
        self._peak_usd = max(self._peak_usd, nav)
        self.worst_fall = max(self.worst_fall, 1 - nav / self._peak_usd)
        for limit, left in self._left().items():
            self.headroom[limit] = min(left, self.headroom.get(limit, 1.0))

    def plan(self, rules: "Rules") -> Amounts | None:
        """What the strategy asks for and the gate lets pass, or None; a broken loss limit latches instead."""
        if self.now is None:
            return None
        if latch_due(self.p, self.amounts, self.marks):
            latch(self.p, self.amounts)
            self.latched_s = self.now.time_s
            return None
        return rules(self, self.now)

    def fill(self, out: Amounts, spot: float, perp: float) -> None:
        """Carry out a proposal at these prices; what the perp's differs from the mark is won or lost at once."""
        if self.now is None:
            return
        carry_out(self.p, self.amounts, self.marks, self.tally, spot, perp, out)
        opened = int(out[at.SHORT_DELTA]) * float(self.p[at.LOT_BASE])
        self.amounts[at.EQUITY] += int(opened * (perp - self.now.mark) * at.USD)

    def _left(self) -> dict[str, float]:
        """Headroom of each limit that the market can use up, as agent/risk/headroom.py measures it on chain."""
        p, nav = self.p, self.nav_usd
        share, high, day, week = (float(value) for value in self.marks[: at.WEEK + 1])
        spot_usd, short_usd = self.legs_usd()
        ruined = nav <= 0
        left = {
            "max_gross_leverage": -1.0 if ruined else _below((spot_usd + short_usd) / nav, p[at.GROSS_BPS]),
            "max_net_delta": -1.0 if ruined else _below(abs(spot_usd - short_usd) / nav, p[at.DELTA_BPS]),
            "max_daily_loss": _below(max(0.0, 1 - share / day), p[at.DAILY_BPS]),
            "max_weekly_loss": _below(max(0.0, 1 - share / week), p[at.WEEKLY_BPS]),
            "max_drawdown": _below(max(0.0, 1 - share / high), p[at.DRAWDOWN_BPS]),
        }
        if short_usd > 0 and self.now is not None:
            ratio = int(self.amounts[at.EQUITY]) / at.USD / short_usd
            health = max(0.0, ratio) / float(p[at.MAINTENANCE])
            left["min_health"] = above_minimum(health * BPS, float(p[at.HEALTH_BPS]))
            left["min_liquidation_distance"] = above_minimum(
                self.distance(self.now.mark) * BPS, float(p[at.DISTANCE_BPS])
            )
        return left


# What a strategy asks for at a moment and the gate lets pass; None when that is nothing. agent/research/stress/rules.py
Rules = Callable[[SimulatedVault, Moment], Amounts | None]


def _below(part: float, bound_bps: float) -> float:
    return below_maximum(part * BPS, float(bound_bps))
