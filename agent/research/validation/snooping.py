"""Whether the best of many strategies beats a benchmark by more than the search explains: SPA and StepM of arch."""

from dataclasses import dataclass

import numpy as np

from agent.market.observation import Floats


@dataclass(frozen=True, slots=True)
class Snooping:
    """The consistent p-value of the best strategy, and which ones stand after correction for all of them."""

    p_value: float
    superior: tuple[int, ...]  # columns, at the size asked for


def data_snooping(
    benchmark: Floats, strategies: Floats, *, size: float = 0.05, block: int = 10, draws: int = 1_000, seed: int = 7
) -> Snooping:
    """Test returns of many strategies against one benchmark.

    Parameters
    ----------
    benchmark : n returns of what needs no search, zeros for cash
    strategies : n rows, one column per strategy tried; all of them, not only the best
    size : of the family-wise error that is accepted
    block : mean length of the bootstrap's blocks, in periods

    Raises
    ------
    ValueError : lengths differ, a return is not finite, or fewer than 30 rows.

    Source: Hansen (2005), JBES 23(4); Romano and Wolf (2005), Econometrica 73(4).
    """
    if strategies.ndim != 2 or len(benchmark) != len(strategies) or len(benchmark) < 30:
        raise ValueError(f"needs as many benchmark returns as rows, at least 30, got {len(benchmark)}")
    if not (np.isfinite(benchmark).all() and np.isfinite(strategies).all()):
        raise ValueError("returns must be finite numbers")
    from arch.bootstrap import SPA, StepM

    # both compare losses, so that returns enter with their sign changed
    spa = SPA(-benchmark, -strategies, block_size=block, reps=draws, seed=seed)
    spa.compute()
    step = StepM(-benchmark, -strategies, size=size, block_size=block, reps=draws, seed=seed)
    step.compute()
    return Snooping(float(spa.pvalues["consistent"]), tuple(int(str(column)) for column in step.superior_models))
