"""A client cannot read the future, and what it has read does not change when the clock moves on."""

from typing import Any

import pytest

from agent.market.replay_server import Histories, ReplayServer, VirtualClock
from agent.market.replay_server.series import HOUR_MS
from agent.market.replay_server.venues import VENUES
from agent.market.replay_server.view import NothingKnown, Price, View

from .conftest import FIRST_MS, NOW_MS, Ask

FAR_MS = NOW_MS + 3 * 24 * HOUR_MS


def view_at(histories: Histories, now_ms: int, venue: str = "binance") -> View:
    return View(venue, histories, now_ms, now_ms, {})


@pytest.mark.parametrize("venue", VENUES)
def test_asking_for_the_future_brings_nothing_of_it(venue: str, ask: Ask, perp: Any) -> None:
    async def everything(exchange: Any) -> tuple[list[int], list[int]]:
        exchange.milliseconds = lambda: FAR_MS  # the client's clock runs three days ahead
        exchange.seconds = lambda: FAR_MS // 1_000
        symbol = perp(exchange, "BTC")
        candles = await exchange.fetch_ohlcv(symbol, "1h", NOW_MS - 10 * HOUR_MS, 100)
        funding = await exchange.fetch_funding_rate_history(symbol, NOW_MS - 48 * HOUR_MS, 100)
        return [row[0] for row in candles], [row["timestamp"] for row in funding]

    candles, funding = ask(venue, everything)
    assert candles
    assert funding
    assert max(candles) <= NOW_MS
    assert max(funding) <= NOW_MS


def test_a_page_that_begins_in_the_future_is_empty(ask: Ask) -> None:
    async def ahead(exchange: Any) -> Any:
        return await exchange.fetch_ohlcv("BTC/USDT:USDT", "1h", NOW_MS + 1, 10)

    assert ask("binance", ahead) == []


def test_the_running_bar_shows_neither_its_close_nor_its_extremes(histories: Histories) -> None:
    hour = NOW_MS // HOUR_MS * HOUR_MS
    running = view_at(histories, NOW_MS).bars("BTC", Price.PERP, hour, hour, 5, newest=True)[0]
    whole = view_at(histories, hour + HOUR_MS).bars("BTC", Price.PERP, hour, hour, 5, newest=True)[0]
    assert running.open == whole.open
    assert (running.high, running.low, running.close) != (whole.high, whole.low, whole.close)
    reach = max(running.high, running.close) / min(running.low, running.close) - 1
    assert reach < 2e-4, "a second's wobble, not what the rest of the hour will do"


@pytest.mark.parametrize("venue", VENUES)
def test_what_was_served_stays_as_it_was(venue: str, histories: Histories) -> None:
    early, late = view_at(histories, NOW_MS, venue), view_at(histories, NOW_MS + 30 * HOUR_MS, venue)
    end = NOW_MS - HOUR_MS
    for price in Price:
        before = early.bars("ETH", price, FIRST_MS, end, 10_000, newest=True)
        assert before == late.bars("ETH", price, FIRST_MS, end, 10_000, newest=True)
    assert early.settlements("ETH", None, end, 10_000, True) == late.settlements("ETH", None, end, 10_000, True)
    assert early.liquidations("ETH", FIRST_MS, end) == late.liquidations("ETH", FIRST_MS, end)
    window = (NOW_MS - 50 * HOUR_MS, end, 500, True)
    assert early.long_short("ETH", *window) == late.long_short("ETH", *window)
    assert early.open_interest("ETH", *window, 300_000) == late.open_interest("ETH", *window, 300_000)


@pytest.mark.parametrize("venue", VENUES)
def test_the_present_depends_on_nothing_behind_the_clock(venue: str) -> None:
    from agent.market.replay_server import synthetic_histories

    whole = synthetic_histories(FIRST_MS, NOW_MS + 50 * 24 * HOUR_MS, seed=3, assets=("ETH",))
    history = whole.of(venue, "ETH")
    after = history.perp.open_ms > NOW_MS // HOUR_MS * HOUR_MS
    for column in (history.perp.close, history.mark.close, history.index.close, history.spot.close):
        column.setflags(write=True)
        before = column.copy()
        quote = view_at(whole, NOW_MS, venue).quote("ETH")
        column[after] = 1e9
        assert view_at(whole, NOW_MS, venue).quote("ETH") == quote
        column[:] = before


def test_before_the_first_row_there_is_nothing_to_quote(histories: Histories) -> None:
    view = view_at(histories, FIRST_MS - 24 * HOUR_MS)
    assert not view.knows("BTC")
    assert view.bars("BTC", Price.PERP, None, None, 10, newest=True) == []
    with pytest.raises(NothingKnown):
        view.quote("BTC")


def test_behind_the_last_row_the_last_word_grows_old(histories: Histories) -> None:
    later_ms = histories.last_ms + 5 * HOUR_MS
    quote = view_at(histories, later_ms).quote("BTC")
    assert later_ms - quote.stamp_ms >= 5 * HOUR_MS


def test_values_move_from_second_to_second(histories: Histories) -> None:
    marks = {view_at(histories, NOW_MS + 1_000 * second).quote("BTC").mark for second in range(20)}
    assert len(marks) > 15


def test_the_clock_is_set_and_runs_on() -> None:
    seconds = 100.0
    clock = VirtualClock(NOW_MS, running=True, monotonic=lambda: seconds)
    seconds += 2.5
    assert clock.now_ms == NOW_MS + 2_500
    clock.set_time(NOW_MS)
    assert clock.now_ms == NOW_MS
    standing = VirtualClock(NOW_MS, monotonic=lambda: seconds)
    seconds += 9
    assert standing.now_ms == NOW_MS
    with pytest.raises(ValueError, match="before 1970"):
        clock.set_time(-1)


def test_moving_the_clock_brings_the_next_bar(server: ReplayServer, ask: Ask) -> None:
    async def two(exchange: Any) -> tuple[int, int]:
        first = await exchange.fetch_ohlcv("BTC/USDT:USDT", "1h", limit=1)
        server.set_time(NOW_MS + HOUR_MS)
        second = await exchange.fetch_ohlcv("BTC/USDT:USDT", "1h", limit=1)
        return first[0][0], second[0][0]

    before, after = ask("binance", two)
    assert after == before + HOUR_MS
