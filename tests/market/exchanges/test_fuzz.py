"""Whatever a venue sends ends as readings or as coded rejections; bench/fuzz_parsers.py does it a million times."""

from dataclasses import replace
from random import Random
from typing import Any

import pytest
from fuzz import HOSTILE, NOW_MS, Count, campaign, examine, spoil, subjects
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.market.exchanges import rows
from agent.market.exchanges.door import TurnedAway
from agent.market.exchanges.facts import Facts
from agent.market.exchanges.markets import find_market
from agent.market.exchanges.venues import VENUES
from agent.market.reading import Quantity

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(HOSTILE[:20]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


def test_a_campaign_finds_nothing_uncoded_no_nan_and_no_wrong_symbol() -> None:
    count = campaign(8_000, seed=11)
    assert str(count) == "answers 8000, uncoded 0, nan 0, wrong symbol 0"
    assert count.accepted > 2_000  # most of an answer survives one bad field
    assert count.rejected > 4_000


def test_the_campaign_would_see_a_reader_that_does_not_look_at_the_name() -> None:
    def careless(answer: Any, facts: Facts, depth_bps: float) -> None:
        facts.put(Quantity.MARK_PRICE, answer["markPrice"], NOW_MS)

    subject = subjects()[0]
    count, random = Count(), Random(1)
    blind = replace(subject, call=replace(subject.call, read=careless))
    for _ in range(2_000):
        undo, renamed = spoil(blind, random)
        examine(blind, count, renamed)
        for box, name, before in reversed(undo):
            box[name] = before
    assert count.wrong_symbol > 0


def test_the_campaign_would_see_nan_and_an_error_without_a_code() -> None:
    def nan(answer: Any, facts: Facts, depth_bps: float) -> None:
        facts.readings[Quantity.MARK_PRICE] = facts.reading(Quantity.MARK_PRICE, float("nan"), NOW_MS)

    def boom(answer: Any, facts: Facts, depth_bps: float) -> None:
        raise OSError("no code for this")

    subject, count = subjects()[0], Count()
    examine(replace(subject, call=replace(subject.call, read=nan)), count, renamed=False)
    examine(replace(subject, call=replace(subject.call, read=boom)), count, renamed=False)
    assert (count.nan, count.uncoded) == (1, 1)


@pytest.mark.parametrize("venue", VENUES)
def test_any_json_at_all_is_read_without_an_uncoded_error(venue: str) -> None:
    count = Count()
    mine = [subject for subject in subjects() if subject.venue == venue]

    @settings(max_examples=30, deadline=None, derandomize=True)
    @given(JSON, st.sampled_from(mine))
    def feed(answer: Any, subject: Any) -> None:
        examine(replace(subject, answer=[answer]), count, renamed=True)

    feed()
    assert count.answers >= 30
    assert (count.uncoded, count.nan, count.wrong_symbol) == (0, 0, 0)


@settings(max_examples=80, deadline=None, derandomize=True)
@given(
    base=st.text(max_size=12),
    market=st.dictionaries(
        st.sampled_from(["swap", "active", "expiry", "id", "baseId", "quoteId", "contractSize", "symbol", "base"]), JSON
    ),
)
def test_any_list_of_markets_gives_a_market_or_a_code(base: str, market: dict[str, Any]) -> None:  # fmt: skip
    markets = {f"{base}/USDT:USDT": {"symbol": f"{base}/USDT:USDT", **market}}
    try:
        found = find_market(VENUES["binance"], markets, base, NOW_MS)
    except TurnedAway:
        return  # it carries a Reason by its type
    assert found.contract_size > 0
    assert found.base == base


@pytest.mark.parametrize("level", [["1e308", "1e308"], ["3000", "1e300"], [-1, 1], ["3000", -1], ["3000"], []])
def test_a_book_with_an_absurd_level_gives_no_depth_on_that_side(level: list[Any]) -> None:
    subject = next(one for one in subjects() if one.call.read is rows.binance_book)
    subject.answer[0]["bids"][0] = level
    count = Count()
    answer = examine(subject, count, renamed=False)
    assert (count.uncoded, count.nan) == (0, 0)
    assert answer is not None
    assert Quantity.BID_DEPTH_USD not in {reading.quantity for reading in answer.readings}
