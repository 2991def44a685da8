"""The made-up market has a real one's habits, one crash, and a memory for its seed."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from agent.market.observation import Floats
from agent.market.source import HistorySource
from agent.market.synthetic import SyntheticParameters, synthetic_market
from agent.market.table import MarketTable

HOUR_S = 3_600
START_S = int(datetime(2023, 1, 1, tzinfo=UTC).timestamp())
YEAR_H = 8_760
SEEDS = range(1, 7)


@pytest.fixture(scope="module", params=SEEDS)
def market(request: pytest.FixtureRequest) -> MarketTable:
    return synthetic_market(request.param, START_S, YEAR_H)


def fall_within_six_hours(close: Floats) -> Floats:
    """The worst return within six hours from each hour on."""
    ahead = np.lib.stride_tricks.sliding_window_view(close, 7)
    return np.asarray(ahead.min(axis=1) / ahead[:, 0] - 1)


def basis_of(market: MarketTable) -> Floats:
    assert market.mark is not None
    return np.log(market.mark.close / market.spot.close)


def test_the_same_seed_gives_the_same_market_and_another_seed_another() -> None:
    first, again, other = (synthetic_market(seed, START_S, 500) for seed in (7, 7, 8))
    for name in ("time_s", "close", "high", "low"):
        assert np.array_equal(getattr(first.spot, name), getattr(again.spot, name))
        assert np.array_equal(getattr(first.mark, name), getattr(again.mark, name))
    assert first.funding is not None
    assert again.funding is not None
    assert first.open_interest is not None
    assert again.open_interest is not None
    assert np.array_equal(first.funding.rate, again.funding.rate)
    assert np.array_equal(first.open_interest.value, again.open_interest.value)
    assert not np.array_equal(first.spot.close, other.spot.close)
    assert first.label == "synthetic, seed 7"


def test_spot_is_the_same_with_and_without_a_perp() -> None:
    with_perp, alone = synthetic_market(7, START_S, 500), synthetic_market(7, START_S, 500, perp=False)
    assert np.array_equal(with_perp.spot.close, alone.spot.close)
    assert (alone.mark, alone.funding, alone.open_interest) == (None, None, None)


def test_volatility_is_near_the_one_asked_for(market: MarketTable) -> None:
    returns = np.diff(np.log(market.spot.close))
    assert 0.45 < returns.std() * np.sqrt(YEAR_H) < 0.80


def test_volatility_follows_the_parameter() -> None:
    calm = replace(SyntheticParameters(), annual_volatility=0.30)
    loud = replace(SyntheticParameters(), annual_volatility=0.90)
    spread = [
        np.diff(np.log(synthetic_market(5, START_S, YEAR_H, parameters=p, perp=False).spot.close))[:2_900].std()
        for p in (calm, loud)
    ]
    assert 2.0 < spread[1] / spread[0] < 5.0


def test_returns_have_fat_tails_and_cluster(market: MarketTable) -> None:
    returns = np.diff(np.log(market.spot.close))[: YEAR_H // 3 - 1]  # before the crash
    assert np.mean((returns - returns.mean()) ** 4) / returns.var() ** 2 > 4
    size = np.abs(returns)
    assert np.corrcoef(size[1:], size[:-1])[0, 1] > 0.05


def test_exactly_one_crash_lies_in_the_middle_third(market: MarketTable) -> None:
    falls = fall_within_six_hours(market.spot.close)
    crashing = np.flatnonzero(falls < -0.2)
    assert len(crashing) > 0
    assert crashing[-1] - crashing[0] < 6
    assert crashing[0] >= YEAR_H // 3 - 6
    assert crashing[-1] < 2 * YEAR_H // 3
    assert -0.40 < falls.min() < -0.24


def test_the_crash_dislocates_the_basis_turns_funding_and_wipes_out_open_interest(market: MarketTable) -> None:
    bottom = int(np.argmin(fall_within_six_hours(market.spot.close))) + 6
    basis = basis_of(market)
    assert market.funding is not None
    assert market.open_interest is not None
    assert basis[bottom - 6 : bottom + 1].min() < -0.008
    assert np.abs(basis).max() < 0.03
    assert np.abs(basis[bottom + 60 : bottom + 100]).max() < 0.004  # and it heals
    after = market.funding.rate[np.searchsorted(market.funding.time_s, market.spot.time_s[bottom], side="right") :]
    assert (after[:2] < 0).all()
    interest = market.open_interest.value
    assert interest[bottom] < 0.85 * interest[bottom - 12]


def test_funding_follows_the_basis(market: MarketTable) -> None:
    assert market.funding is not None
    basis, settled = basis_of(market), market.funding
    ends = np.searchsorted(market.spot.time_s, settled.time_s[2:-1])
    eight_hours = np.array([basis[end - 7 : end + 1].mean() for end in ends])
    assert np.corrcoef(eight_hours, settled.rate[2:-1])[0, 1] > 0.6
    assert 0.0 < settled.rate.sum() < 0.25
    assert np.mean(settled.rate < 0) > 0.02


def test_every_hour_has_funding_and_a_view_from_the_first_on(market: MarketTable) -> None:
    source = HistorySource(market, 24)
    assert (source.first_time, source.last_time) == (START_S, START_S + (YEAR_H - 1) * HOUR_S)
    for hour in source.hours(source.first_time, source.last_time)[::97]:
        assert source.view(hour).problems == ()
        assert source.world(hour).funding_rate_1h is not None


def test_extremes_hold_the_close_of_this_hour_and_the_one_before(market: MarketTable) -> None:
    assert market.mark is not None
    for candles in (market.spot, market.mark):
        assert (candles.low > 0).all()
        assert (candles.high >= candles.close).all()
        assert (candles.low <= candles.close).all()
    assert (market.spot.high[1:] >= market.spot.close[:-1]).all()
    assert (market.spot.low[1:] <= market.spot.close[:-1]).all()


@pytest.mark.parametrize("hours", [48, 49, 50, 100])
@pytest.mark.parametrize("offset_h", [0, 5])
def test_a_short_market_still_has_its_crash(hours: int, offset_h: int) -> None:
    for seed in range(5):
        market = synthetic_market(seed, START_S + offset_h * HOUR_S, hours)
        assert fall_within_six_hours(market.spot.close).min() < -0.2
        assert HistorySource(market, 24).first_time == START_S + offset_h * HOUR_S


def test_refuses_too_few_hours_and_a_start_off_the_hour() -> None:
    with pytest.raises(ValueError, match="at least 48"):
        synthetic_market(1, START_S, 47)
    with pytest.raises(ValueError, match="whole hour"):
        synthetic_market(1, START_S + 1, 100)


def test_an_outage_leaves_no_bars_in_the_middle_of_the_crash() -> None:
    whole = synthetic_market(7, START_S, 500)
    holed = synthetic_market(7, START_S, 500, parameters=SyntheticParameters(outage_hours=2))
    missing = np.setdiff1d(whole.spot.time_s, holed.spot.time_s)
    assert len(missing) == 2
    assert holed.mark is not None
    assert not np.isin(missing, holed.mark.time_s).any()
    kept = np.isin(whole.spot.time_s, holed.spot.time_s)
    assert np.array_equal(whole.spot.close[kept], holed.spot.close)
    hour = int(np.searchsorted(whole.spot.time_s, missing[0]))
    assert whole.spot.close[hour + 2] / whole.spot.close[hour - 2] < 0.85
