"""Tables of the research commands."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from agent.market.moments import hour_text

if TYPE_CHECKING:  # a command loads the one that it prints
    from rich.progress import Progress

    from agent.config import Config
    from agent.market.observation import Seconds
    from agent.research.backtest import Backtest
    from agent.research.bars import Market
    from agent.research.carry_bound import CarryShare, WalkForwardYear
    from agent.research.exposures import Targeting
    from agent.research.validation.report import Validation
    from agent.volatility import Evaluation

SHOWN = {
    "final_usd": "{:,.0f}",
    "sharpe": "{:.2f}",
    "sortino": "{:.2f}",
    "calmar": "{:.2f}",
    "omega": "{:.2f}",
    "stability": "{:.2f}",
    "funding_usd": "{:,.0f}",
    "costs_usd": "{:,.0f}",
    "gas_usd": "{:,.2f}",
    "turnover_per_year": "{:.2f}",
    "plans": "{:,.0f}",
    "liquidations": "{:,.0f}",
}


def tell_runner(console: Console, config: "Config") -> None:
    """One line when a strategy takes the slow way, and why. Raises Refusal when no backtest can judge it."""
    from agent.research.parameters import require_testable
    from agent.research.runners import runner_note

    require_testable(config)
    note = runner_note(config)
    if note is not None:
        console.print(note, highlight=False, soft_wrap=True)


def progress(console: Console) -> "Progress":
    """A line that says how far long work has come; gone when it is done."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def print_carry_bound(console: Console, shares: Sequence["CarryShare"], years: Sequence["WalkForwardYear"]) -> None:
    """One row per series, their sum, and the years of the walk-forward."""
    table = Table("series", "settlements", "bound", "always on", "7-day mean", "shipped rule", "kept")
    for share in shares:
        table.add_row(
            share.name,
            f"{share.settlements:,}",
            f"{share.bound:.2%}",
            f"{share.always:.2%}",
            f"{share.weekly_mean:.2%}",
            f"{share.policy:.2%}",
            f"{share.policy / share.bound:.1%}" if share.bound > 0 else "-",
        )
    bound = sum(share.bound for share in shares)
    sums = [sum(values) for values in zip(*((s.always, s.weekly_mean, s.policy) for s in shares), strict=True)]
    if bound > 0:
        table.add_section()
        parts = [f"{value / bound:.1%}" for value in sums]
        table.add_row("together, of the bound", "", f"{bound:.2%}", *parts, parts[-1])
    console.print(table)
    if years:
        walk = Table("year", "threshold, of a round trip", "memory, h", "bound", "kept", "share")
        for year in years:
            walk.add_row(
                str(year.year),
                f"{year.cost_factor:g}",
                f"{year.memory_h:g}",
                f"{year.bound:.2%}",
                f"{year.kept:.2%}",
                f"{year.kept / year.bound:.1%}" if year.bound > 0 else "-",
            )
        total = sum(year.bound for year in years)
        if total > 0:
            walk.add_section()
            walk.add_row("together", "", "", f"{total:.2%}", "", f"{sum(y.kept for y in years) / total:.1%}")
        console.print(walk)


def print_market(console: Console, market: "Market") -> None:
    """Which market was looked at, and how much of the period asked for it knows."""
    times = market.bars.time_s[market.first : market.last + 1]
    _print_hours(console, market.synthetic, market.bars.label, times)


def _print_hours(console: Console, synthetic: bool, label: str, time_s: "Seconds") -> None:
    kind = "[bold yellow]SYNTHETIC market[/]" if synthetic else "[bold]recorded market[/]"
    period = f"{len(time_s):,} hours from {hour_text(int(time_s[0]))} to {hour_text(int(time_s[-1]))}"
    console.print(f"{kind}  {label}, {period}", highlight=False, soft_wrap=True)


def print_backtest(console: Console, done: "Backtest", seconds: float) -> None:
    """The measures of one backtest."""
    _print_hours(console, done.synthetic, done.market, done.run.time_s)
    table = Table(done.strategy, "", show_header=True)
    for name, value in done.measures.items():
        table.add_row(name.replace("_", " "), SHOWN.get(name, "{:.2%}").format(value))
    console.print(table)
    if done.run.latched_row >= 0:
        when = hour_text(int(done.run.time_s[done.run.latched_row]))
        console.print(f"[bold red]latched[/]  a loss limit stopped it at {when}; only a person starts it again")
    console.print(f"[dim]{done.hours / max(seconds, 1e-9):,.0f} bars a second[/]")


def print_targeting(console: Console, name: str, found: Mapping[str, "Targeting"]) -> None:
    """How well rules held 20 % a year on one market."""
    table = Table(name, "quarters", "median miss", "worst miss", "turnover saved", "tracking error", "turnover a year")
    for rule, one in found.items():
        table.add_row(
            rule,
            str(len(one.quarters)),
            f"{one.median_miss:.2%}",
            f"{one.worst_miss:.2%}",
            f"{one.turnover_saved:.1%}",
            f"{one.tracking_error:.3%}",
            f"{one.turnover_per_year:.2f}",
        )
    console.print(table)


def print_forecasts(console: Console, name: str, found: Mapping[str, "Evaluation"]) -> None:
    """Losses of every forecast on one market, the best QLIKE first."""
    table = Table(name, "days", "QLIKE", "MSE", "intercept", "slope", "R squared")
    for rule, one in sorted(found.items(), key=lambda item: item[1].qlike):
        table.add_row(
            rule,
            str(one.count),
            f"{one.qlike:.3f}",
            f"{one.mse:.3f}",
            f"{one.intercept:.3f}",
            f"{one.slope:.2f}",
            f"{one.r_squared:.2f}",
        )
    console.print(table)


def print_validation(console: Console, found: "Validation") -> None:
    """Every test of one strategy."""
    sharpe = found.sharpe
    console.print(
        f"Sharpe ratio {sharpe.value:.2f}, {sharpe.low:.2f} to {sharpe.high:.2f} with {sharpe.confidence:.0%} "
        f"(stationary bootstrap, blocks of {sharpe.block} days)"
    )
    table = Table("out of sample", "folds", "positive", "median Sharpe", "worst Sharpe")
    for one in found.schemes:
        row = (f"{one.positive:.0%}", f"{one.median_sharpe:.2f}", f"{one.worst_sharpe:.2f}")
        table.add_row(one.name, str(one.folds), *row)
    console.print(table)
    console.print(
        f"best of {found.tried} tried: deflated Sharpe ratio {found.deflated:.1%}; against cash SPA p = "
        f"{found.snooping.p_value:.3f}, {len(found.snooping.superior)} superior after StepM"
    )
    table = Table("stress", "total return", "Sharpe", "worst fall", "costs, USD")
    for stressed in found.stressed:
        m = stressed.done.measures
        numbers = (
            f"{m['total_return']:.2%}",
            f"{m['sharpe']:.2f}",
            f"{m['max_drawdown']:.2%}",
            f"{m['costs_usd']:,.0f}",
        )
        table.add_row(stressed.name, *numbers)
    console.print(table)
