"""Plants one fault of controls.toml at a time in a private copy of the contracts; the tests it names must fail.

`python contracts/tools/controls.py --forge BINARY [NAME ...]` ends with the line `planted N, caught N`, and fails
if the two differ. A fault that does not compile, or tests that fail without any fault, prove nothing and stop the run.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

CONTRACTS = Path(__file__).resolve().parent.parent
COPIED = ("src", "sim", "test", "tools", "foundry.toml", "vendor-out", "out", "cache")


@dataclass(frozen=True, slots=True)
class Fault:
    """One guard removed: the only `text` of `file` becomes `instead`, and `tests` must fail."""

    name: str
    file: str
    text: str
    tests: str
    instead: str = ""

    def planted(self, source: str) -> str:
        """The source with the fault. Raises ValueError when the guard is not there exactly once."""
        if source.count(self.text) != 1:
            raise ValueError(f"{self.name}: {self.file} holds {source.count(self.text)} times: {self.text}")
        return source.replace(self.text, self.instead)


def read_faults(names: Sequence[str]) -> list[Fault]:
    """The faults of controls.toml, or those of that name."""
    entries = tomllib.loads((CONTRACTS / "tools" / "controls.toml").read_text())["fault"]
    faults = [Fault(**entry) for entry in entries]
    unknown = set(names) - {fault.name for fault in faults}
    if unknown:
        raise ValueError(f"no such fault: {', '.join(sorted(unknown))}")
    return [fault for fault in faults if not names or fault.name in names]


def copy_project(to: Path, tests: Collection[str]) -> None:
    """A copy that may be broken, with what was compiled so far and of all tests only those. Packages are linked."""
    for name in COPIED:
        source = CONTRACTS / name
        if source.is_dir():
            shutil.copytree(source, to / name)
        elif source.exists():
            shutil.copy2(source, to / name)
    for path in (to / "test").rglob("*.t.sol"):
        if str(path.relative_to(to / "test")) not in tests:
            path.unlink()
    (to / "node_modules").mkdir()
    for package in (CONTRACTS / "node_modules").iterdir():
        if package.is_dir():
            shutil.copytree(package, to / "node_modules" / package.name, copy_function=os.link, symlinks=True)
    shutil.rmtree(to / "cache" / "invariant", ignore_errors=True)


def failing_tests(forge: Path, project: Path, tests: str = "") -> list[str]:
    """Names of the tests that fail, of that file or of all. Raises RuntimeError when nothing was compiled or run."""
    command = [str(forge), "test", "--json", *(["--match-path", f"test/{tests}"] if tests else [])]
    run = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    try:
        suites = json.loads(run.stdout)
    except json.JSONDecodeError:
        raise RuntimeError(f"nothing was run\n{run.stdout[-2000:]}{run.stderr[-2000:]}") from None
    results = {name: result for suite in suites.values() for name, result in suite["test_results"].items()}
    if not results:
        raise RuntimeError(f"no test in {tests}")
    return [name for name, result in results.items() if result["status"] == "Failure"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Plants every fault; 0 when each was caught."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--forge", type=Path, required=True)
    parser.add_argument("name", nargs="*", help="of the faults to plant; all of them when there is none")
    options = parser.parse_args(arguments)
    faults = read_faults(options.name)
    files = {fault.tests for fault in faults}
    caught = 0
    with tempfile.TemporaryDirectory(dir=CONTRACTS.parent / "build") as folder:
        project = Path(folder)
        copy_project(project, files)
        if failing := failing_tests(options.forge, project):
            raise RuntimeError(f"these fail without any fault: {', '.join(failing)}")
        for fault in faults:
            path = project / "src" / fault.file
            source = path.read_text()
            path.write_text(fault.planted(source))
            failing = failing_tests(options.forge, project, fault.tests)
            path.write_text(source)
            caught += bool(failing)
            verdict = f"caught by {failing[0]} and {len(failing) - 1} more" if failing else "NOT CAUGHT"
            sys.stdout.write(f"{fault.name}: {verdict}\n")
            sys.stdout.flush()
    sys.stdout.write(f"planted {len(faults)}, caught {caught}\n")
    return 0 if caught == len(faults) else 1


if __name__ == "__main__":
    sys.exit(main())
