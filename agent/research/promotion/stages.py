"""The stages of a promotion, and what a criterion is."""

import math
from dataclasses import dataclass
from enum import StrEnum

from agent.reasons import Code, Reason


class Stage(StrEnum):
    """In this order; none can be left out."""

    IDEA = "idea"
    BACKTEST = "backtest"
    VALIDATION = "validation"
    WALK_FORWARD = "walk-forward"
    PAPER = "paper"
    ALLOCATION = "allocation"

    @property
    def number(self) -> int:
        """1 for the first."""
        return list(Stage).index(self) + 1


# The bounds. What `ballast promote` asks for is written here and nowhere else.
LEAST_KNOWN = 0.95  # of the hours of the period asked for: exchanges do stand still, but not for weeks
TRAINING_PART = 0.6
MOST_DEGRADATION = 0.30  # of the Sharpe ratio, from the first 60 % to the rest
PERIOD_DAYS = 30  # of a walk-forward's tests
BEFORE_FIRST_PERIOD_DAYS = 90  # judged by nobody: what the file was written with in mind
LEAST_PERIODS = 6
POSITIVE_PERIODS = 0.70
LEAST_DAYS = BEFORE_FIRST_PERIOD_DAYS + LEAST_PERIODS * PERIOD_DAYS  # of a backtest
LEAST_PAPER_DAYS, MOST_PAPER_DAYS = 30, 60  # of a longer run the last 60 count
CONFIDENCE = 0.95  # of the interval that the paper run's return must lie in


@dataclass(frozen=True, slots=True)
class Criterion:
    """One thing that must hold: a value against a bound. A value that is unknown does not hold."""

    name: str
    value: float | None
    sense: str  # "above", "below", "at least" or "at most"
    bound: float

    @property
    def met(self) -> bool:
        """Whether it holds."""
        if self.value is None or not math.isfinite(self.value):
            return False
        return {
            "above": self.value > self.bound,
            "below": self.value < self.bound,
            "at least": self.value >= self.bound,
            "at most": self.value <= self.bound,
        }[self.sense]

    def reason(self, stage: Stage) -> Reason:
        """Why it stands in the way of a stage."""
        known = self.value is not None and math.isfinite(self.value)
        value = f"{self.value:g}" if known else "unknown"
        message = f"{stage}: {self.name}: {value}, must be {self.sense} {self.bound:g}"
        return Reason(Code.PROMOTION_FAILED, message, self.value if known else None, self.bound, stage.value)
