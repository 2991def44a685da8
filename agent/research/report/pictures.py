"""The pictures of a backtest's page, each with the finding it shows."""

from typing import TYPE_CHECKING

import numpy as np

from agent.report.plots import (
    CYCLE_COLOURS,
    LIMIT,
    MUTED,
    NET,
    PERP,
    SPOT,
    STYLE,
    TARGET,
    Plot,
    data_uri,
    dates,
    in_percent,
    line,
    over_time,
)
from agent.report.series import thin
from agent.report.words import MINUS, count, percent, usd_short
from agent.research.report.sensitivity import FACTORS
from agent.research.report.study import Study

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def pictures(found: Study) -> list[Plot]:
    """Every picture of the page, in reading order."""
    from matplotlib import rc_context

    walked, time_s = found.walked, found.walked.time_s
    hedged = bool(np.any(walked.short_exposure > 0))
    with rc_context(STYLE):
        shown = [
            Plot(
                _earned(found),
                "Change of net asset value since the start in percent over time; below it the price of the coin.",
                over_time(lambda axes: _value(axes, found), time_s, rows=2),
            ),
            Plot(
                _fell(found),
                "Drawdown over time, close up above; below, the same against the policy's limit.",
                over_time(lambda axes: _drawdown(axes, found), time_s, rows=2),
            ),
            Plot(
                _held(found),
                "Exposure of each leg as percent of net asset value over time; below two legs the difference of them.",
                over_time(lambda axes: _exposure(axes, found), time_s, rows=2 if hedged else 1),
            ),
            Plot(
                _paid(found),
                "Cumulative funding and costs in dollars over time.",
                over_time(lambda axes: _flows(axes, found), time_s),
            ),
        ]
        if hedged:
            shown.append(
                Plot(
                    f"Liquidation came as near as a rise of {percent(walked.vault.nearest, 1)}.",
                    "Distance to liquidation of the short, percent of the mark, over time, with the policy's limit.",
                    over_time(lambda axes: _distance(axes, found), time_s),
                )
            )
        shown.append(Plot(_positive(found), "Return of every calendar month in percent.", _months(found)))
        return shown


def sensitivity_pictures(found: Study) -> list[Plot]:
    """How the Sharpe ratio and the yearly return change with each number of the file."""
    from matplotlib import rc_context

    of = found.sensitivity
    with rc_context(STYLE):
        return [
            Plot(
                f"Sharpe ratio from {np.nanmin(of.sharpe):.2f} to {np.nanmax(of.sharpe):.2f}".replace("-", MINUS),
                "Sharpe ratio a year over the factor by which one number of the file is multiplied, a line per number.",
                _varied(of.keys, of.sharpe, "Sharpe ratio a year", percent_axis=False),
            ),
            Plot(
                f"Return from {percent(float(np.nanmin(of.annual_return)))} to "
                f"{percent(float(np.nanmax(of.annual_return)))} a year",
                "Return a year over the factor by which one number of the file is multiplied, a line per number.",
                _varied(of.keys, of.annual_return, "Return a year", percent_axis=True),
            ),
        ]


def _earned(found: Study) -> str:
    measures = found.done.measures
    total, yearly = measures["total_return"], measures["annual_return"]
    return f"{percent(total, signed=True)} after all costs, {percent(yearly, signed=True)} a year."


def _fell(found: Study) -> str:
    worst, limit = found.walked.vault.worst_fall, found.config.policy.max_drawdown
    return f"The deepest drawdown was {percent(worst)}, {percent(worst / limit, 0)} of what the policy allows."


def _held(found: Study) -> str:
    largest = float(np.nanmax(np.maximum(found.walked.spot_exposure, found.walked.short_exposure)))
    return f"In the market {percent(found.done.measures['time_in_market'], 0)} of the time, up to {largest:.2f}x a leg."


def _paid(found: Study) -> str:
    funding, costs = float(found.walked.funding_usd[-1]), float(found.walked.costs_usd[-1])
    earned = f"Funding brought {usd_short(funding)}, " if np.any(found.walked.short_exposure > 0) else ""
    return f"{earned}{'trading' if earned else 'Trading'} cost {usd_short(costs)}."


def _positive(found: Study) -> str:
    gained = sum(month.gained > 0 for month in found.months)
    return f"{gained} of {count(len(found.months), 'month')} ended with a gain."


def _value(axes: list["Axes"], found: Study) -> None:
    line(axes[0], found.walked.time_s, found.walked.equity_usd / found.walked.equity_usd[0] - 1, NET)
    in_percent(axes[0])
    axes[0].set_ylabel("Gain of NAV")
    line(axes[1], found.walked.time_s, found.walked.price, TARGET)
    axes[1].yaxis.set_major_formatter(lambda value, _: usd_short(value))
    axes[1].set_ylabel("Price, USD")


