"""Methods of `strategy.scaling` that follow from the market's past alone."""

import math

import numpy as np

from agent.config import (
    AntiMartingaleMethod,
    FixedRiskMethod,
    InverseVarianceMethod,
    KellyMethod,
    LadderMethod,
    MartingaleMethod,
    MeanReversionMethod,
    PyramidMethod,
    RiskOverlayMethod,
)
from agent.decision import Scaler
from agent.market.observation import Floats
from agent.reasons import Code, Reason
from agent.scaling.fixed_risk import fixed_risk_exposure
from agent.scaling.inverse_variance import variance_target
from agent.scaling.kelly import kelly_exposure
from agent.scaling.ladder import ladder_levels
from agent.scaling.martingale import martingale_share, ruin_probability
from agent.scaling.mean_reversion import mean_reversion_share, z_score
from agent.scaling.pipeline import scaler
from agent.scaling.pyramid import pyramid_state
from agent.scaling.risk_overlay import risk_overlay
from agent.scaling.rungs import rungs
from agent.scaling.situation import Situation, rolling_mean, value_before
from agent.units import DAYS_PER_YEAR, HOURS_PER_YEAR, SECONDS_PER_HOUR
from agent.volatility.windows import rows_until

OPEN = 0.005  # of net asset value: less is what a venue's smallest order leaves over


def inverse_variance(rule: InverseVarianceMethod, situation: Situation) -> Scaler | Reason:
    """A cap of (target / forecast)^2."""
    return scaler(
        "inverse_variance",
        variance_target(situation.forecast, rule.target),
        f"volatility is forecast at {situation.forecast:.1%} a year; full size by variance at {rule.target:.1%}",
        forecast=situation.forecast,
        target=rule.target,
    )


def kelly(rule: KellyMethod, situation: Situation) -> Scaler | Reason:
    """A cap: the shrunk Kelly exposure of the window's returns, and none without an edge.

    To open takes `least_t`, to stay `exit_t`: a statistic that hovers around one threshold would pay round trips.
    """
    rows = situation.rows(rule.window_h)
    if isinstance(rows, Reason):
        return rows
    mean, volatility, years = _yearly(situation, rows, rule.return_interval_h)
    if not volatility > 1e-9:
        message = f"the strategy's worth did not move in {rule.window_h} h, so it has no Kelly exposure"
        return Reason(Code.DATA_STALE, message, volatility, 0.0, "strategy.scaling")
    least_t = rule.exit_t if situation.held > OPEN else rule.least_t
    found = kelly_exposure(mean, volatility, years, fraction=rule.fraction, least_t=least_t)
    t = mean / volatility * math.sqrt(years)
    earned = f"{rule.window_h} h earned {mean:+.1%} a year at {volatility:.1%} of volatility"
    if isinstance(found, Reason):
        value, sentence = 0.0, f"{found.code}: {earned}, a t-statistic of {t:.1f}; {least_t:g} is wanted"
    else:
        value, sentence = found, f"{earned} (t {t:.1f}): {rule.fraction:.0%} of the shrunk Kelly exposure"
    return scaler("kelly", value, sentence, mean=mean, volatility=volatility, years=years, t=t, fraction=rule.fraction)


def martingale(rule: MartingaleMethod, situation: Situation) -> Scaler | Reason:
    """A factor: full size only after the longest row of losses that is bet against."""
    return _doubling("martingale", rule, situation)


def anti_martingale(rule: AntiMartingaleMethod, situation: Situation) -> Scaler | Reason:
    """A factor: full size only after the longest row of wins that is bet on."""
    return _doubling("anti_martingale", rule, situation)


