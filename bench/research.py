"""Measures the backtests and writes bench/results/research.json: name, value, unit, bar, machine.

    python bench/research.py          (as `nice`d as you like; nothing else should run)

Everything runs on made-up hours, so no data is needed. A value is the median of its repetitions.
"""

import json
import resource
import subprocess
import sys
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from plain_loop import plain
from run import Rows, median_of

from agent.config.file import load_config
from agent.config.models import Config
from agent.market.choose import history_hours
from agent.market.source import HistorySource
from agent.market.synthetic import SyntheticParameters, synthetic_market
from agent.research.bars import bars_of
from agent.research.events import run_events
from agent.research.exposures import target_grid
from agent.research.kernel import run, run_grid
from agent.research.parameters import INDEX, charges_of, parameter_row

START = 1_483_228_800  # 2017-01-01
YEARS_2, YEARS_20 = 17_520, 175_200
SETS = 1_000
RESULTS = Path(__file__).parent / "results" / "research.json"


def main() -> None:
    rows = Rows()
    measure_grid(rows)
    measure_vault_grid(rows)
    measure_carry(rows)
    measure_events(rows)
    measure_command(rows)
    RESULTS.write_text(json.dumps(rows.rows(), indent=2) + "\n")


def measure_grid(rows: Rows) -> None:
    """1,000 volatility targets over two years of hours, against the same in one plain loop."""
    draw = np.random.default_rng(7)
    close = 1_000 * np.exp(np.cumsum(draw.normal(0, 0.006, YEARS_2 + 1_500)))
    times = START + 3_600 * np.arange(len(close))
    first = len(close) - YEARS_2
    sets = np.column_stack([
        np.linspace(24, 200, SETS), np.full(SETS, 0.2), np.full(SETS, 2.0), np.linspace(0.02, 0.15, SETS),
        np.full(SETS, 0.001), np.full(SETS, 0.05),
    ])  # fmt: skip
    ours, theirs = target_grid(times, close, sets, first), plain(close, sets, first)
    if not np.allclose(ours, theirs, rtol=1e-8):
        raise SystemExit("the plain loop and the kernel disagree")
    kernel = median_of(lambda: target_grid(times, close, sets, first), 7)
    loop = median_of(lambda: plain(close, sets, first), 7)
    rows.add("1,000 volatility targets, 17,520 bars", kernel, "s")
    rows.add("the same as a plain numba loop", loop, "s")
    rows.add("kernel / plain loop", kernel / loop, "times", "<= 1.5")


def measure_vault_grid(rows: Rows) -> None:
    """The same number of sets through the whole simulated vault."""
    config = load_config("configs/eth-volatility-target.yaml").config
    bars = bars_of(source_of(config, YEARS_2 + 5_000, has_perp=False))
    grid = np.tile(parameter_row(config, charges_of(config)), (SETS, 1))
    grid[:, INDEX["target"]] = np.linspace(0.1, 0.4, SETS)
    first, last = len(bars) - YEARS_2, len(bars) - 1
    seconds = median_of(lambda: run_grid(bars, grid, first, last), 3)
    rows.add("1,000 whole vaults, 17,520 bars", seconds, "s")
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    rows.add("memory of the process after both grids", used, "MB", "<= 400")


def measure_carry(rows: Rows) -> None:
    """One delta-neutral vault with funding over 20 years of hours, signals and all."""
    config = load_config("configs/eth-carry.yaml").config
    bars = bars_of(source_of(config, YEARS_20, has_perp=True))
    p = parameter_row(config, charges_of(config))
    seconds = median_of(lambda: run(bars, p, 3_000, len(bars) - 1), 41)
    rows.add("one delta-neutral run, 175,200 bars", 1_000 * seconds * YEARS_20 / (len(bars) - 3_000), "ms", "<= 8")


def measure_events(rows: Rows) -> None:
    """The live decide and gate: at every row, and where the compiled twin cannot prove that nothing is to be done."""
    for name, has_perp in (("eth-volatility-target", False), ("eth-carry", True)):
        config = load_config(f"configs/{name}.yaml").config
        source = source_of(config, YEARS_2 + 5_000, has_perp)
        end = source.last_time
        for audit, what, bar in ((168, "twin ahead, weekly audit", ">= 60000"), (1, "live at every row", None)):
            hours = YEARS_2 if audit > 1 else 1_000
            period = (end - hours * 3_600, end)

            work = partial(run_events, source, config, charges_of(config), period, audit_every=audit)
            seconds = median_of(work, 3)
            rows.add(f"event-driven {name}, {what}", hours / seconds, "bars/s", bar)


def measure_command(rows: Rows) -> None:
    """From the start of the process to the printed result, over two years of the synthetic market."""
    command = [
        sys.executable, "-m", "agent.cli", "backtest", "configs/eth-volatility-target.yaml",
        "--from", "2021-01", "--to", "2022-12",
    ]  # fmt: skip
    seconds = median_of(lambda: subprocess.run(command, check=True, capture_output=True), 5)
    rows.add("ballast backtest, two years", seconds, "s", "<= 1.5")


def source_of(config: Config, hours: int, has_perp: bool) -> HistorySource:
    """A synthetic market; funding as quiet as the last years', so that a position is mostly held."""
    parameters = SyntheticParameters(start_price=2_000.0, outage_hours=2)
    table = synthetic_market(7, START, hours, "ETHUSDT", has_perp, parameters=parameters)
    if table.funding is not None:
        table = replace(table, funding=replace(table.funding, rate=table.funding.rate + 5e-5))
    return HistorySource(table, history_hours(config))


if __name__ == "__main__":
    started = time.perf_counter()
    main()
    print(f"{time.perf_counter() - started:.0f} s in all")
