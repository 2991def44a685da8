"""The market commands."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Look at markets.", no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def market() -> None:
    """What markets hold beyond their prices."""


@app.command()
def liquidations(
    base: Annotated[str, typer.Argument(metavar="BASE", help="asset of the perp, for example ETH")],
    data: Annotated[
        Path | None,
        typer.Option("--data", help="folder with recorded market data; else $BALLAST_DATA; else the synthetic market"),
    ] = None,
    at: Annotated[
        str | None, typer.Option("--at", help="an earlier moment, for example 2024-03-01T14:00 (UTC)")
    ] = None,
    own: Annotated[
        list[str] | None,
        typer.Option(
            "--own",
            help="a position of yours, VENUE:SIZE:ENTRY:MARGIN:MAINTENANCE, as okx:-10:2000:4000:0.02; repeatable",
        ),
    ] = None,
    png: Annotated[Path | None, typer.Option("--png", help="draw the map into this file as well")] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="of the synthetic market")] = 7,
) -> None:
    """Draw where a perp's positions would be liquidated: an estimate from open interest, beside your own levels."""
    from rich.console import Console

    from agent.cli.reported import reported
    from agent.liquidations import report_estimate as run

    raise typer.Exit(reported(run)(base, data, at, seed, own or [], png, Console()))


@app.command("aave-liquidations")
def aave_liquidations(
    rpc: Annotated[str, typer.Option("--rpc", help="JSON-RPC address of a node")],
    pool: Annotated[str, typer.Option("--pool", help="address of the Aave v3 pool")],
    token: Annotated[str, typer.Option("--token", help="address of the token whose price moves")],
    since_block: Annotated[int, typer.Option("--since-block", min=0, help="block of the pool's deployment")] = 0,
    volatility: Annotated[float, typer.Option("--volatility", min=0.01, max=10, help="of the token, per year")] = 0.6,
    png: Annotated[Path | None, typer.Option("--png", help="draw the map into this file as well")] = None,
) -> None:
    """Draw where Aave's borrowers are liquidated when a token's price moves: exact, from their accounts."""
    from rich.console import Console

    from agent.cli.reported import reported
    from agent.liquidations import report_exact as run

    raise typer.Exit(reported(run)(rpc, pool, token, since_block, volatility, png, Console()))


@app.command("liquidation-error")
def liquidation_error(
    bases: Annotated[list[str] | None, typer.Argument(metavar="[BASE]...", help="BTC, ETH and SOL by default")] = None,
    data: Annotated[
        Path | None, typer.Option("--data", help="folder with recorded market data; else $BALLAST_DATA")
    ] = None,
) -> None:
    """Measure the estimate against what open interest really did in every recorded hour."""
    from rich.console import Console

    from agent.cli.reported import reported
    from agent.liquidations import report_error as run

    raise typer.Exit(reported(run)(bases or ["BTC", "ETH", "SOL"], data, Console()))
