"""Volatility on an hourly clock that may have holes."""

import math

import numpy as np
import pytest

from agent.market.observation import Floats, Seconds
from agent.reasons import Code, Reason
from agent.volatility import carry_returns, ewma_volatility, log_returns


def hours(*at: float) -> Seconds:
    return np.array([round(3_600 * hour) for hour in at], dtype=np.int64)


def forecast(
    time_s: Seconds,
    returns: Floats,
    half_life_h: float = 240.0,
    return_interval_h: int = 1,
    floor: float = 1e-9,
    warm_up_h: int = 1,
) -> float:
    answer = ewma_volatility(
        time_s,
        returns,
        half_life_h=half_life_h,
        return_interval_h=return_interval_h,
        floor=floor,
        warm_up_h=warm_up_h,
    )
    assert not isinstance(answer, Reason)
    return answer


def test_three_hours_by_hand() -> None:
    """Half-life 1 h: weights 1/4, 1/2, 1 on 1, 4 and 9 (x 1e-4): 11.25e-4 / 1.75 per hour, times 8760."""
    answer = forecast(hours(0, 1, 2, 3), np.array([0.01, -0.02, 0.03]), half_life_h=1.0)
    assert answer == pytest.approx(math.sqrt(11.25e-4 / 1.75 * 8_760))


def test_equals_the_riskmetrics_recursion_once_the_seed_has_faded() -> None:
    """s_t = 0.94 s_(t-1) + 0.06 r_t^2, the decay of formulas' section 4, over 1,000 steps."""
    decay = 0.94
    returns = np.random.default_rng(1).normal(0, 0.01, 1_000)
    variance = returns[0] ** 2
    for value in returns:
        variance = decay * variance + (1 - decay) * value**2
    answer = forecast(hours(*range(1_001)), returns, half_life_h=math.log(0.5) / math.log(decay))
    assert answer == pytest.approx(math.sqrt(variance * 8_760), rel=0.01)  # weights are cut off after six half-lives


def test_a_random_walk_has_the_same_volatility_over_any_interval() -> None:
    returns = np.random.default_rng(2).normal(0, 0.005, 20_000)
    clock = hours(*range(20_001))
    true = 0.005 * math.sqrt(8_760)
    assert forecast(clock, returns, 1e6, return_interval_h=1) == pytest.approx(true, rel=0.03)
    assert forecast(clock, returns, 1e6, return_interval_h=24) == pytest.approx(true, rel=0.06)


def test_noise_that_reverts_within_hours_is_no_risk_over_a_day() -> None:
    returns = np.tile([0.01, -0.01], 500)
    assert (
        forecast(hours(*range(1_001)), returns, return_interval_h=24)
        < 1e-6
        < forecast(hours(*range(1_001)), returns, return_interval_h=1)
    )


def test_a_hole_counts_for_the_hours_it_spans() -> None:
    """A return of 4 % over four hours is as volatile as 2 % over one: variance grows with time."""
    whole = forecast(hours(0, 4), np.array([0.04]))
    assert whole == pytest.approx(forecast(hours(0, 1), np.array([0.02])))


def test_a_hole_in_a_random_walk_does_not_move_the_forecast() -> None:
    rng = np.random.default_rng(3)
    price = np.exp(np.concatenate(([0.0], np.cumsum(rng.normal(0, 0.005, 3_000)))))
    keep = np.ones(3_001, dtype=bool)
    keep[2_000:2_034] = False
    clock = hours(*range(3_001))
    full = forecast(clock, log_returns(price), return_interval_h=24)
    holed = forecast(clock[keep], log_returns(price[keep]), return_interval_h=24)
    assert holed == pytest.approx(full, rel=0.05)


def test_recent_returns_weigh_more() -> None:
    calm, wild = np.full(100, 0.001), np.full(100, 0.02)
    clock = hours(*range(201))
    rising = forecast(clock, np.concatenate((calm, wild)), half_life_h=20)
    falling = forecast(clock, np.concatenate((wild, calm)), half_life_h=20)
    assert rising > 3 * falling


def test_the_forecast_never_falls_below_its_floor() -> None:
    assert forecast(hours(*range(50)), np.zeros(49), floor=0.01) == 0.01


@pytest.mark.parametrize(("rows", "interval"), [(0, 1), (1, 1), (100, 1), (168, 24)])
def test_refuses_while_warming_up(rows: int, interval: int) -> None:
    answer = ewma_volatility(
        hours(*range(rows)),
        np.zeros(max(0, rows - 1)),
        half_life_h=240,
        return_interval_h=interval,
        floor=0.01,
        warm_up_h=168,
    )
    assert isinstance(answer, Reason)
    assert answer.code is Code.WARMING_UP
    assert answer.bound == 168


def test_refuses_when_no_full_return_interval_is_known() -> None:
    answer = ewma_volatility(
        hours(*range(10)), np.zeros(9), half_life_h=240, return_interval_h=24, floor=0.01, warm_up_h=5
    )
    assert isinstance(answer, Reason)
    assert answer.code is Code.WARMING_UP


def test_rejects_returns_that_are_no_numbers() -> None:
    with pytest.raises(ValueError, match="finite"):
        forecast(hours(0, 1, 2), np.array([0.01, math.nan]))


def test_rejects_times_and_returns_that_do_not_match() -> None:
    with pytest.raises(ValueError, match="3 times need 2 returns, got 3"):
        forecast(hours(0, 1, 2), np.zeros(3))


def test_carry_earns_funding_and_pays_for_a_wider_basis() -> None:
    spot = np.array([100.0, 110.0, 110.0])
    perp = np.array([101.0, 111.0, 113.2])
    funding = np.array([9.0, 0.001, 0.002])
    assert carry_returns(spot, perp, funding) == pytest.approx([0.001, 0.002 - 2.2 / 110])


def test_carry_has_no_price_risk() -> None:
    spot = 100 * np.exp(np.cumsum(np.random.default_rng(4).normal(0, 0.02, 300)))
    assert np.abs(carry_returns(spot, spot.copy(), np.zeros(300))).max() == 0


def test_rejects_a_price_of_zero() -> None:
    with pytest.raises(ValueError, match="price must be finite and positive"):
        log_returns(np.array([1.0, 0.0]))
