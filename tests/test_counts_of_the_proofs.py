"""`make prove-tests` runs every property of the contracts as often as docs/proofs.md says."""

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1] / "contracts" / "test"
FULL = {"fuzz": 10_000, "invariant": 1_280}
STOLEN_KEY_RUNS = 500  # each is thirty days of plans
COUNT = re.compile(r"forge-config: (default|prove)\.(fuzz|invariant)\.runs = (\d+)")


@pytest.mark.parametrize("path", sorted(TESTS.rglob("*.t.sol")), ids=lambda path: path.stem)
def test_no_property_has_a_small_count_without_the_full_one_below_it(path: Path) -> None:
    """forge lets a count of the default profile win over the profile that proves, unless that has one of its own."""
    counts = COUNT.findall(path.read_text())
    for (profile, kind, _), (next_profile, next_kind, runs) in zip(counts[::2], counts[1::2], strict=True):
        assert (profile, next_profile, next_kind) == ("default", "prove", kind)
        assert int(runs) >= FULL[kind] or int(runs) == STOLEN_KEY_RUNS
