"""Pulling history: whatever a venue's pages do, the store ends with each row once, or with a code."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from small_series import FUNDING, HOUR_MS, PERP, START_MS, content, fill, hours, table, walk

from agent.market.store import Key, Kind, open_store
from agent.market.store.pull import Pulled, missing, pull_series
from agent.reasons import Code, Reason, Refusal

HOURS = 5_000
END_MS = START_MS + HOURS * HOUR_MS
Bar = tuple[int, float, float, float, float, float]


def bars(count: int = HOURS + 10) -> list[Bar]:
    return [
        (stamp, price, price * 1.001, price * 0.999, price, 10.0)
        for stamp, price in zip(hours(count), walk(count).tolist(), strict=True)
    ]


@dataclass(frozen=True, slots=True)
class Page:
    rows: Sequence[Sequence[float]]
    next_ms: int


class Venue:
    """A venue that knows some rows and answers pages of them; `spoil` changes a page on its way."""

    def __init__(self, rows: Sequence[Bar], settlements: Sequence[tuple[int, float]] = ()) -> None:
        self.rows = list(rows)
        self.settlements = list(settlements)
        self.pages = 0
        self.spoil: Callable[[int, list[Bar]], Sequence[Bar]] = lambda page, rows: rows

    async def candles(
        self, venue: str, base: str, since_ms: int, limit: int | None = None, kind: str = "perp", interval: str = "1h"
    ) -> Page:
        self.pages += 1
        next_ms = since_ms + 1_000 * HOUR_MS
        rows = [row for row in self.rows if since_ms <= row[0] < next_ms]
        return Page(self.spoil(self.pages, rows), min(next_ms, self.rows[-1][0] + HOUR_MS))

    async def funding_history(self, venue: str, base: str, since_ms: int) -> Page:
        self.pages += 1
        rows = [row for row in self.settlements if row[0] >= since_ms][:500]
        return Page(rows, rows[-1][0] + 1 if rows else since_ms)

    async def open_interest_history(self, venue: str, base: str, since_ms: int) -> Page:
        raise Refusal(Reason(Code.DATA_MISSING, "this venue has no history of open interest"))


async def no_wait(seconds: float) -> None:
    """Time passes at once."""


def pull(venue: Venue, folder: Path, key: Key = PERP, until_ms: int = END_MS) -> Pulled:
    return asyncio.run(pull_series(venue, open_store(folder), key, "ETH", START_MS, until_ms, sleep=no_wait))


def stored(folder: Path) -> list[int]:
    return open_store(folder).candles("binance", "ETHUSDT").time_ms.tolist()


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files that an undisturbed pull leaves."""
    folder = tmp_path_factory.mktemp("clean")
    pull(Venue(bars()), folder)
    assert stored(folder) == hours(HOURS)
    return content(folder)


def test_a_second_pull_adds_nothing_and_changes_no_byte(tmp_path: Path, clean: dict[str, bytes]) -> None:
    assert pull(Venue(bars()), tmp_path).added == HOURS
    again = Venue(bars())
    assert pull(again, tmp_path).added == 0
    assert again.pages == 0
    assert content(tmp_path) == clean


def test_the_last_bar_is_left_out_until_another_one_follows(tmp_path: Path) -> None:
    rows = bars(50)
    unfinished = (*rows[-1][:5], 0.1)
    pull(Venue([*rows[:-1], unfinished]), tmp_path)
    assert stored(tmp_path) == hours(49)
    result = pull(Venue([*rows, *bars(52)[50:]]), tmp_path)
    assert stored(tmp_path) == hours(51)
    assert open_store(tmp_path).candles("binance", "ETHUSDT").volume.tolist() == [10.0] * 51
    assert [finding.reason.code for finding in result.findings] == []


def test_a_bar_that_closed_a_minute_ago_is_complete_when_the_present_is_known(tmp_path: Path) -> None:
    def pull_at(now_ms: int) -> None:
        venue, store = Venue(bars(50)), open_store(tmp_path)
        asyncio.run(pull_series(venue, store, PERP, "ETH", START_MS, END_MS, now_ms, sleep=no_wait))

    closed_ms = START_MS + 50 * HOUR_MS
    pull_at(closed_ms + 59_000)
    assert stored(tmp_path) == hours(49)
    pull_at(closed_ms + 60_000)
    assert stored(tmp_path) == hours(50)


