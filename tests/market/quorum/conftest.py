"""The rounds of readings are shared with tests/faults."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
