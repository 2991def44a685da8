"""The research commands."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Measure rules against recorded data.", no_args_is_help=True, rich_markup_mode=None)

DataFolder = Annotated[Path | None, typer.Option("--data", help="folder with recorded market data; else $BALLAST_DATA")]


@app.callback()
def research() -> None:
    """Bounds and comparisons on recorded data."""


@app.command("carry-bound")
def carry_bound(
    data: DataFolder = None,
    cost_bps: Annotated[float, typer.Option("--cost-bps", min=0.01, max=500, help="of opening or closing")] = 7.5,
    memory_h: Annotated[float, typer.Option("--memory-h", min=1, max=720, help="of the shipped rule")] = 48.0,
    only: Annotated[str, typer.Option("--only", help="series with this in their name, for example hyperliquid")] = "",
) -> None:
    """What perfect foresight would have kept of each funding series, and the share that each rule keeps."""
    from rich.console import Console

    from agent.cli.reported import reported
    from agent.research.commands import carry_bound as run

    raise typer.Exit(reported(run)(data, cost_bps, memory_h, only, Console()))


@app.command("volatility")
def volatility(
    data: DataFolder = None,
    market: Annotated[
        list[str] | None, typer.Option("--market", help="folder and symbol below the data folder; may be repeated")
    ] = None,
    since: Annotated[str, typer.Option("--since", help="first day that counts")] = "2021-01-01",
    forecasts: Annotated[
        bool, typer.Option("--forecasts", help="also compare every estimator's forecasts; takes a minute a market")
    ] = False,
) -> None:
    """How well volatility was held at 20 % a year, and which estimator foretold the next day best."""
    from rich.console import Console

    from agent.cli.reported import reported
    from agent.research.commands import volatility as run

    markets = market or ["binance/spot/BTCUSDT", "binance/spot/ETHUSDT"]
    raise typer.Exit(reported(run)(data, markets, since, forecasts, Console()))


def backtest(
    config: Annotated[Path, typer.Argument(metavar="CONFIG", help="strategy file")],
    from_: Annotated[str, typer.Option("--from", help="first day or month, for example 2023-02-01")],
    to: Annotated[str, typer.Option("--to", help="last day or month, included")],
    data: Annotated[
        Path | None,
        typer.Option("--data", help="recorded files or a store; else $BALLAST_DATA; else the synthetic market"),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="of the synthetic market")] = 7,
    capital: Annotated[float, typer.Option("--capital", min=1_000, max=1e9, help="USD")] = 1_000_000.0,
    events: Annotated[
        bool, typer.Option("--events", help="through the live decide and gate instead of the compiled kernel")
    ] = False,
    out: Annotated[Path | None, typer.Option("--out", help="write backtest.json and backtest.parquet here")] = None,
) -> None:
    """What a strategy would have earned over a period: fees, slippage, funding, margin, limits and all."""
    from rich.console import Console

    from agent.cli.reported import reported
    from agent.research.commands import run_backtest

    raise typer.Exit(reported(run_backtest)(config, (from_, to), data, seed, capital, events, out, Console()))
