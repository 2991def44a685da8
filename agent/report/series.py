"""The curves of a run, taken from the table of cycles, as arrays that plots and findings share."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from agent.ledger.attribution import PARTS
from agent.ledger.result import HEADROOM
from agent.ledger.statistics import drawdown, sampled_returns
from agent.market.observation import Floats, Seconds
from agent.units import annualise_volatility

if TYPE_CHECKING:
    from pandas import DataFrame

ROLLING_DAYS = 30
MIN_ROLLING_DAYS = 7
MAX_POINTS = 900  # per curve: two per pixel of a plot's width


@dataclass(frozen=True, slots=True)
class Curves:
    """Everything that is drawn. Unknown values are NaN, which leaves a gap in a curve."""

    time_s: Seconds
    share_price: Floats
    nav_usd: Floats
    spot_exposure: Floats  # of total assets, signed
    perp_exposure: Floats
    target_exposure: Floats
    net_delta: Floats
    forecast_volatility: Floats
    rolling_time_s: Seconds
    rolling_volatility: Floats
    drawdown: Floats
    cumulative: dict[str, Floats]  # per part of the attribution, USD
    headroom: dict[str, Floats]  # per limit


def curves(cycles: "DataFrame", interval_h: int) -> Curves:
    """The curves of `Ledger.cycles_table()`; volatility is of returns over `interval_h` since the first plan."""

    def column(name: str) -> Floats:
        return np.asarray(cycles[name].to_numpy(np.float64, na_value=np.nan), dtype=np.float64)

    time_s: Seconds = cycles["time_s"].to_numpy(np.int64)
    total_assets = column("total_assets_usd")
    total_assets = np.where(total_assets > 0, total_assets, np.nan)
    planned = cycles["plan"].notna().to_numpy()
    start = int(np.argmax(planned)) if planned.any() else len(cycles)
    rolling_time_s, rolling = _rolling_volatility(time_s[start:], column("share_price")[start:], interval_h)
    return Curves(
        time_s=time_s,
        share_price=column("share_price"),
        nav_usd=column("nav_usd"),
        spot_exposure=column("spot_base") * column("oracle_price") / total_assets,
        perp_exposure=column("perp_base") * np.nan_to_num(column("mark_price")) / total_assets,
        target_exposure=column("exposure_target"),
        net_delta=column("net_delta"),
        forecast_volatility=column("forecast_volatility"),
        rolling_time_s=rolling_time_s,
        rolling_volatility=rolling,
        drawdown=drawdown(column("share_price")),
        cumulative={part: np.cumsum(column(f"{part}_usd")) for part in PARTS},
        headroom={name.removeprefix(HEADROOM): column(name) for name in cycles if name.startswith(HEADROOM)},
    )


def thin(time_s: Seconds, values: Floats) -> tuple[Seconds, Floats]:
    """At most about `MAX_POINTS` points of a curve, with the lowest and the highest of every stretch among them."""
    if len(values) <= MAX_POINTS:
        return time_s, values
    stretches = np.array_split(np.arange(len(values)), MAX_POINTS // 2)
    kept = {0, len(values) - 1}
    for stretch in stretches:
        known = stretch[~np.isnan(values[stretch])]
        kept.update([int(stretch[0])] if len(known) == 0 else _extremes(known, values))
    index = np.array(sorted(kept))
    return time_s[index], values[index]


def _extremes(index: Seconds, values: Floats) -> list[int]:
    return [int(index[np.argmin(values[index])]), int(index[np.argmax(values[index])])]


def _rolling_volatility(time_s: Seconds, share_price: Floats, interval_h: int) -> tuple[Seconds, Floats]:
    ends, returns = sampled_returns(time_s, share_price, interval_h)
    window = max(2, ROLLING_DAYS * 24 // interval_h)
    shortest = max(2, MIN_ROLLING_DAYS * 24 // interval_h)
    counts = range(shortest, len(returns) + 1)
    deviations = [float(np.std(returns[max(0, n - window) : n], ddof=1)) for n in counts]
    return ends[shortest - 1 :], np.array([annualise_volatility(value, interval_h) for value in deviations])
