"""`ballast check`: validates a strategy file and shows it to a person, every mistake with its line, or a summary."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from agent.config.file import LoadedConfig, flatten, load_config
from agent.reasons import Reason, Refusal

SECONDS_PER_DAY = 86_400
EXIT_OK = 0
EXIT_REFUSED = 2


def check(path: str | Path) -> list[Reason]:
    """Every mistake of a strategy file, in the order of its lines; an empty list when it is good."""
    try:
        load_config(path)
    except Refusal as refusal:
        return list(refusal.reasons)
    return []


def report_check(path: str | Path, console: Console) -> int:
    """Check a strategy file, print what was found, and return the exit code: 0 when good, 2 when refused."""
    try:
        loaded = load_config(path)
    except Refusal as refusal:
        print_reasons(refusal.reasons, console)
        count = len(refusal.reasons)
        console.print(f"[bold red]refused[/]: {count} mistake{'s' if count > 1 else ''} in {escape(str(path))}")
        return EXIT_REFUSED
    _print_summary(loaded, console)
    return EXIT_OK


def print_reasons(reasons: Sequence[Reason], console: Console) -> None:
    """One paragraph per reason: the code, what is wrong, and where to fix it."""
    for reason in reasons:
        # Escaped: a message quotes the file, and the file may hold markup.
        place = f" ({escape(reason.where)})" if reason.where else ""
        text = f"{escape(reason.message)}{place}"
        console.print(f"[bold red]{reason.code}[/]  {text}", highlight=False, soft_wrap=True, emoji=False)


def _print_summary(loaded: LoadedConfig, console: Console) -> None:
    config = loaded.config
    table = Table(title=f"{config.name}: {config.strategy.kind} on {config.market.symbol}", title_justify="left")
    for name in ("strategy", "policy"):
        table.add_column(name, overflow="fold")
        table.add_column("", justify="right", overflow="fold")
    strategy = [(key, value) for key, value in flatten(config.strategy.model_dump()).items() if key != "kind"]
    policy = list(flatten(config.policy.model_dump()).items())
    for row in range(max(len(strategy), len(policy))):
        table.add_row(*_cells(strategy, row), *_cells(policy, row))
    console.print(table)
    worst_day = config.policy.worst_loss(SECONDS_PER_DAY) * 100
    console.print(
        f"a stolen agent key can lose at most {worst_day:.2f} % of net asset value in its worst 24 hours",
        highlight=False,
        soft_wrap=True,
    )
    console.print(f"[bold green]ok[/]  {escape(loaded.path)}", highlight=False, soft_wrap=True)
    console.print(f"config hash {loaded.config_hash}", highlight=False, soft_wrap=True)


def _cells(items: Sequence[tuple[str, object]], row: int) -> tuple[str, str]:
    if row >= len(items):
        return "", ""
    key, value = items[row]
    return key, f"{value:,}" if isinstance(value, (int, float)) else str(value)
