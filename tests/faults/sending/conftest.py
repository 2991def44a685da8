"""A chain that counts, a journal and a node that lies."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from counting_fixtures import chain, counting_anvil, journal, proxy

__all__ = ["chain", "counting_anvil", "journal", "proxy"]
