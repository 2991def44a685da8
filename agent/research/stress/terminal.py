"""Tables of `ballast research stress`."""

from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from agent.report.words import name, percent
from agent.research.stress.cascade import Cascade
from agent.research.stress.measure import Outcome, shown_distance
from agent.research.stress.scenarios import Absent
from agent.units import BPS


def print_outcomes(console: Console, outcomes: Sequence[Outcome], absent: Sequence[Absent]) -> None:
    """One row per scenario; what was broken is red."""
    title = "The strategy through each scenario; return from the event on"
    table = Table("scenario", "held", "return", "drawdown", "to liquidation", "limits that the market broke")
    table.title, table.title_justify = title, "left"
    for column in range(1, 5):
        table.columns[column].justify = "right"
        table.columns[column].no_wrap = True
    kind = ""
    for one in outcomes:
        if kind and one.kind != kind:
            table.add_section()
        kind = one.kind
        near = shown_distance(one.nearest_distance)
        broken = ", ".join(name(limit).partition(" ")[2] for limit in one.breached)
        broken = f"[red]{broken}[/]" if broken else "[green]none[/]"
        broken += "; [red]stopped[/]" if one.latched else ""
        table.add_row(
            escape(one.scenario),
            f"{one.held:.2f}",
            percent(one.total_return, signed=True),
            percent(one.worst_drawdown),
            f"[bold red]liquidated {one.liquidations}x[/]" if one.liquidations else near,
            broken + (f" [dim]({escape(one.note)})[/]" if one.note else ""),
        )
    console.print(table)
    for missing in absent:
        console.print(f"[dim]not in the data  {escape(missing.name)}: {escape(missing.why)}[/]", soft_wrap=True)


def print_cascades(console: Console, found: Sequence[Cascade], shock: float) -> None:
    """One row per crowd."""
    first = found[0]
    book = first.crowd.book
    title = (
        f"The same rule {max(one.crowd.agents for one in found)} times on one order book: "
        f"{first.crowd.nav_usd / 1e6:g} m USD each, {book.volume_usd_h / 1e6:g} m USD an hour trade there when it is "
        f"calm, the price moves {percent(shock, 0, signed=True)} within an hour"
    )
    table = Table("crowd", "overshoot", "worst vault", "median vault", "to liquidation", "closed", "stopped", "paid")
    table.title, table.title_justify = title, "left"
    for column in range(1, 8):
        table.columns[column].justify = "right"
    for one in found:
        falls = sorted(one.worst_drawdowns)
        table.add_row(
            one.crowd.name,
            percent(one.overshoot),
            percent(falls[-1]),
            percent(falls[len(falls) // 2]),
            shown_distance(one.nearest),
            str(one.liquidations),
            str(one.latched),
            f"{one.impact_usd / max(one.traded_usd, 1.0) * BPS:.1f} bp",
        )
    console.print(table)
    console.print(
        "[dim]overshoot: furthest of a traded price from the price without the crowd; worst and median drawdown of the "
        "vaults; closed: shorts, by the venue; stopped: vaults, by a loss limit; paid: what orders moved the book "
        "against themselves, of what they traded[/]",
        soft_wrap=True,
    )
