"""The plots of a report as SVG, each with the finding it shows and words for those who cannot see it."""

import base64
import io
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from agent.market.observation import Floats, Seconds
from agent.report import findings
from agent.report.series import MIN_ROLLING_DAYS, ROLLING_DAYS, Curves, thin
from agent.report.words import name, percent, usd_short

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, MUTED, GRID = "#1d2a35", "#5f6d7a", "#e4e8ec"
SPOT, PERP, NET, LIMIT, TARGET = "#2b6ca3", "#c9772f", "#21786b", "#b23a3a", "#8c97a1"
PART_COLOURS = {
    "funding": NET,
    "interest": "#4f9bb5",
    "price": TARGET,
    "basis": "#79589f",
    "fees": PERP,
    "slippage": "#c2a12b",
    "liquidation": LIMIT,
    "gas": INK,
}
CYCLE_COLOURS = (SPOT, PERP, NET, "#79589f", "#c2a12b", "#4f9bb5", "#a0522d", MUTED, "#7a8b3a", "#c06c9b")
LEGEND_COLUMNS = 3
LEAST_NET_DELTA = 0.0005  # of NAV: a finer axis would draw the rounding of a lot as a mountain
STYLE: dict[Any, Any] = {
    "font.family": "sans-serif",
    "font.size": 9.5,
    "text.color": INK,
    "axes.edgecolor": GRID,
    "axes.labelcolor": MUTED,
    "axes.grid": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "date.converter": "concise",
    "grid.color": GRID,
    "grid.linewidth": 0.7,
    "lines.linewidth": 1.3,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "legend.frameon": False,
    "legend.fontsize": 9,
    "svg.fonttype": "none",  # text stays text: small, sharp, in the reader's font
    "svg.hashsalt": "ballast",  # the same run gives the same bytes
    "path.simplify_threshold": 0.3,
}


@dataclass(frozen=True, slots=True)
class Plot:
    """One picture: a title that says what it shows, a description, and the picture itself as a data URI."""

    title: str
    description: str
    uri: str


def plots(curve: Curves, result: dict[str, Any]) -> list[Plot]:
    """Every plot of the report, in reading order."""
    from matplotlib import rc_context

    with rc_context(STYLE):
        return [
            Plot(
                f"{findings.share_price(result)} {findings.net_asset_value(result)}",
                "Two line charts over time: share price above, net asset value in dollars, net of gas, below.",
                _draw(_value, curve, result, rows=2),
            ),
            Plot(
                findings.exposure(result),
                "Exposure of the spot and the short leg as percent of NAV over time, and the net delta below.",
                _draw(_exposure, curve, result, rows=2),
            ),
            Plot(
                findings.volatility(result),
                f"Volatility a year over time: realised over {ROLLING_DAYS} days, the forecast, and the target.",
                _draw(_volatility, curve, result),
            ),
            Plot(
                findings.attribution(result),
                "Cumulative parts of profit and loss in dollars over time: "
                + ", ".join(f"{name(part)} ends at {usd_short(result['attribution'][part])}" for part in PART_COLOURS),
                _draw(_attribution, curve, result),
            ),
            Plot(
                findings.drawdown(result),
                "Drawdown of the share price over time, close up above; below, the same against its limit of "
                f"{percent(result['max_drawdown_limit'])}.",
                _draw(_drawdown, curve, result, rows=2),
            ),
            Plot(
                findings.headroom(result),
                "Headroom of each limit over time, 100 % unused and 0 % at the limit. Smallest: "
                + ", ".join(f"{name(k)} {percent(v, 0)}" for k, v in result["limit_headroom"].items()),
                _draw(_headroom, curve, result),
            ),
        ]


def _draw(
    draw: Callable[[list["Axes"], Curves, dict[str, Any]], None], curve: Curves, result: dict[str, Any], rows: int = 1
) -> str:
    return over_time(lambda axes: draw(axes, curve, result), curve.time_s, rows)


