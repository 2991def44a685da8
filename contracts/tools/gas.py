"""Measures the gas of every entry point, and compares it with what the committed snapshots say.

The snapshots are rewritten by the measurement. Exits with 1 when one moved by more than the tolerance: commit the new
ones if that was meant.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

CONTRACTS = Path(__file__).resolve().parents[1]
SNAPSHOTS = CONTRACTS / "snapshots"
TOLERANCE_PERCENT = 1.0

Figures = dict[str, int]


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--forge", type=Path, required=True, help="the native forge binary")
    options = parser.parse_args(arguments)

    before = read_snapshots()
    command = [str(options.forge.absolute()), "test", "--match-path", "test/Gas.t.sol"]
    # Each call is a transaction of its own, with cold storage and its own base cost.
    command += ["--isolate", "--gas-snapshot-emit=true"]
    subprocess.run(command, cwd=CONTRACTS, env=dict(os.environ), check=True)
    after = read_snapshots()

    moved = 0
    for name in sorted(before.keys() | after.keys()):
        old, new = before.get(name), after.get(name)
        drifts = old is None or new is None or abs(new - old) * 100 > TOLERANCE_PERCENT * old
        moved += drifts
        say(f"{name:48} {text(old):>10} {text(new):>10}{'  moved' if drifts else ''}")
    say(f"{len(after)} figures, {moved} moved by more than {TOLERANCE_PERCENT:g} %")
    return 1 if moved else 0


def read_snapshots() -> Figures:
    """Gas by `group: name`."""
    figures: Figures = {}
    for file in sorted(SNAPSHOTS.glob("*.json")):
        for name, gas in json.loads(file.read_text()).items():
            figures[f"{file.stem}: {name}"] = int(gas)
    return figures


def text(gas: int | None) -> str:
    return "none" if gas is None else f"{gas:,}"


def say(line: str) -> None:
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
