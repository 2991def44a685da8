"""The commands about history: download, import, check and look at it."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="History: download it, check it, look at it.", no_args_is_help=True, rich_markup_mode=None)

StoreFolder = Annotated[Path, typer.Option("--store", help="where the history store is")]
Clocks = Annotated[
    list[str] | None,
    typer.Option("--clock", help="time zone of files that do not say theirs, for example multi=Europe/London"),
]
STORE = Path("runs/store")


@app.callback()
def data() -> None:
    """Recorded markets."""


@app.command()
def pull(
    venue: Annotated[str, typer.Argument(metavar="VENUE", help="for example binance")],
    symbol: Annotated[str, typer.Argument(metavar="SYMBOL", help="an asset or its market: ETH, ETHUSDT")],
    since: Annotated[str, typer.Option("--since", help="first day, for example 2023-01-01")],
    until: Annotated[str | None, typer.Option("--until", help="the first day no longer wanted; else now")] = None,
    store: StoreFolder = STORE,
    base_url: Annotated[
        str | None, typer.Option("--base-url", help="takes the place of the venue's address, for a replay server")
    ] = None,
    series: Annotated[
        list[str] | None, typer.Option("--series", help="funding, perp, mark, spot, open_interest; else all")
    ] = None,
) -> None:
    """Download a market's history; stopped at any moment and started again, it goes on where it was."""
    from rich.console import Console

    from agent.cli.reported import reported
    from agent.market.store.commands import pull_data

    run = reported(pull_data)
    raise typer.Exit(run(venue, symbol, since, until, store, base_url, series or [], Console()))


@app.command("import")
def import_(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="recorded Parquet or CSV files")],
    store: StoreFolder = STORE,
    clock: Clocks = None,
) -> None:
    """Bring recorded files into the store; a series with a problem stays outside."""
    from rich.console import Console

    from agent.cli.reported import reported
    from agent.market.store.commands import import_data

    raise typer.Exit(reported(import_data)(folder, store, clock or [], Console()))


@app.command()
def check(
    folder: Annotated[
        Path | None, typer.Argument(metavar="[FOLDER]", help="a store or recorded files; else runs/store")
    ] = None,
    against: Annotated[Path | None, typer.Option("--against", help="a second source of the same series")] = None,
    clock: Clocks = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="problems only")] = False,
) -> None:
    """Look at every number: what is wrong, with file and row; exit code 2 when anything is."""
    from rich.console import Console

    from agent.cli.reported import reported
    from agent.market.store.commands import check_folder

    raise typer.Exit(reported(check_folder)(folder, clock or [], against, quiet, Console()))


@app.command()
def show(
    series: Annotated[
        list[str] | None, typer.Argument(metavar="[SERIES]...", help="binance/funding/ETHUSDT; none lists all")
    ] = None,
    folder: Annotated[Path | None, typer.Option("--store", help="a store or recorded files; else runs/store")] = None,
    since: Annotated[str | None, typer.Option("--since", help="first day")] = None,
    until: Annotated[str | None, typer.Option("--until", help="the first day no longer shown")] = None,
    out: Annotated[Path, typer.Option("--out", help="the picture")] = Path("runs/data.png"),
) -> None:
    """Draw series, on the terminal and as a picture."""
    from rich.console import Console

    from agent.cli.reported import reported
    from agent.market.store.commands import show_data

    raise typer.Exit(reported(show_data)(series or [], folder, since, until, out, Console()))
