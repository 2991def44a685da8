"""Negative controls: removes one guard at a time from a private copy of the contracts and wants a test to notice.

Prints `planted N, caught N`, and exits with 1 unless the two are equal.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from faults import FAULTS, Fault

CONTRACTS = Path(__file__).resolve().parents[1]
COPIED = ("src", "sim", "test", "tools", "foundry.toml", "package.json")
LINKED = ("node_modules", "vendor-out")
FUZZ_RUNS = 64


@dataclass(frozen=True, slots=True)
class Outcome:
    """The names of the tests that failed, or why forge could not run them."""

    failed: tuple[str, ...]
    error: str


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--forge", type=Path, help="the native forge binary")
    parser.add_argument("--only", default="", help="plant only faults whose name contains this")
    parser.add_argument("--check", action="store_true", help="only see whether every fault can still be planted")
    options = parser.parse_args(arguments)

    for fault in FAULTS:
        planted(fault)
    if options.check:
        say(f"{len(FAULTS)} faults can be planted")
        return 0
    if options.forge is None:
        parser.error("--forge is missing: the Makefile knows where it is")
    chosen = [fault for fault in FAULTS if options.only in fault.name]
    with tempfile.TemporaryDirectory(prefix="ballast-controls-") as folder:
        copy = copy_of_contracts(Path(folder))
        require_passing(options.forge.resolve(), copy, chosen)
        caught = sum(notices(options.forge.resolve(), copy, fault) for fault in chosen)
    say(f"planted {len(chosen)}, caught {caught}")
    return 0 if chosen and caught == len(chosen) else 1


def planted(fault: Fault) -> str:
    """The file with the fault in it. Raises ValueError when the guard does not stand there exactly once."""
    text = (CONTRACTS / "src" / fault.file).read_text()
    count = text.count(fault.before)
    if count != 1:
        raise ValueError(
            f"{fault.name}: expected once in src/{fault.file}, found {count} times: {fault.before!r}. "
            "The guard was rewritten: change the fault in contracts/tools/faults.py with it."
        )
    return text.replace(fault.before, fault.after)


def copy_of_contracts(folder: Path) -> Path:
    """A project of its own, so that nothing here is touched; the installed packages are shared."""
    copy = folder / "contracts"
    copy.mkdir()
    for name in COPIED:
        source = CONTRACTS / name
        if source.is_dir():
            shutil.copytree(source, copy / name)
        else:
            shutil.copy2(source, copy / name)
    for name in LINKED:
        (copy / name).symlink_to(CONTRACTS / name)
    # Tests read bytecode of the packages, which lie outside of the copy.
    configuration = copy / "foundry.toml"
    text = configuration.read_text()
    permissions = 'fs_permissions = [{ access = "read", path = "./" }]'
    if text.count(permissions) != 1:
        raise ValueError(f"foundry.toml: expected once: {permissions}")
    wider = f'fs_permissions = [{{ access = "read", path = "./" }}, {{ access = "read", path = "{CONTRACTS}" }}]'
    configuration.write_text(text.replace(permissions, wider))
    return copy


def require_passing(forge: Path, copy: Path, faults: Sequence[Fault]) -> None:
    """A test that fails without a fault notices nothing."""
    for name in sorted({fault.noticed_by for fault in faults}):
        outcome = run_tests(forge, copy, name)
        if outcome.error or outcome.failed:
            raise RuntimeError(f"test/{name} must pass before a fault is planted: {outcome.error or outcome.failed}")


def notices(forge: Path, copy: Path, fault: Fault) -> bool:
    file = copy / "src" / fault.file
    sound = file.read_text()
    started_at = time.monotonic()
    file.write_text(planted(fault))
    try:
        outcome = run_tests(forge, copy, fault.noticed_by)
    finally:
        file.write_text(sound)
    seconds = time.monotonic() - started_at
    if outcome.error:
        say(f"NOT RUN  {fault.name}: {outcome.error}")
    elif outcome.failed:
        say(f"caught   {fault.name}: {outcome.failed[0]} ({len(outcome.failed)} failed, {seconds:.0f} s)")
    else:
        say(f"MISSED   {fault.name}: every test of {fault.noticed_by} passes ({seconds:.0f} s)")
    return bool(outcome.failed) and not outcome.error


def run_tests(forge: Path, copy: Path, name: str) -> Outcome:
    """Runs one test file. A set-up that fails is an error: it says nothing about the guard."""
    command = [str(forge), "test", "--json", "--match-path", f"test/{name}", "--fuzz-runs", str(FUZZ_RUNS)]
    # A run is repeatable, and leaves nothing in the home folder.
    command += ["--fuzz-seed", "0x1"]
    environment = {**os.environ, "HOME": str(copy.parent), "FOUNDRY_PROFILE": "default"}
    done = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True, check=False)
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if not lines:
        return Outcome((), (done.stderr or done.stdout).strip()[-400:] or f"forge exited with {done.returncode}")
    failed: list[str] = []
    total = 0
    for suite in json.loads(lines[-1]).values():
        for test, result in suite["test_results"].items():
            total += 1
            if result["status"] == "Failure":
                failed.append(test.split("(")[0])
    if total == 0:
        return Outcome((), f"no test ran for test/{name}")
    if "setUp" in failed:
        return Outcome((), "setUp failed")
    return Outcome(tuple(failed), "")


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
