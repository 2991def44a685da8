"""Parameter search: grids and random sets through the kernel, Optuna's TPE, on one machine or several."""

from agent.research.search.space import Dimension, parse_space, with_values
from agent.research.search.sweep import Sweep, run_sweep
from agent.research.search.tune import Tuned, run_tune

__all__ = ["Dimension", "Sweep", "Tuned", "parse_space", "run_sweep", "run_tune", "with_values"]
