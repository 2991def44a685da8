"""The market as it is now: venues asked together, judged by quorum, joined with the hours that are in the store."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from agent.config import CarryStrategy, Config
from agent.market.observation import Fact, History, MarketView
from agent.market.quorum import Memory, Round, agree
from agent.market.quorum.depeg import depeg
from agent.market.reading import Agreement, Quantity, Reading, Rejection, VenueAnswer
from agent.market.source import HistorySource
from agent.market.store.layout import base_of
from agent.reasons import Code, Reason, Refusal
from agent.units import SECONDS_PER_HOUR, Rate

ENDING = (Code.MARKET_CLOSED, Code.MARKET_UNKNOWN)
OLDEST_HOUR_S = 3 * SECONDS_PER_HOUR  # one that runs, one that a venue has not closed yet, and one missed
EMPTY = History(np.empty(0, np.int64), np.empty(0), None, None, None)


class Venues(Protocol):
    """Whoever can ask exchanges; one bad venue is a rejection, never an exception."""

    def observe(self, bases: Sequence[str]) -> tuple[VenueAnswer, ...]:
        """What every venue tells of every asset now."""
        ...


@dataclass(frozen=True, slots=True)
class _Heard:
    """One round with what it came from."""

    readings: tuple[Reading, ...]
    round: Round
    rejections: tuple[Rejection, ...]


class LiveMarket:
    """Answers `view(now)` like a recorded market, from venues that are asked at that moment.

    Spot is the index price and perp the mark price that the venues agree about. Funding and open interest are those
    of the venue that `market.funding` and `market.open_interest` name, because a position is paid by its own venue.

    Parameters
    ----------
    config : the strategy
    asset : symbol of the vault's asset, whose worth in dollars is watched
    venues : asked once per view, for the market's asset and the vault's
    clock_ms : unix milliseconds now
    history : the hours up to `now` (unix seconds), without which only `look` can be asked; it raises Refusal when they
        are not known
    """

    def __init__(
        self,
        config: Config,
        asset: str,
        venues: Venues,
        clock_ms: Callable[[], int],
        history: Callable[[int], HistorySource] | None = None,
    ) -> None:
        self._config = config
        self._asset = asset
        self._base = base_of(config.market.symbol)
        self._venues = venues
        self._history = history
        self._clock_ms = clock_ms
        self._memory = Memory()
        self._before = Memory()  # what the round before knew
        self._answers: tuple[VenueAnswer, ...] | None = None

    def view(self, time_s: int) -> MarketView:
        """What is known now; what is not is a problem with its code, never an exception and never a guess."""
        problems: list[Reason] = []
        return self._joined(time_s, self._recorded(time_s, problems), problems)

    def look(self, time_s: int) -> MarketView:
        """The same without the stored hours, for people who only want to see what the venues tell."""
        return self._joined(time_s, None, [])

    def _joined(self, time_s: int, recorded: MarketView | None, problems: list[Reason]) -> MarketView:
        heard = self._listen()
        problems += [one.reason for one in heard.rejections if one.source == "quorum" and one.base == self._base]
        spot = heard.round.find(self._base, Quantity.INDEX_PRICE)
        mark = heard.round.find(self._base, Quantity.MARK_PRICE) if self._hedged else None
        slip = depeg(self._asset, heard.round.find(self._asset, Quantity.INDEX_PRICE), self._config.observe)
        return MarketView(
            time=time_s,
            symbol=self._config.market.symbol,
            spot=_fact(spot),
            perp=_fact(mark),
            funding=self._funding(heard.readings) or (recorded.funding if recorded else None),
            open_interest=self._open_interest(heard.readings) or (recorded.open_interest if recorded else None),
            history=recorded.history if recorded else EMPTY,
            problems=tuple(problems),
            cautions=(*(() if slip is None else (slip,)), *self._closing(heard.rejections)),
            readings=heard.readings,
            agreements=heard.round.agreements,
            rejections=heard.rejections,
        )

    @property
    def _hedged(self) -> bool:
        return self._config.market.perp is not None

    def _listen(self) -> _Heard:
        answers = self._venues.observe((self._base, self._asset))
        readings = tuple(reading for answer in answers for reading in answer.readings)
        wanted = [(self._base, Quantity.INDEX_PRICE), (self._asset, Quantity.INDEX_PRICE)]
        if self._hedged:
            wanted += [(self._base, Quantity.MARK_PRICE), (self._base, Quantity.FUNDING_RATE)]
        if answers is not self._answers:
            self._before, self._answers = self._memory, answers
        # The same answers again, which vaults share for some seconds, are no second round: they confirm no jump.
        judged = agree(readings, self._clock_ms(), self._config.observe, self._before, wanted)
        self._memory = judged.memory
        turned_away = tuple(one for answer in answers for one in answer.rejections)
        return _Heard(readings, judged, (*turned_away, *judged.rejections))

    def _recorded(self, time_s: int, problems: list[Reason]) -> MarketView | None:
        """The hours of the store; the newest prices of them are not used, so their age is no problem here."""
        if self._history is None:
            problems.append(Reason(Code.DATA_MISSING, "there is no store of past hours", where="market.history"))
            return None
        try:
            recorded = self._history(time_s).view(time_s)
        except Refusal as refusal:
            problems += refusal.reasons
            return None
        known_s = int(recorded.history.time_s[-1]) if len(recorded.history.time_s) else 0
        if time_s - known_s > OLDEST_HOUR_S:
            message = "the past hours that are known ended too long ago, in seconds"
            bounds = (float(time_s - known_s), float(OLDEST_HOUR_S))
            problems.append(Reason(Code.DATA_STALE, message, *bounds, "market.history"))
        return recorded

    def _funding(self, readings: Iterable[Reading]) -> tuple[Rate, Fact] | None:
        found = self._own(readings, self._config.market.funding, Quantity.SETTLED_FUNDING_RATE)
        if found is None or found.interval_h is None:
            return None
        rate = Rate(found.value, found.interval_h)
        return rate, Fact(rate.value, "decimal per settlement", found.source, found.at_ms // 1_000)

    def _open_interest(self, readings: Iterable[Reading]) -> Fact | None:
        strategy = self._config.strategy
        if not isinstance(strategy, CarryStrategy) or strategy.open_interest is None:
            return None
        found = self._own(readings, self._config.market.open_interest, Quantity.OPEN_INTEREST)
        return None if found is None else Fact(found.value, "base", found.source, found.at_ms // 1_000)

    def _closing(self, rejections: Iterable[Rejection]) -> Iterator[Reason]:
        """What the strategy's own venues say of a market that ends, moved or was renamed: it may only be left."""
        market = self._config.market
        folders = (market.spot, market.perp, market.mark, market.funding, market.open_interest)
        venues = {folder.split("/")[0] for folder in folders if folder is not None}
        for one in rejections:
            if one.source in venues and one.base == self._base and one.reason.code in ENDING:
                yield one.reason

    def _own(self, readings: Iterable[Reading], folder: str | None, quantity: Quantity) -> Reading | None:
        """The reading of the venue that a folder such as `bybit/open_interest` names."""
        if folder is None:
            return None
        venue = folder.split("/")[0]
        wanted = (venue, self._base, quantity)
        return next((one for one in readings if (one.source, one.base, one.quantity) == wanted), None)


def _fact(agreed: Agreement | None) -> Fact | None:
    if agreed is None:
        return None
    sources = f"{len(agreed.sources)} of {agreed.asked}: {', '.join(agreed.sources)}"
    return Fact(agreed.value, agreed.unit, sources, agreed.oldest_at_ms // 1_000)
