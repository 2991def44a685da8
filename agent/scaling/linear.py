"""A2: towards a target in fixed increments, given in units of the vault, of quote or of base."""

import math

from agent.scaling.checks import finite_numbers, require_count, require_not_negative, require_positive


@finite_numbers
def linear_step(held: float, target: float, increment: float, least_trade: float = 0.0) -> float:
    """The position after one step of whole increments, ending exactly at the target.

        step = increment * (floor(least_trade / increment) + 1)         the fewest increments that are worth a trade
        next = target                      when |target - held| <= step + least_trade
               held +- step                otherwise

    The remainder is joined with the last step when it would not be worth a trade alone, so nothing is left over. Legs
    that hedge each other take the same step, so the position stays neutral at every one of them.

    Parameters
    ----------
    held, target : of any sign, in one unit
    increment : > 0, in that unit
    least_trade : a smaller change is not worth its cost (or is inside a band), >= 0

    Returns
    -------
    The next position, between held and target.

    Raises
    ------
    ValueError : an argument is not finite, increment is not positive or least_trade negative.

    >>> linear_step(0.0, 1.0, 0.4), linear_step(0.8, 1.0, 0.4), linear_step(0.4, 1.0, 0.4, 0.25)
    (0.4, 1.0, 1.0)
    """
    require_positive(increment=increment)
    require_not_negative(least_trade=least_trade)
    step = increment * (math.floor(least_trade / increment) + 1)
    gap = target - held
    if abs(gap) <= step + least_trade if least_trade > 0 else abs(gap) <= step:
        return target
    return held + math.copysign(step, gap)


@finite_numbers
def linear_schedule(held: float, target: float, increment: float, most_steps: int = 1_000) -> tuple[float, ...]:
    """Every position on the way from held to target, the target last; a last, smaller step takes the remainder.

    Raises ValueError for what `linear_step` refuses, and when the way takes more than `most_steps`.

    >>> linear_schedule(0.0, 1.0, 0.4)
    (0.4, 0.8, 1.0)
    """
    require_positive(increment=increment)
    require_count(most_steps=most_steps)
    gap = target - held
    count = math.ceil(abs(gap) / increment * (1 - 1e-12))
    if count > most_steps:
        raise ValueError(f"increment {increment} would take {count} steps, more than {most_steps}")
    way = [held + math.copysign(increment * step, gap) for step in range(1, count)]
    return (*way, target) if count else ()


@finite_numbers
def quote_increment(amount: float, net_asset_value: float) -> float:
    """An increment of `amount` in quote as a multiple of net asset value, both > 0.

    >>> quote_increment(50_000, 1_000_000)
    0.05
    """
    require_positive(amount=amount, net_asset_value=net_asset_value)
    return amount / net_asset_value


@finite_numbers
def base_increment(quantity: float, price: float, net_asset_value: float) -> float:
    """An increment of `quantity` in base at `price` as a multiple of net asset value, all > 0.

    >>> base_increment(10, 2_000, 1_000_000)
    0.02
    """
    require_positive(quantity=quantity, price=price, net_asset_value=net_asset_value)
    return quantity * price / net_asset_value
