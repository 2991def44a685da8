"""A market as the backtests walk it: one row per hour in which everything is known, and what each hour pays."""

from dataclasses import dataclass, field

import numpy as np

from agent.market.observation import Floats, Seconds
from agent.market.source import HistorySource
from agent.research.layout import Dawns
from agent.research.signals import fill_carry_totals
from agent.research.world import dawns


@dataclass(frozen=True, slots=True)
class Bars:
    """Aligned hourly arrays of length n; a hole has no row.

    `accrued` is what the live agent sees in its history (the rate settled last, hour by hour), `paid` is what the venue
    really settles: the sum of all rates that settled after the row before and up to this one.
    """

    label: str
    time_s: Seconds
    spot: Floats  # oracle, pool and exchange at once
    mark: Floats  # of the perp; the spot price where there is none
    high: Floats  # of the perp within the hour
    accrued: Floats
    paid: Floats
    open_interest: Floats
    dawn: Dawns  # which rows begin a day or a week
    returns: Floats = field(init=False)  # (2, n): all that the price, and the carry, returned up to each row

    def __post_init__(self) -> None:
        returns = np.empty((2, len(self)))
        np.log(self.spot, out=returns[0])
        fill_carry_totals(self.spot, self.mark, self.accrued, returns[1])
        object.__setattr__(self, "returns", returns)

    def __len__(self) -> int:
        return len(self.time_s)


@dataclass(frozen=True, slots=True)
class Market:
    """The rows of a period with the history before them."""

    source: HistorySource
    bars: Bars
    first: int
    last: int
    synthetic: bool


def bars_of(source: HistorySource) -> Bars:
    """The rows of a source with what settled in between. Series that the market lacks are zero and never read."""
    rows, table = source.rows, source.table
    count, time_s = len(rows.time_s), rows.time_s
    zeros = np.zeros(count)
    high = rows.spot if rows.perp is None else rows.perp
    if table.mark is not None:
        high = table.mark.high[np.searchsorted(table.mark.time_s, time_s)]
    paid = zeros
    if table.funding is not None:
        total = np.concatenate(([0.0], np.cumsum(table.funding.rate)))
        settled = total[np.searchsorted(table.funding.time_s, time_s, side="right")]
        paid = np.diff(settled, prepend=settled[:1])
    return Bars(
        label=source.label,
        time_s=np.ascontiguousarray(time_s),
        spot=np.ascontiguousarray(rows.spot),
        mark=np.ascontiguousarray(rows.spot if rows.perp is None else rows.perp),
        high=np.ascontiguousarray(high),
        accrued=zeros if rows.funding is None else np.ascontiguousarray(rows.funding),
        paid=np.ascontiguousarray(paid),
        open_interest=zeros if rows.open_interest is None else np.ascontiguousarray(rows.open_interest),
        dawn=dawns(time_s),
    )
