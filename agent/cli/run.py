"""The commands that need a chain: demo, replay and decide."""

import tempfile
from datetime import datetime, timedelta
from pathlib import Path

from rich.console import Console

from agent.check import EXIT_OK
from agent.cli.reported import reported
from agent.config.file import load_config
from agent.ledger import CycleRecord
from agent.market.choose import ChosenMarket, choose_market, data_folder
from agent.market.moments import hour_text
from agent.policy_diff import report_policy_diff
from agent.replay import parse_period, replay
from agent.replay.explain import explain
from agent.report import write_report
from agent.report.explanation import print_explanation
from agent.report.terminal import progress, summary_table
from agent.service.failures import refusing
from agent.units import SECONDS_PER_HOUR

DEMO_CONFIG = Path(__file__).parents[2] / "configs" / "eth-carry.yaml"
DEMO_FROM = "2023-02-01"  # in the recorded data; the synthetic market is the same at any date


@reported
@refusing
def run_demo(config: Path | None, data: Path | None, seed: int, days: int, out: Path) -> int:
    """`ballast demo`."""
    first = datetime.fromisoformat(DEMO_FROM)
    last = first + timedelta(days=days - 1)
    return _replay(config or DEMO_CONFIG, (DEMO_FROM, f"{last:%Y-%m-%d}"), data, seed, out)


@reported
def run_observe(config: Path, base_url: str | None, rpc: str | None, site: Path | None) -> int:
    """`ballast observe`."""
    from agent.observe import report_observation

    return report_observation(load_config(config).config, base_url, rpc, site, Console())


@reported
def run_policy_diff(config: Path, rpc: str, vault: str) -> int:
    """`ballast policy diff`."""
    return report_policy_diff(config, rpc, vault, Console())


@reported
@refusing
def run_replay(config: Path, from_: str, to: str, data: Path | None, seed: int, out: Path | None) -> int:
    """`ballast replay`."""
    return _replay(config, (from_, to), data, seed, out)


@reported
@refusing
def run_decide(config: Path, at: str, hours: int, data: Path | None, seed: int) -> int:
    """`ballast decide`."""
    loaded = load_config(config)
    moment, _ = parse_period(at, at, ("--at", "--at"))
    period = (moment - hours * SECONDS_PER_HOUR, moment)
    chosen = choose_market(loaded.config, data_folder(data), period, seed)
    with tempfile.TemporaryDirectory(prefix="ballast-decide-") as folder:
        explanation = explain(loaded.config, chosen.source, period, Path(folder), seed=seed)
    print_explanation(
        Console(),
        explanation.observation,
        explanation.decision,
        explanation.plan,
        explanation.refusals,
        chosen.source.label,
    )
    return EXIT_OK


def _replay(config: Path, dates: tuple[str, str], data: Path | None, seed: int, out: Path | None) -> int:
    console = Console()
    loaded = load_config(config)
    period = parse_period(*dates)
    chosen = choose_market(loaded.config, data_folder(data), period, seed)
    folder = out or Path("runs") / loaded.config.name
    hours = chosen.source.hours(*period)
    _announce(console, chosen, hours, len(range(period[0], period[1] + 1, SECONDS_PER_HOUR)))
    with progress(len(hours), "replaying hours") as bar:

        def advance(_: CycleRecord) -> None:
            bar.advance(bar.task_ids[0])

        replayed = replay(
            loaded, chosen.source, period, folder, seed=seed, synthetic=chosen.synthetic, on_cycle=advance
        )
    page = write_report(folder, replayed.result, replayed.cycles, replayed.decisions)
    console.print(summary_table(replayed.result))
    console.print(f"report  {page.resolve()}", highlight=False, soft_wrap=True)
    return EXIT_OK


def _announce(console: Console, chosen: ChosenMarket, hours: range, asked: int) -> None:
    kind = "[bold yellow]SYNTHETIC market[/]" if chosen.synthetic else "[bold]recorded market[/]"
    period = f"{hour_text(hours[0])} to {hour_text(hours[-1])}"
    text = f"{kind}  {chosen.source.label}, {len(hours):,} hours from {period}"
    console.print(text, highlight=False, soft_wrap=True)
    if len(hours) < asked:
        console.print(
            f"[yellow]note[/]  the market is not known in {asked - len(hours):,} of the {asked:,} hours asked for"
        )
