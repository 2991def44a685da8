"""Runs slither over the contracts and compares what it finds with what docs/slither.md explains, place by place.

Exits with 1 when a finding is not explained, or an explained one is gone.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

CONTRACTS = Path(__file__).resolve().parents[1]
DOCUMENT = CONTRACTS.parent / "docs" / "slither.md"
# Not one of slither's detectors: functions it could not read, so that it found nothing in them.
NOT_READ = "not-read"

Place = tuple[str, str, str]  # detector, file, function or variable

_HEADING = re.compile(r"^## `([\w-]+)`")
_PLACE = re.compile(r"^- `([\w/]+\.sol)` ([^:]+)")
_NAME = re.compile(r"`([\w.]+)`")
_UNREAD = re.compile(r"Impossible to generate IR for [\w.]+\.(\w+) \(src/([\w/]+\.sol)#")


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--slither", type=Path, required=True)
    parser.add_argument("--forge", type=Path, required=True, help="the native forge binary")
    options = parser.parse_args(arguments)

    found = run_slither(options.slither.absolute(), options.forge.absolute())
    explained = set(explained_places(DOCUMENT.read_text()))
    for detector, file, name in sorted(found - explained):
        say(f"not explained in docs/slither.md: {detector}, {file}, {name}")
    for detector, file, name in sorted(explained - found):
        say(f"explained in docs/slither.md and no longer found: {detector}, {file}, {name}")
    say(f"slither: {len(found)} places with findings, {len(found & explained)} explained")
    return 0 if found == explained else 1


def run_slither(slither: Path, forge: Path) -> set[Place]:
    """Every place that slither remarks upon. Slither cleans what it builds into, so it gets a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="ballast-slither-") as folder:
        report = Path(folder) / "report.json"
        environment = {
            **os.environ,
            "PATH": os.pathsep.join([str(forge.parent), str(slither.parent), os.environ["PATH"]]),
            "HOME": folder,
            "FOUNDRY_OUT": f"{folder}/out",
            "FOUNDRY_CACHE_PATH": f"{folder}/cache",
        }
        command = [str(slither), ".", "--json", str(report)]
        done = subprocess.run(command, cwd=CONTRACTS, env=environment, capture_output=True, text=True, check=False)
        if not report.exists():
            raise RuntimeError(f"slither gave no report: {done.stderr.strip()[-1000:]}")
        answer = json.loads(report.read_text())
        if not answer["success"]:
            raise RuntimeError(f"slither failed: {answer['error']}")
        return set(reported_places(answer["results"].get("detectors", []), done.stdout + done.stderr))


def reported_places(findings: Iterable[Mapping[str, Any]], log: str) -> Iterable[Place]:
    """Where each finding begins: a function, or a variable of a contract."""
    for finding in findings:
        element = finding["elements"][0]
        file = element["source_mapping"]["filename_relative"].removeprefix("src/")
        yield finding["check"], file, name_of(element)
    for name, file in _UNREAD.findall(log):
        yield NOT_READ, file, name


def name_of(element: Mapping[str, Any]) -> str:
    """A statement or a local variable goes by the name of the function it stands in."""
    parent = element.get("type_specific_fields", {}).get("parent", {})
    if element["type"] in {"node", "variable"} and parent.get("type") == "function":
        return str(parent["name"])
    return str(element["name"])


def explained_places(document: str) -> Iterable[Place]:
    """From `## `detector`` headings with lines of "- `File.sol` `function`, `function`: why" below."""
    detector = ""
    for line in document.splitlines():
        if heading := _HEADING.match(line):
            detector = heading[1]
        elif place := _PLACE.match(line):
            for name in _NAME.findall(place[2]):
                yield detector, place[1], name


def say(line: str) -> None:
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
