"""Runs slither and compares what it finds with docs/slither.md, where every finding is explained.

`python contracts/tools/findings.py --slither BINARY --forge BINARY` fails when a finding is not listed there, or when
one that is listed is gone. A finding is a detector and a place, as `Contract.function`.
"""

import argparse
import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

CONTRACTS = Path(__file__).resolve().parent.parent
BUILD = CONTRACTS.parent / "build" / "slither"
EXPLAINED = CONTRACTS.parent / "docs" / "slither.md"

Finding = tuple[str, str]


def place(element: dict[str, Any]) -> str:
    """Where something was found: `Contract`, `Contract.function` or `Contract.variable`."""
    names = [element["name"]] if element["type"] != "node" else []
    while (element := element.get("type_specific_fields", {}).get("parent") or {}).get("type") in (
        "function",
        "contract",
    ):
        names.append(element["name"])
    return ".".join(reversed(names))


def found(slither: Path, forge: Path) -> set[Finding]:
    """What slither finds. Raises RuntimeError when it does not get to an answer."""
    BUILD.mkdir(parents=True, exist_ok=True)
    answer = BUILD / "findings.json"
    answer.unlink(missing_ok=True)
    environment = {
        **os.environ,
        "PATH": os.pathsep.join([str(forge.parent), str(slither.absolute().parent), os.environ["PATH"]]),
        "FOUNDRY_OUT": str(BUILD / "out"),
        "FOUNDRY_CACHE_PATH": str(BUILD / "cache"),
    }
    command = [
        str(slither.absolute()),
        ".",
        "--skip-clean",
        "--config-file",
        "slither.config.json",
        "--json",
        str(answer),
    ]
    run = subprocess.run(command, cwd=CONTRACTS, env=environment, capture_output=True, text=True, check=False)
    if not answer.exists():
        raise RuntimeError(f"slither gave no answer\n{run.stderr[-3000:]}")
    result = json.loads(answer.read_text())
    if not result["success"]:
        raise RuntimeError(f"slither failed: {result['error']}")
    return {(entry["check"], place(entry["elements"][0])) for entry in result["results"].get("detectors", [])}


def explained(text: str) -> set[Finding]:
    """The findings that the page lists: places in backquotes under the heading of their detector."""
    findings = set()
    for section in re.split(r"^## ", text, flags=re.MULTILINE)[1:]:
        heading, _, body = section.partition("\n")
        places = re.findall(r"^- (.*)$", body, flags=re.MULTILINE)
        findings |= {(heading.strip(), name) for line in places for name in re.findall(r"`([^`]+)`", line)}
    return findings


def main(arguments: Sequence[str] | None = None) -> int:
    """Compares; 0 when both sides agree."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--slither", type=Path, required=True)
    parser.add_argument("--forge", type=Path, required=True)
    options = parser.parse_args(arguments)
    now, listed = found(options.slither, options.forge), explained(EXPLAINED.read_text())
    for check, where in sorted(now - listed):
        sys.stdout.write(f"not explained in docs/slither.md: {check} in {where}\n")
    for check, where in sorted(listed - now):
        sys.stdout.write(f"explained in docs/slither.md, but gone: {check} in {where}\n")
    sys.stdout.write(f"{len(now)} findings, {len(now & listed)} explained\n")
    return 0 if now == listed else 1


if __name__ == "__main__":
    sys.exit(main())
