"""What a recorded file must satisfy before a number from it is believed; every check returns all its reasons.

Row numbers count from 0. A kind of mistake that fills a file is listed for its first rows, then counted.
"""

import numpy as np
from numpy.typing import NDArray

from agent.market.observation import Floats, Seconds
from agent.reasons import Code, Reason
from agent.units import SECONDS_PER_HOUR

Rows = NDArray[np.int64]
Mask = NDArray[np.bool_]

LISTED_ROWS = 10
JITTER_MS = 1_000
MAX_FUNDING_RATE = 0.10  # venues cap at 0.75 % to 4 % per settlement; more means per cent, or a yearly rate
MAX_FROZEN_HOURS = 5  # longer runs of one price without a trade are filled in, not recorded
HOUR_MS = SECONDS_PER_HOUR * 1_000


def check_stamps(file: str, time_ms: Seconds, hourly: bool) -> list[Reason]:
    """Stamps of the whole file: on the hour within a second, ascending, each once, and hourly bars where promised."""
    hours = _nearest_hour(time_ms)
    offset_ms = time_ms - hours * HOUR_MS
    step_h = np.diff(hours, prepend=hours[0] - 1)
    reasons = [
        *_listed(
            Code.DATA_INTERVAL,
            file,
            np.abs(offset_ms) > JITTER_MS,
            "the stamp is not on the hour",
            offset_ms / 1_000,
            JITTER_MS / 1_000,
        ),
        *_listed(Code.DATA_DUPLICATE, file, step_h == 0, "the hour of the row before comes again"),
        *_listed(Code.DATA_OUT_OF_ORDER, file, step_h < 0, "the stamp is before that of the row before"),
    ]
    usual_h = float(np.median(step_h[1:])) if len(step_h) > 1 else 1.0
    if hourly and not reasons and usual_h != 1:
        reasons.append(Reason(Code.DATA_INTERVAL, "the bars are not hourly; hours from bar to bar", usual_h, 1.0, file))
    return reasons


def check_values(file: str, columns: dict[str, Floats], rows: Rows, positive: tuple[str, ...]) -> list[Reason]:
    """Every value finite; those named in `positive` above zero (zero is how some feeds write 'missing')."""
    reasons: list[Reason] = []
    for name, values in columns.items():
        reasons += _listed(
            Code.DATA_NOT_FINITE, file, _within(~np.isfinite(values), rows), f"{name} is empty, NaN or infinite"
        )
        if name in positive:
            reasons += _listed(
                Code.DATA_NOT_POSITIVE, file, _within(values <= 0, rows), f"{name} must be above zero", values, 0.0
            )
    return reasons


def check_candles(file: str, columns: dict[str, Floats], rows: Rows) -> list[Reason]:
    """Bars that agree with themselves, and that trade: a price repeated without volume was filled in."""
    high, low, volume = columns["high"], columns["low"], columns["volume"]
    reasons = [
        *_listed(Code.DATA_NOT_POSITIVE, file, _within(volume < 0, rows), "volume is negative", volume, 0.0),
        *_listed(
            Code.DATA_INCONSISTENT, file, _within((high < low) & (high > 0), rows), "high is below low", high - low, 0.0
        ),
    ]
    for name in ("open", "close"):
        price = columns[name]
        room = np.minimum(price - low, high - price)
        outside = (room < 0) & (high >= low) & (price > 0)  # other mistakes have their own reason
        reasons += _listed(
            Code.DATA_INCONSISTENT,
            file,
            _within(outside, rows),
            f"{name} lies outside the bar's low and high by",
            room,
            0.0,
        )
    run = _frozen_run(columns)
    return reasons + _listed(
        Code.DATA_STALE,
        file,
        _within(run == MAX_FROZEN_HOURS + 1, rows),
        "the same price without a trade, hour after hour: filled in, not recorded",
        run.astype(np.float64),
        MAX_FROZEN_HOURS,
    )


def check_rates(file: str, rate: Floats, rows: Rows) -> list[Reason]:
    """Decimal rates for one settlement: anything above 10 % is in another unit."""
    return _listed(
        Code.DATA_INTERVAL,
        file,
        _within(np.abs(rate) > MAX_FUNDING_RATE, rows),
        "not a decimal rate for one settlement (per cent, or per year?)",
        rate,
        MAX_FUNDING_RATE,
    )


def to_hours_s(time_ms: Seconds) -> Seconds:
    """The nearest hour in unix seconds; settlements are stamped up to some 50 ms late."""
    return _nearest_hour(time_ms) * SECONDS_PER_HOUR


def _nearest_hour(time_ms: Seconds) -> Seconds:
    return (time_ms + HOUR_MS // 2) // HOUR_MS


def _frozen_run(columns: dict[str, Floats]) -> Seconds:
    """For each row, how many bars in a row up to here had the same four prices and no volume."""
    prices = np.stack([columns[name] for name in ("open", "high", "low", "close")])
    same = np.all(prices[:, 1:] == prices[:, :-1], axis=0)
    idle = columns["volume"] == 0
    # a run begins at every bar that traded or whose price moved; its length is the distance to that beginning
    begins = np.concatenate(([True], ~(same & idle[1:] & idle[:-1])))
    index = np.arange(len(idle))
    return np.where(idle, index - np.maximum.accumulate(np.where(begins, index, 0)) + 1, 0)


def _within(mask: Mask, rows: Rows) -> Mask:
    wanted = np.zeros_like(mask)
    wanted[rows] = True
    return mask & wanted


def _listed(
    code: Code,
    file: str,
    mask: Mask,
    message: str,
    values: NDArray[np.float64] | None = None,
    bound: float | None = None,
) -> list[Reason]:
    rows = [int(row) for row in np.flatnonzero(mask)]
    reasons = [
        Reason(code, message, None if values is None else float(values[row]), bound, f"{file} row {row}")
        for row in rows[:LISTED_ROWS]
    ]
    if len(rows) > LISTED_ROWS:
        reasons.append(Reason(code, f"and {len(rows) - LISTED_ROWS} more rows like these", where=file))
    return reasons
