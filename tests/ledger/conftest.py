"""Makes the small vault importable for these tests, whatever way they are collected."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
