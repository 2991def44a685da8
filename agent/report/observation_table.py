"""A whole observation on the terminal: every number with its unit, source, age and quorum, and what was turned away."""

from typing import TYPE_CHECKING

from rich.markup import escape

from agent.market.observation import MarketView, VaultState
from agent.market.reading import UNITS, Quantity, Reading
from agent.report.explanation import age, vault_rows

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

MILLISECONDS = 1_000


def print_observation(console: "Console", market: MarketView, vault: VaultState | None, now_ms: int) -> None:
    """Print what is agreed, what each source told, what was turned away, and the vault when there is one."""
    console.print(_agreed(market, now_ms))
    console.print(_told(market, now_ms))
    if vault is not None:
        console.print(_vault(vault, now_ms // MILLISECONDS))
    if market.rejections:
        console.print(_turned_away(market))
    for caution in market.cautions:
        console.print(f"[bold yellow]caution[/]  {escape(str(caution))}", highlight=False, soft_wrap=True)
    for problem in market.problems:
        console.print(f"[bold red]incomplete[/]  {escape(str(problem))}", highlight=False, soft_wrap=True)
    verdict = "[bold red]incomplete: no trade[/]" if market.problems else "[green]complete[/]"
    console.print(f"observation  {verdict}", highlight=False)


def _agreed(market: MarketView, now_ms: int) -> "Table":
    from rich.table import Table

    table = Table("asset", "number", "value", "unit", "age", "quorum", "sources", title="What the sources agree about")
    _right(table, 2, 4, 5)
    table.title_justify = "left"
    for one in market.agreements:
        quorum = f"{len(one.sources)} of {one.asked}"
        since = age((now_ms - one.oldest_at_ms) / MILLISECONDS)
        table.add_row(
            one.base, one.quantity, _number(one.value, one.quantity), one.unit, since, quorum, ", ".join(one.sources)
        )
    return table


def _told(market: MarketView, now_ms: int) -> "Table":
    from rich.table import Table

    table = Table("asset", "number", "value", "unit", "source", "market", "age", title="What each source told")
    _right(table, 2, 6)
    table.title_justify = "left"
    for one in sorted(market.readings, key=lambda reading: (reading.base, reading.quantity, reading.source)):
        since = age((now_ms - one.at_ms) / MILLISECONDS) if one.stamped else "on arrival"
        table.add_row(
            one.base, one.quantity, _number(one.value, one.quantity), _unit(one), one.source, escape(one.market), since
        )
    return table


def _vault(vault: VaultState, now_s: int) -> "Table":
    from rich.table import Table

    table = Table("vault", "value", "unit", "source", "age", title=f"The vault at block {vault.block.number}")
    _right(table, 1, 4)
    table.title_justify = "left"
    for row in vault_rows(vault, now_s):
        table.add_row(*row)
    return table


def _turned_away(market: MarketView) -> "Table":
    from rich.table import Table

    table = Table("source", "asset", "number", "code", "why", title="What was turned away")
    table.title_justify = "left"
    for one in market.rejections:
        reason = one.reason
        why = str(reason).removeprefix(f"{reason.code}: ")
        table.add_row(one.source, escape(one.base), one.quantity or "everything", reason.code, escape(why))
    return table


def _unit(reading: Reading) -> str:
    bound = ", at least" if reading.lower_bound else ""
    if reading.interval_h is not None:
        return f"decimal per {reading.interval_h:g} h{bound}"
    return UNITS[reading.quantity] + bound


def _number(value: float, quantity: Quantity) -> str:
    if "rate" in quantity:
        return f"{value:+.8f}"
    if quantity is Quantity.NEXT_SETTLEMENT:
        return f"{value:.0f}"
    return f"{value:,.4f}" if abs(value) < 100 else f"{value:,.2f}"


def _right(table: "Table", *columns: int) -> None:
    for column in columns:
        table.columns[column].justify = "right"