def _doubling(name: str, rule: MartingaleMethod | AntiMartingaleMethod, situation: Situation) -> Scaler | Reason:
    reach = situation.rows((rule.bets + 1) * rule.round_h)
    if isinstance(reach, Reason):
        return reach
    times, round_s = situation.history.time_s, rule.round_h * SECONDS_PER_HOUR
    # Rounds end at multiples of their length, so that every agent counts the same ones.
    ends = int(times[-1]) // round_s * round_s - round_s * np.arange(rule.bets, -1, -1)
    worth = situation.worth[np.maximum(0, times.searchsorted(ends, side="right") - 1)]
    outcomes = (np.diff(worth) / worth[:-1]).tolist()
    wins, after = sum(outcome > 0 for outcome in outcomes), "win" if name == "anti_martingale" else "loss"
    ruin = ruin_probability(0.5, rule.bets)
    return scaler(
        name,
        martingale_share(outcomes, rule.bets, "win" if after == "win" else "loss"),
        f"{wins} of the last {rule.bets} rounds of {rule.round_h} h won; doubles after a {after} up to full size; "
        f"at even odds {ruin:.2%} of its sequences {'win' if after == 'win' else 'lose'} every bet",
        wins=wins,
        last=outcomes[-1],
        bets=rule.bets,
        whole_row_probability=ruin,
    )


