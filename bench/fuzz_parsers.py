"""Feeds spoilt venue answers to the readers of the exchanges and counts what must never happen.

`python bench/fuzz_parsers.py N` prints `answers N, uncoded 0, nan 0, wrong symbol 0`; any other count is a failure.
The same seed spoils in the same way.
"""

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests/market/exchanges"))

from fuzz import campaign

ANSWERS = 1_000_000
SEED = 7


def main() -> int:
    answers = int(sys.argv[1]) if len(sys.argv) > 1 else ANSWERS
    began = time.perf_counter()
    count = campaign(answers, SEED)
    print(count)
    print(f"used {count.accepted}, turned away {count.rejected}, {time.perf_counter() - began:.0f} s, seed {SEED}")
    return int(count.uncoded + count.nan + count.wrong_symbol > 0)


if __name__ == "__main__":
    sys.exit(main())
