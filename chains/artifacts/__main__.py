"""Regenerates the shipped artefacts from forge's output: `python -m chains.artifacts contracts/out`."""

import json
import sys
from pathlib import Path
from typing import Any

from chains.artifacts import NAMES


def compiled(forge_out: Path, name: str) -> dict[str, Any]:
    """What is shipped of one contract, out of a forge output folder."""
    path = forge_out / f"{name}.sol" / f"{name}.json"
    if not path.exists():
        raise FileNotFoundError(f"{path}: build the contracts first (make build)")
    entry = json.loads(path.read_text())
    return {
        "abi": entry["abi"],
        "bytecode": entry["bytecode"]["object"],
        "deployedBytecode": entry["deployedBytecode"]["object"],
    }


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit("usage: python -m chains.artifacts <forge output folder>")
    folder = Path(__file__).parent
    for name in NAMES:
        text = json.dumps(compiled(Path(sys.argv[1]), name), separators=(",", ":"), sort_keys=True)
        (folder / f"{name}.json").write_text(text + "\n")
    print(f"{len(NAMES)} artefacts written to {folder.name}/")


if __name__ == "__main__":
    main()
