"""A liquidation map on the terminal and as a picture: what falls when the price falls, what buys when it rises."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from agent.market.liquidation import Cluster, LiquidationMap, PerpHours
from agent.report.plots import INK, LIMIT, MUTED, PERP, SPOT, STYLE, TARGET
from agent.report.words import percent, usd_short

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from rich.console import Console

SIGMA = "daily \N{GREEK SMALL LETTER SIGMA}"
REACH = 0.25  # of the price, up and down; further away nothing is drawn
BAR_CELLS = 40
HISTORY_H = 24 * 21


@dataclass(frozen=True, slots=True)
class OwnLevel:
    """A liquidation price of our own and the words beside it."""

    price: float
    label: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """What a map is drawn from. `hours` are its price history; an exact map has none."""

    title: str
    found: LiquidationMap
    below: Cluster | None
    above: Cluster | None
    own: tuple[OwnLevel, ...]
    hours: PerpHours | None = None


def print_map(console: "Console", drawing: Drawing) -> None:
    """Print buckets from the highest price to the lowest, our own levels, and the nearest clusters."""
    from rich.table import Table

    found = drawing.found.within(REACH)
    most = max((bucket.notional_usd for bucket in found.buckets), default=0.0)
    marked = {one.bucket.low for one in (drawing.below, drawing.above) if one is not None}
    table = Table("price", "from here", "liquidated", "", box=None, pad_edge=False, title=drawing.title)
    table.title_justify = "left"
    for column in (0, 1, 2):
        table.columns[column].justify = "right"
    rows = [
        (
            bucket.middle,
            (
                _price(bucket.middle),
                percent(bucket.middle / found.price - 1, 1, signed=True),
                usd_short(bucket.notional_usd),
                _bar(bucket.long_usd, bucket.short_usd, most) + ("  [bold]cluster[/]" if bucket.low in marked else ""),
            ),
        )
        for bucket in found.buckets
    ]
    rows.append((found.price, (f"[bold]{_price(found.price)}[/]", "[bold]now[/]", "", "")))
    for one in drawing.own:
        distance = percent(one.price / found.price - 1, 1, signed=True)
        rows.append((one.price, (f"[bold red]{_price(one.price)}[/]", distance, "", f"[bold red]{one.label}[/]")))
    for _, row in sorted(rows, key=lambda entry: -entry[0]):
        table.add_row(*row)
    console.print(table)
    console.print(
        f"[{SPOT}]{'█'}[/] longs sold by a fall   [{PERP}]{'█'}[/] shorts bought back by a rise", highlight=False
    )
    for where, cluster in (("below", drawing.below), ("above", drawing.above)):
        console.print(cluster_words(where, cluster), highlight=False)
    kind = "[bold yellow]ESTIMATE[/]" if found.estimate else "[bold]exact[/]"
    console.print(f"{kind}  {found.source}", highlight=False, soft_wrap=True)


def cluster_words(where: str, cluster: Cluster | None) -> str:
    """One line on the nearest cluster of a side."""
    if cluster is None:
        return f"nearest cluster {where}: none within reach"
    bucket = cluster.bucket
    return (
        f"nearest cluster {where}: {_price(bucket.low)} to {_price(bucket.high)}, {usd_short(bucket.notional_usd)}, "
        f"{percent(cluster.distance, 1, signed=True)} or {abs(cluster.distance_sigmas):.1f} {SIGMA} away"
    )


def write_png(path: Path, drawing: Drawing) -> None:
    """Draw the map beside the price's history into a PNG file."""
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with rc_context({**STYLE, "text.parse_math": False}):
        figure = Figure(figsize=(10, 6.2), facecolor="white", layout="constrained")
        FigureCanvasAgg(figure)
        if drawing.hours is None:
            bars = figure.subplots()
        else:
            history, bars = figure.subplots(1, 2, sharey=True, width_ratios=(1.0, 1.35))
            _draw_history(history, drawing.hours, drawing.found.price)
        _draw_bars(bars, drawing)
        low, high = drawing.found.price / (1 + REACH), drawing.found.price * (1 + REACH)
        bars.set_ylim(low, high)
        figure.suptitle(drawing.title, x=0.01, ha="left", fontsize=13, fontweight="bold")
        words = [cluster_words("below", drawing.below), cluster_words("above", drawing.above)]
        kind = "Estimate, not a fact" if drawing.found.estimate else "Exact"
        figure.supxlabel(
            f"{kind}: {drawing.found.source}\n" + ".   ".join(one[0].upper() + one[1:] for one in words),
            x=0.01,
            ha="left",
            fontsize=8.5,
            color=MUTED,
        )
        figure.savefig(path, dpi=150)


