"""The picture of a stress test: drawdowns, distances to liquidation, and the crowd's prices."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from agent.config import Config
from agent.report.plots import LIMIT, MUTED, NET, PERP, SPOT, STYLE, TARGET
from agent.research.stress.cascade import SLOTS, Cascade
from agent.research.stress.measure import Outcome

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DRAWN_BEFORE_H, DRAWN_AFTER_H = 1, 12
DRAWN = {
    "alone": TARGET,
    "crowd": LIMIT,
    "crowd, book that stays": SPOT,
    "crowd, band x 2": "#79589f",
    "crowd, jitter of an hour": PERP,
    "crowd, participation cap": "#c2a12b",
    "crowd, all three": NET,
}  # few enough to be told apart


def plot_stress(config: Config, outcomes: Sequence[Outcome], cascades: Sequence[Cascade], path: Path) -> Path:
    """Write the picture as PNG and return its path."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    with rc_context({**STYLE, "legend.frameon": False, "axes.titlesize": 11, "axes.titlelocation": "left"}):
        figure = Figure(figsize=(13, 4.2 + 0.32 * len(outcomes)), layout="constrained")
        above, below = figure.subfigures(2, 1, squeeze=False, height_ratios=[0.32 * len(outcomes) + 0.6, 3.9])[:, 0]
        hedged = any(math.isfinite(one.nearest_distance) for one in outcomes)
        axes = above.subplots(1, 2 if hedged else 1, sharey=True, squeeze=False)[0]
        _drawdowns(axes[0], config, outcomes)
        if hedged:
            _distances(axes[1], config, outcomes)
        if cascades:
            _prices(below.subplots(), cascades)
        figure.savefig(path, dpi=110)
    return path


def _drawdowns(axes: "Axes", config: Config, outcomes: Sequence[Outcome]) -> None:
    rows = np.arange(len(outcomes))[::-1]
    falls = [100 * one.worst_drawdown for one in outcomes]
    axes.barh(rows, falls, color=[LIMIT if one.latched or one.liquidations else SPOT for one in outcomes], height=0.62)
    axes.axvline(100 * config.policy.max_drawdown, color=LIMIT, linestyle="--", linewidth=1)
    limit, top = 100 * config.policy.max_drawdown, len(outcomes) - 0.4
    axes.text(limit, top, f" limit {limit:g} %", color=LIMIT, va="bottom", fontsize=9)
    axes.set_yticks(rows, [one.scenario for one in outcomes])
    axes.set_ylim(-0.7, len(outcomes) + 0.3)
    axes.set_xlim(0, 1.18 * max(limit, *falls))
    axes.set_title("Worst drawdown, % of NAV (red: liquidated or stopped)")
    axes.grid(visible=False, axis="y")
    axes.set_axisbelow(True)


def _distances(axes: "Axes", config: Config, outcomes: Sequence[Outcome]) -> None:
    rows = np.arange(len(outcomes))[::-1]
    known = [100 * one.nearest_distance if math.isfinite(one.nearest_distance) else math.nan for one in outcomes]
    bound = 100 * config.policy.min_liquidation_distance
    axes.barh(rows, known, color=[NET if value >= bound else LIMIT for value in known], height=0.62)
    for row, value, one in zip(rows, known, outcomes, strict=True):
        if math.isnan(value):
            axes.text(0.3, row, "no short", color=MUTED, va="center", fontsize=9)
        elif one.liquidations:
            axes.text(0.3, row, "liquidated", color=LIMIT, va="center", fontsize=9)
    axes.axvline(bound, color=LIMIT, linestyle="--", linewidth=1)
    axes.text(bound, len(outcomes) - 0.4, f" limit {bound:g} %", color=LIMIT, va="bottom", fontsize=9)
    axes.set_title("Nearest liquidation, % rise of the perp's price")
    axes.grid(visible=False, axis="y")
    axes.set_axisbelow(True)


def _prices(axes: "Axes", cascades: Sequence[Cascade]) -> None:
    for one in (one for one in cascades if one.crowd.name in DRAWN):
        shown = slice(one.event - DRAWN_BEFORE_H * SLOTS, one.event + DRAWN_AFTER_H * SLOTS)
        hours = (np.arange(shown.start, shown.stop) - one.event) / SLOTS
        leg = "mark" if np.abs(one.added("mark")).max() > np.abs(one.added("spot")).max() else "spot"
        away = 100 * one.added(leg)[shown]
        axes.plot(hours[: len(away)], away, color=DRAWN[one.crowd.name], label=one.crowd.name, linewidth=1.5)
    axes.axhline(0, color=MUTED, linewidth=0.6)
    axes.set_xlabel("hours since the shock began")
    axes.set_ylabel("%")
    axes.set_title("What the crowd adds to the price: traded over fundamental price, %")
    axes.legend(ncols=3, loc="best", fontsize=9)