def pyramid(rule: PyramidMethod, situation: Situation) -> Scaler | Reason:
    """A factor: how much of a full pyramid the worth's way has built.

    It begins at the last but one multiple of the window, so that every agent sees the same one.
    """
    rows = situation.rows(2 * rule.window_h)
    if isinstance(rows, Reason):
        return rows
    times, block_s = situation.history.time_s, rule.window_h * SECONDS_PER_HOUR
    first = int(times.searchsorted((int(times[-1]) // block_s - 1) * block_s))
    state = pyramid_state(situation.worth[first:].tolist(), rule.step, rule.ratio, rule.adds, rule.stop)
    if state.adds == 0:
        sentence = f"stopped out; begins again after a rise of {rule.step:.1%} from the lowest worth since"
    else:
        sentence = (
            f"{state.adds} of {rule.adds} adds of {rule.step:.1%}; at its stop the pyramid "
            f"{'loses' if state.loss_at_stop > 0 else 'keeps'} {abs(state.loss_at_stop):.2%} of full size"
        )
    return scaler(
        "pyramid",
        state.share,
        sentence,
        adds=state.adds,
        average_entry=state.average_entry,
        stop=state.stop,
        loss_at_stop=state.loss_at_stop,
        worth=float(situation.worth[-1]),
    )


def ladder(rule: LadderMethod, situation: Situation) -> Scaler | Reason:
    """A factor: the part of the ladder's steps that are taken."""
    rows = situation.rows(rule.window_h + rule.average_h)
    if isinstance(rows, Reason):
        return rows
    signal = _signal(rule, situation)
    if isinstance(signal, Reason):
        return signal
    window = situation.rows(rule.window_h)
    if isinstance(window, Reason):
        return window
    levels = ladder_levels(rule.spacing, rule.first, rule.steps, last=rule.last, ratio=rule.ratio)
    state = rungs(signal[window].tolist(), situation.worth[window].tolist(), levels, rule.exit_part)
    now, realised = float(signal[-1]), math.fsum(state.realised) / rule.steps
    return scaler(
        "ladder",
        state.share,
        f"{rule.signal} is {now:+.2%}; {state.taken} of {rule.steps} steps from {levels[0]:.2%} to {levels[-1]:.2%} "
        f"are taken, {len(state.realised)} exits made {realised:+.2%} of full size in {rule.window_h} h",
        signal=now,
        taken=state.taken,
        steps=rule.steps,
        average_entry=state.average_entry,
        exits=len(state.realised),
        realised=realised,
    )


def mean_reversion(rule: MeanReversionMethod, situation: Situation) -> Scaler | Reason:
    """A factor: larger the further the worth is below its average, nothing beyond the stop."""
    rows = situation.rows(rule.average_h)
    if isinstance(rows, Reason):
        return rows
    z = z_score(situation.worth[rows])
    stopped = f"; given up beyond {rule.stop_z:g}" if z <= -rule.stop_z else ""
    return scaler(
        "mean_reversion",
        mean_reversion_share(z, rule.full_z, rule.stop_z),
        f"worth is {z:+.1f} deviations from its mean of {rule.average_h} h, full size at {-rule.full_z:g}{stopped}",
        z=z,
        full_z=rule.full_z,
        stop_z=rule.stop_z,
    )


def overlay(rule: RiskOverlayMethod, situation: Situation) -> Scaler | Reason:
    """A factor that brings the riskiest view of the size so far down to its limit."""
    rows = situation.rows(rule.window_h)
    if isinstance(rows, Reason):
        return rows
    worst_day = _worst_day(situation, rows)
    risks = [situation.exposure * one for one in (situation.forecast, worst_day, situation.price_volatility)]
    limits = (rule.normal, rule.jump, rule.unhedged)
    return scaler(
        "risk_overlay",
        risk_overlay(risks, limits, rule.target),
        f"risk of the size so far: {risks[0]:.1%} a year as forecast, {risks[1]:.1%} as on the worst day, "
        f"{risks[2]:.1%} unhedged; at most {rule.normal:g}, {rule.jump:g} and {rule.unhedged:g} times "
        f"{rule.target:.1%}",
        forecast=risks[0],
        worst_day=risks[1],
        unhedged=risks[2],
        target=rule.target,
    )


def fixed_risk(rule: FixedRiskMethod, situation: Situation) -> Scaler | Reason:
    """A cap: the exposure that loses `risk` of the vault when the strategy falls by its stop."""
    daily = situation.forecast / math.sqrt(DAYS_PER_YEAR)
    stop = max(rule.least_stop, rule.stop_sigmas * daily)
    return scaler(
        "fixed_risk",
        fixed_risk_exposure(rule.risk, stop),
        f"a fall of {stop:.2%} ({stop / daily:.1f} deviations of a day) costs {rule.risk:.2%} of the vault",
        stop_distance=stop,
        risk=rule.risk,
    )


def _signal(rule: LadderMethod, situation: Situation) -> Floats | Reason:
    times, worth, hours = situation.history.time_s, situation.worth, rule.average_h
    if rule.signal == "discount":
        return 1.0 - worth / rolling_mean(times, worth, hours)
    if rule.signal == "momentum":
        return worth / value_before(times, worth, hours) - 1.0
    funding = situation.history.funding
    if funding is None:
        return Reason(Code.DATA_MISSING, "funding history: unknown", where="strategy.scaling")
    total = np.concatenate(([0.0], np.cumsum(funding)))
    first = rows_until(times, hours * SECONDS_PER_HOUR)
    yearly: Floats = (total[1:] - total[first]) * (HOURS_PER_YEAR / hours)
    return yearly


def _yearly(situation: Situation, rows: slice, hours: int) -> tuple[float, float, float]:
    """Mean and volatility a year of the logarithm of worth, and the years they were measured over.

    Returns over `hours` begin at every row: those that begin once a day would hang on the time of the day.
    """
    times, worth = situation.history.time_s[rows], np.log(situation.worth[rows])
    years = float(times[-1] - times[0]) / SECONDS_PER_HOUR / HOURS_PER_YEAR
    begun = times.searchsorted(times - hours * SECONDS_PER_HOUR)
    last = times - times[0] >= hours * SECONDS_PER_HOUR
    spans = (times[last] - times[begun[last]]) / SECONDS_PER_HOUR / HOURS_PER_YEAR
    mean = float(worth[-1] - worth[0]) / years
    variance = float(np.mean((worth[last] - worth[begun[last]] - mean * spans) ** 2 / spans))
    return mean + variance / 2, math.sqrt(variance), years


def _worst_day(situation: Situation, rows: slice) -> float:
    """Annualised volatility of the most volatile 24 hours among the rows."""
    times, worth = situation.history.time_s[rows], situation.worth[rows]
    squares = np.concatenate(([0.0], np.diff(np.log(worth)) ** 2))
    total = np.concatenate(([0.0], np.cumsum(squares)))
    first = rows_until(times, 24 * SECONDS_PER_HOUR)
    return math.sqrt(max(0.0, float((total[1:] - total[first]).max())) * DAYS_PER_YEAR)
