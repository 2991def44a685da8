"""Makes venue histories: from a market table, from Binance's recordings, and of other venues from Binance's."""

from dataclasses import replace
from pathlib import Path
from random import Random

import numpy as np

from agent.market.history_reader import settlement_intervals
from agent.market.observation import Floats, Seconds
from agent.market.replay_server.files import recorded_bars, recorded_points
from agent.market.replay_server.series import (
    DAY_H,
    HOUR_MS,
    PRICE_DECIMALS,
    RATE_DECIMALS,
    Bars,
    Points,
    VenueHistory,
)
from agent.market.table import Candles, MarketTable

# Hours between settlements where a venue does not settle as Binance does; its share of Binance's open interest.
HOURLY_VENUES = ("hyperliquid", "dydx", "deribit", "krakenfutures")
SHARES = {
    "binance": 1.0,
    "bybit": 0.6,
    "okx": 0.5,
    "gate": 0.3,
    "hyperliquid": 0.4,
    "dydx": 0.05,
    "deribit": 0.15,
    "krakenfutures": 0.04,
}


def from_table(base: str, table: MarketTable) -> VenueHistory:
    """A market table as a venue's history. It has no open and no volume: a bar opens where the last one closed."""
    if table.mark is None or table.funding is None or table.open_interest is None:
        raise ValueError(f"{table.label} has no perp: a replay of exchanges needs one")
    coins = np.interp(table.mark.time_s, table.open_interest.time_s, table.open_interest.value)
    return reference_history(
        base,
        table.label,
        _with_opens(table.mark, base, coins),
        _with_opens(table.spot, base, coins),
        Points(table.funding.time_s * 1_000, np.round(table.funding.rate, 8)),
        Points(table.open_interest.time_s * 1_000, table.open_interest.value),
    )


def _with_opens(candles: Candles, base: str, coins: Floats) -> Bars:
    decimals = PRICE_DECIMALS[base]
    close, high, low = (np.round(column, decimals) for column in (candles.close, candles.high, candles.low))
    before = np.concatenate((close[:1], close[:-1]))
    moved = np.abs(close / before - 1)
    volume = np.round(coins[: len(close)] * (0.02 + 2 * moved), 3)
    return Bars(candles.time_s * 1_000 - HOUR_MS, np.clip(before, low, high), high, low, close, volume)


