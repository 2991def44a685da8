"""Where a perp market's positions would be liquidated, estimated from open interest; an assumption, never a fact.

Nobody publishes positions. What is published, hour by hour, is open interest and price. The model keeps a book of longs
and one of shorts, each as large as open interest, by liquidation price:

- the hour's low takes out longs, its high takes out shorts, whose liquidation price it reached;
- what is missing to open interest then was opened at the hour's middle price, at assumed leverages;
- what is too much was closed, in equal parts everywhere;
- a part of every book changes hands each hour and is opened anew, which open interest does not show.
"""

import math
from dataclasses import dataclass

import numpy as np

from agent.market.liquidation.buckets import Level, LiquidationMap, Side, map_of_levels
from agent.market.liquidation.own import bybit_liquidation_price
from agent.market.observation import Floats, Seconds

_GRID_WIDTH = 0.0025  # of the book's price steps; finer than any map that is drawn


@dataclass(frozen=True, slots=True)
class Tier:
    """The share of what is opened that is opened at this leverage."""

    leverage: float
    share: float


# Nobody knows them. Half of open interest is taken as unlevered: hedges, cross margin, margin added in time. Among the
# sets tried in docs/liquidation-levels.md this one errs least, and the usual guess of 10 to 100 times errs tenfold.
TIERS = (
    Tier(1, 0.50),
    Tier(2, 0.20),
    Tier(3, 0.12),
    Tier(5, 0.08),
    Tier(10, 0.05),
    Tier(25, 0.03),
    Tier(50, 0.015),
    Tier(100, 0.005),
)
MAINTENANCE_RATE = 0.005  # the lowest bracket of Binance and Bybit for BTC and ETH
HALF_LIFE_H = 72.0  # after which half of the positions have been closed and opened anew


@dataclass(frozen=True, slots=True)
class PerpHours:
    """Hourly perp history; all arrays of one length, prices in quote per base, open interest in base coin.

    Steps may be longer than an hour. Values are positive and finite.
    """

    time_s: Seconds
    high: Floats
    low: Floats
    close: Floats
    open_interest: Floats

    def __post_init__(self) -> None:
        columns = (self.high, self.low, self.close, self.open_interest)
        if len(self.time_s) < 2 or any(len(column) != len(self.time_s) for column in columns):
            raise ValueError("an estimate needs at least two hours, and columns of one length")
        if not all(bool(np.all(np.isfinite(column) & (column > 0))) for column in columns):
            raise ValueError("an estimate needs positive, finite prices and open interest")


@dataclass(frozen=True, slots=True)
class Estimate:
    """The books at the end, and what the model says was liquidated in each hour (base coin)."""

    price: float
    grid: Floats  # liquidation prices
    longs: Floats  # base coin
    shorts: Floats
    liquidated: Floats  # per hour, both sides

    def map(self, width: float, source: str) -> LiquidationMap:
        """The books as a map with buckets of this width; what lies beyond the ends of the grid is left out."""
        levels = [
            Level(float(price), side, float(amount * price))
            for side, book in ((Side.LONG, self.longs), (Side.SHORT, self.shorts))
            for price, amount in zip(self.grid[1:-1], book[1:-1], strict=True)
            if amount > 0
        ]
        return map_of_levels(levels, self.price, width=width, estimate=True, source=source)


def estimate(
    hours: PerpHours,
    tiers: tuple[Tier, ...] = TIERS,
    maintenance_rate: float = MAINTENANCE_RATE,
    half_life_h: float = HALF_LIFE_H,
) -> Estimate:
    """Runs the model over a history.

        LP = entry * (1 - side * (1 / leverage - maintenance rate))          as on Bybit, isolated

    Parameters
    ----------
    tiers : assumed leverages; shares sum to 1
    half_life_h : assumed; in hours, > 0
    """
    if abs(sum(tier.share for tier in tiers) - 1) > 1e-9 or half_life_h <= 0:
        raise ValueError("shares of leverage must sum to 1 and the half-life must be positive")
    lowest, step = math.log(float(hours.low.min()) / 4), math.log1p(_GRID_WIDTH)
    count = int((math.log(float(hours.high.max()) * 4) - lowest) / step) + 1
    grid = np.exp(lowest + step * np.arange(count))
    shares = np.array([tier.share for tier in tiers])
    factors = {
        side: np.array([bybit_liquidation_price(side, 1.0, tier.leverage, maintenance_rate) for tier in tiers])
        for side in (1, -1)
    }
    books = {side: np.zeros(count) for side in (1, -1)}
    middle = np.sqrt(hours.high * hours.low)
    kept = 0.5 ** (np.diff(hours.time_s, prepend=hours.time_s[0]) / 3_600 / half_life_h)
    liquidated = np.zeros(len(middle))
    places = {
        side: np.clip(np.rint((np.log(middle[:, None] * factors[side]) - lowest) / step).astype(int), 0, count - 1)
        for side in (1, -1)
    }
    low_places = np.ceil((np.log(hours.low) - lowest) / step).astype(int)
    high_places = np.floor((np.log(hours.high) - lowest) / step).astype(int)
    for hour, interest in enumerate(hours.open_interest):
        for side, taken in ((1, slice(low_places[hour], None)), (-1, slice(None, high_places[hour] + 1))):
            book = books[side]
            liquidated[hour] += book[taken].sum()
            book[taken] = 0.0
            book *= kept[hour]
            held = float(book.sum())
            if held > interest:
                book *= interest / held
            else:
                np.add.at(book, places[side][hour], shares * (interest - held))
    return Estimate(float(hours.close[-1]), grid, books[1], books[-1], liquidated)
