"""The lying proxy, rounds of readings and the vault world are shared with the rooms they come from."""

import sys
from pathlib import Path

TESTS = Path(__file__).parents[1]
for room in ("chains", "execution", "market/exchanges", "market/quorum", "strategies"):
    sys.path.insert(0, str(TESTS / room))