def _draw_history(axis: "Axes", hours: PerpHours, price: float) -> None:
    from matplotlib.dates import AutoDateLocator

    shown = slice(-HISTORY_H, None)
    dates = [datetime.fromtimestamp(second, UTC) for second in hours.time_s[shown].tolist()]
    axis.fill_between(np.array(dates), hours.low[shown], hours.high[shown], color=TARGET, alpha=0.5, linewidth=0)
    axis.plot(np.array(dates), hours.close[shown], color=INK, linewidth=1.1)
    axis.axhline(price, color=INK, linewidth=0.8, linestyle=":")
    axis.yaxis.set_major_formatter(lambda value, _: _price(value))
    axis.xaxis.set_major_locator(AutoDateLocator(maxticks=6))  # type: ignore[no-untyped-call]  # matplotlib leaves it untyped
    axis.set_title("Price by the hour, with its range", loc="left", fontsize=10, color=MUTED)


def _draw_bars(axis: "Axes", drawing: Drawing) -> None:
    found = drawing.found.within(REACH)
    middles = [bucket.middle for bucket in found.buckets]
    heights = [0.86 * (bucket.high - bucket.low) for bucket in found.buckets]
    longs = [bucket.long_usd for bucket in found.buckets]
    shorts = [bucket.short_usd for bucket in found.buckets]
    axis.set_axisbelow(True)
    axis.barh(middles, longs, heights, color=SPOT, label="longs, sold by a fall")
    axis.barh(middles, shorts, heights, left=longs, color=PERP, label="shorts, bought back by a rise")
    axis.axhline(found.price, color=INK, linewidth=0.8, linestyle=":")
    most = max((bucket.notional_usd for bucket in found.buckets), default=1.0)
    axis.set_xlim(0, 1.32 * most)
    for cluster in (drawing.below, drawing.above):
        if cluster is not None:
            bucket = cluster.bucket
            axis.annotate(
                f"cluster, {abs(cluster.distance_sigmas):.1f} {SIGMA} away",
                (bucket.notional_usd, bucket.middle),
                xytext=(5, 0),
                textcoords="offset points",
                va="center",
                fontsize=8.5,
                color=INK,
            )
    for one in drawing.own:
        axis.axhline(one.price, color=LIMIT, linewidth=1.2, linestyle="--")
        axis.annotate(
            one.label,
            (1.0, one.price),
            xycoords=("axes fraction", "data"),
            xytext=(-4, 3),
            textcoords="offset points",
            ha="right",
            fontsize=8.5,
            color=LIMIT,
        )
    axis.annotate(
        f"now {_price(found.price)}",
        (1.0, found.price),
        xycoords=("axes fraction", "data"),
        xytext=(-4, 3),
        textcoords="offset points",
        ha="right",
        fontsize=8.5,
        color=INK,
    )
    axis.xaxis.set_major_formatter(lambda value, _: usd_short(value))
    axis.set_title(f"Liquidated in each step of {percent(found.width, 1)}", loc="left", fontsize=10, color=MUTED)
    axis.legend(loc="lower right")


def _bar(long_usd: float, short_usd: float, most: float) -> str:
    cells = [round(BAR_CELLS * part / most) if most else 0 for part in (long_usd, short_usd)]
    return f"[{SPOT}]{'█' * cells[0]}[/][{PERP}]{'█' * cells[1]}[/]"


def _price(value: float) -> str:
    return f"{value:,.2f}" if value < 1_000 else f"{value:,.0f}"