def _drawdown(axes: list["Axes"], found: Study) -> None:
    equity = found.walked.equity_usd
    below = equity / np.maximum.accumulate(equity) - 1
    time_s, values = thin(found.walked.time_s, below)
    for axis in axes:
        axis.fill_between(dates(time_s), values, 0, color=SPOT, alpha=0.18, linewidth=0)
        line(axis, found.walked.time_s, below, SPOT)
    axes[0].set_ylabel("Below highest NAV")
    axes[1].axhline(-found.config.policy.max_drawdown, color=LIMIT, linestyle="--", linewidth=1)
    axes[0].plot([], [], color=LIMIT, linestyle="--", linewidth=1, label="Limit of the policy (below)")
    axes[1].set_ylabel("With limit")
    in_percent(*axes)


def _exposure(axes: list["Axes"], found: Study) -> None:
    walked = found.walked
    line(axes[0], walked.time_s, walked.spot_exposure, SPOT, "Spot leg")
    axes[0].set_ylabel("Of NAV")
    if len(axes) > 1:
        line(axes[0], walked.time_s, -walked.short_exposure, PERP, "Short leg")
        line(axes[1], walked.time_s, walked.spot_exposure - walked.short_exposure, NET)
        axes[1].set_ylabel("Net delta")
    in_percent(*axes)


def _flows(axes: list["Axes"], found: Study) -> None:
    walked = found.walked
    if np.any(walked.short_exposure > 0):
        line(axes[0], walked.time_s, walked.funding_usd, NET, "Funding received")
    line(axes[0], walked.time_s, -walked.costs_usd, LIMIT, "Fees, slippage, gas, interest")
    axes[0].axhline(0, color=MUTED, linewidth=0.6)
    axes[0].yaxis.set_major_formatter(lambda value, _: usd_short(value))
    axes[0].set_ylabel("Cumulative, USD")


def _distance(axes: list["Axes"], found: Study) -> None:
    line(axes[0], found.walked.time_s, found.walked.distance, SPOT, "At the close of the hour")
    bound = found.config.policy.min_liquidation_distance
    axes[0].axhline(bound, color=LIMIT, linestyle="--", linewidth=1, label="Limit of the policy")
    # a short that is all but closed is secured many times over, which says nothing
    axes[0].set_ylim(0, 1.25 * max(bound, float(np.nanquantile(found.walked.distance, 0.99))))
    axes[0].set_ylabel("Of the mark")
    in_percent(axes[0])


def _months(found: Study) -> str:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4.9, 3.2), facecolor="none")
    axes = figure.subplots()
    gained = np.array([month.gained for month in found.months])
    axes.bar(np.arange(len(gained)), gained, color=[NET if value > 0 else LIMIT for value in gained], width=0.75)
    axes.set_axisbelow(True)
    step = max(1, -(-len(gained) // 6))
    axes.set_xticks(np.arange(0, len(gained), step), [found.months[n].name for n in range(0, len(gained), step)])
    axes.axhline(0, color=MUTED, linewidth=0.6)
    axes.set_ylabel("Return of the month")
    axes.tick_params(length=0)
    axes.grid(visible=False, axis="x")
    in_percent(axes)
    figure.subplots_adjust(left=0.155, right=0.985, bottom=0.125, top=0.96)
    return data_uri(figure)


def _varied(
    keys: tuple[str, ...],
    values: "np.ndarray[tuple[int, ...], np.dtype[np.float64]]",
    label: str,
    *,
    percent_axis: bool,
) -> str:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4.9, 3.6), facecolor="none")
    axes = figure.subplots()
    for key, row, colour in zip(keys, values, CYCLE_COLOURS, strict=False):
        axes.plot(FACTORS, row, color=colour, marker="o", markersize=2.5, label=key.removeprefix("strategy."))
    axes.axvline(1.0, color=MUTED, linewidth=0.8, linestyle=":")
    axes.set_xscale("log", base=2)
    axes.set_xticks([0.5, 0.67, 1.0, 1.5, 2.0], ["x 0.5", "x 0.67", "as in the file", "x 1.5", "x 2"])
    axes.minorticks_off()
    axes.set_ylabel(label)
    axes.tick_params(length=0)
    if percent_axis:
        in_percent(axes)
    figure.legend(loc="upper left", ncols=2, handlelength=1.2, columnspacing=1.2, fontsize=8)
    figure.subplots_adjust(left=0.155, right=0.97, bottom=0.1, top=0.96 - 0.055 * -(-len(keys) // 2))
    return data_uri(figure)
