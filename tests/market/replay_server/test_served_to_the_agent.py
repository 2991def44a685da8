"""The agent's own exchange adapter finds everything it asks for, and its sources agree."""

import asyncio
import statistics

from agent.market.exchanges.adapter import ALL, Exchanges
from agent.market.exchanges.venues import VENUES
from agent.market.reading import Quantity, VenueAnswer
from agent.market.replay_server import Histories, ReplayServer, VirtualClock

from .conftest import NOW_MS

BASES = ("BTC", "ETH", "SOL")


def observed(histories: Histories) -> tuple[tuple[VenueAnswer, ...], ReplayServer]:
    async def observe(server: ReplayServer) -> tuple[VenueAnswer, ...]:
        urls = {venue: server.url(venue) for venue in VENUES}
        async with Exchanges(tuple(VENUES), base_urls=urls, clock_ms=lambda: server.clock.now_ms) as exchanges:
            return await exchanges.observe(BASES, ALL)

    with ReplayServer(histories, VirtualClock(NOW_MS)) as server:
        return asyncio.run(observe(server)), server


def test_an_observation_of_everything_is_answered_without_a_rejection(histories: Histories) -> None:
    answers, server = observed(histories)
    assert [miss.request for miss in server.misses] == []
    assert len(answers) == len(VENUES) * len(BASES)
    assert [rejection for answer in answers for rejection in answer.rejections] == []


def test_the_sources_agree_and_none_repeats_another(histories: Histories) -> None:
    answers, _ = observed(histories)
    for base in BASES:
        indexes = [
            reading.value
            for answer in answers
            if answer.base == base
            for reading in answer.readings
            if reading.quantity is Quantity.INDEX_PRICE
        ]
        assert len(indexes) == len(VENUES)
        middle = statistics.median(indexes)
        assert all(abs(price / middle - 1) < 1e-3 for price in indexes)
        assert len(set(indexes)) >= len(VENUES) - 1
