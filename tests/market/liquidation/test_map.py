"""Buckets, clusters, the estimate from open interest, and its error on recorded hours."""

import math
from pathlib import Path

import numpy as np
import pytest

from agent.market.liquidation import Level, PerpHours, Side, Tier, clusters, estimate, map_of_levels
from agent.market.liquidation.measure import measure
from agent.market.liquidation.recorded import recorded_hours


def hours(prices: list[float], interest: list[float], high: list[float] | None = None) -> PerpHours:
    close = np.array(prices)
    return PerpHours(
        np.arange(len(prices)) * 3_600,
        close if high is None else np.array(high),
        close,
        close,
        np.array(interest),
    )


def test_a_level_stands_in_the_bucket_that_holds_its_price() -> None:
    levels = [Level(2_000.0, Side.SHORT, 5.0), Level(1_999.9, Side.LONG, 7.0), Level(2_010.0, Side.SHORT, 1.0)]
    found = map_of_levels(levels, 2_000.0, width=0.01, estimate=False, source="test")
    assert [(bucket.long_usd, bucket.short_usd) for bucket in found.buckets] == [(7.0, 0.0), (0.0, 6.0)]
    assert found.buckets[0].high == pytest.approx(2_000.0)
    assert all(bucket.low <= level.price < bucket.high for bucket, level in zip(found.buckets, levels[1:], strict=True))


@pytest.mark.parametrize(
    "level", [Level(0.0, Side.LONG, 1.0), Level(math.nan, Side.LONG, 1.0), Level(1.0, Side.LONG, -1.0)]
)
def test_refuses_a_level_that_is_none(level: Level) -> None:
    with pytest.raises(ValueError, match="level"):
        map_of_levels([level], 2_000.0, estimate=False, source="test")


def test_the_nearest_cluster_is_told_in_standard_deviations() -> None:
    small = [Level(2_000 * 1.01 ** (k + 0.5), Side.SHORT, 1.0) for k in range(20)]
    small += [Level(2_000 / 1.01 ** (k + 0.5), Side.LONG, 1.0) for k in range(20)]
    large = [Level(2_000 * 1.01**5.5, Side.SHORT, 50.0), Level(2_000 * 1.01**9.5, Side.SHORT, 90.0)]
    found = map_of_levels([*small, *large], 2_000.0, width=0.01, estimate=True, source="test")
    below, above = clusters(found, volatility_annual=0.01 * math.sqrt(365))
    assert below is None
    assert above is not None
    assert above.bucket.notional_usd == pytest.approx(51.0)
    assert above.distance == pytest.approx(1.01**5 - 1)
    assert above.distance_sigmas == pytest.approx(5 * math.log(1.01) / 0.01)


def test_an_empty_map_has_no_cluster() -> None:
    empty = map_of_levels([], 2_000.0, estimate=True, source="test")
    assert clusters(empty, 0.5) == (None, None)


TEN_TIMES = (Tier(10, 1.0),)


def test_positions_stand_where_the_venue_would_liquidate_them() -> None:
    found = estimate(hours([2_000, 2_000], [100, 100]), TEN_TIMES, 0.005, half_life_h=1e9)
    assert found.grid[found.longs.argmax()] == pytest.approx(2_000 * (1 - 0.1 + 0.005), rel=0.002)
    assert found.grid[found.shorts.argmax()] == pytest.approx(2_000 * (1 + 0.1 - 0.005), rel=0.002)


def test_both_books_are_as_large_as_open_interest() -> None:
    found = estimate(hours([2_000, 2_100, 1_950, 2_000], [100, 130, 90, 120]))
    assert found.longs.sum() == pytest.approx(120)
    assert found.shorts.sum() == pytest.approx(120)


def test_a_price_that_reaches_a_level_takes_it_out() -> None:
    reached = estimate(hours([2_000, 1_800], [100, 100], high=[2_000, 1_990]), TEN_TIMES, 0.005, half_life_h=1e9)
    missed = estimate(hours([2_000, 1_830], [100, 100], high=[2_000, 1_990]), TEN_TIMES, 0.005, half_life_h=1e9)
    assert reached.liquidated.tolist() == pytest.approx([0, 100])
    assert missed.liquidated.tolist() == [0, 0]


def test_what_is_left_of_a_half_life_is_a_half() -> None:
    found = estimate(hours([2_000, 2_100], [100, 100]), TEN_TIMES, 0.005, half_life_h=1.0)
    old = found.longs[np.abs(found.grid / (2_000 * 0.905) - 1) < 0.002].sum()
    assert old == pytest.approx(50)


@pytest.mark.parametrize(
    ("prices", "interest"),
    [([2_000.0], [1.0]), ([2_000.0, math.nan], [1.0, 1.0]), ([2_000.0, 2_000.0], [1.0, 0.0]), ([1.0, 2.0], [1.0])],
    ids=["one hour", "NaN", "zero for missing", "uneven"],
)
def test_refuses_hours_that_cannot_be_judged(prices: list[float], interest: list[float]) -> None:
    with pytest.raises(ValueError, match="estimate needs"):
        hours(prices, interest)


@pytest.mark.parametrize("symbol", ["BTCUSDT", "ETHUSDT", "SOLUSDT"])
def test_the_recorded_error_is_what_the_documentation_says(data_folder: Path, symbol: str) -> None:
    """The table of docs/liquidation-levels.md; the map adds a little to what the hour's range tells."""
    found = measure(recorded_hours(data_folder, symbol).hours)
    row = next(
        line for line in Path("docs/liquidation-levels.md").read_text().splitlines() if line.startswith(f"| {symbol} |")
    )
    told = [float(cell.strip(" %")) for cell in row.split("|")[3:-1]]
    measured = [
        100 * found.mean_estimated,
        100 * found.mean_fall,
        100 * found.mean_absolute_error,
        100 * found.tail_estimated,
        100 * found.tail_fall,
        found.rank,
        found.range_rank,
        found.rank_beyond_range,
    ]
    assert measured == pytest.approx(told, abs=0.006)
    assert found.rank_beyond_range > 0.05, "otherwise the map says nothing that the range does not"
