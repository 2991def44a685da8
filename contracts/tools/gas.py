"""Measures what the calls cost and compares it with contracts/snapshots/gas.json.

`python contracts/tools/gas.py --forge BINARY` fails when a call costs more than a hundredth more or less than the
snapshot says, or when one is missing on either side; `--write` renews the snapshot. Both print the bars: a plan with
two legs against the same trades by a plain account, and entry and exit.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

CONTRACTS = Path(__file__).resolve().parent.parent
SNAPSHOT = CONTRACTS / "snapshots" / "gas.json"
MEASURED = CONTRACTS.parent / "build" / "snapshots"
TOLERANCE = 0.01


def measure(forge: Path) -> dict[str, int]:
    """Gas by call, each in a transaction of its own. Raises RuntimeError when a measurement fails."""
    file = MEASURED / "gas.json"
    file.unlink(missing_ok=True)
    environment = {**os.environ, "FOUNDRY_SNAPSHOTS": str(MEASURED), "FORGE_SNAPSHOT_EMIT": "true"}
    command = [str(forge), "test", "--isolate", "--match-path", "test/Gas.t.sol"]
    run = subprocess.run(command, cwd=CONTRACTS, env=environment, capture_output=True, text=True, check=False)
    if run.returncode != 0 or not file.exists():
        raise RuntimeError(f"nothing was measured\n{run.stdout[-3000:]}{run.stderr[-3000:]}")
    return {call: int(gas) for call, gas in json.loads(file.read_text()).items()}


def differences(now: Mapping[str, int], before: Mapping[str, int]) -> list[str]:
    """What changed by more than the tolerance, or is on one side only."""
    lines = []
    for call in sorted(now.keys() | before.keys()):
        if call not in now or call not in before:
            lines.append(f"{call}: only {'measured' if call in now else 'in the snapshot'}")
        elif abs(now[call] - before[call]) > TOLERANCE * before[call]:
            lines.append(f"{call}: {before[call]:,} became {now[call]:,}")
    return lines


def bars(gas: Mapping[str, int]) -> str:
    """The figures that the specification bounds."""
    direct = gas["plain account: swap"] + gas["plain account: perp order"]
    plan = gas["rebalance, both legs grow"]
    return (
        f"plan with two legs {plan:,}, the same trades by a plain account {direct:,}: {plan / direct:.2f} times\n"
        f"deposit {gas['deposit']:,}, redeem {gas['redeem']:,}; "
        f"of each about {gas['reading price and positions']:,} to read the venues, 21,000 of them to be called\n"
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Measures and compares; 0 when nothing changed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--forge", type=Path, required=True)
    parser.add_argument("--write", action="store_true", help="renew the snapshot")
    options = parser.parse_args(arguments)
    now = measure(options.forge)
    sys.stdout.write(bars(now))
    if options.write:
        SNAPSHOT.parent.mkdir(exist_ok=True)
        SNAPSHOT.write_text(json.dumps(now, indent=2, sort_keys=True) + "\n")
        return 0
    changed = differences(now, json.loads(SNAPSHOT.read_text()))
    sys.stdout.write("".join(f"{line}\n" for line in changed) or f"{len(now)} calls as in the snapshot\n")
    return 1 if changed else 0


if __name__ == "__main__":
    sys.exit(main())
