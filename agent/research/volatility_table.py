"""Compares every forecast of volatility on recorded hours: how well it foretold the next day, and how it targeted."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from agent.market.observation import Floats, Seconds
from agent.reasons import Code, Reason, Refusal
from agent.research.exposures import Targeting, forecast_path, measure_targeting
from agent.research.recorded import hourly_bars
from agent.units import DAYS_PER_YEAR, SECONDS_PER_HOUR
from agent.volatility import (
    Evaluation,
    calibrated_ewma_volatility,
    close_to_close_volatility,
    evaluate,
    ewma_volatility,
    garch_volatility,
    garman_klass_volatility,
    har_volatility,
    log_returns,
    parkinson_volatility,
    realised_volatility,
    rogers_satchell_volatility,
    yang_zhang_volatility,
)

HISTORY_DAYS = 400  # what each forecast may look at
EVERY_DAYS = 3  # forecasts compared, so that the estimated models are not estimated a thousand times
FLOOR = 0.01
WEEK_H = 7 * 24
TARGET, CAP = 0.20, 2.0
PLAIN = {"half_life_h": 72.0, "calibration_h": 0.0, "band": 0.10}
SHIPPED = {"half_life_h": 84.0, "calibration_h": 504.0, "band": 0.0625}


@dataclass(frozen=True, slots=True)
class Window:
    """The last hours before a forecast."""

    time_s: Seconds
    bars: Mapping[str, Floats]

    def last(self, hours: int) -> dict[str, Floats]:
        """Prices of the last so many bars."""
        return {name: values[-hours:] for name, values in self.bars.items()}

    def whole_bars(self, hours: int) -> tuple[Floats, Floats, Floats, Floats]:
        """Open, high, low and close of the last so many bars."""
        last = self.last(hours)
        return last["open"], last["high"], last["low"], last["close"]

    def steps(self) -> Floats:
        """Log returns from row to row."""
        return log_returns(self.bars["close"])

    def days(self) -> Floats:
        """Daily log returns that end at the last row."""
        return np.diff(np.log(self.bars["close"][::-1][::24][::-1]))


def _ewma(half_life_h: float, interval_h: int) -> Callable[[Window], float | Reason]:
    return lambda w: ewma_volatility(
        w.time_s, w.steps(), half_life_h=half_life_h, return_interval_h=interval_h, floor=FLOOR, warm_up_h=WEEK_H
    )


FORECASTS: Mapping[str, Callable[[Window], float | Reason]] = {
    "EWMA, 24 h returns, 240 h": _ewma(240.0, 24),
    "EWMA, 1 h returns, 72 h": _ewma(72.0, 1),
    "EWMA, 1 h returns, 24 h": _ewma(24.0, 1),
    "calibrated EWMA, 84 h and 504 h": lambda w: calibrated_ewma_volatility(
        w.time_s, w.steps(), half_life_h=84.0, calibration_half_life_h=504.0, floor=FLOOR, warm_up_h=WEEK_H
    ),
    "close-to-close, 7 days of hours": lambda w: close_to_close_volatility(w.last(WEEK_H + 1)["close"], floor=FLOOR),
    "Parkinson, 7 days of hours": lambda w: parkinson_volatility(
        w.last(WEEK_H)["high"], w.last(WEEK_H)["low"], floor=FLOOR
    ),
    "Garman-Klass, 7 days of hours": lambda w: garman_klass_volatility(*w.whole_bars(WEEK_H), floor=FLOOR),
    "Rogers-Satchell, 7 days of hours": lambda w: rogers_satchell_volatility(*w.whole_bars(WEEK_H), floor=FLOOR),
    "Yang-Zhang, 7 days of hours": lambda w: yang_zhang_volatility(*w.whole_bars(WEEK_H + 1), floor=FLOOR),
    "realised, 24 h": lambda w: realised_volatility(w.time_s, w.steps(), window_h=24.0, floor=FLOOR, warm_up_h=24),
    "HAR (1, 7, 30 days)": lambda w: har_volatility(w.time_s, w.steps(), floor=FLOOR, warm_up_h=WEEK_H),
    "GARCH(1,1), daily": lambda w: garch_volatility(w.days(), floor=FLOOR),
    "GJR(1,1), daily": lambda w: garch_volatility(w.days(), asymmetric=True, floor=FLOOR),
}


def compare_forecasts(file: Path, from_s: int) -> dict[str, Evaluation]:
    """Every forecast of `FORECASTS` against the realised variance of the 24 hours after it.

    Raises Refusal when fewer than 30 days can be compared.
    """
    time_s, bars = hourly_bars(file)
    steps = log_returns(bars["close"])
    realised: list[float] = []
    foretold: dict[str, list[float]] = {name: [] for name in FORECASTS}
    for now in range(
        max(from_s, int(time_s[0]) + HISTORY_DAYS * 86_400), int(time_s[-1]) - 86_400, EVERY_DAYS * 86_400
    ):
        row = int(np.searchsorted(time_s, now, side="right")) - 1
        after = int(np.searchsorted(time_s, int(time_s[row]) + 86_400, side="right")) - 1
        hours = (int(time_s[after]) - int(time_s[row])) / SECONDS_PER_HOUR
        if after - row < 20:
            continue
        start = max(0, row - HISTORY_DAYS * 24)
        window = Window(time_s[start : row + 1], {name: values[start : row + 1] for name, values in bars.items()})
        answers = {name: forecast(window) for name, forecast in FORECASTS.items()}
        if any(isinstance(answer, Reason) for answer in answers.values()):
            continue
        realised.append(float(np.square(steps[row:after]).sum()) * 24 / hours * DAYS_PER_YEAR)
        for name, answer in answers.items():
            foretold[name].append(float(answer) ** 2 if not isinstance(answer, Reason) else 0.0)
    if len(realised) < 30:
        raise Refusal(Reason(Code.DATA_MISSING, "fewer than 30 days to compare", len(realised), 30, str(file)))
    outcome = np.array(realised)
    return {name: evaluate(np.array(values), outcome) for name, values in foretold.items()}


def compare_targeting(file: Path, from_s: int) -> dict[str, Targeting]:
    """The plain and the shipped rule for holding 20 % a year, capped at twice the capital."""
    time_s, bars = hourly_bars(file)
    rules = {"3-day EWMA, band 10 %": PLAIN, "calibrated EWMA, band 6.25 %": SHIPPED}
    found = {}
    for name, rule in rules.items():
        forecast = forecast_path(
            time_s,
            bars["close"],
            half_life_h=rule["half_life_h"],
            calibration_h=rule["calibration_h"],
            floor=FLOOR,
            warm_up_h=WEEK_H,
        )
        found[name] = measure_targeting(
            time_s, bars["close"], forecast, target=TARGET, cap=CAP, band_of_target=rule["band"], from_s=from_s
        )
    return found
