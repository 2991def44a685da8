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


@app.command("stress")
def stress(
    config: Annotated[Path, typer.Argument(metavar="CONFIG", help="strategy file")],
    data: DataFolder = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="of the made-up markets and of the crowd")] = 7,
    agents: Annotated[
        int, typer.Option("--agents", min=0, max=500, help="vaults that run the same rule on one book; 0 leaves it out")
    ] = 20,
    out: Annotated[Path | None, typer.Option("--out", help="folder of stress.json and stress.png")] = None,
) -> None:
    """Recorded crashes, jumps, gaps, funding flips, outages, and a crowd that runs the same rule on one order book."""
    from rich.console import Console

    from agent.cli.reported import reported
    from agent.research.stress.commands import stress as run

    raise typer.Exit(reported(run)(config, data, seed, agents, out, Console()))


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
    report: Annotated[
        Path | None, typer.Option("--report", help="write a page (HTML) with plots, intervals and sensitivity here")
    ] = None,
) -> None:
    """What a strategy would have earned over a period: fees, slippage, funding, margin, limits and all."""
    from rich.console import Console

    from agent.cli.reported import reported
    from agent.research.commands import run_backtest

    options = (data, seed, capital, events, out, report)
    raise typer.Exit(reported(run_backtest)(config, (from_, to), *options, Console()))


ConfigFile = Annotated[Path, typer.Argument(metavar="CONFIG", help="strategy file")]
Params = Annotated[
    list[str],
    typer.Option("--param", help="key=low:high, key=low:high:log or key=a,b,c; may be repeated"),
]
From = Annotated[str, typer.Option("--from", help="first day or month; the first 60 % choose, the rest judges")]
To = Annotated[str, typer.Option("--to", help="last day or month, included")]
Seed = Annotated[int, typer.Option("--seed", min=0, help="of the synthetic market and of random choices")]
Out = Annotated[Path | None, typer.Option("--out", help="where results go; the same folder goes on where it was")]


def sweep(
    config: ConfigFile,
    param: Params,
    from_: From,
    to: To,
    data: DataFolder = None,
    seed: Seed = 7,
    points: Annotated[int, typer.Option("--points", min=2, max=1_000, help="of each range in a grid")] = 5,
    random: Annotated[int, typer.Option("--random", min=0, max=1_000_000, help="so many at random, no grid")] = 0,
    ray: Annotated[
        str | None, typer.Option("--ray", help="address of a Ray cluster, or local; else this machine's cores")
    ] = None,
    out: Out = None,
) -> None:
    """Backtest every combination of parameters; Parquet, a plot of the surface, and what the search itself explains."""
    from rich.console import Console

    from agent.cli.reported import reported
    from agent.research.search.commands import sweep as run

    raise typer.Exit(reported(run)(config, param, (from_, to), data, seed, points, random, ray, out, Console()))


def tune(
    config: ConfigFile,
    param: Params,
    from_: From,
    to: To,
    data: DataFolder = None,
    seed: Seed = 7,
    trials: Annotated[
        int, typer.Option("--trials", min=1, max=1_000_000, help="of the study, old ones included")
    ] = 200,
    storage: Annotated[
        str | None, typer.Option("--storage", help="database address or journal:<file>, shared between machines")
    ] = None,
    ray: Annotated[
        str | None, typer.Option("--ray", help="address of a Ray cluster, or local; else this machine's cores")
    ] = None,
    out: Out = None,
) -> None:
    """Search parameters with Optuna's TPE on all cores; goes on where it was, wherever the storage is shared."""
    from rich.console import Console

    from agent.cli.reported import reported
    from agent.research.search.commands import tune as run

    raise typer.Exit(reported(run)(config, param, (from_, to), data, seed, trials, storage, ray, out, Console()))


@app.command("validate")
def validate(
    config: ConfigFile,
    param: Params,
    from_: From,
    to: To,
    data: DataFolder = None,
    seed: Seed = 7,
    points: Annotated[int, typer.Option("--points", min=2, max=100, help="of each range in the grid")] = 5,
    report: Annotated[Path | None, typer.Option("--report", help="write a page (HTML) of it here")] = None,
) -> None:
    """Walk-forward, purged cross-validation, deflated Sharpe ratio, SPA, bootstrap and stress of one strategy."""
    from rich.console import Console

    from agent.cli.reported import reported
    from agent.research.search.commands import validation as run

    raise typer.Exit(reported(run)(config, param, (from_, to), data, seed, points, report, Console()))
