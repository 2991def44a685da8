"""The hours behind a live market: kept in the store, brought up to the last full hour when one has passed."""

import logging
import time
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

from agent.config import Config, MarketConfig
from agent.market.choose import age_limits, history_hours
from agent.market.source import HistorySource
from agent.market.store import open_store
from agent.market.store.as_market import market_from_store
from agent.market.store.layout import CANDLE_KINDS, Key, Kind, base_of
from agent.market.store.pages import HistoryClient
from agent.market.store.pull import pull_series
from agent.reasons import Code, Reason, Refusal
from agent.units import SECONDS_PER_HOUR

log = logging.getLogger("ballast.market")
FIRST_S = 600.0  # months of hours from a slow venue
NEXT_S = 60.0  # one hour more; a cycle must not wait longer for it
AGAIN_S = 60.0  # between two attempts


class StoredHours:
    """Called with a moment, gives the market up to then.

    Parameters
    ----------
    config : which series, and how far back a decision looks
    folder : of the store
    client : asked for hours that the store does not have
    run : carries out what the client's methods return
    """

    def __init__(
        self,
        config: Config,
        folder: Path,
        client: HistoryClient,
        run: Callable[[Coroutine[Any, Any, None], float], None],
    ) -> None:
        self._config, self._client, self._run = config, client, run
        self._store = open_store(folder)
        self._source: HistorySource | None = None
        self._asked_at: float | None = None  # by a monotonic clock
        self._refused: Refusal | None = None

    def __call__(self, now_s: int) -> HistorySource:
        """The market up to `now_s` (unix seconds). Raises Refusal when it is not known.

        As long as the last full hour is missing it is asked for again, but not more often than once a minute.
        """
        hour_s = now_s - now_s % SECONDS_PER_HOUR
        lacking = self._source is None or self._source.last_time < hour_s
        if lacking and (self._asked_at is None or time.monotonic() - self._asked_at >= AGAIN_S):
            self._refused = None
            try:
                self._source = self._up_to(hour_s, now_s)
            except Refusal as refusal:
                self._refused = refusal
            self._asked_at = time.monotonic()
        if self._refused is not None:
            raise self._refused
        if self._source is None:
            raise Refusal(Reason(Code.DATA_MISSING, "no past hours are known yet", where="market.history"))
        return self._source

    def _up_to(self, hour_s: int, now_s: int) -> HistorySource:
        window_h = history_hours(self._config)
        start_s = hour_s - (window_h + 1) * SECONDS_PER_HOUR
        self._bring_up(start_s * 1_000, now_s * 1_000)
        table = market_from_store(self._config.market, self._store.folder, start_s, now_s)
        return HistorySource(table, window_h, **age_limits(self._config))

    def _bring_up(self, since_ms: int, until_ms: int) -> None:
        bound_s = FIRST_S if self._source is None else NEXT_S
        try:
            self._run(self._pull(since_ms, until_ms), bound_s)
        except TimeoutError:
            message = f"the venues did not tell the past hours within {bound_s:g} s"
            raise Refusal(Reason(Code.SOURCE_TIMEOUT, message, bound=bound_s, where="market")) from None

    async def _pull(self, since_ms: int, until_ms: int) -> None:
        for key in series_of(self._config.market):
            pulled = await pull_series(
                self._client, self._store, key, base_of(key.symbol), since_ms, until_ms, now_ms=until_ms
            )
            if pulled.added:
                log.info("pulled", extra={"series": str(key), "rows": pulled.added})
            for finding in pulled.findings:
                log.warning("history", extra={"series": str(key), "finding": str(finding)})


def series_of(market: MarketConfig) -> Iterator[Key]:
    """The series that a strategy's market names as <venue>/<kind>. Raises Refusal for a folder that names none."""
    for field in ("spot", "perp", "mark", "funding", "open_interest"):
        folder = getattr(market, field)
        if folder is None:
            continue
        venue, _, name = folder.partition("/")
        if name not in tuple(Kind):
            message = f"{folder!r} is no series that a venue can be asked for; expected <venue>/{field}"
            raise Refusal(Reason(Code.DATA_MISSING, message, where=f"market.{field}"))
        kind = Kind(name)
        yield Key(kind, venue, market.symbol, "1h" if kind in CANDLE_KINDS else "")
