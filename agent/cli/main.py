"""The commands and their options; each hands over to the library and prints what it answers."""

import atexit
import gc
from pathlib import Path
from typing import Annotated

import typer

from agent.cli.data import app as data_app
from agent.cli.market import app as market_app
from agent.cli.promotion import promote, promotions
from agent.cli.research import app as research_app
from agent.cli.research import backtest, sweep, tune

OBJECTS_PER_LOOK = 50_000  # loading a library makes nothing but what stays; Python would look for garbage every 700
ServiceFile = Annotated[Path, typer.Argument(help="service file (YAML)", show_default=False)]
VaultName = Annotated[str, typer.Argument(help="name of the strategy; * for all", show_default=True)]

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
    out: Annotated[Path, typer.Option("--out", help="where results go")] = Path("runs/demo"),
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


@app.command()
def calculate(
    formula: Annotated[str | None, typer.Argument(help="name of a formula; without one, all are listed")] = None,
    values: Annotated[
        list[str] | None, typer.Argument(metavar="NAME=VALUE...", help="its arguments; lists as JSON, [1,2]")
    ] = None,
) -> None:
    """Try a sizing, hedging or slicing formula on numbers of your own: what decisions are made of."""
    from rich.console import Console

    from agent.calculate import report_calculation
    from agent.cli.reported import reported

    raise typer.Exit(reported(report_calculation)(formula, values or [], Console()))


@app.command("replay-server")
def replay_server(
    port: Annotated[
        int, typer.Option("--port", min=0, max=65_535, help="of the first venue; the others follow")
    ] = 8787,
    data: DataFolder = None,
    at: Annotated[
        str | None, typer.Option("--at", help="where the clock begins, for example 2023-03-01T14:30 (UTC)")
    ] = None,
    seed: Seed = 7,
    delay_ms: Annotated[int, typer.Option("--delay-ms", min=0, max=60_000, help="every answer waits so long")] = 0,
    real_answers: Annotated[
        bool, typer.Option("--real-answers", help="recorded HTTP answers of the data folder take precedence")
    ] = False,
) -> None:
    """Stand in for eight exchanges on this machine: history in their own formats, on a clock of its own."""
    from rich.console import Console

    from agent.cli.reported import reported
    from agent.market.replay_server.command import serve

    raise typer.Exit(reported(serve)(port, data, at, seed, delay_ms, real_answers, Console()))


app.add_typer(data_app, name="data")
app.add_typer(market_app, name="market")
app.command()(backtest)
app.command()(sweep)
app.command()(tune)
app.command()(promote)
app.command()(promotions)
app.add_typer(research_app, name="research")


@app.command()
def local(
    config: ConfigFile,
    out: Annotated[Path, typer.Option("--out", help="where the service file is written")] = Path("runs/local"),
    seed: Seed = 7,
) -> None:
    """Start a local chain, a vault and eight venues in real time, for trying `ballast run`."""
    from agent.cli.service import run_local

    raise typer.Exit(run_local(config, out, seed))


@app.command()
def run(
    service: Annotated[Path, typer.Argument(help="service file (YAML)", show_default=False)],
    live: Annotated[bool, typer.Option("--live/--observe-only", help="send plans, or do everything but that")] = False,
    cycles: Annotated[
        int | None, typer.Option("--cycles", min=1, help="run so many rounds at once and end, instead of keeping on")
    ] = None,
) -> None:
    """Keep the vaults of a service file: the headless agent."""
    from agent.cli.service import run_service_file

    raise typer.Exit(run_service_file(service, live, cycles))


@app.command()
def status(service: ServiceFile) -> None:
    """Show each vault of a service: latches, last plans, what stops it."""
    from agent.cli.service import run_status

    raise typer.Exit(run_status(service))


@app.command()
def pause(service: ServiceFile, vault: VaultName = "*") -> None:
    """Let a vault look and send nothing, until `ballast resume`."""
    from agent.cli.service import run_stop

    raise typer.Exit(run_stop(service, vault, "pause"))


@app.command()
def kill(service: ServiceFile, vault: VaultName = "*") -> None:
    """Stop a vault: nothing is sent but a cancellation of what is under way, until `ballast resume`."""
    from agent.cli.service import run_stop

    raise typer.Exit(run_stop(service, vault, "kill"))


@app.command()
def resume(service: ServiceFile, vault: VaultName = "*") -> None:
    """Clear what stops a vault; whoever does this has looked why it stopped."""
    from agent.cli.service import run_resume

    raise typer.Exit(run_resume(service, vault))


@app.command()
def journal(
    service: ServiceFile, last: Annotated[int, typer.Option("--last", min=1, help="so many intents")] = 20
) -> None:
    """Show what was meant, what was sent, and what came of it."""
    from agent.cli.service import run_journal

    raise typer.Exit(run_journal(service, last))


@app.command()
def accept(
    service: ServiceFile, note: Annotated[str, typer.Option("--note", help="what happened and why it is understood")]
) -> None:
    """Take the chain's nonce as it is and the reverts so far as understood; the agent must not run."""
    from agent.cli.service import run_accept

    raise typer.Exit(run_accept(service, note))


@app.command()
def chaos(
    node: Annotated[
        str, typer.Argument(metavar="URL", help="address of the node to stand in front of", show_default=False)
    ],
    fault: Annotated[
        list[str] | None,
        typer.Option("--fault", help="what happens, and how often: lie=0.02; may be given several times"),
    ] = None,
    port: Annotated[int, typer.Option("--port", min=0, max=65_535, help="0 takes a free one")] = 8_546,
    delay_s: Annotated[float, typer.Option("--delay-s", min=0, max=60, help="of a delayed answer")] = 1.0,
    seed: Annotated[int, typer.Option("--seed", min=0, help="of what strikes when")] = 7,
) -> None:
    """Stand in front of a node and misbehave: delay, drop, lose, lie, stall, rate-limit, truncate, reorder, freeze."""
    from agent.cli.service import run_chaos

    raise typer.Exit(run_chaos(node, port, fault or [], seed, delay_s))


@app.command()
def simulate(
    seeds: Annotated[int, typer.Option("--seeds", min=1, max=1_000_000, help="how many")] = 200,
    first: Annotated[int, typer.Option("--first", min=0, help="the first; repeats one that failed")] = 0,
    jobs: Annotated[int, typer.Option("--jobs", min=1, max=64, help="processes that share the work")] = 1,
) -> None:
    """Run the agent against a chain, a network and a clock that come from a seed, with everything that goes wrong."""
    from agent.cli.service import run_simulation

    raise typer.Exit(run_simulation(first, seeds, jobs))


@app.command()
def observe(
    config: ConfigFile,
    base_url: Annotated[
        str | None, typer.Option("--base-url", help="a replay server that plays every venue, instead of the venues")
    ] = None,
    rpc: Annotated[str | None, typer.Option("--rpc", help="a node, to see the vault as well; needs --site")] = None,
    site: Annotated[Path | None, typer.Option("--site", help="the file with the vault's addresses")] = None,
) -> None:
    """Print the whole observation: every number with unit, source, age and quorum, and what was turned away."""
    from agent.cli.run import run_observe

    raise typer.Exit(run_observe(config, base_url, rpc, site))


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
    gc.set_threshold(OBJECTS_PER_LOOK)
    atexit.register(gc.freeze)  # the process ends: looking through all that was loaded took a quarter of a second
    app()
