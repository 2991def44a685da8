"""Files of funding: settlements on the hour, and how many hours each of them is for."""

from pathlib import Path

import numpy as np
import pytest
from market_files import CONFIG, FUNDING, HOUR_S, SPOT, START_S, candles, only, refused, stamps_ms, write

from agent.market.history_files import load_market
from agent.market.history_reader import settlement_intervals
from agent.reasons import Code


def test_jitter_of_settlements_is_rounded_to_the_hour(tmp_path: Path) -> None:
    write(tmp_path, SPOT, candles())
    times = [stamp + jitter for stamp, jitter in zip(stamps_ms(4, every_h=8), (0, 47, 12, 3), strict=True)]
    write(tmp_path, FUNDING, {"rate": [0.0001, -0.0002, 0.0, 0.0003]}, times)
    funding = load_market(CONFIG.model_copy(update={"funding": "binance/funding"}), tmp_path).funding
    assert funding is not None
    assert funding.time_s.tolist() == [START_S + 8 * HOUR_S * row for row in range(4)]
    assert funding.interval_h.tolist() == [8.0] * 4


@pytest.mark.parametrize(
    ("hours", "intervals", "strange"),
    [
        ([0, 8, 16, 24], [8, 8, 8, 8], []),
        ([0, 8, 32, 40], [8, 8, 8, 8], []),  # two settlements missing
        ([0, 1, 2, 4, 5], [1, 1, 1, 1, 1], []),  # one missing: not a two-hour settlement
        ([0, 4, 8, 16, 20], [4, 4, 4, 4, 4], []),  # one missing: the eight hours are not confirmed
        ([0, 8, 12, 16, 18, 20, 28, 36], [8, 8, 4, 4, 2, 2, 8, 8], []),  # a change up is confirmed by the next
        ([0, 4, 8, 16], [4, 4, 4, 4], []),  # nothing confirms the last
        ([0, 16, 24, 32], [8, 8, 8, 8], []),  # begins with a hole
        ([0, 8, 11, 19], [8, 8, 8, 8], [2]),
        ([0], [], [0]),
    ],
)
def test_intervals_are_learnt_and_a_hole_is_never_one(
    hours: list[int], intervals: list[int], strange: list[int]
) -> None:
    assert settlement_intervals(np.array(hours, dtype=np.int64) * HOUR_S) == (intervals, strange)


def test_refuses_settlements_at_a_distance_no_venue_uses(tmp_path: Path) -> None:
    write(tmp_path, SPOT, candles())
    times = [(START_S + hour * HOUR_S) * 1_000 for hour in (0, 8, 11, 19)]
    write(tmp_path, FUNDING, {"rate": [0.0001] * 4}, times)
    config = CONFIG.model_copy(update={"funding": "binance/funding"})
    assert only(refused(tmp_path, config)) == (Code.DATA_INTERVAL, f"{FUNDING} row 2")
