"""Measures what the README promises and writes bench/results/latest.json: name, value, unit, bar, machine.

A value is the median of its repetitions. `passed` compares it with its bar where there is one.
"""

import json
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from agent.config.file import load_config
from agent.cycle import CycleOutcome
from agent.market.choose import ChosenMarket, choose_market, data_folder
from agent.replay import open_stage, parse_period, replay
from agent.replay.depositors import Depositors
from agent.replay.stage import AGENT_ACTS_AFTER_S, Stage
from agent.report import write_report
from agent.strategies import decide

CONFIG = "configs/eth-carry.yaml"
PERIOD = ("2023-02-01", "2023-04-01")  # the demo's
SEED = 7
RESULTS = Path(__file__).parent / "results" / "latest.json"


def main() -> None:
    rows = Rows()
    measure_command_line(rows)
    loaded = load_config(CONFIG)
    period = parse_period(*PERIOD)
    chosen = choose_market(loaded.config, data_folder(None), period, SEED)
    measure_replay(rows, loaded, chosen, period)
    measure_cycle(rows, loaded, chosen, period)
    rows.write(market=chosen.source.label)


class Rows:
    """The measurements, printed as they come."""

    def __init__(self) -> None:
        self._rows: list[dict[str, Any]] = []
        self._machine = describe_machine()
        print(f"machine: {self._machine}")

    def add(self, name: str, value: float, unit: str, bar: str | None = None) -> None:
        row = {"name": name, "value": round(value, 4), "unit": unit, "bar": bar, "passed": meets(value, bar)}
        self._rows.append({**row, "machine": self._machine})
        verdict = {None: "", True: "pass", False: "FAIL"}[row["passed"]]
        print(f"{name:44} {value:10.3f} {unit:10} {bar or '':8} {verdict}")

    def rows(self) -> list[dict[str, Any]]:
        """What was measured so far."""
        return self._rows

    def write(self, market: str) -> None:
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(json.dumps([{**row, "market": market} for row in self._rows], indent=2) + "\n")
        print(f"written {RESULTS.relative_to(Path.cwd()) if RESULTS.is_relative_to(Path.cwd()) else RESULTS}")


def measure_command_line(rows: Rows) -> None:
    command = [sys.executable, "-m", "agent.cli", "--help"]
    rows.add(
        "ballast --help", median_of(lambda: subprocess.run(command, check=True, capture_output=True)), "s", "<= 0.4"
    )


def measure_replay(rows: Rows, loaded: Any, chosen: ChosenMarket, period: tuple[int, int]) -> None:
    """Whole replays of the demo's 60 days, transactions, ledger and all, and the report after them."""
    replays = []
    for _ in range(3):
        with tempfile.TemporaryDirectory() as folder:
            started = time.perf_counter()
            first: list[float] = []

            def note(_: object, started: float = started, first: list[float] = first) -> None:
                if not first:
                    first.append(time.perf_counter() - started)

            replayed = replay(
                loaded, chosen.source, period, Path(folder), seed=SEED, synthetic=chosen.synthetic, on_cycle=note
            )
            replays.append((replayed.result["cycles_per_second"], replayed.result["deterministic_digest"], first[0]))
            report_s = median_of(
                lambda folder=folder, replayed=replayed: write_report(
                    Path(folder), replayed.result, replayed.cycles, replayed.decisions
                ),
                1,
            )
    rows.add("replay, hourly cycles end to end", statistics.median(r[0] for r in replays), "cycles/s", ">= 25")
    rows.add("replay, start to the first cycle", statistics.median(r[2] for r in replays), "s", "<= 5")
    rows.add("replay, different digests of three runs", len({r[1] for r in replays}), "digests", "<= 1")
    rows.add("report of 60 days", report_s, "s")


def measure_cycle(rows: Rows, loaded: Any, chosen: ChosenMarket, period: tuple[int, int]) -> None:
    """The parts of an hour on a vault that holds its position."""
    with (
        tempfile.TemporaryDirectory() as folder,
        open_stage(loaded.config, chosen.source, period[0], Path(folder)) as stage,
    ):
        Depositors(stage.local.node, stage.site, ()).open_vault()
        hours = chosen.source.hours(*period)
        parts: dict[str, list[float]] = {"market step": [], "cycle without a transaction": [], "cycle with a plan": []}
        trips = []
        for hour in hours[:400]:
            parts["market step"].append(timed(lambda hour=hour: stage.move_market(chosen.source.world(hour))))
            before = stage.local.node.round_trips
            seconds, outcome = run_cycle(stage)
            kind = "cycle without a transaction" if outcome.sent is None else "cycle with a plan"
            parts[kind].append(seconds)
            if outcome.sent is None:
                trips.append(stage.local.node.round_trips - before)
        bars = {"cycle without a transaction": "<= 15"}
        for name, values in parts.items():
            rows.add(name, statistics.median(values) * 1_000, "ms", bars.get(name))
        rows.add("JSON-RPC round trips of such a cycle", max(trips), "trips", "<= 3")
        observation = stage.cycle.observe(stage.clock.now)
        rows.add("read the vault", median_of(stage.reader.read, 50) * 1_000, "ms")
        rows.add("market view", median_of(lambda: chosen.source.view(stage.clock.now), 200) * 1_000, "ms")
        rows.add("decide", median_of(lambda: decide(observation, loaded.config), 100) * 1_000, "ms")


def run_cycle(stage: Stage) -> tuple[float, CycleOutcome]:
    now = stage.clock.forward(AGENT_ACTS_AFTER_S)
    started = time.perf_counter()
    outcome = stage.cycle.run(now)
    return time.perf_counter() - started, outcome


def median_of(work: Callable[[], object], repetitions: int = 5) -> float:
    """Median seconds of a call, after one that is not counted when there are several."""
    if repetitions > 1:
        work()
    return statistics.median(timed(work) for _ in range(repetitions))


def timed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def meets(value: float, bar: str | None) -> bool | None:
    """Whether a value meets a bar such as "<= 15"; None without a bar."""
    if bar is None:
        return None
    sign, bound = bar.split()
    return value <= float(bound) if sign == "<=" else value >= float(bound)


def describe_machine() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    model = models[0] if models else platform.processor()
    return f"{len(models) or '?'} x {model}, {platform.system()}, CPython {platform.python_version()}"


if __name__ == "__main__":
    main()
