"""What a method of `strategy.scaling` may look at: the market's past, the vault's present, the size so far."""

from dataclasses import dataclass

import numpy as np

from agent.market.observation import Floats, History, Seconds
from agent.reasons import Code, Reason
from agent.units import SECONDS_PER_HOUR
from agent.volatility.windows import rows_until


@dataclass(frozen=True, slots=True)
class Situation:
    """Everything of one decision that a method depends on; equal situations give equal sizes.

    `worth` is what one unit of the strategy was worth at the history's rows: the price of spot, or for a hedged
    strategy a fund that starts at 1 and earns funding and basis. Methods that follow a price follow this one, so that
    "down" means a loss of the strategy and not of the coin.
    """

    time_s: int
    history: History
    worth: Floats
    forecast: float  # annualised volatility of one unit of the strategy
    price_volatility: float  # annualised, of the coin
    held: float  # exposure of the larger leg now, of net asset value
    net_asset_value: float  # USD
    price: float  # USD per coin
    share_of_high: float  # share price over the highest one
    least_step: float  # of net asset value: a smaller change of the exposure is not traded
    widest_band: float  # of net asset value: what the other limits leave room for
    book_depth_usd: float | None  # of the median venue, near the middle, on its thinner side; None when nobody tells
    exposure: float = 0.0  # what caps and factors before this method allow

    def rows(self, hours: int) -> slice | Reason:
        """The rows of the last `hours`, or WARMING_UP when the history does not reach back so far."""
        times = self.history.time_s
        covered = 0.0 if len(times) == 0 else float(times[-1] - times[0]) / SECONDS_PER_HOUR
        if covered < hours:
            message = f"{covered:g} hours of history, a scaling method needs {hours}"
            return Reason(Code.WARMING_UP, message, covered, float(hours), "strategy.scaling")
        return slice(int(times.searchsorted(times[-1] - hours * SECONDS_PER_HOUR)), len(times))


def worth_of_carry(returns: Floats) -> Floats:
    """What a fund that holds one unit of carry is worth at each row, 1 at the first.

        W_i = exp(r_1 + ... + r_i)

    The exponential, because a worth must stay above zero whatever a single return is.
    """
    return np.exp(np.concatenate(([0.0], np.cumsum(returns))))


def rolling_mean(time_s: Seconds, values: Floats, hours: int) -> Floats:
    """Mean of the rows of the last `hours` at every row, its own included."""
    total = np.concatenate(([0.0], np.cumsum(values)))
    first = rows_until(time_s, hours * SECONDS_PER_HOUR)
    last = np.arange(1, len(values) + 1)
    mean: Floats = (total[last] - total[first]) / (last - first)
    return mean


def value_before(time_s: Seconds, values: Floats, hours: int) -> Floats:
    """The value `hours` before every row: of the row at that time or the first one after it."""
    return values[time_s.searchsorted(time_s - hours * SECONDS_PER_HOUR)]
