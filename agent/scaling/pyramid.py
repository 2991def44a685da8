"""A6: adding to what wins, by less each time, under a stop that follows."""

from collections.abc import Sequence
from dataclasses import dataclass

from agent.scaling.checks import finite_numbers, require_count, require_fraction, require_positive


@dataclass(frozen=True, slots=True)
class Addition:
    """The position after one add of a pyramid."""

    price: float
    units: float  # added here
    total_units: float
    average_entry: float
    stop: float
    loss_at_stop: float  # of the whole position, quote; negative is a locked gain


@dataclass(frozen=True, slots=True)
class PyramidState:
    """What a path of prices has left of a pyramid."""

    share: float  # of the units of a full pyramid, in [0, 1]
    adds: int
    average_entry: float  # 0 when flat
    stop: float  # 0 when flat
    loss_at_stop: float  # per unit of a full pyramid and of the first price, 0 when flat


@finite_numbers
def average_price(prices: Sequence[float], units: Sequence[float]) -> float:
    """Average entry of purchases counted in units.

        sum(units * price) / sum(units)

    >>> average_price([100, 101, 102, 103], [1, 1, 1, 1])
    101.5
    """
    _same_length(prices, units)
    for price, unit in zip(prices, units, strict=True):
        require_positive(price=price, units=unit)
    most = max(units)
    return sum(p * (u / most) for p, u in zip(prices, units, strict=True)) / sum(u / most for u in units)


@finite_numbers
def pyramid(entry: float, step: float, ratio: float, adds: int, stop_distance: float) -> tuple[Addition, ...]:
    """The whole plan of a long pyramid before its first trade.

        price_i = entry (1 + step)^i,  units_i = ratio^i,  stop_i = price_i (1 - stop_distance)
        loss at stop = sum_j<=i units_j (price_j - stop_i)

    Parameters
    ----------
    entry : first price, > 0
    step : rise between adds, as a part of the price, > 0
    ratio : of an add's units to those before it, in (0, 1]; below 1 the average entry stays low
    adds : purchases altogether, 1 to 20
    stop_distance : below the newest add, in (0, 1)

    Returns
    -------
    One row per purchase.

    >>> [round(row.loss_at_stop, 4) for row in pyramid(100, 0.10, 0.5, 3, 0.08)]
    [8.0, 3.2, -9.56]
    """
    _require_pyramid(step, ratio, adds, stop_distance)
    require_positive(entry=entry)
    rows: list[Addition] = []
    prices = [entry * (1 + step) ** number for number in range(adds)]
    units = [ratio**number for number in range(adds)]
    for number in range(adds):
        held = units[: number + 1]
        average = average_price(prices[: number + 1], held)
        stop = prices[number] * (1 - stop_distance)
        rows.append(Addition(prices[number], units[number], sum(held), average, stop, sum(held) * (average - stop)))
    return tuple(rows)


@finite_numbers
def pyramid_state(prices: Sequence[float], step: float, ratio: float, adds: int, stop_distance: float) -> PyramidState:
    """What a pyramid begun at the first price holds after the last one; it needs no memory but the prices.

    An add follows each rise of `step` since the last one. A fall of `stop_distance` from the highest price since the
    entry closes everything; a rise of `step` from the lowest price since then begins anew.

    Parameters
    ----------
    prices : n >= 1, each > 0, the newest last
    step, ratio, adds, stop_distance : as of `pyramid`
    """
    _require_pyramid(step, ratio, adds, stop_distance)
    if len(prices) == 0:
        raise ValueError("a pyramid needs a price")
    entries: list[float] = []
    peak = lowest = 0.0
    for number, price in enumerate(prices):
        require_positive(price=price)
        if not entries:
            lowest = price if number == 0 else min(lowest, price)
            if number == 0 or price >= lowest * (1 + step):
                entries, peak = [price], price
            continue
        peak = max(peak, price)
        if price <= peak * (1 - stop_distance):
            entries, lowest = [], price
        elif len(entries) < adds and price >= entries[-1] * (1 + step):
            entries.append(price)
    if not entries:
        return PyramidState(0.0, 0, 0.0, 0.0, 0.0)
    units = [ratio**number for number in range(adds)]
    held = units[: len(entries)]
    average, stop, share = average_price(entries, held), peak * (1 - stop_distance), sum(held) / sum(units)
    return PyramidState(share, len(entries), average, stop, share * (average - stop) / prices[0])


def _require_pyramid(step: float, ratio: float, adds: int, stop_distance: float) -> None:
    require_positive(step=step, ratio=ratio, stop_distance=stop_distance)
    require_fraction(ratio=ratio, stop_distance=stop_distance)
    require_count(1, 20, adds=adds)


def _same_length(prices: Sequence[float], units: Sequence[float]) -> None:
    if len(prices) != len(units) or len(prices) == 0:
        raise ValueError(f"as many prices as amounts are needed and at least one, got {len(prices)} and {len(units)}")
