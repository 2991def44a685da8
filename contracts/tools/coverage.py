"""Which lines and branches of contracts/src the tests do not reach; none may be left.

`python contracts/tools/coverage.py --forge BINARY` runs the tests with small counts on code that forge has marked,
built without the optimizer in a folder of its own, and fails below 100 %.
"""

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

CONTRACTS = Path(__file__).resolve().parent.parent
BUILD = CONTRACTS.parent / "build" / "coverage"
# What a line needs is one run that reaches it; the campaigns have their own target.
COUNTS = {"FOUNDRY_FUZZ_RUNS": "16", "FOUNDRY_INVARIANT_RUNS": "2"}


@dataclass(frozen=True, slots=True)
class Reached:
    """How much of one kind there is, and where nothing came by."""

    total: int
    missed: tuple[str, ...]

    def __str__(self) -> str:
        hit = self.total - len(self.missed)
        return f"{hit} of {self.total} ({100 * hit / self.total:.2f} %)"


def report(forge: Path) -> str:
    """Forge's coverage in LCOV form. Raises RuntimeError when a test fails."""
    BUILD.mkdir(parents=True, exist_ok=True)
    file = BUILD / "lcov.info"
    file.unlink(missing_ok=True)
    folders = {"FOUNDRY_OUT": str(BUILD / "out"), "FOUNDRY_CACHE_PATH": str(BUILD / "cache")}
    command = [str(forge), "coverage", "--report", "lcov", "--report-file", str(file)]
    run = subprocess.run(
        command, cwd=CONTRACTS, env={**os.environ, **COUNTS, **folders}, capture_output=True, text=True, check=False
    )
    if run.returncode != 0 or not file.exists():
        raise RuntimeError(f"no coverage\n{run.stdout[-3000:]}{run.stderr[-3000:]}")
    return file.read_text()


def reached(lcov: str, tag: str) -> Reached:
    """Lines (`DA`) or branches (`BRDA`) of src: the record is line first, count last; `-` is a branch never come to."""
    total, missed, file = 0, [], ""
    for record in lcov.splitlines():
        name, _, value = record.partition(":")
        if name == "SF":
            file = value
        elif name == tag and file.startswith("src/"):
            total += 1
            fields = value.split(",")
            if fields[-1] in ("0", "-"):
                missed.append(f"{file}:{fields[0]}")
    if total == 0:
        raise RuntimeError(f"the report holds no {tag} of src")
    return Reached(total, tuple(missed))


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints what is missed; 0 when nothing is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--forge", type=Path, required=True)
    lcov = report(parser.parse_args(arguments).forge)
    lines, branches = reached(lcov, "DA"), reached(lcov, "BRDA")
    for kind, result in (("line", lines), ("branch", branches)):
        sys.stdout.write("".join(f"{kind} not reached: {where}\n" for where in result.missed))
    sys.stdout.write(f"lines {lines}, branches {branches}\n")
    return 1 if lines.missed or branches.missed else 0


if __name__ == "__main__":
    sys.exit(main())
