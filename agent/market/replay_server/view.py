"""What one venue knows at one moment: every slice of history ends at the clock, and the present is drawn around it."""

from collections.abc import Mapping
from dataclasses import dataclass
from zlib import crc32

import numpy as np

from agent.market.observation import Seconds
from agent.market.replay_server.histories import Histories
from agent.market.replay_server.rows import Bar, LiquidationEvent, Price, Quote, Settlement, Side
from agent.market.replay_server.series import DAY_H, HOUR_MS, PRICE_DECIMALS, Bars, NothingKnown, VenueHistory

TICK_WOBBLE = 1e-4  # the price moves by up to a basis point from second to second
LIQUIDATION_MOVE = 0.004  # an hour that reaches this far from its open liquidates positions


@dataclass(frozen=True, slots=True)
class View:
    """One venue at one moment.

    Parameters
    ----------
    venue, histories : whose, and of what
    now_ms : nothing that became known later is shown
    stamp_ms : what current answers are stamped with; differs from `now_ms` only under a fault
    instead : asset shown in place of another, under a fault
    """

    venue: str
    histories: Histories
    now_ms: int
    stamp_ms: int
    instead: Mapping[str, str]

    def history(self, base: str) -> VenueHistory:
        """All of the asset's history; whoever reads it has to stop at `now_ms`. Raises NothingKnown."""
        return self.histories.of(self.venue, self.instead.get(base, base))

    def knows(self, base: str) -> bool:
        """Whether there is a present to tell of."""
        try:
            self.quote(base)
        except NothingKnown:
            return False
        return True

    def bars(
        self, base: str, price: Price, start_ms: int | None, end_ms: int | None, limit: int, newest: bool
    ) -> list[Bar]:
        """Bars that open within [start_ms, end_ms], ascending, the running one included.

        newest : which `limit` of them when there are more, the last or the first.
        """
        bars: Bars = getattr(self.history(base), price.value)
        whole_end_ms = self._hour_ms - HOUR_MS
        rows = _rows(bars.open_ms, start_ms, whole_end_ms if end_ms is None else min(end_ms, whole_end_ms))
        running = self._running(base, bars, start_ms, end_ms)
        room = limit - 1 if running and (newest or len(rows) < limit) else limit
        rows = (rows[-room:] if newest else rows[:room]) if room else rows[:0]
        cut = slice(rows.start, rows.stop)
        columns = (bars.open_ms, bars.open, bars.high, bars.low, bars.close, bars.volume)
        found = [Bar(*row) for row in zip(*(column[cut].tolist() for column in columns), strict=True)]
        return found + running if room < limit else found

    def settlements(
        self, base: str, start_ms: int | None, end_ms: int | None, limit: int, newest: bool
    ) -> list[Settlement]:
        """Settled funding within [start_ms, end_ms], ascending."""
        history = self.history(base)
        rows = _rows(history.funding.time_ms, start_ms, self._capped(end_ms))
        rows = rows[-limit:] if newest else rows[:limit]
        cut = slice(rows.start, rows.stop)
        time_ms = history.funding.time_ms[cut]
        hour_ms = time_ms // HOUR_MS * HOUR_MS
        opens = np.minimum(np.searchsorted(history.mark.open_ms, hour_ms), len(history.mark.open_ms) - 1)
        known = history.mark.open_ms[opens] == hour_ms
        return [
            Settlement(at_ms, rate, int(interval_h), mark if told else None)
            for at_ms, rate, interval_h, mark, told in zip(
                time_ms.tolist(),
                history.funding.value[cut].tolist(),
                history.interval_h[cut].tolist(),
                history.mark.open[opens].tolist(),
                known.tolist(),
                strict=True,
            )
        ]

    def open_interest(
        self, base: str, start_ms: int | None, end_ms: int | None, limit: int, newest: bool, step_ms: int = HOUR_MS
    ) -> list[tuple[int, float]]:
        """Open interest (unix milliseconds, base coin) within [start_ms, end_ms], ascending; hourly as it was recorded.

        Finer steps repeat the last hour's value, a little moved.
        """
        points = self.history(base).open_interest
        if step_ms == HOUR_MS:
            rows = _rows(points.time_ms, start_ms, self._capped(end_ms))
            rows = rows[-limit:] if newest else rows[:limit]
            cut = slice(rows.start, rows.stop)
            return list(zip(points.time_ms[cut].tolist(), points.value[cut].tolist(), strict=True))
        found = []
        for time_ms in self._grid(start_ms, end_ms, limit, newest, step_ms):
            row = _last(points.time_ms, time_ms)
            if row >= 0:
                moved = points.value.item(row) * (1 + 1e-4 * self._steady(base, "interest", time_ms))
                found.append((time_ms, round(moved, 3)))
        return found

    def long_short(
        self, base: str, start_ms: int | None, end_ms: int | None, limit: int, newest: bool, step_ms: int = HOUR_MS
    ) -> list[tuple[int, float]]:
        """Longs per short by accounts within [start_ms, end_ms], ascending (made up: crowds follow high funding)."""
        history = self.history(base)
        ratios = []
        for time_ms in self._grid(start_ms, end_ms, limit, newest, step_ms):
            row = _last(history.funding.time_ms, time_ms)
            rate_8h = history.funding.value.item(row) * 8 / history.interval_h.item(row) if row >= 0 else 0.0
            crowd = min(max(1.2 + 800 * rate_8h, 0.4), 4.0)
            ratios.append((time_ms, round(crowd * (1 + 0.02 * self._steady(base, "crowd", time_ms)), 4)))
        return ratios

    def liquidations(self, base: str, start_ms: int, end_ms: int) -> list[LiquidationEvent]:
        """Forced closures within [start_ms, end_ms], ascending (made up: they follow the reach of each hour).

        At most those of the last 32 days of the window.
        """
        events = []
        wide = self.bars(base, Price.PERP, start_ms - HOUR_MS, end_ms, 24 * 32, newest=True)
        for bar in wide:
            if bar.open_ms >= self._hour_ms:
                continue
            down, up = 1 - bar.low / bar.open, bar.high / bar.open - 1
            for long, reach, price in ((True, down, bar.low), (False, up, bar.high)):
                if reach < LIQUIDATION_MOVE:
                    continue
                time_ms = bar.open_ms + int((self._steady(base, long, bar.open_ms) + 1) / 2 * (HOUR_MS - 1))
                if start_ms <= time_ms <= end_ms:
                    events.append(LiquidationEvent(time_ms, long, price, round(bar.volume * reach * 0.2, 3)))
        return sorted(events, key=lambda event: event.time_ms)

    def quote(self, base: str) -> Quote:
        """The present. Raises NothingKnown before the first row."""
        history = self.history(base)
        row = _last(history.perp.open_ms, self._hour_ms - HOUR_MS)
        settled = _last(history.funding.time_ms, self.now_ms)
        interest = _last(history.open_interest.time_ms, self.now_ms)
        if min(row, settled, interest) < 0:
            raise NothingKnown(f"{self.venue} {base}")
        perp = history.perp
        day = slice(max(row - DAY_H + 1, 0), row + 1)
        # in an outage, or behind the last row, the last word grows old and says so
        last_hour_ms = self._hour_ms - HOUR_MS
        oldest_ms = min(
            bars.open_ms.item(max(_last(bars.open_ms, last_hour_ms), 0)) for bars in (perp, history.mark, history.index)
        )
        age_ms = max(last_hour_ms - oldest_ms, 0)
        decimals = PRICE_DECIMALS[base]
        last = self._now(base, history.perp, Price.PERP)
        half_spread = 10**-decimals if last > 1_000 else last * 0.5e-4
        rate, interval_h = history.funding.value.item(settled), int(history.interval_h.item(settled))
        settled_ms = history.funding.time_ms.item(settled)
        step_ms = interval_h * HOUR_MS
        return Quote(
            base=base,
            stamp_ms=self.stamp_ms - age_ms,
            last=last,
            bid=round(last - half_spread, decimals),
            ask=round(last + half_spread, decimals),
            mark=self._now(base, history.mark, Price.MARK),
            index=self._now(base, history.index, Price.INDEX),
            spot=self._now(base, history.spot, Price.SPOT),
            open_24h=perp.open.item(day.start),
            high_24h=float(np.max(perp.high[day])),
            low_24h=float(np.min(perp.low[day])),
            volume_24h=round(float(np.sum(perp.volume[day])), 3),
            open_interest=round(
                history.open_interest.value.item(interest) * (1 + 1e-4 * self._present(base, "interest")), 3
            ),
            funding_rate=round(rate * (1 + 0.05 * self._present(base, "funding")), 10),
            predicted_rate=round(rate * (1 + 0.2 * self._present(base, "predicted")), 10),
            settled_rate=rate,
            settled_ms=settled_ms,
            next_settlement_ms=(self.now_ms // step_ms + 1) * step_ms,
            interval_h=interval_h,
        )

    def book(self, base: str, levels: int, spot: bool = False) -> tuple[Side, Side]:
        """Bids and asks, best first: price and size in base coin."""
        quote, decimals = self.quote(base), PRICE_DECIMALS[base]
        middle = quote.spot if spot else (quote.bid + quote.ask) / 2
        step = max(10**-decimals, middle * 0.5e-4)
        first = (quote.ask - quote.bid) / 2
        size = quote.volume_24h / 20_000
        bids, asks = [], []
        for level in range(levels):
            away = first + level * step
            grown = size * (1 + level / 4)
            bids.append((round(middle - away, decimals), self._size(base, "bid", level, grown)))
            asks.append((round(middle + away, decimals), self._size(base, "ask", level, grown)))
        return bids, asks

    @property
    def _hour_ms(self) -> int:
        return self.now_ms // HOUR_MS * HOUR_MS

    def _grid(self, start_ms: int | None, end_ms: int | None, limit: int, newest: bool, step_ms: int) -> range:
        """Whole steps within [start_ms, end_ms] and not after the present."""
        last = self._capped(end_ms) // step_ms * step_ms
        first = last - (limit - 1) * step_ms if start_ms is None else -(-start_ms // step_ms) * step_ms
        steps = range(first, last + 1, step_ms)
        return steps[-limit:] if newest else steps[:limit]

    def _capped(self, end_ms: int | None) -> int:
        return self.now_ms if end_ms is None else min(end_ms, self.now_ms)

    def _now(self, base: str, bars: Bars, price: Price) -> float:
        """The close of the last whole hour, a little moved."""
        row = _last(bars.open_ms, self._hour_ms - HOUR_MS)
        if row < 0:
            raise NothingKnown(f"{self.venue} {base} {price}")
        decimals = PRICE_DECIMALS[base] + (2 if price in (Price.MARK, Price.INDEX) else 0)
        return round(bars.close.item(row) * (1 + TICK_WOBBLE * self._present(base, price)), decimals)

    def _running(self, base: str, bars: Bars, start_ms: int | None, end_ms: int | None) -> list[Bar]:
        """The bar of the running hour as far as it is known, when it is asked for and the hour was traded at all."""
        hour = self._hour_ms
        if (start_ms is not None and hour < start_ms) or (end_ms is not None and hour > end_ms):
            return []
        row = _last(bars.open_ms, hour)
        if row < 1 or bars.open_ms[row] != hour:
            return []
        opened = bars.open.item(row)
        last = round(opened * (1 + TICK_WOBBLE * self._present(base, "running")), PRICE_DECIMALS[base])
        passed = (self.now_ms - hour) / HOUR_MS
        volume = round(bars.volume.item(row - 1) * passed, 3)
        return [Bar(hour, opened, max(opened, last), min(opened, last), last, volume)]

    def _size(self, base: str, side: str, level: int, size: float) -> float:
        return max(round(size * (1 + 0.5 * self._present(base, side, level)), 4), 0.0001)

    def _present(self, *key: object) -> float:
        """A number in [-1, 1] that is another one every second."""
        return self._steady(self.now_ms // 1_000, *key)

    def _steady(self, *key: object) -> float:
        """A number in [-1, 1] that depends on venue and key alone."""
        return crc32(f"{self.venue} {key}".encode()) / 2**31 - 1


def _rows(times: Seconds, start_ms: int | None, end_ms: int) -> range:
    start = 0 if start_ms is None else int(np.searchsorted(times, start_ms))
    return range(start, max(start, int(np.searchsorted(times, end_ms, side="right"))))


def _last(times: Seconds, at_ms: int) -> int:
    """The last row at or before a moment; -1 when there is none."""
    return int(np.searchsorted(times, at_ms, side="right")) - 1
