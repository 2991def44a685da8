"""Where each venue liquidates a position of our own, by its published formula.

In all of them `side` is +1 for a long and -1 for a short, and the price returned is the one at which what secures the
position equals what the venue asks for. Source: the venues' documentation; vectors from freqtrade's tests.
"""

import math
from dataclasses import dataclass
from typing import Literal

from agent.scaling.liquidation_price import liquidation_price

Venue = Literal["binance", "bybit", "gate", "okx", "hyperliquid", "aave"]


def binance_liquidation_price(
    size: float,
    entry: float,
    wallet: float,
    maintenance_rate: float,
    maintenance_amount: float = 0.0,
    *,
    other_maintenance: float = 0.0,
    other_profit: float = 0.0,
) -> float:
    """Binance USD-M, one-way mode, isolated or cross.

        LP = (WB - TMM + UPNL + cum - side * q * EP) / (q * MMR - side * q)

    Parameters
    ----------
    size : signed base quantity, not 0
    wallet : WB, quote: of the position when isolated, of the account when cross
    maintenance_rate, maintenance_amount : MMR and cum of the bracket that the position's notional falls into
    other_maintenance, other_profit : TMM and UPNL of all other cross positions; 0 when isolated

    >>> [round(binance_liquidation_price(size, 10, 2, 0.01, 0.01), 6) for size in (-1, 1)]
    [11.891089, 8.070707]
    """
    side, quantity = _side(size), abs(size)
    _check(entry, maintenance_rate)
    secured = wallet - other_maintenance + other_profit + maintenance_amount
    return (secured - side * quantity * entry) / (quantity * maintenance_rate - side * quantity)


def bybit_liquidation_price(side: int, entry: float, leverage: float, maintenance_rate: float) -> float:
    """Bybit, isolated: initial margin less maintenance margin, both of the value at entry, is what may be lost.

        LP = EP - side * (IM - MM) / q = EP * (1 - side * (1 / leverage - MMR))

    >>> [round(bybit_liquidation_price(side, 10, 5, 0.01), 6) for side in (1, -1)]
    [8.1, 11.9]
    """
    _check(entry, maintenance_rate)
    if not leverage > 0:
        raise ValueError(f"leverage: expected a positive number, got {leverage}")
    return entry * (1 - side * (1 / leverage - maintenance_rate))


def gate_liquidation_price(
    size: float, entry: float, margin: float, maintenance_rate: float, taker_fee: float
) -> float:
    """Gate and OKX, isolated: the venue keeps the fee of its closing order back as well.

        LP = (EP - side * margin / q) / (1 - side * (MMR + taker fee))

    >>> [round(gate_liquidation_price(size, 10, 2, 0.01, 0.0006), 6) for size in (1, -1)]
    [8.085709, 11.874134]
    """
    side = _side(size)
    _check(entry, maintenance_rate + taker_fee)
    return (entry - side * margin / abs(size)) / (1 - side * (maintenance_rate + taker_fee))


def aave_liquidation_price(collateral: float, debt: float, threshold: float, base_is_debt: bool) -> float:
    """Aave, one token that moves against one that does not: health factor 1.

        base is the debt:       LP = threshold * collateral / debt       reached by a rise
        base is the collateral: LP = debt / (threshold * collateral)     reached by a fall

    Parameters
    ----------
    collateral, debt : the base in base units, the other in quote
    threshold : liquidation threshold of the collateral, in (0, 1]

    >>> round(aave_liquidation_price(10_000, 2, 0.78, True), 2)
    3900.0
    >>> round(aave_liquidation_price(2, 3_000, 0.83, False), 2)
    1807.23
    """
    if not (collateral > 0 and debt > 0 and 0 < threshold <= 1):
        raise ValueError(f"collateral {collateral}, debt {debt} or threshold {threshold} is out of range")
    return threshold * collateral / debt if base_is_debt else debt / (threshold * collateral)


def buffered(price: float, entry: float, buffer: float = 0.05) -> float:
    """A liquidation price brought nearer to the entry: LP + buffer * (EP - LP).

    >>> round(buffered(8.0, 10.0), 6)
    8.1
    """
    return price + buffer * (entry - price)


@dataclass(frozen=True, slots=True)
class OwnPosition:
    """A position of our own. `margin` in quote secures it: isolated margin, or the account's value where it is cross.

    `maintenance_rate` is the venue's for this size; Hyperliquid's is 1 / (2 * its greatest leverage), Aave's is the
    part of the collateral that does not count: 1 - threshold.
    """

    venue: Venue
    size: float  # signed, base
    entry: float
    margin: float
    maintenance_rate: float
    taker_fee: float = 0.0


def liquidation_price_of(position: OwnPosition) -> float | None:
    """Where the venue liquidates it; None when no positive price does."""
    size, entry, margin, rate = position.size, position.entry, position.margin, position.maintenance_rate
    if position.venue == "binance":
        price = binance_liquidation_price(size, entry, margin, rate)
    elif position.venue == "bybit":
        price = bybit_liquidation_price(_side(size), entry, abs(size) * entry / margin, rate)
    elif position.venue == "hyperliquid":
        price = liquidation_price(entry, size, margin, round(1 / (2 * rate)))
    elif position.venue == "aave":
        price = _aave_price(size, entry, margin, 1 - rate)
    else:
        price = gate_liquidation_price(size, entry, margin, rate, position.taker_fee)
    return price if price > 0 else None


def _aave_price(size: float, entry: float, margin: float, threshold: float) -> float:
    """A short's collateral is margin and what the borrowed base was sold for; a long's debt is what margin lacked."""
    if size < 0:
        return aave_liquidation_price(margin - size * entry, -size, threshold, base_is_debt=True)
    owed = size * entry - margin
    return aave_liquidation_price(size, owed, threshold, base_is_debt=False) if owed > 0 else 0.0


def _side(size: float) -> int:
    if size == 0 or not math.isfinite(size):
        raise ValueError(f"size: expected a signed quantity, got {size}")
    return 1 if size > 0 else -1


def _check(entry: float, rate: float) -> None:
    if not (entry > 0 and math.isfinite(entry) and 0 <= rate < 1):
        raise ValueError(f"entry {entry} or maintenance rate {rate} is out of range")
