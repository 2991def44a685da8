"""The commands and their options; each hands over to the library and prints what it answers."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    name="ballast",
    help="Keeps an on-chain vault level: delta-neutral, volatility-targeted, inside hard limits.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # rich help costs 0.15 s of every start
)

ConfigFile = Annotated[Path, typer.Argument(metavar="CONFIG", help="strategy file, for example configs/eth-carry.yaml")]
DataFolder = Annotated[
    Path | None,
    typer.Option("--data", help="folder with recorded market data; else $BALLAST_DATA; else the synthetic market"),
]
Seed = Annotated[int, typer.Option("--seed", min=0, help="of the synthetic market and of the depositors")]
OutFolder = Annotated[
    Path | None, typer.Option("--out", help="where results go; runs/<name of the strategy> by default")
]


@app.command()
def demo(
    config: Annotated[Path | None, typer.Option("--config", help="another strategy file")] = None,
    data: DataFolder = None,
    seed: Seed = 7,
    days: Annotated[int, typer.Option("--days", min=7, max=365, help="length of the replay")] = 60,
    out: OutFolder = None,
) -> None:
    """Run the main job: a vault on a local chain, a market replayed through the agent, a report."""
    from agent.cli.run import run_demo

    raise typer.Exit(run_demo(config, data, seed, days, out))


@app.command()
def replay(
    config: ConfigFile,
    from_: Annotated[str, typer.Option("--from", help="first day or month, for example 2023-02-01")],
    to: Annotated[str, typer.Option("--to", help="last day or month, included")],
    data: DataFolder = None,
    seed: Seed = 7,
    out: OutFolder = None,
) -> None:
    """Replay a period over a fresh local chain; writes report.html, result.json, cycles.parquet and the ledger."""
    from agent.cli.run import run_replay

    raise typer.Exit(run_replay(config, from_, to, data, seed, out))


@app.command()
def decide(
    config: ConfigFile,
    at: Annotated[str, typer.Option("--at", help="the day whose first hour is decided, for example 2023-03-01")],
    hours: Annotated[
        int, typer.Option("--hours", min=0, max=2_000, help="replay so many hours before, so that a position exists")
    ] = 24,
    data: DataFolder = None,
    seed: Seed = 7,
) -> None:
    """Explain one decision: every input with source and age, every scaler, the target, and the plan it would make."""
    from agent.cli.run import run_decide

    raise typer.Exit(run_decide(config, at, hours, data, seed))


@app.command()
def check(config: ConfigFile) -> None:
    """Validate a strategy file: all mistakes at once, each with its line."""
    from rich.console import Console

    from agent.check import report_check

    raise typer.Exit(report_check(config, Console()))


policy_app = typer.Typer(help="Compare limits.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(policy_app, name="policy")


@policy_app.command("diff")
def policy_diff(
    config: ConfigFile,
    rpc: Annotated[str, typer.Option("--rpc", help="JSON-RPC address of a node of the vault's chain")],
    vault: Annotated[str, typer.Option("--vault", help="the vault's address")],
) -> None:
    """Print the limits of a strategy file beside those of a deployed vault; exit code 2 when any differs."""
    from agent.cli.run import run_policy_diff

    raise typer.Exit(run_policy_diff(config, rpc, vault))


@policy_app.callback()
def policy() -> None:
    """The hard limits of a vault."""


def main() -> None:
    """Entry point of the `ballast` command."""
    app()
