"""Measures how much of src/ the contract tests reach, and wants every line and every branch.

Prints a table and each line that nothing reached. Exits with 1 below 100 %.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

CONTRACTS = Path(__file__).resolve().parents[1]


@dataclass(slots=True)
class Reach:
    """Lines of one file, and branches with the line they begin at, each with whether a test reached it."""

    lines: dict[int, bool] = field(default_factory=dict)
    branches: dict[tuple[int, str, str], bool] = field(default_factory=dict)


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--forge", type=Path, required=True, help="the native forge binary")
    options = parser.parse_args(arguments)

    with tempfile.TemporaryDirectory(prefix="ballast-coverage-") as folder:
        report = Path(folder) / "lcov.info"
        command = [str(options.forge.absolute()), "coverage", "--report", "lcov", "--report-file", str(report)]
        environment = {**os.environ, "FOUNDRY_OUT": f"{folder}/out", "FOUNDRY_CACHE_PATH": f"{folder}/cache"}
        subprocess.run(command, cwd=CONTRACTS, env=environment, check=True)
        reached = read_report(report.read_text().splitlines())

    if not reached:
        say("no file of src/ is in the report")
        return 1
    missing = 0
    say(f"{'file':44} {'lines':>12} {'branches':>12}")
    for name, reach in sorted(reached.items()):
        say(f"{name:44} {part(reach.lines.values()):>12} {part(reach.branches.values()):>12}")
        lines = sorted(number for number, hit in reach.lines.items() if not hit)
        branches = sorted({number for (number, _, _), hit in reach.branches.items() if not hit})
        missing += len(lines) + len(branches)
        if lines:
            say(f"  no test reaches line {', '.join(map(str, lines))}")
        if branches:
            say(f"  no test takes a branch at line {', '.join(map(str, branches))}")
    return 1 if missing else 0


def read_report(lines: Iterable[str]) -> dict[str, Reach]:
    """The files of src/ in an lcov report. A branch that was never looked at counts as not taken."""
    reached: dict[str, Reach] = {}
    current: Reach | None = None
    for line in lines:
        kind, _, rest = line.partition(":")
        if kind == "SF":
            path = rest.removeprefix(f"{CONTRACTS}/")
            current = reached.setdefault(path, Reach()) if path.startswith("src/") else None
        elif kind == "DA" and current is not None:
            number, hits = rest.split(",")[:2]
            current.lines[int(number)] = current.lines.get(int(number), False) or int(hits) > 0
        elif kind == "BRDA" and current is not None:
            number, block, branch, hits = rest.split(",")
            key = (int(number), block, branch)
            current.branches[key] = current.branches.get(key, False) or hits not in {"-", "0"}
    return reached


def part(hits: Iterable[bool]) -> str:
    values = list(hits)
    return f"{sum(values)}/{len(values)}"


def say(line: str) -> None:
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
