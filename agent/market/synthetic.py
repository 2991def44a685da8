"""A made-up market with the habits of a real one and exactly one crash, the same for the same seed.

Spot returns follow GARCH(1,1) with Student-t innovations and rare jumps, the basis is pulled back to its mean, funding
follows the basis, and open interest follows price, calm and the crash.
"""

import math
from dataclasses import dataclass

import numpy as np

from agent.market.observation import Floats, Seconds
from agent.market.table import Candles, MarketTable, Series, Settlements
from agent.units import HOURS_PER_YEAR, SECONDS_PER_HOUR

SETTLEMENT_H = 8
MIN_HOURS = 48


@dataclass(frozen=True, slots=True)
class SyntheticParameters:
    """Defaults resemble ETH on a large venue, 2021 to 2023."""

    start_price: float = 2_000.0  # quote per base
    annual_volatility: float = 0.60  # of spot, unconditional, jumps included, crash excluded
    garch_alpha: float = 0.06  # weight of the last squared return
    garch_beta: float = 0.925  # weight of the last variance; alpha + beta = 0.985 halves a shock in 46 hours
    degrees_of_freedom: float = 5.0  # of Student's t, scaled to unit variance
    jumps_per_year: float = 12.0
    jump_volatility: float = 0.03  # standard deviation of one jump's log return
    basis_mean: float = 0.0
    basis_volatility: float = 0.0004  # standard deviation of log(mark / spot)
    basis_half_life_h: float = 12.0
    funding_base: float = 0.0001  # decimal per 8 h when the basis is at its mean: about 11 % a year
    funding_per_basis: float = 0.5  # of the mean basis of the 8 hours that settle
    funding_memory: float = 0.6  # weight of the settlement before
    funding_noise: float = 0.00002
    funding_cap: float = 0.0075  # the venue's limit per settlement
    open_interest: float = 300_000.0  # base coin
    crash_drop: tuple[float, float] = (0.25, 0.30)  # of spot, drawn uniformly
    crash_hours: tuple[int, int] = (3, 5)
    crash_basis: float = -0.012  # by how much the perp falls below spot at the bottom
    crash_basis_half_life_h: float = 6.0
    crash_open_interest_drop: float = 0.30
    calm_hours: int = 0  # of the beginning, such as the history before a replay: the crash comes later
    outage_hours: int = 0  # exchanges that stand still in the middle of the crash leave no bar


@dataclass(frozen=True, slots=True)
class _Crash:
    start: int  # row of the first falling hour
    log_returns: Floats

    @property
    def end(self) -> int:
        return self.start + len(self.log_returns)


def synthetic_market(
    seed: int,
    start_s: int,
    hours: int,
    symbol: str = "ETHUSDT",
    perp: bool = True,
    parameters: SyntheticParameters | None = None,
) -> MarketTable:
    """Make a market of `hours` rows, the first known at `start_s`.

        h[t] = omega + alpha * r[t-1]^2 + beta * h[t-1],  r[t] = sqrt(h[t]) * z[t] + jump[t],  z ~ t(nu) scaled to 1
        b[t] = mean + exp(-k) * (b[t-1] - mean) + noise,  mark = spot * exp(b + dislocation)
        f[T] = memory * f[T-8h] + (1 - memory) * (base + slope * mean of (log(mark / spot) - basis mean) over 8 h)

    The crash lies wholly in the middle third of what follows the calm hours. Parts of the market draw from streams of
    their own, so spot is the same with and without a perp.

    Parameters
    ----------
    seed : of numpy's PCG64; the same seed and arguments give identical arrays
    start_s : unix seconds, a whole hour
    hours : at least 48
    perp : False leaves a market with spot alone

    Raises
    ------
    ValueError : too few hours, or a start off the hour.

    Source: Bollerslev (1986), Journal of Econometrics 31(3); Merton (1976), Journal of Financial Economics 3(1-2).
    """
    if hours < MIN_HOURS:
        raise ValueError(f"a synthetic market needs at least {MIN_HOURS} hours around its crash, got {hours}")
    if start_s % SECONDS_PER_HOUR:
        raise ValueError(f"start_s must be a whole hour in unix seconds, got {start_s}")
    p = parameters or SyntheticParameters()
    streams = [np.random.Generator(np.random.PCG64(child)) for child in np.random.SeedSequence(seed).spawn(6)]
    for_crash, for_spot, for_extremes, for_basis, for_funding, for_interest = streams

    time_s = start_s + SECONDS_PER_HOUR * np.arange(hours, dtype=np.int64)
    crash = _crash(for_crash, hours, p)
    returns, variance = _spot_returns(for_spot, hours, crash, p)
    spot = p.start_price * np.exp(np.cumsum(returns))
    before = np.concatenate(([p.start_price], spot[:-1]))
    reach = 0.5 * np.sqrt(variance) * np.abs(for_extremes.standard_normal((2, hours)))
    high = np.maximum(before, spot) * np.exp(reach[0])
    low = np.minimum(before, spot) * np.exp(-reach[1])

    source = f"synthetic, seed {seed}"
    known = np.ones(hours, dtype=np.bool_)
    known[crash.start + 1 : crash.start + 1 + p.outage_hours] = False
    spot_candles = Candles(source, time_s[known], spot[known], high[known], low[known])
    if not perp:
        return MarketTable(symbol, source, spot_candles)
    basis = _basis(for_basis, hours, crash, p)
    # within the hour the basis moves between its two ends
    basis_before = np.concatenate((basis[:1], basis[:-1]))
    mark = Candles(
        source,
        time_s[known],
        (spot * np.exp(basis))[known],
        (high * np.exp(np.maximum(basis, basis_before)))[known],
        (low * np.exp(np.minimum(basis, basis_before)))[known],
    )
    return MarketTable(
        symbol,
        source,
        spot_candles,
        mark=mark,
        funding=_funding(for_funding, source, time_s, basis, p),
        open_interest=Series(source, time_s, _open_interest(for_interest, returns, variance, crash, p)),
    )