def over_time(draw: Callable[[list["Axes"]], None], time_s: Seconds, rows: int = 1) -> str:
    """A picture with one or two axes over the same time, its legend above; a data URI."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4.9, 3.2), facecolor="none")
    heights = [1.6, 1.0] if rows == 2 else [1.0]
    axes = list(figure.subplots(rows, 1, sharex=True, squeeze=False, height_ratios=heights)[:, 0])
    draw(axes)
    axes[-1].set_xlim(dates(time_s[:1])[0], dates(time_s[-1:] + 1)[0])
    for axis in axes:
        axis.tick_params(length=0)
    handles, labels = axes[0].get_legend_handles_labels()
    lines = math.ceil(len(handles) / LEGEND_COLUMNS)
    if handles:
        fontsize = 9 if len(labels) <= 2 * LEGEND_COLUMNS else 8  # three columns of long names have to fit
        figure.legend(
            handles,
            labels,
            loc="upper left",
            ncols=LEGEND_COLUMNS,
            handlelength=1.2,
            columnspacing=1.2,
            fontsize=fontsize,
        )
    # Fixed margins: a layout engine would draw everything twice.
    figure.subplots_adjust(left=0.155, right=0.985, bottom=0.125, top=0.96 - 0.062 * lines, hspace=0.12)
    figure.align_ylabels(axes)
    return data_uri(figure)


def _value(axes: list["Axes"], curve: Curves, result: dict[str, Any]) -> None:
    line(axes[0], curve.time_s, curve.share_price, SPOT)
    axes[0].set_ylabel("Share price (USD)")
    line(axes[1], curve.time_s, curve.nav_usd, NET)
    axes[1].yaxis.set_major_formatter(lambda value, _: usd_short(value))
    axes[1].set_ylabel("NAV")


def _exposure(axes: list["Axes"], curve: Curves, result: dict[str, Any]) -> None:
    line(axes[0], curve.time_s, curve.spot_exposure, SPOT, "Spot leg")
    if np.any(curve.perp_exposure):
        line(axes[0], curve.time_s, curve.perp_exposure, PERP, "Short leg")
    line(axes[0], curve.time_s, curve.target_exposure, TARGET, "Target per leg", linestyle="--", linewidth=0.9)
    axes[0].set_ylabel("Exposure (of NAV)")
    line(axes[1], curve.time_s, curve.net_delta, NET)
    axes[1].set_ylabel("Net delta")
    low, high = axes[1].get_ylim()
    axes[1].set_ylim(min(low, -LEAST_NET_DELTA), max(high, LEAST_NET_DELTA))
    in_percent(*axes)


def _volatility(axes: list["Axes"], curve: Curves, result: dict[str, Any]) -> None:
    label = f"Realised, {ROLLING_DAYS} d (from {MIN_ROLLING_DAYS} d on)"
    line(axes[0], curve.rolling_time_s, curve.rolling_volatility, SPOT, label)
    line(axes[0], curve.time_s, curve.forecast_volatility, PERP, "Forecast", linewidth=1.0)
    if result["target_volatility"] is not None:
        axes[0].axhline(result["target_volatility"], color=TARGET, linestyle="--", linewidth=1, label="Target")
    axes[0].set_ylabel("Volatility (a year)")
    axes[0].set_ylim(bottom=0)
    in_percent(axes[0])


def _attribution(axes: list["Axes"], curve: Curves, result: dict[str, Any]) -> None:
    for part, colour in PART_COLOURS.items():
        if np.any(curve.cumulative[part] != 0):
            line(axes[0], curve.time_s, curve.cumulative[part], colour, name(part).capitalize())
    axes[0].axhline(0, color=MUTED, linewidth=0.6)
    axes[0].yaxis.set_major_formatter(lambda value, _: usd_short(value))
    axes[0].set_ylabel("Cumulative, USD")


def _drawdown(axes: list["Axes"], curve: Curves, result: dict[str, Any]) -> None:
    time_s, values = thin(curve.time_s, curve.drawdown)
    for axis in axes:
        axis.fill_between(dates(time_s), -values, 0, color=SPOT, alpha=0.18, linewidth=0)
    line(axes[0], curve.time_s, -curve.drawdown, SPOT, "Drawdown")
    axes[0].plot([], [], color=LIMIT, linestyle="--", linewidth=1, label="Limit")
    axes[0].set_ylabel("Below highest price")
    line(axes[1], curve.time_s, -curve.drawdown, SPOT)
    axes[1].axhline(-result["max_drawdown_limit"], color=LIMIT, linestyle="--", linewidth=1)
    axes[1].set_ylabel("With limit")
    in_percent(*axes)


def _headroom(axes: list["Axes"], curve: Curves, result: dict[str, Any]) -> None:
    for index, (limit, values) in enumerate(sorted(curve.headroom.items())):
        colour = CYCLE_COLOURS[index % len(CYCLE_COLOURS)]
        line(axes[0], curve.time_s, values, colour, name(limit).capitalize(), linewidth=1.1)
    axes[0].axhline(0, color=LIMIT, linestyle="--", linewidth=1)
    axes[0].set_ylabel("Left of the limit")
    in_percent(axes[0])


def line(axis: "Axes", time_s: Seconds, values: Floats, colour: str, label: str = "", **style: Any) -> None:
    """Draw a curve with no more points than a page can show."""
    kept_time, kept = thin(time_s, values)
    axis.plot(dates(kept_time), kept, color=colour, label=label or "_nolegend_", **style)


def in_percent(*axes: "Axes") -> None:
    """Label the values of axes in percent."""
    from matplotlib.ticker import PercentFormatter

    for axis in axes:
        low, high = axis.get_ylim()
        decimals = max(0, math.ceil(-math.log10((high - low) * 20)))  # about five ticks, all different
        axis.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=decimals))


def dates(time_s: Seconds) -> "np.ndarray[Any, np.dtype[np.datetime64]]":
    """Unix seconds as matplotlib wants them."""
    return time_s.astype("datetime64[s]")


def data_uri(figure: "Figure") -> str:
    """A figure as SVG inside of an address, so that a page needs no other file."""
    picture = io.BytesIO()
    figure.savefig(picture, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    return "data:image/svg+xml;base64," + base64.b64encode(picture.getvalue()).decode()
