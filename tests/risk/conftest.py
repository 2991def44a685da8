"""Gate and headroom are tested on the vault world of tests/strategies."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "strategies"))
