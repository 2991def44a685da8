"""One venue as it is being asked: its allowance, its pauses, its markets, and one request at a time made safe."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import ccxt

from agent.market.exchanges.allowance import Allowance
from agent.market.exchanges.errors import Failure, Then, failure
from agent.market.exchanges.intervals import MS_PER_HOUR, interval_from_settlements
from agent.market.exchanges.read import OTHER_SHAPE
from agent.market.exchanges.venues import Venue
from agent.reasons import Code, Reason

ATTEMPTS = 2
MARKETS_MAX_AGE_S = 6 * 3_600
MARKETS_WEIGHT = 20.0


class Failed(Exception):
    """A request that brought no answer, with the reason."""

    def __init__(self, reason: Reason) -> None:
        super().__init__(str(reason))
        self.reason = reason


class Link:
    """A venue, its ccxt instance and what it has told us about asking.

    Parameters
    ----------
    exchange : ccxt instance
    monotonic : seconds that only grow
    """

    def __init__(self, venue: Venue, exchange: Any, monotonic: Callable[[], float]) -> None:
        self.venue = venue
        self.exchange = exchange
        self.allowance = Allowance(venue.weight_per_minute, monotonic)
        self.barred: Reason | None = None
        self._monotonic = monotonic
        self._markets_at_s: float | None = None
        self._loading: asyncio.Task[None] | None = None
        self._resynced = False
        self._paused_for: Reason | None = None
        self._settlements: dict[str, tuple[int, Mapping[int, float]]] = {}

    async def ask(self, method: str, weight: float, *arguments: Any, patience_s: float = 0.0) -> Any:
        """Call a method of ccxt. Raises Failed with a code, after one more attempt where that could help.

        Who has `patience_s` waits so long for the venue's allowance; an observation has none, a download has.
        """
        for attempt in range(ATTEMPTS):
            self.refuse_while_paused()
            while 0 < (short_s := self.allowance.short_s(weight)) <= patience_s:
                patience_s -= short_s
                await asyncio.sleep(short_s)
            if not self.allowance.take(weight):
                message = f"{self.venue.name}: this request would exceed the venue's allowance per minute"
                raise Failed(Reason(Code.SOURCE_RATE_LIMITED, message, weight, self.venue.weight_per_minute))
            try:
                answer = await getattr(self.exchange, method)(*arguments)
                if not isinstance(answer, dict | list):
                    raise ccxt.BadResponse(f"{method}: no JSON but {str(answer)[:40]!r}")
            except (ccxt.BaseError, OSError, RuntimeError, *OTHER_SHAPE) as error:
                failed = failure(self.venue.name, error)
                await self._react(failed)
                if attempt + 1 == ATTEMPTS or failed.then not in (Then.RETRY, Then.RESYNC):
                    raise Failed(failed.reason) from error
            else:
                self.allowance.answered()
                self._resynced = False
                return answer
        raise Failed(Reason(Code.SOURCE_DOWN, f"{self.venue.name}: no attempt was made"))

    def known_settlements(self, market: str, at_ms: int) -> dict[int, float] | None:
        """The last settlements, while no other is due: what was charged does not change."""
        until_ms, settled = self._settlements.get(market, (0, None))
        return dict(settled) if settled is not None and at_ms < until_ms else None

    def remember_settlements(self, market: str, settled: Mapping[int, float], at_ms: int) -> None:
        """Keep them until the next is due, for an hour at most, so that a changed interval is seen."""
        hours = interval_from_settlements(list(settled))
        if hours is not None:
            due_ms = max(settled) + round(hours * MS_PER_HOUR)
            self._settlements[market] = (min(due_ms, at_ms + MS_PER_HOUR), dict(settled))

    def refuse_while_paused(self) -> None:
        """Raises Failed when the venue must not be asked now, or ever."""
        if self.barred is not None:
            raise Failed(self.barred)
        left_s = self.allowance.paused_s()
        if left_s > 0 and self._paused_for is not None:
            message = f"not asked again yet (seconds left); {self._paused_for.message}"
            raise Failed(Reason(self._paused_for.code, message, left_s))

    async def _react(self, failed: Failure) -> None:
        if failed.then is Then.PAUSE:
            self.allowance.pause(failed.retry_after_s)
            self._paused_for = failed.reason
        elif failed.then is Then.NEVER:
            self.barred = failed.reason
        elif failed.then is Then.RESYNC:
            if self._resynced:  # once did not help
                raise Failed(failed.reason)
            self._resynced = True
            try:
                await self.exchange.load_time_difference()
            except (ccxt.BaseError, *OTHER_SHAPE) as error:
                raise Failed(failed.reason) from error

    async def markets(self) -> Mapping[str, Any]:
        """The venue's markets, loaded again when they are six hours old. Raises Failed.

        A long list goes on loading when the caller's deadline has passed, so that the next round finds it.
        """
        at_s = self._markets_at_s
        if at_s is None or self._monotonic() - at_s > MARKETS_MAX_AGE_S:
            if self._loading is None or self._loading.done():
                self._loading = asyncio.create_task(self._load())
                self._loading.add_done_callback(_heard)
            await asyncio.shield(self._loading)
        markets: Mapping[str, Any] = self.exchange.markets
        return markets

    async def _load(self) -> None:
        await self.ask("load_markets", MARKETS_WEIGHT, True, dict(self.venue.market_params))
        for listed in (self.exchange.markets.values(), *self.exchange.markets_by_id.values()):
            for market in listed:
                market["info"] = {}  # the venue's own row, half the memory of a market; nothing here reads it
        self._markets_at_s = self._monotonic()

    async def close(self) -> None:
        """Stop loading and close the connections."""
        if self._loading is not None:
            self._loading.cancel()
            await asyncio.gather(self._loading, return_exceptions=True)
        await self.exchange.close()


def _heard(task: "asyncio.Task[None]") -> None:
    """Takes note of an error that nobody waits for any more; whoever asks next gets it by loading again."""
    if not task.cancelled():
        task.exception()
