"""A market as arrays: hourly candles, settled funding and open interest, each row stamped when it became known.

Every series holds only the hours it knows. A missing hour has no row, so no placeholder can be mistaken for a number.
"""

from dataclasses import dataclass

import numpy as np

from agent.market.observation import Floats, Seconds
from agent.units import SECONDS_PER_HOUR

SETTLEMENT_INTERVALS_H = (1, 2, 4, 8)  # what perp venues use; every one divides the day


@dataclass(frozen=True, slots=True)
class Candles:
    """Hourly prices in quote per base, known from the close of the bar (`time_s`), ascending and on the hour."""

    source: str
    time_s: Seconds
    close: Floats
    high: Floats
    low: Floats

    def __post_init__(self) -> None:
        _seal(self, self.source, ("close", "high", "low"), positive=True)
        if bool(np.any(self.low > self.close)) or bool(np.any(self.high < self.close)):
            raise ValueError(f"{self.source}: every close must lie between its low and its high")


@dataclass(frozen=True, slots=True)
class Series:
    """Hourly positive values, known from `time_s`, ascending and on the hour."""

    source: str
    time_s: Seconds
    value: Floats

    def __post_init__(self) -> None:
        _seal(self, self.source, ("value",), positive=True)


@dataclass(frozen=True, slots=True)
class Settlements:
    """Settled funding: the decimal rate a short received at `time_s` for the `interval_h` hours that ended there."""

    source: str
    time_s: Seconds
    rate: Floats
    interval_h: Floats

    def __post_init__(self) -> None:
        _seal(self, self.source, ("rate", "interval_h"), positive=False)
        if not bool(np.all(np.isin(self.interval_h, SETTLEMENT_INTERVALS_H))):
            raise ValueError(f"{self.source}: settlement intervals must be one of {SETTLEMENT_INTERVALS_H} hours")
        if bool(np.any(np.diff(self.time_s) < self.interval_h[1:] * SECONDS_PER_HOUR)):
            raise ValueError(f"{self.source}: a settlement's interval reaches back beyond the settlement before it")

    def hourly(self) -> tuple[Seconds, Floats]:
        """What a short truly receives hour by hour: the world's funding, which nobody knows before it settles.

            funding(T - I + 1 h) = ... = funding(T) = rate(T) / I        for each settlement at T over I hours

        Returns
        -------
        Hour ends (unix seconds, ascending; hours of a hole are absent) and the decimal rate of each hour. Over whole
        intervals the hours add up to the settlements.
        """
        count = self.interval_h.astype(np.int64)
        # position of each hour inside its own settlement: 0 ... I - 1
        step = np.arange(int(count.sum())) - np.repeat(np.cumsum(count) - count, count)
        time_s = np.repeat(self.time_s - (count - 1) * SECONDS_PER_HOUR, count) + step * SECONDS_PER_HOUR
        return time_s, np.repeat(self.rate / self.interval_h, count)


@dataclass(frozen=True, slots=True)
class MarketTable:
    """One market: spot always, the rest None where the market has none. Arrays are read-only copies."""

    symbol: str
    label: str  # where it comes from, for reports: "recorded binance/spot ETHUSDT", "synthetic, seed 7"
    spot: Candles
    mark: Candles | None = None  # perp mark price at the close, extremes of the perp within the hour
    funding: Settlements | None = None
    open_interest: Series | None = None  # base coin


def _seal(series: Candles | Series | Settlements, source: str, columns: tuple[str, ...], positive: bool) -> None:
    """Copy the arrays read-only, and refuse lengths, stamps or values that break the series' promise."""
    time_s = np.array(series.time_s, dtype=np.int64)
    if time_s.ndim != 1 or bool(np.any(time_s % SECONDS_PER_HOUR)) or bool(np.any(np.diff(time_s) <= 0)):
        raise ValueError(f"{source}: stamps must be whole hours, ascending, each once")
    time_s.setflags(write=False)
    object.__setattr__(series, "time_s", time_s)
    for name in columns:
        values = np.array(getattr(series, name), dtype=np.float64)
        if values.shape != time_s.shape:
            raise ValueError(f"{source}: {name} has shape {values.shape}, the stamps have {time_s.shape}")
        if not bool(np.all(np.isfinite(values))) or (positive and bool(np.any(values <= 0))):
            raise ValueError(f"{source}: {name} must be finite" + (" and positive" if positive else ""))
        values.setflags(write=False)
        object.__setattr__(series, name, values)
