"""A volatility-target grid as anybody would write it with numba: one function, no names, nothing shared.

It does what `agent.research.exposures.target_grid` does and gives the same numbers; the benchmark compares their time.
"""

import math

import numpy as np
from numba import njit, prange


@njit(parallel=True, error_model="numpy")
def plain_grid(variances, returns, sets, first, out):
    for k in prange(len(sets)):
        half_life, target, cap, band, cost = sets[k, 0], sets[k, 1], sets[k, 2], sets[k, 3], sets[k, 4]
        interest = sets[k, 5] / 8760
        decay, window = 2.0 ** (-1 / half_life), math.ceil(6 * half_life)
        left = 2.0 ** (-window / half_life)
        scale = target / math.sqrt(8760.0)
        summed, weight, value, held, high, worst, traded, squares = 0.0, 0.0, 1.0, 0.0, 1.0, 0.0, 0.0, 0.0
        for i in range(1, len(returns)):
            summed = summed * decay + variances[i]
            weight = weight * decay + 1
            if i - window >= 1:
                summed -= left * variances[i - window]
                weight -= left
            if i < first:
                continue
            earned = held * returns[i] - interest * max(0.0, held - 1)
            squares += earned * earned
            value *= 1 + earned
            wanted = min(cap, scale / math.sqrt(max(0.0, summed) / weight))
            width = band * wanted
            trade = min(max(held, wanted - width), wanted + width) - held
            if trade != 0:
                value -= value * cost * abs(trade)
                traded += abs(trade)
                held += trade
            high = max(high, value)
            worst = max(worst, 1 - value / high)
        out[k, 0], out[k, 2], out[k, 3] = value, worst, traded
        out[k, 1] = math.sqrt(squares / (len(returns) - first) * 8760)


def plain(close: np.ndarray, sets: np.ndarray, first: int) -> np.ndarray:
    """The grid over closes without a hole."""
    variances = np.diff(np.log(close), prepend=np.log(close[:1])) ** 2
    returns = np.diff(close, prepend=close[:1]) / np.concatenate((close[:1], close[:-1]))
    out = np.zeros((len(sets), 4))
    plain_grid(variances, returns, sets, first, out)
    return out
