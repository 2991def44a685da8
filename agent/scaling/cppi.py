"""A11: exposure as a multiple of the cushion above a floor."""

from agent.scaling.checks import finite_numbers, require_not_negative, require_positive


@finite_numbers
def cppi_exposure(value: float, floor: float, multiplier: float) -> float:
    """Constant proportion portfolio insurance.

        exposure = multiplier * max(0, value - floor)

    A jump of more than 1 / multiplier between two cycles goes through the floor.

    Parameters
    ----------
    value : of the portfolio, > 0
    floor : below which it must not fall, >= 0, in the same unit
    multiplier : > 0

    Returns
    -------
    In the unit of value.

    Source: Black and Perold (1992), Journal of Economic Dynamics and Control 16.

    >>> cppi_exposure(100, 80, 3)
    60
    """
    require_positive(value=value, multiplier=multiplier)
    require_not_negative(floor=floor)
    return multiplier * max(0, value - floor)
