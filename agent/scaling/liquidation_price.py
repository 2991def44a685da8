"""Where HyperCore liquidates a cross-margined perp, and Aave a loan."""

import math


def liquidation_price(price: float, size: float, margin: float, max_leverage: int) -> float:
    """Price at which equity equals maintenance margin.

        l  = 1 / (2 * max_leverage)
        LP = P - side * (margin - l * P * |size|) / |size| / (1 - l * side)

    Parameters
    ----------
    price : mark price now, > 0
    size : signed base quantity, not 0; side is its sign
    margin : account value at that price, quote; may be below maintenance, then LP is already passed
    max_leverage : of the venue for this perp, >= 1

    Returns
    -------
    Liquidation price in quote per base (negative for a long that nothing can liquidate).

    Raises
    ------
    ValueError : price is not positive, size is 0 or max_leverage is below 1.

    Source: Hyperliquid documentation, Trading, Liquidations.

    >>> round(liquidation_price(2_000, 10, 4_000, 25), 6), round(liquidation_price(2_000, -10, 4_000, 25), 6)
    (1632.653061, 2352.941176)
    """
    if not price > 0 or size == 0 or max_leverage < 1:
        raise ValueError(f"price {price}, size {size} or max_leverage {max_leverage} is out of range")
    side = 1 if size > 0 else -1
    maintenance = 1 / (2 * max_leverage)
    available = margin - maintenance * price * abs(size)
    return _finite(price - side * available / abs(size) / (1 - maintenance * side))


def liquidation_distance(margin_ratio: float, side: int, max_leverage: int) -> float:
    """Move of the mark price, as a fraction of it, that would liquidate; negative when it is already past.

        distance = (margin_ratio - l) / (1 - l * side)

    Parameters
    ----------
    margin_ratio : account value / perp notional
    side : +1 long, -1 short
    max_leverage : of the venue for this perp

    >>> round(liquidation_distance(0.2, -1, 25), 6)
    0.176471
    """
    if max_leverage < 1:
        raise ValueError(f"max_leverage must be at least 1, got {max_leverage}")
    maintenance = 1 / (2 * max_leverage)
    return _finite((margin_ratio - maintenance) / (1 - maintenance * side))


def loan_liquidation_distance(margin_ratio: float, liquidation_threshold: float) -> float:
    """Rise of the price of what is owed, as a fraction of it, that would liquidate; negative when it is already past.

        distance = (1 + margin_ratio) * liquidation_threshold - 1       which is Aave's health factor less 1

    Parameters
    ----------
    margin_ratio : (collateral - debt) / debt, the collateral's value being independent of the price
    liquidation_threshold : of the collateral's value, in (0, 1]

    Source: Aave v3 documentation, Health factor.

    >>> round(loan_liquidation_distance(0.9, 0.78), 6)
    0.482
    """
    return _finite((1 + margin_ratio) * liquidation_threshold - 1)


def _finite(answer: float) -> float:
    if not math.isfinite(answer):
        raise ValueError(f"the arguments are not finite, or too large or too small together: {answer}")
    return answer
