"""One order book that a crowd shares: orders move its price by the square-root law, its depth flees from movement."""

import math
from dataclasses import dataclass

from agent.units import SECONDS_PER_HOUR


@dataclass(frozen=True, slots=True)
class BookParameters:
    """Of one venue's book. Defaults resemble ETH at a large venue; what matters is the crowd's size beside them."""

    volume_usd_h: float = 20_000_000.0  # traded in a calm hour, by everybody else
    impact: float = 0.8  # Y of the square-root law; 0.5 to 1 in the literature
    calm_volatility_h: float = 0.0064  # of an hour's log return: 60 % a year
    flight: float = 2.0  # depth falls with volatility to this power; 2 is the square-root law, 0 a book that stays
    least_depth: float = 0.02  # of the calm depth; somebody always quotes
    refill_half_life_h: float = 1.0  # of the displacement that orders leave behind
    memory_h: float = 2.0  # half-life of the volatility that quoters look at


class SharedBook:
    """A book around a fundamental price that orders push away and that liquidity pulls back.

        displacement(Q) = sign(Q) Y sigma sqrt(|Q| / depth),   depth = volume (sigma / sigma_now)^flight

    A book that is displaced already is consumed further, so that a sequence of orders costs what their sum would and
    splitting an order within one moment gains nothing. At `flight` 2 this is the square-root law with the volatility of
    the moment.

    Source: Tóth et al. (2011), Anomalous price impact and the critical nature of liquidity, Physical Review X 1.
    """

    def __init__(self, price: float, parameters: BookParameters) -> None:
        self.parameters = parameters
        self.away = 0.0  # log of traded over fundamental price
        self.fundamental = price
        self._last = price
        self._variance_h = parameters.calm_volatility_h**2

    @property
    def price(self) -> float:
        """Where the last order left it."""
        return self.fundamental * math.exp(self.away)

    @property
    def depth_usd(self) -> float:
        """What the next hour would trade, USD; the scale of the impact."""
        of = self.parameters
        ratio = of.calm_volatility_h / math.sqrt(max(self._variance_h, of.calm_volatility_h**2))
        return of.volume_usd_h * max(of.least_depth, float(ratio**of.flight))

    def pass_to(self, fundamental: float, seconds: float) -> None:
        """Time goes by: the fundamental moves, the book refills, and quoters notice how much the price moved."""
        of, hours = self.parameters, seconds / SECONDS_PER_HOUR
        self.fundamental = fundamental
        self.away *= 0.5 ** (hours / of.refill_half_life_h)
        change = math.log(self.price / self._last)
        keep = 0.5 ** (hours / of.memory_h)
        self._variance_h = keep * self._variance_h + (1 - keep) * change * change / hours
        self._last = self.price

    def trade(self, notional_usd: float) -> float:
        """Execute an order at once and return its average price.

        Parameters
        ----------
        notional_usd : positive buys, negative sells
        """
        if notional_usd == 0:
            return self.price
        scale = self.parameters.impact * self.parameters.calm_volatility_h
        depth = self.depth_usd
        before = math.copysign((self.away / scale) ** 2 * depth, self.away)
        after = before + notional_usd
        self.away = math.copysign(scale * math.sqrt(abs(after) / depth), after)
        # the integral of sign(c) sqrt(|c|) is 2/3 |c|^(3/2), whatever the sign of c
        mean = scale / math.sqrt(depth) * 2 / 3 * (abs(after) ** 1.5 - abs(before) ** 1.5) / (after - before)
        return self.fundamental * math.exp(mean)
