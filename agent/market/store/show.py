"""Pictures of stored series: one PNG with a panel for each, and a line of blocks for the terminal."""

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from agent.market.file_checks import to_hours_s
from agent.market.history_reader import settlement_intervals
from agent.market.observation import Floats
from agent.market.store.layout import CANDLE_KINDS, HOUR_MS, Kind, base_of
from agent.market.store.recordings import Recording
from agent.market.store.rows import Milliseconds
from agent.market.store.store import floats, stamps
from agent.market.table import Settlements
from agent.reasons import Code, Reason, Refusal
from agent.units import HOURS_PER_YEAR

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BLOCKS = "▁▂▃▄▅▆▇█"
DAY_MS = 24 * HOUR_MS
SMOOTHED_DAYS = 7
DAILY_FROM_DAYS = 60  # longer periods of funding are drawn by the day, shorter ones by the settlement
DPI = 130


def draw(series: Sequence[Recording], path: Path) -> None:
    """Write a PNG with one panel per series, over one axis of time."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    from agent.report.plots import MUTED, STYLE

    with rc_context(STYLE):
        layout = ConstrainedLayoutEngine(rect=(0, 0.02, 1, 0.97))
        figure = Figure(figsize=(10.5, 2.9 * len(series) + 0.5), layout=layout, dpi=DPI)
        panels: NDArray[np.object_] = figure.subplots(len(series), 1, sharex=True, squeeze=False)[:, 0]
        for axes, one in zip(panels, series, strict=True):
            _panel(axes, one)
        first, last = min(stamps(one.rows)[0] for one in series), max(stamps(one.rows)[-1] for one in series)
        period = f"{_day(first)} to {_day(last)}, UTC"
        figure.text(0.995, 0.005, period, ha="right", va="bottom", fontsize=8, color=MUTED)
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, format="png", metadata={"Software": None})


def sparkline(series: Recording, width: int) -> str:
    """A series in one line: its name, blocks from its lowest to its highest, and those two."""
    title, unit, time_ms, values = shown(series)
    label = f"{title}  "
    cells = max(min(width - len(label) - 34, 80), 10)
    known = np.isfinite(values)
    # equal spans of time, so that a hole shows as a hole
    edges = np.linspace(time_ms[0], time_ms[-1] + 1, cells + 1)
    means = [
        float(values[known & (time_ms >= begin) & (time_ms < end)].mean())
        if np.any(known & (time_ms >= begin) & (time_ms < end))
        else None
        for begin, end in pairwise(edges)
    ]
    told = [mean for mean in means if mean is not None]
    low, high = min(told), max(told)
    scale = (len(BLOCKS) - 1) / (high - low) if high > low else 0.0
    line = "".join(" " if mean is None else BLOCKS[round((mean - low) * scale)] for mean in means)
    return f"{label}{line}  {low:,.4g} to {high:,.4g} {unit}"


def shown(series: Recording) -> tuple[str, str, Milliseconds, Floats]:
    """Title, unit, stamps and values as they are drawn.

    Funding is spread over the hours that each settlement is for, and annualised, so that every mean weighs time:

        rate / interval_h * 8760 * 100 %

    Raises Refusal for settlements that have no picture, because they contradict each other.
    """
    key, time_ms = series.key, stamps(series.rows)
    base = base_of(key.symbol)
    if key.kind is Kind.FUNDING:
        intervals, _ = settlement_intervals(to_hours_s(time_ms))
        try:
            settled = Settlements(
                key.venue, to_hours_s(time_ms), floats(series.rows, "rate"), np.array(intervals, dtype=np.float64)
            )
        except ValueError as error:
            raise Refusal(Reason(Code.DATA_INTERVAL, str(error), where=series.origin.name)) from error
        hours_s, hourly = settled.hourly()
        return f"{base} funding on {key.venue}", "% a year", hours_s * 1_000, hourly * HOURS_PER_YEAR * 100
    if key.kind in CANDLE_KINDS:
        quote = key.symbol.removeprefix(base) or "USD"
        return (
            f"{base} {key.kind} price on {key.venue}, {key.timeframe}",
            quote,
            time_ms,
            floats(series.rows, "close"),
        )
    if key.kind is Kind.OPEN_INTEREST:
        return f"{base} open interest on {key.venue}", base, time_ms, floats(series.rows, "open_interest")
    if key.kind is Kind.PRICE:
        return f"{key.symbol} price on {key.venue}", "quote", time_ms, floats(series.rows, "price")
    if key.kind is Kind.LENDING:
        return f"borrow rate on {key.venue}", "% a year", time_ms, floats(series.rows, "borrow_rate") * 100
    # the recorded pool holds USDC (6 decimals) against WETH (18); a tick alone says the price of raw units
    return f"tick of the pool on {key.venue}", "tick", time_ms, floats(series.rows, "close_tick")


def _panel(axes: "Axes", series: Recording) -> None:
    from matplotlib.ticker import FuncFormatter

    from agent.report.plots import INK, MUTED, NET, PERP, SPOT

    title, unit, time_ms, values = shown(series)
    is_funding = series.key.kind is Kind.FUNDING
    if is_funding and time_ms[-1] - time_ms[0] > DAILY_FROM_DAYS * DAY_MS:
        title += f": mean {values.mean():.1f} % a year"
        days, means = _daily(time_ms, values)
        smooth = _rolling(means, SMOOTHED_DAYS)
        axes.fill_between(_dates(days), means, 0, step="post", color=NET, alpha=0.25, linewidth=0, label="day")
        axes.plot(_dates(days), smooth, color=NET, label=f"mean of {SMOOTHED_DAYS} days")
        # the wildest days would flatten everything else, so they are cut off and said to be
        low, high = np.nanpercentile(means, [0.3, 99.7])
        room = 0.15 * (high - low)
        axes.set_ylim(min(low, 0) - room, max(high, 0) + room)
        cut = int(np.count_nonzero((means < min(low, 0) - room) | (means > max(high, 0) + room)))
        axes.legend(loc="upper left", ncols=2)
        title += f", days from {np.nanmin(means):,.0f} to {np.nanmax(means):,.0f}"
        title += f" ({cut} beyond the picture)" if cut else ""
    elif is_funding:
        time_ms, values = _with_holes(time_ms, values, HOUR_MS)
        axes.step(_dates(time_ms), values, where="pre", color=NET)
        title += f": mean {np.nanmean(values):.1f} % a year"
    else:
        time_ms, values = _with_holes(time_ms, values, series.key.slot_ms)
        axes.plot(_dates(time_ms), values, color=PERP if series.key.kind is Kind.OPEN_INTEREST else SPOT)
        title += f": {_short(np.nanmin(values))} to {_short(np.nanmax(values))} {unit}"
    if is_funding:
        axes.axhline(0, color=INK, linewidth=0.8)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: _short(value)))
    axes.set_title(title, loc="left", fontsize=10.5, color=INK)
    axes.set_ylabel(unit, color=MUTED)
    axes.margins(x=0.01)


def _daily(time_ms: Milliseconds, values: Floats) -> tuple[Milliseconds, Floats]:
    """Means of UTC days; a day without a settlement is NaN."""
    day = (time_ms - 1) // DAY_MS  # the hour that ended at midnight is one of the day before
    days = np.arange(day[0], day[-1] + 1)
    counts = np.bincount(day - day[0], minlength=len(days))
    sums = np.bincount(day - day[0], weights=values, minlength=len(days))
    return days * DAY_MS, np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)


def _rolling(values: Floats, length: int) -> Floats:
    """The mean of up to `length` values that are known; NaN where none is."""
    known = np.isfinite(values)
    total = np.convolve(np.where(known, values, 0.0), np.ones(length))[: len(values)]
    count = np.convolve(known.astype(np.float64), np.ones(length))[: len(values)]
    return np.where(known & (count > 0), total / np.maximum(count, 1), np.nan)


def _with_holes(time_ms: Milliseconds, values: Floats, step_ms: int) -> tuple[Milliseconds, Floats]:
    """A NaN inside every hole of more than a day, so that no line is drawn across it."""
    after = np.flatnonzero(np.diff(time_ms) > max(DAY_MS, step_ms)) + 1
    return np.insert(time_ms, after, time_ms[after - 1] + step_ms), np.insert(values, after, np.nan)


def _short(value: float) -> str:
    """An axis number: 65,000 and 1.9M, and 0.0712 for small ones."""
    if abs(value) >= 1e6:
        return f"{value / 1e6:.3g}M"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _dates(time_ms: Milliseconds) -> NDArray[np.datetime64]:
    return time_ms.astype("datetime64[ms]")


def _day(time_ms: np.int64) -> str:
    return f"{datetime.fromtimestamp(int(time_ms) / 1_000, UTC):%Y-%m-%d}"