def reference_history(
    base: str, source: str, perp: Bars, spot: Bars, funding: Points, interest: Points | None
) -> VenueHistory:
    """Mark, index and missing open interest follow from perp and spot; no two of them are the same number."""
    decimals = PRICE_DECIMALS[base] + 2
    if interest is None:
        interest = Points(perp.open_ms + HOUR_MS, np.round(_mean_of_day(perp.volume) * DAY_H / 2, 3))
    intervals, _ = settlement_intervals(funding.time_ms // HOUR_MS * 3_600)
    return VenueHistory(
        base,
        source,
        perp,
        spot,
        mark=_moved(perp, 0.4e-4, decimals),
        index=_moved(_filled(spot, perp), -0.3e-4, decimals),  # indexes do not stop when one exchange does
        funding=funding,
        interval_h=np.array(intervals, dtype=np.float64),
        open_interest=interest,
    )


def derived(reference: VenueHistory, venue: str, random: Random) -> VenueHistory:
    """Another venue: prices within 3 bps, funding within 10 %, and its share of the open interest."""
    decimals = PRICE_DECIMALS[reference.base]
    price = random.uniform(-3e-4, 3e-4)
    rate = 1 + random.uniform(-0.1, 0.1)
    share = SHARES[venue] * random.uniform(0.9, 1.1)
    funding, interval_h = reference.funding, reference.interval_h
    if venue in HOURLY_VENUES:
        funding, interval_h = _hourly(funding, interval_h)
    perp = _moved(reference.perp, price, decimals, share)
    spot = _moved(reference.spot, price, decimals, share)
    return VenueHistory(
        reference.base,
        f"derived from {reference.source}",
        perp,
        spot,
        mark=_moved(reference.mark, price, decimals + 2, share),
        index=_moved(reference.index, price, decimals + 2, share),
        funding=Points(funding.time_ms, np.round(funding.value * rate, RATE_DECIMALS)),
        interval_h=interval_h,
        open_interest=Points(reference.open_interest.time_ms, np.round(reference.open_interest.value * share, 3)),
    )


def with_own_files(history: VenueHistory, venue: str, folder: Path) -> VenueHistory:
    """What the venue's own files cover replaces what was history."""
    base = history.base
    perp = recorded_bars(folder, f"{venue}/perp", base)
    funding = recorded_points(folder, f"{venue}/funding", base, "rate")
    interest = recorded_points(folder, f"{venue}/open_interest", base, "open_interest", hourly=True)
    if perp is not None:
        perp = extended(perp, history.perp)
        decimals = PRICE_DECIMALS[base] + 2
        history = replace(history, perp=perp, mark=_moved(perp, 0.4e-4, decimals))
    if funding is not None:
        keep = _outside(history.funding.time_ms, funding.time_ms)
        own_h, _ = settlement_intervals(funding.time_ms // HOUR_MS * 3_600)
        time_ms = np.concatenate((history.funding.time_ms[keep], funding.time_ms))
        rate = np.concatenate((history.funding.value[keep], funding.value))
        interval_h = np.concatenate((history.interval_h[keep], np.array(own_h, dtype=np.float64)))
        order = np.argsort(time_ms)
        history = replace(history, funding=Points(time_ms[order], rate[order]), interval_h=interval_h[order])
    if interest is not None:
        history = replace(history, open_interest=interest)
    return history


def _hourly(funding: Points, interval_h: Floats) -> tuple[Points, Floats]:
    """Settlements spread over the hours they are for."""
    count = interval_h.astype(np.int64)
    step = np.arange(int(count.sum())) - np.repeat(np.cumsum(count) - count, count)
    whole_ms = funding.time_ms // HOUR_MS * HOUR_MS
    time_ms = np.repeat(whole_ms - (count - 1) * HOUR_MS, count) + step * HOUR_MS
    return Points(time_ms, np.repeat(funding.value / interval_h, count)), np.ones(len(time_ms))


def _moved(bars: Bars, by: float, decimals: int, share: float = 1.0) -> Bars:
    opened, high, low, close = (
        np.round(column * (1 + by), decimals) for column in (bars.open, bars.high, bars.low, bars.close)
    )
    return Bars(bars.open_ms, opened, high, low, close, np.round(bars.volume * share, 3))


def closing_at(perp: Bars, mark: Points) -> Bars:
    """Bars of the mark price: its recorded closes (stamped with the bar's open), between the perp's extremes."""
    open_ms, rows, found = np.intersect1d(perp.open_ms, mark.time_ms, return_indices=True)
    close = mark.value[found]
    before = np.concatenate((close[:1], close[:-1]))
    high = np.maximum(perp.high[rows], np.maximum(close, before))
    low = np.minimum(perp.low[rows], np.minimum(close, before))
    return Bars(open_ms, before, high, low, close, perp.volume[rows])


def _mean_of_day(values: Floats) -> Floats:
    sums = np.cumsum(np.concatenate(([0.0], values)))
    ends = np.arange(1, len(values) + 1)
    starts = np.maximum(ends - DAY_H, 0)
    return np.asarray((sums[ends] - sums[starts]) / (ends - starts), dtype=np.float64)


def _outside(time_ms: Seconds, own_ms: Seconds) -> Seconds:
    """The rows that lie before the first or behind the last of the venue's own."""
    half_ms = HOUR_MS // 2
    return np.flatnonzero((time_ms < own_ms[0] - half_ms) | (time_ms > own_ms[-1] + half_ms))


def extended(own: Bars, other: Bars) -> Bars:
    """Bars of `own`, and of `other` before and behind them; a hole within stays one."""
    return _joined(own, other, _outside(other.open_ms, own.open_ms))


def _filled(own: Bars, other: Bars) -> Bars:
    """Bars of `own`, and of `other` in every hour that has none."""
    return _joined(own, other, np.flatnonzero(~np.isin(other.open_ms, own.open_ms)))


def _joined(own: Bars, other: Bars, rows: Seconds) -> Bars:
    order = np.argsort(np.concatenate((own.open_ms, other.open_ms[rows])))
    names = ("open_ms", "open", "high", "low", "close", "volume")
    return Bars(*(np.concatenate((getattr(own, name), getattr(other, name)[rows]))[order] for name in names))