def spoilt_by(name: str) -> Callable[[int, list[Bar]], Sequence[Bar]]:
    random = np.random.Generator(np.random.PCG64(3))
    everything = bars()

    def shuffle(page: int, rows: list[Bar]) -> Sequence[Bar]:
        return [rows[row] for row in random.permutation(len(rows))]

    def twice(page: int, rows: list[Bar]) -> Sequence[Bar]:
        return [row for row in rows for _ in range(2)]

    def overlap(page: int, rows: list[Bar]) -> Sequence[Bar]:
        first = everything.index(rows[0])
        return everything[max(first - 100, 0) : first + 900]

    def short(page: int, rows: list[Bar]) -> Sequence[Bar]:
        return rows[:7] if page % 2 else rows

    def skip(page: int, rows: list[Bar]) -> Sequence[Bar]:
        return rows[300:] if page == 2 else rows

    def hole_inside(page: int, rows: list[Bar]) -> Sequence[Bar]:
        return rows[:100] + rows[200:] if page == 3 else rows

    def stale_once(page: int, rows: list[Bar]) -> Sequence[Bar]:
        return everything[:500] if page == 4 else rows

    return {
        "shuffle": shuffle,
        "twice": twice,
        "overlap": overlap,
        "short": short,
        "skip": skip,
        "hole inside": hole_inside,
        "stale once": stale_once,
    }[name]


@pytest.mark.parametrize("name", ["shuffle", "twice", "overlap", "short", "skip", "hole inside", "stale once"])
def test_fault_33_pages_in_disorder_leave_the_same_files(tmp_path: Path, clean: dict[str, bytes], name: str) -> None:
    venue = Venue(bars())
    venue.spoil = spoilt_by(name)
    result = pull(venue, tmp_path)
    assert result.findings == ()
    assert content(tmp_path) == clean


def test_fault_33_refuses_pages_that_repeat_for_ever(tmp_path: Path) -> None:
    venue = Venue(bars())
    venue.spoil = lambda page, rows: bars()[:500] if page > 2 else rows
    with pytest.raises(Refusal) as caught:
        pull(venue, tmp_path)
    assert [reason.code for reason in caught.value.reasons] == [Code.DATA_PAGES]
    assert stored(tmp_path) == hours(1_998)  # what came before stays
    assert pull(Venue(bars()), tmp_path).added == HOURS - 1_998


def test_a_row_told_otherwise_is_put_aside_and_never_overwrites(tmp_path: Path) -> None:
    pull(Venue(bars()[:100]), tmp_path, until_ms=START_MS + 100 * HOUR_MS)
    rows = bars()
    rows[98] = (rows[98][0], *(price * 1.01 for price in rows[98][1:5]), 10.0)
    venue = Venue(rows)
    venue.spoil = lambda page, asked: rows[90:200] if page == 1 else asked  # overlaps what is known
    result = pull(venue, tmp_path)
    codes = {finding.reason.code for finding in result.findings if finding.problem}
    assert codes == {Code.DATA_REVISED}
    assert result.findings[0].reason.where == f"{PERP.folder}/2023-01.parquet row 98"
    store = open_store(tmp_path)
    assert store.candles("binance", "ETHUSDT").close[98] == bars()[98][4]
    assert store.aside(PERP).column("close").to_pylist() == [rows[98][4]]


def test_real_holes_are_told_and_asked_for_again_next_time(tmp_path: Path) -> None:
    rows = bars()
    outage = rows[:1_500] + rows[1_534:]
    result = pull(Venue(outage), tmp_path)
    assert [(finding.reason.code, finding.problem) for finding in result.findings] == [(Code.DATA_GAP, False)]
    assert "34 h without a row from 2023-03-04 12:00 UTC" in result.findings[0].reason.message
    assert pull(Venue(rows), tmp_path).added == 34


