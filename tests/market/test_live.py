"""The market as it is now: what one round may confirm, and what hours are too old to decide on."""

import asyncio
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from agent.config.file import load_config
from agent.market import hours
from agent.market.hours import StoredHours
from agent.market.live import LiveMarket
from agent.market.observation import History, MarketView
from agent.market.reading import Quantity, Reading, VenueAnswer
from agent.market.store.pages import HistoryPage
from agent.reasons import Code, Reason, Refusal

CONFIG = load_config(Path(__file__).parents[2] / "configs" / "eth-carry.yaml").config
NOW_S = 1_700_000_000
HOUR_S = 3_600


class Venues:
    """Four venues that tell one price, and share a round between vaults."""

    def __init__(self) -> None:
        self.answers: tuple[VenueAnswer, ...] = ()

    def tell(self, price: float) -> None:
        at_ms = NOW_S * 1_000
        readings = {
            venue: tuple(
                Reading(quantity, value, venue, base, base, at_ms, at_ms)
                for base, value in (("ETH", price), ("USDC", 1.0))
                for quantity in (Quantity.INDEX_PRICE, Quantity.MARK_PRICE)
            )
            for venue in ("binance", "bybit", "okx", "gate")
        }
        self.answers = tuple(VenueAnswer(venue, "ETH", told, ()) for venue, told in readings.items())

    def observe(self, bases: Sequence[str]) -> tuple[VenueAnswer, ...]:
        return self.answers


class Recorded:
    """Past hours that end at a moment."""

    def __init__(self, last_s: int) -> None:
        self.last_s = last_s

    def view(self, time_s: int) -> MarketView:
        history = History(np.array([self.last_s]), np.array([2_000.0]), np.array([2_000.0]), None, None)
        return MarketView(time_s, "ETHUSDT", None, None, None, None, history, ())


def market(venues: Venues, last_s: int = NOW_S) -> LiveMarket:
    past: Any = Recorded(last_s)
    return LiveMarket(CONFIG, "USDC", venues, lambda: NOW_S * 1_000, lambda _: past)


def test_the_same_answers_heard_twice_confirm_no_jump() -> None:
    venues = Venues()
    seen = market(venues)
    venues.tell(2_000.0)
    assert seen.view(NOW_S).spot is not None
    venues.tell(3_000.0)
    for _ in range(3):
        assert seen.view(NOW_S).spot is None
    venues.tell(3_001.0)
    spot = seen.view(NOW_S).spot
    assert spot is not None
    assert spot.value == 3_001.0


@pytest.mark.parametrize(("age_s", "stale"), [(3 * HOUR_S, False), (3 * HOUR_S + 1, True)])
def test_past_hours_that_ended_long_ago_are_no_ground_for_a_decision(age_s: int, stale: bool) -> None:
    venues = Venues()
    venues.tell(2_000.0)
    problems = [one.code for one in market(venues, NOW_S - age_s).view(NOW_S).problems]
    assert (Code.DATA_STALE in problems) is stale


class Silent:
    """A venue whose past nobody can have."""

    asked = 0

    async def candles(self, *_: object, **__: object) -> HistoryPage:
        self.asked += 1
        raise Refusal(Reason(Code.SOURCE_ACCESS, "blocked here"))


def test_hours_that_were_refused_are_not_asked_for_again_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client: Any = Silent()
    clock = [0.0]
    monkeypatch.setattr(hours.time, "monotonic", lambda: clock[0])

    def run(job: Coroutine[Any, Any, None], seconds: float) -> None:
        asyncio.run(job)

    stored = StoredHours(CONFIG, tmp_path, client, run)
    for _ in range(3):
        with pytest.raises(Refusal, match="SOURCE_ACCESS"):
            stored(NOW_S)
    assert client.asked == 1
    clock[0] = 61.0
    with pytest.raises(Refusal):
        stored(NOW_S)
    assert client.asked == 2
