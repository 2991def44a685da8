"""What a view shows at an instant, and above all what it does not show."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from agent.config import MarketConfig
from agent.market.history_files import load_market
from agent.market.observation import Floats, MarketView, Seconds
from agent.market.source import HistorySource
from agent.market.synthetic import synthetic_market
from agent.market.table import Candles, MarketTable, Series, Settlements
from agent.reasons import Code, Refusal

HOUR_S = 3_600
START_S = int(datetime(2023, 1, 1, tzinfo=UTC).timestamp())
TABLE = synthetic_market(seed=11, start_s=START_S, hours=400)


def hours(*numbers: int) -> Seconds:
    return START_S + HOUR_S * np.array(numbers, dtype=np.int64)


def flat_candles(numbers: range, price: float, without: tuple[int, ...] = ()) -> Candles:
    kept = [number for number in numbers if number not in without]
    close = price + np.array(kept, dtype=np.float64)
    return Candles("test", hours(*kept), close, close + 1, close - 1)


def small_table(without_spot: tuple[int, ...] = (), without_mark: tuple[int, ...] = ()) -> MarketTable:
    """48 hours; settlements at hours 0, 8, 16, 24; open interest known at every hour from 4 to 30."""
    return MarketTable(
        "ETHUSDT",
        "test",
        flat_candles(range(48), 2_000.0, without_spot),
        flat_candles(range(48), 2_100.0, without_mark),
        Settlements("test", hours(0, 8, 16, 24), np.array([1e-4, 2e-4, 3e-4, 4e-4]), np.full(4, 8.0)),
        Series("test", hours(*range(4, 31)), np.arange(4.0, 31.0)),
    )


def same(left: MarketView, right: MarketView) -> bool:
    scalars = replace(left, history=right.history) == right
    pairs = [
        (left.history.time_s, right.history.time_s), (left.history.spot, right.history.spot),
        (left.history.perp, right.history.perp), (left.history.funding, right.history.funding),
        (left.history.open_interest, right.history.open_interest),
    ]  # fmt: skip
    return scalars and all(
        (a is None and b is None) or (a is not None and b is not None and np.array_equal(a, b)) for a, b in pairs
    )


def rewrite_after(table: MarketTable, time_s: int, seed: int) -> MarketTable:
    """Another future: after `time_s` values change at random and rows vanish at random."""
    random = np.random.default_rng(seed)

    def changed(known: Seconds) -> tuple[NDArray[np.bool_], Floats]:
        later = known > time_s
        return ~later | (random.random(len(known)) < 0.7), np.where(later, random.uniform(0.2, 5.0, len(known)), 1.0)

    def other(candles: Candles) -> Candles:
        kept, factor = changed(candles.time_s)
        return Candles(candles.source, candles.time_s[kept], (candles.close * factor)[kept],
                       (candles.high * factor)[kept], (candles.low * factor)[kept])  # fmt: skip

    assert table.mark is not None
    assert table.funding is not None
    assert table.open_interest is not None
    settled, rate_factor = changed(table.funding.time_s)
    known, interest_factor = changed(table.open_interest.time_s)
    return replace(
        table,
        spot=other(table.spot),
        mark=other(table.mark),
        funding=Settlements(table.funding.source, table.funding.time_s[settled],
                            (table.funding.rate * rate_factor)[settled], table.funding.interval_h[settled]),
        open_interest=Series(table.open_interest.source, table.open_interest.time_s[known],
                             (table.open_interest.value * interest_factor)[known]),
    )  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(second=st.integers(0, 399 * HOUR_S), seed=st.integers(0, 2**32 - 1))
def test_no_view_depends_on_anything_after_its_instant(second: int, seed: int) -> None:
    instant = START_S + second
    before = HistorySource(TABLE, 100).view(instant)
    after = HistorySource(rewrite_after(TABLE, instant, seed), 100).view(instant)
    assert same(before, after)


def test_another_past_does_change_the_view() -> None:
    instant = START_S + 200 * HOUR_S
    other = HistorySource(rewrite_after(TABLE, instant - 2 * HOUR_S, 5), 100).view(instant)
    assert not same(HistorySource(TABLE, 100).view(instant), other)


def test_a_recording_that_ends_now_shows_the_same_as_one_that_goes_on(data_folder: Path) -> None:
    config = MarketConfig(
        symbol="ETHUSDT", spot="binance/spot", perp="binance/perp", funding="binance/funding",
        open_interest="bybit/open_interest",
    )  # fmt: skip
    whole = HistorySource(load_market(config, data_folder), 500)
    for day in (40, 82, 83, 150):
        instant = START_S + day * 24 * HOUR_S + 14 * HOUR_S + 17
        cut = HistorySource(load_market(config, data_folder, end_s=instant), 500)
        assert same(whole.view(instant), cut.view(instant))


def test_history_is_the_window_and_read_only() -> None:
    view = HistorySource(TABLE, 24).view(START_S + 300 * HOUR_S + 59)
    history = view.history
    assert history.time_s[[0, -1]].tolist() == [START_S + 276 * HOUR_S, START_S + 300 * HOUR_S]
    assert history.perp is not None
    assert history.funding is not None
    assert history.open_interest is not None
    assert len(history.time_s) == len(history.spot) == len(history.perp) == 25
    assert len(history.funding) == len(history.open_interest) == 25
    for array in (history.time_s, history.spot, history.perp, history.funding, history.open_interest):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


def test_facts_carry_the_moment_from_which_they_were_known() -> None:
    view = HistorySource(small_table(), 24).view(START_S + 20 * HOUR_S + 600)
    assert view.problems == ()
    assert view.spot is not None
    assert view.perp is not None
    assert view.funding is not None
    assert (view.spot.value, view.spot.at) == (2_020.0, START_S + 20 * HOUR_S)
    assert (view.perp.value, view.perp.at) == (2_120.0, START_S + 20 * HOUR_S)
    rate, fact = view.funding
    assert (rate.value, rate.interval_h, fact.at) == (3e-4, 8.0, START_S + 16 * HOUR_S)


def test_a_missing_bar_makes_the_price_unknown_and_says_how_old_the_last_one_is() -> None:
    source = HistorySource(small_table(without_spot=(20, 21)), 24)
    view = source.view(START_S + 21 * HOUR_S + 30)
    assert view.spot is None
    assert view.perp is not None
    (problem,) = view.problems
    assert (problem.code, problem.value, problem.bound, problem.where) == (
        Code.DATA_STALE, 2 * HOUR_S + 30, HOUR_S, "market.spot",
    )  # fmt: skip
    assert view.history.time_s[-1] == START_S + 19 * HOUR_S


@pytest.mark.parametrize(("second", "known"), [(0, True), (HOUR_S - 1, True), (HOUR_S, False)])
def test_a_price_is_known_until_the_next_bar_should_have_closed(second: int, known: bool) -> None:
    source = HistorySource(small_table(without_spot=(20,), without_mark=(20,)), 24)
    view = source.view(START_S + 19 * HOUR_S + second)
    assert (view.spot is not None, view.perp is not None) == (known, known)
    assert [problem.where for problem in view.problems] == ([] if known else ["market.spot", "market.perp"])


def test_a_step_over_an_outage_accrues_funding_for_all_its_hours() -> None:
    history = HistorySource(small_table(without_mark=(20, 21)), 24).view(START_S + 22 * HOUR_S).history
    assert history.funding is not None
    assert np.diff(history.time_s)[-1] == 3 * HOUR_S
    assert history.funding[-1] == pytest.approx(3 * 3e-4 / 8)


def test_funding_of_a_row_is_the_rate_that_was_settled_by_then() -> None:
    history = HistorySource(small_table(), 48).view(START_S + 20 * HOUR_S).history
    assert history.funding is not None
    by_hour = dict(zip(((history.time_s - START_S) // HOUR_S).tolist(), history.funding.tolist(), strict=True))
    assert by_hour[7] == pytest.approx(1e-4 / 8)
    assert by_hour[8] == pytest.approx(2e-4 / 8)
    assert by_hour[15] == pytest.approx(2e-4 / 8)


def test_old_funding_and_old_open_interest_are_unknown() -> None:
    source = HistorySource(small_table(), 24, max_funding_age_h=10, max_open_interest_age_h=3)
    assert source.view(START_S + 33 * HOUR_S).problems == ()
    view = source.view(START_S + 35 * HOUR_S)
    assert view.funding is None
    assert view.open_interest is None
    assert view.spot is not None
    assert {(problem.code, problem.value, problem.bound) for problem in view.problems} == {
        (Code.FUNDING_STALE, 11 * HOUR_S, 10 * HOUR_S), (Code.OPEN_INTEREST_STALE, 5 * HOUR_S, 3 * HOUR_S),
    }  # fmt: skip
    assert view.history.time_s[-1] == START_S + 33 * HOUR_S


def test_rows_begin_where_the_youngest_series_begins() -> None:
    source = HistorySource(small_table(), 48)
    assert source.first_time == START_S + 4 * HOUR_S
    assert source.last_time == START_S + 33 * HOUR_S
    early = source.view(START_S + HOUR_S)
    assert early.open_interest is None
    assert early.problems[0].code == Code.DATA_MISSING
    assert len(early.history.time_s) == 0


def test_before_and_after_the_record_nothing_is_known() -> None:
    source = HistorySource(TABLE, 24)
    before, after = source.view(START_S - HOUR_S), source.view(START_S + 1_000 * HOUR_S)
    assert before.spot is None
    assert len(before.history.time_s) == 0
    assert after.spot is None
    assert after.funding is None
    assert len(after.problems) == 4


def test_the_world_pays_each_settlement_in_equal_hours() -> None:
    source = HistorySource(small_table(), 24)
    paid = [source.world(START_S + hour * HOUR_S).funding_rate_1h for hour in range(1, 25)]
    assert paid == [pytest.approx(rate / 8) for rate in (2e-4, 3e-4, 4e-4) for _ in range(8)]
    assert source.world(START_S + 25 * HOUR_S).funding_rate_1h is None


def test_the_world_knows_the_extremes_and_admits_a_hole() -> None:
    source = HistorySource(small_table(without_spot=(9,), without_mark=(10,)), 24)
    world = source.world(START_S + 8 * HOUR_S)
    assert (world.spot, world.oracle) == (2_008.0, 2_008.0)
    assert (world.mark, world.high, world.low) == (2_108.0, 2_109.0, 2_107.0)
    assert source.world(START_S + 9 * HOUR_S).oracle is None
    assert source.world(START_S + 9 * HOUR_S).mark == 2_109.0
    assert source.world(START_S + 10 * HOUR_S).high is None


def test_hours_stay_inside_the_record_and_cross_its_outages() -> None:
    source = HistorySource(small_table(without_spot=(9,)), 24)
    stepped = source.hours(START_S - 50 * HOUR_S, START_S + 12 * HOUR_S + 5)
    assert list(stepped) == [START_S + hour * HOUR_S for hour in range(4, 13)]
    with pytest.raises(Refusal):
        source.hours(START_S + 500 * HOUR_S, START_S + 600 * HOUR_S)


def test_refuses_series_that_never_meet() -> None:
    table = MarketTable("ETHUSDT", "test", flat_candles(range(10), 2_000.0), flat_candles(range(20, 30), 2_000.0))
    with pytest.raises(Refusal, match="no hour in which all its series are known"):
        HistorySource(table, 24)


def test_a_spot_market_needs_nothing_else() -> None:
    source = HistorySource(synthetic_market(3, START_S, 100, perp=False), 24)
    view = source.view(START_S + 50 * HOUR_S)
    assert view.problems == ()
    assert view.spot is not None
    assert (view.perp, view.funding, view.open_interest) == (None, None, None)
    assert (view.history.perp, view.history.funding, view.history.open_interest) == (None, None, None)
    assert source.world(START_S + 50 * HOUR_S).mark is None


def test_a_view_is_a_slice_of_arrays_shared_by_all_views() -> None:
    source = HistorySource(TABLE, 200)
    first, second = source.view(START_S + 300 * HOUR_S), source.view(START_S + 301 * HOUR_S)
    assert np.shares_memory(first.history.spot, second.history.spot)


@pytest.mark.parametrize(
    ("times", "close", "high", "low"),
    [
        ([1, 1], [1.0, 1.0], [1.0, 1.0], [1.0, 1.0]),
        ([2, 1], [1.0, 1.0], [1.0, 1.0], [1.0, 1.0]),
        ([1, 2], [1.0, float("nan")], [1.0, 1.0], [1.0, 1.0]),
        ([1, 2], [1.0, 0.0], [1.0, 1.0], [1.0, 1.0]),
        ([1, 2], [1.0, 2.0], [1.0, 1.0], [1.0, 1.0]),
        ([1, 2], [1.0], [1.0, 1.0], [1.0, 1.0]),
    ],
)
def test_a_table_refuses_broken_candles(
    times: list[int], close: list[float], high: list[float], low: list[float]
) -> None:
    with pytest.raises(ValueError, match="test"):
        Candles("test", hours(*times), np.array(close), np.array(high), np.array(low))


def test_a_table_refuses_settlements_that_overlap() -> None:
    with pytest.raises(ValueError, match="reaches back"):
        Settlements("test", hours(0, 4), np.array([1e-4, 1e-4]), np.array([8.0, 8.0]))
    with pytest.raises(ValueError, match="must be one of"):
        Settlements("test", hours(0, 24), np.array([1e-4, 1e-4]), np.array([24.0, 24.0]))


def test_arrays_given_to_a_table_cannot_change_it_later() -> None:
    close = np.full(3, 10.0)
    candles = Candles("test", hours(0, 1, 2), close, close + 1, close - 1)
    close[0] = 99.0
    assert candles.close[0] == 10.0
