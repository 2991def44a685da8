"""What `ballast research stress` does, without the command line around it."""

import json
import math
from dataclasses import asdict
from pathlib import Path

from rich.console import Console

from agent.check import EXIT_OK
from agent.config.file import LoadedConfig, load_config
from agent.ledger.files import write_text
from agent.market.choose import data_folder
from agent.research.stress.cascade import Cascade, crowds, default_shock, run_cascade
from agent.research.stress.measure import Outcome, measure
from agent.research.stress.plot import plot_stress
from agent.research.stress.scenarios import Absent, made_up, recorded
from agent.research.stress.terminal import print_cascades, print_outcomes
from agent.research.terminal import progress, tell_runner


def stress(config: Path, data: Path | None, seed: int, agents: int, out: Path | None, console: Console) -> int:
    """`ballast research stress`: every scenario, every crowd, a picture and the numbers of it."""
    loaded = load_config(config)
    folder = data_folder(data)
    tell_runner(console, loaded.config)
    scenarios = [*made_up(loaded.config, seed)]
    found = [*recorded(loaded.config, folder)] if folder is not None else []
    scenarios += [one for one in found if not isinstance(one, Absent)]
    absent = [one for one in found if isinstance(one, Absent)]
    with progress(console) as bar:
        outcomes = [measure(one) for one in bar.track(scenarios, description="scenarios")]
    print_outcomes(console, outcomes, absent)
    if folder is None:
        console.print("[dim]recorded crashes need recorded data: name a folder with --data[/]")
    with progress(console) as bar:
        tried = crowds(loaded.config, agents) if agents > 0 else []
        cascades = [run_cascade(crowd, seed=seed) for crowd in bar.track(tried, description="crowds")]
    if cascades:
        print_cascades(console, cascades, default_shock(loaded.config))
    target = out or Path("runs") / f"{loaded.config.name}-stress"
    target.mkdir(parents=True, exist_ok=True)
    picture = plot_stress(loaded.config, outcomes, cascades, target / "stress.png")
    numbers = write_text(target / "stress.json", _as_json(loaded, seed, outcomes, absent, cascades))
    console.print(f"written {numbers} and {picture}", highlight=False, soft_wrap=True)
    return EXIT_OK


def _as_json(
    loaded: LoadedConfig, seed: int, outcomes: list[Outcome], absent: list[Absent], cascades: list[Cascade]
) -> str:
    """The tables as JSON; a distance without a short is null."""
    rows = [
        asdict(one)
        | {"nearest_distance": one.nearest_distance if math.isfinite(one.nearest_distance) else None}
        | {"breached": list(one.breached)}
        for one in outcomes
    ]
    crowd = [
        {
            "crowd": one.crowd.name,
            "agents": one.crowd.agents,
            "overshoot": one.overshoot,
            "worst_drawdowns": sorted(float(value) for value in one.worst_drawdowns),
            "nearest_distance": one.nearest if math.isfinite(one.nearest) else None,
            "liquidations": one.liquidations,
            "latched": one.latched,
            "breached": list(one.breached),
            "impact_usd": one.impact_usd,
            "traded_usd": one.traded_usd,
        }
        for one in cascades
    ]
    summary = {
        "strategy": loaded.config.name,
        "config_hash": loaded.config_hash,
        "seed": seed,
        "scenarios": rows,
        "absent": [asdict(one) for one in absent],
        "cascade": crowd,
    }
    return json.dumps(summary, indent=2, allow_nan=False) + "\n"
