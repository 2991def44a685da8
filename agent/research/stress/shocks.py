"""Shocks: pure functions from one market to the same market with something bad in it."""

import math
from dataclasses import replace

import numpy as np

from agent.market.observation import Floats, Seconds
from agent.market.table import Candles, MarketTable, Settlements
from agent.units import SECONDS_PER_HOUR


def moved(table: MarketTable, event_s: int, path: tuple[float, ...]) -> MarketTable:
    """Spot and perp go the same way: `path[k]` is the price over what it was, k + 1 hours after the event.

    After the path's end the market goes on from there.
    """
    mark = None if table.mark is None else _moved(table.mark, event_s, path)
    return replace(table, spot=_moved(table.spot, event_s, path), mark=mark)


def jump(table: MarketTable, event_s: int, size: float, hours: int = 1) -> MarketTable:
    """The price moves by `size` (-0.3 is a fall by 30 %) within so many hours, and stays."""
    return moved(table, event_s, tuple((1 + size) ** ((k + 1) / hours) for k in range(hours)))


def flash(table: MarketTable, event_s: int, size: float, hours_back: int = 3) -> MarketTable:
    """The price jumps by `size` within an hour and comes all the way back."""
    return moved(table, event_s, tuple((1 + size) ** (1 - k / hours_back) for k in range(hours_back + 1)))


def gap(table: MarketTable, event_s: int, size: float, hours: int) -> MarketTable:
    """Every venue stands still for so many hours and opens again at a price that moved by `size`."""
    closed = jump(table, event_s, size, hours)
    after_s = event_s + hours * SECONDS_PER_HOUR
    mark = None if closed.mark is None else _closed(closed.mark, event_s, after_s)
    return replace(closed, spot=_closed(closed.spot, event_s, after_s), mark=mark)


def premium(table: MarketTable, event_s: int, size: float, half_life_h: float = 6.0) -> MarketTable:
    """The perp alone jumps by `size` above (below, when negative) spot and comes back with this half-life."""
    if table.mark is None:
        return table
    hours = (table.mark.time_s - event_s) / SECONDS_PER_HOUR
    left = np.where(hours > 0, 0.5 ** (np.maximum(0.0, hours - 1) / half_life_h), 0.0)
    return replace(table, mark=_scaled(table.mark, np.exp(math.log(1 + size) * left)))


def funding(table: MarketTable, event_s: int, rates: tuple[float, ...]) -> MarketTable:
    """The next settlements pay a short these rates (decimal per settlement), whatever they would have paid."""
    if table.funding is None:
        return table
    settled = table.funding
    rate = settled.rate.copy()
    first = int(np.searchsorted(settled.time_s, event_s, side="right"))
    count = min(len(rates), len(rate) - first)
    rate[first : first + count] = rates[:count]
    return replace(table, funding=Settlements(settled.source, settled.time_s, rate, settled.interval_h))


def _moved(candles: Candles, event_s: int, path: tuple[float, ...]) -> Candles:
    hours = np.clip((candles.time_s - event_s) // SECONDS_PER_HOUR, 0, len(path))
    return _scaled(candles, np.concatenate(([1.0], np.array(path)))[hours])


def _scaled(candles: Candles, factor: Floats) -> Candles:
    """Every price times its hour's factor; an hour reaches from the close before it to its own."""
    close = candles.close * factor
    before = np.concatenate((close[:1], close[:-1]))
    changed = factor != np.concatenate((factor[:1], factor[:-1]))
    high = np.where(changed, np.maximum(before, candles.high * factor), candles.high * factor)
    low = np.where(changed, np.minimum(before, candles.low * factor), candles.low * factor)
    return Candles(candles.source, candles.time_s, close, high, low)


def _closed(candles: Candles, from_s: int, to_s: int) -> Candles:
    """Without the hours after `from_s` and before `to_s`; the bar that opens again reaches over all that was hidden."""
    hidden = (candles.time_s > from_s) & (candles.time_s < to_s)
    opens = int(np.searchsorted(candles.time_s, to_s))
    high, low = candles.high.copy(), candles.low.copy()
    if hidden.any() and opens < len(high):
        high[opens] = max(high[opens], float(candles.high[hidden].max()))
        low[opens] = min(low[opens], float(candles.low[hidden].min()))
    kept: Seconds = candles.time_s[~hidden]
    return Candles(candles.source, kept, candles.close[~hidden], high[~hidden], low[~hidden])