def test_an_earlier_beginning_fills_only_what_is_missing(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    rows = table(hours(10, START_MS + 100 * HOUR_MS), {"rate": [0.0001] * 10})
    fill(store, FUNDING, rows)
    spans = missing(store, FUNDING, START_MS, START_MS + 200 * HOUR_MS)
    assert spans == [
        (START_MS, START_MS + 100 * HOUR_MS),
        (START_MS + 110 * HOUR_MS, START_MS + 200 * HOUR_MS),
    ]


def test_settlements_with_jitter_and_a_change_of_interval_are_complete(tmp_path: Path) -> None:
    eight = [(stamp + 12, 0.0001) for stamp in hours(300, every_h=8)]
    hourly = [(stamp, 0.00001) for stamp in hours(1_500, START_MS + 2_400 * HOUR_MS)]
    venue = Venue([], [*eight, *hourly])
    until_ms = START_MS + 3_900 * HOUR_MS
    result = pull(venue, tmp_path, FUNDING, until_ms)
    assert result.added == 1_800
    assert result.findings == ()
    assert pull(venue, tmp_path, FUNDING, until_ms).added == 0


@pytest.mark.parametrize(
    ("spoilt", "code"),
    [
        ((START_MS + HOUR_MS, float("nan"), 1.0, 1.0, 1.0, 1.0), Code.DATA_NOT_FINITE),
        ((START_MS + HOUR_MS, 2_000.0, 2_001.0, 1_999.0, 0.0, 1.0), Code.DATA_NOT_POSITIVE),
        ((START_MS + HOUR_MS, 2_000.0, 1_999.0, 2_001.0, 2_000.0, 1.0), Code.DATA_INCONSISTENT),
        ((START_MS + HOUR_MS + 1_800_000, 2_000.0, 2_001.0, 1_999.0, 2_000.0, 1.0), Code.DATA_INTERVAL),
    ],
)
def test_refuses_rows_that_cannot_be_true(tmp_path: Path, spoilt: Bar, code: Code) -> None:
    venue = Venue([bars()[0], spoilt, *bars()[2:]])
    with pytest.raises(Refusal) as caught:
        pull(venue, tmp_path)
    assert code in {reason.code for reason in caught.value.reasons}
    assert content(tmp_path) == {}


def test_a_venue_in_trouble_is_asked_again_and_given_up_in_the_end(tmp_path: Path, clean: dict[str, bytes]) -> None:
    def limited(page: int, rows: list[Bar]) -> Sequence[Bar]:
        if page in (2, 3):
            raise Refusal(Reason(Code.SOURCE_RATE_LIMITED, "slow down"))
        return rows

    venue = Venue(bars())
    venue.spoil = limited
    pull(venue, tmp_path)
    assert content(tmp_path) == clean

    def down(page: int, rows: list[Bar]) -> Sequence[Bar]:
        raise Refusal(Reason(Code.SOURCE_DOWN, "maintenance"))

    venue.spoil = down
    with pytest.raises(Refusal, match="maintenance"):
        pull(venue, tmp_path, until_ms=END_MS + 5 * HOUR_MS)
    assert content(tmp_path) == clean


def test_waits_for_another_writer_of_the_same_series(tmp_path: Path, clean: dict[str, bytes]) -> None:
    store = open_store(tmp_path)
    with ExitStack() as other:
        other.enter_context(store.writing(PERP))

        async def release(seconds: float) -> None:
            other.close()

        asyncio.run(pull_series(Venue(bars()), store, PERP, "ETH", START_MS, END_MS, sleep=release))
    assert content(tmp_path) == clean


def test_refuses_a_second_writer_that_does_not_end(tmp_path: Path) -> None:
    with open_store(tmp_path).writing(PERP), pytest.raises(Refusal, match="another process writes"):
        pull(Venue(bars()), tmp_path)


def test_pulls_what_a_venue_has_since_its_listing(tmp_path: Path) -> None:
    venue = Venue(bars()[3_000:])
    assert pull(venue, tmp_path, Key(Kind.SPOT, "binance", "ETHUSDT", "1h")).added == HOURS - 3_000
