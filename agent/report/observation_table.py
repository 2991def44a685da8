"""A whole observation on the terminal: every number with its unit, source, age and quorum, and what was turned away."""

from datetime import UTC, datetime
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
    if market.agreements:
        console.print(_agreed(market, now_ms))
    if market.readings:
        console.print(_told(market, now_ms))
    if vault is not None:
        console.print(_vault(vault, now_ms // MILLISECONDS))
    _print_turned_away(console, market)
    for caution in market.cautions:
        console.print(f"[bold yellow]caution[/]  {escape(str(caution))}", highlight=False, soft_wrap=True)
    for problem in market.problems:
        console.print(f"[bold red]incomplete[/]  {escape(str(problem))}", highlight=False, soft_wrap=True)
    verdict = "[bold red]incomplete: no trade[/]" if market.problems else "[green]complete[/]"
    console.print(f"observation  {verdict}", highlight=False)


def _agreed(market: MarketView, now_ms: int) -> "Table":
    table = _table("What the sources agree about", "number", "value", "unit", "age", "quorum")
    for one in market.agreements:
        since = age((now_ms - one.oldest_at_ms) / MILLISECONDS)
        quorum = f"{len(one.sources)} of {one.asked}"
        table.add_row(_name(one.base, one.quantity), _number(one.value, one.quantity), one.unit, since, quorum)
    return table


def _told(market: MarketView, now_ms: int) -> "Table":
    table = _table("What each source told", "number", "value", "unit", "age", "source")
    before = ""
    for one in sorted(market.readings, key=lambda reading: (reading.base, reading.quantity, reading.source)):
        since = age((now_ms - one.at_ms) / MILLISECONDS) if one.stamped else "now"
        name = _name(one.base, one.quantity)
        if before and name != before:
            table.add_section()
        shown, before = "" if name == before else name, name
        table.add_row(shown, _number(one.value, one.quantity), _unit(one), since, f"{one.source} {escape(one.market)}")
    return table


def _vault(vault: VaultState, now_s: int) -> "Table":
    table = _table(f"The vault at block {vault.block.number}", "number", "value", "unit", "age", "source")
    for name, value, unit, source, since in vault_rows(vault, now_s):
        table.add_row(name, value, unit, since, source)
    return table


def _print_turned_away(console: "Console", market: MarketView) -> None:
    """One line per source and reason; what is missing for want of sources is told as incomplete, or as a caution."""
    assets: dict[tuple[str, str, str, str], list[str]] = {}
    for one in market.rejections:
        if one.source != "quorum":
            why = str(one.reason).removeprefix(f"{one.reason.code}: ").removeprefix(f"{one.source}: ")
            assets.setdefault((one.source, one.quantity or "everything", one.reason.code, why), []).append(one.base)
    for (source, quantity, code, why), bases in assets.items():
        text = f"[yellow]turned away[/]  {source} {escape(', '.join(bases))} {quantity}  {code}  {escape(why)}"
        console.print(text, highlight=False, soft_wrap=True)


def _unit(reading: Reading) -> str:
    bound = ", at least" if reading.lower_bound else ""
    if reading.interval_h is not None:
        return f"per {reading.interval_h:g} h{bound}"
    if reading.quantity is Quantity.NEXT_SETTLEMENT:
        return ""
    return UNITS[reading.quantity].replace("quote per base", "quote") + bound


def _name(base: str, quantity: Quantity) -> str:
    return f"{base} {quantity.replace('_', ' ').removesuffix(' usd').replace('predicted', 'next')}"


def _number(value: float, quantity: Quantity) -> str:
    if quantity is Quantity.NEXT_SETTLEMENT:
        return f"{datetime.fromtimestamp(value, UTC):%d %H:%M} UTC"
    if quantity.endswith("_usd"):
        return f"{value:,.0f}"
    if "rate" in quantity:
        return f"{value:+.8f}"
    return f"{value:,.4f}" if abs(value) < 100 else f"{value:,.2f}"


def _table(title: str, *columns: str) -> "Table":
    from rich.table import Table

    table = Table(title=title, title_justify="left", box=None, padding=(0, 1, 0, 0))
    for name in columns:
        table.add_column(name, justify="right" if name in ("value", "age") else "left", no_wrap=True)
    return table
