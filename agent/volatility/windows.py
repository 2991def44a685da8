"""Where windows begin, on an hourly clock that may have holes."""

import math

import numpy as np
from numpy.typing import NDArray

from agent.market.observation import Seconds
from agent.units import SECONDS_PER_HOUR


def rows_until(time_s: Seconds, ago_s: float) -> NDArray[np.int64]:
    """How many rows are at least so much older, for every row: the index at which the window after them begins.

    Parameters
    ----------
    time_s : n unix seconds, ascending
    ago_s : at least 0
    """
    if (time_s[1:] - time_s[:-1] == SECONDS_PER_HOUR).all():  # searching takes several times as long as counting
        return np.maximum(0, np.arange(1, len(time_s) + 1) - math.ceil(ago_s / SECONDS_PER_HOUR))
    return time_s.searchsorted(time_s - ago_s, side="right")