def _crash(random: np.random.Generator, hours: int, p: SyntheticParameters) -> _Crash:
    length = int(random.integers(p.crash_hours[0], p.crash_hours[1] + 1))
    first = p.calm_hours if hours - p.calm_hours >= MIN_HOURS else 0
    third = (hours - first) // 3
    start = int(random.integers(first + third, hours - third - length + 1))
    drop = float(random.uniform(*p.crash_drop))
    return _Crash(start, math.log(1 - drop) * random.dirichlet(np.full(length, 4.0)))


def _spot_returns(
    random: np.random.Generator, hours: int, crash: _Crash, p: SyntheticParameters
) -> tuple[Floats, Floats]:
    """Hourly log returns and their conditional variance; the crash's hours replace what was drawn there."""
    nu = p.degrees_of_freedom
    innovations = random.standard_t(nu, hours) * math.sqrt((nu - 2) / nu)
    jumps = np.where(
        random.random(hours) < p.jumps_per_year / HOURS_PER_YEAR, random.normal(0.0, p.jump_volatility, hours), 0.0
    )
    jump_variance = p.jumps_per_year * p.jump_volatility**2 / HOURS_PER_YEAR
    usual = p.annual_volatility**2 / HOURS_PER_YEAR - jump_variance
    omega = usual * (1 - p.garch_alpha - p.garch_beta)
    returns, variance = np.empty(hours), np.empty(hours)
    h, last_squared = usual, usual
    for t in range(hours):
        # a cap keeps the aftermath of the crash from becoming a second one
        h = min(omega + p.garch_alpha * last_squared + p.garch_beta * h, 9 * usual)
        diffusion = math.sqrt(h) * innovations[t]
        if crash.start <= t < crash.end:
            diffusion = crash.log_returns[t - crash.start]
            returns[t] = diffusion
        else:
            returns[t] = min(max(diffusion + jumps[t], -0.08), 0.08)
        variance[t] = h
        last_squared = diffusion * diffusion
    return returns, variance


def _basis(random: np.random.Generator, hours: int, crash: _Crash, p: SyntheticParameters) -> Floats:
    """log(mark / spot): a discretised Ornstein-Uhlenbeck process, and the perp falling ahead of spot in the crash."""
    keep = 0.5 ** (1 / p.basis_half_life_h)
    noise = random.normal(0.0, p.basis_volatility * math.sqrt(1 - keep * keep), hours)
    basis = np.empty(hours)
    away = float(random.normal(0.0, p.basis_volatility))
    for t in range(hours):
        away = keep * away + noise[t]
        basis[t] = p.basis_mean + away
    length = crash.end - crash.start
    basis[crash.start : crash.end] += p.crash_basis * np.arange(1, length + 1) / length
    basis[crash.end :] += p.crash_basis * 0.5 ** (np.arange(1, hours - crash.end + 1) / p.crash_basis_half_life_h)
    return basis


def _funding(
    random: np.random.Generator, source: str, time_s: Seconds, basis: Floats, p: SyntheticParameters
) -> Settlements:
    """Settlements at 00, 08 and 16 UTC, from the one before the first hour to the one that covers the last hour."""
    interval_s = SETTLEMENT_H * SECONDS_PER_HOUR
    first = int(time_s[0]) // interval_s * interval_s
    last = -(-int(time_s[-1]) // interval_s) * interval_s
    settled_s = np.arange(first, last + 1, interval_s, dtype=np.int64)
    noise = random.normal(0.0, p.funding_noise, len(settled_s))
    rates = np.empty(len(settled_s))
    rate = p.funding_base
    for k, at in enumerate(settled_s.tolist()):
        start, end = np.searchsorted(time_s, (at - interval_s, at), side="right")
        premium = float(np.mean(basis[start:end])) - p.basis_mean if end > start else 0.0
        wanted = p.funding_base + p.funding_per_basis * premium
        rate = p.funding_memory * rate + (1 - p.funding_memory) * wanted + float(noise[k])
        rate = min(max(rate, -p.funding_cap), p.funding_cap)
        rates[k] = rate
    return Settlements(source, settled_s, rates, np.full(len(settled_s), float(SETTLEMENT_H)))


def _open_interest(
    random: np.random.Generator, returns: Floats, variance: Floats, crash: _Crash, p: SyntheticParameters
) -> Floats:
    """Base coin. Leverage comes with rising prices, leaves with volatility, and is wiped out in the crash."""
    noise = random.normal(0.0, 0.004, len(returns))
    calm = float(np.median(variance))
    lost = math.log(1 - p.crash_open_interest_drop) / (crash.end - crash.start)
    log_ratio, values = 0.0, np.empty(len(returns))
    for t in range(len(returns)):
        if crash.start <= t < crash.end:
            log_ratio += lost
        else:
            # half of any distance to the usual level is gone after ten days
            log_ratio = 0.5 ** (1 / 240) * log_ratio + 0.3 * returns[t] + noise[t]
            log_ratio -= 0.0005 * (math.sqrt(variance[t] / calm) - 1)
        values[t] = p.open_interest * math.exp(log_ratio)
    return values
