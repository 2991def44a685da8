"""The compiled signals give, at every row, what the live functions answer to the window that ends there."""

import math
from pathlib import Path

import numpy as np
import pytest
from backtest_markets import market, source

from agent.config import CarryStrategy, Config, VolatilityConfig
from agent.market.choose import history_hours
from agent.reasons import Reason
from agent.research.bars import bars_of
from agent.research.exposures import HALF_LIFE_H, forecast_path, held_exposures, measure_targeting, target_grid
from agent.research.kernel import signals_of
from agent.research.parameters import charges_of, parameter_row
from agent.research.signals import folded
from agent.research.volatility_table import compare_targeting
from agent.scaling import FundingRegime, funding_regime, open_interest_factor, open_interest_z
from agent.scaling.funding import fold_of_arrays
from agent.volatility import carry_returns, forecast_volatility, log_returns


def test_the_compiled_funding_fold_is_the_live_one_to_the_last_bit() -> None:
    random = np.random.default_rng(5)
    for cost in (1e-5, 1e-3, 1e-2):
        for hours in (1, 50, 2_880):
            rates = random.normal(1e-5, 1e-4, hours)
            rates.flags.writeable = False  # as those of a history
            decays = np.exp2(-random.choice((1.0, 1.0, 8.0), hours) / 72.0)
            assert folded(rates, decays, cost) == fold_of_arrays(rates, decays, cost)


@pytest.mark.parametrize("method", ["ewma", "calibrated_ewma"])
def test_every_signal_is_the_live_function_of_its_window(carry: Config, method: str) -> None:
    strategy = carry.strategy
    assert isinstance(strategy, CarryStrategy)
    assert strategy.open_interest is not None
    changed = {"method": method, "half_life_h": 30.0, "calibration_half_life_h": 60.0, "return_interval_h": 5}
    rule: VolatilityConfig = strategy.volatility.model_copy(update=changed)
    crowd = strategy.open_interest.model_copy(update={"window_h": 200, "smoothing_h": 6})
    config = carry.model_copy(
        update={"strategy": strategy.model_copy(update={"volatility": rule, "open_interest": crowd})}
    )
    shown = source(market(3, 1_600, True, 4.0), history_hours(config))
    bars = bars_of(shown)
    signals = signals_of(bars, parameter_row(config, charges_of(config)), 0, len(bars) - 1)
    rows = shown.rows
    assert rows.perp is not None
    assert rows.funding is not None
    funding = strategy.funding
    for row in [*range(150, 420, 7), *range(420, len(bars), 61)]:
        history = shown.view(int(bars.time_s[row])).history
        assert history.perp is not None
        assert history.funding is not None
        assert history.open_interest is not None
        price = forecast_volatility(history.time_s, log_returns(history.spot), rule)
        held = forecast_volatility(history.time_s, carry_returns(history.spot, history.perp, history.funding), rule)
        regime = funding_regime(
            history.time_s, history.funding, round_trip_cost=funding.round_trip_cost, memory_h=funding.memory_h
        )
        z = open_interest_z(history.time_s, history.open_interest, crowd.window_h, crowd.smoothing_h)
        if isinstance(price, Reason):
            assert math.isnan(signals.sigma[row])
            continue
        assert isinstance(held, float)
        assert isinstance(regime, FundingRegime)
        assert signals.sigma[row] == pytest.approx(price, rel=1e-10)
        assert signals.forecast[row] == pytest.approx(held, rel=1e-10)
        if isinstance(z, Reason):
            assert math.isnan(signals.factor[row])
            continue
        crowded = open_interest_factor(z, crowd.start_z, crowd.full_z, crowd.floor)
        assert signals.factor[row] == pytest.approx(float(regime.worth_holding) * crowded, rel=1e-9)


@pytest.fixture(scope="module")
def hours() -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(5)
    level = np.exp(np.repeat(draw.normal(0, 0.4, 40), 200)) * 0.006
    return 1_609_459_200 + 3_600 * np.arange(8_000), 100 * np.exp(np.cumsum(draw.normal(0, 1, 8_000) * level))


class TestTargeting:
    """The volatility-target family in exposures."""

    def test_holds_the_target_and_trades_less_than_every_hour(self, hours: tuple[np.ndarray, np.ndarray]) -> None:
        forecast = forecast_path(*hours, half_life_h=84.0, calibration_h=504.0, floor=0.01, warm_up_h=168)
        found = measure_targeting(
            *hours, forecast, target=0.2, cap=2.0, band_of_target=0.0625, from_s=int(hours[0][2_000])
        )
        assert len(found.quarters) >= 2
        assert found.median_miss < 0.06
        assert found.turnover_saved > 0.5
        assert found.tracking_error < 0.012

    def test_the_grid_follows_the_same_band(self, hours: tuple[np.ndarray, np.ndarray]) -> None:
        time_s, close = hours
        sets = np.array([[72.0, 0.2, 2.0, 0.0625, 0.0, 0.0], [24.0, 0.3, 0.5, 0.1, 0.001, 0.05]])
        found = target_grid(time_s, close, sets, 1_000)
        forecast = forecast_path(time_s, close, half_life_h=72.0, calibration_h=0.0, floor=1e-6, warm_up_h=1)
        held = held_exposures(np.minimum(2.0, 0.2 / forecast[1_000:]), 0.0625)
        returns = np.diff(close)[999:] / close[999:-1]
        value = np.concatenate(([1.0], np.cumprod(1 + held[:-1] * returns[1:])))
        assert sets[0, HALF_LIFE_H] == 72.0
        assert found[0, 0] == pytest.approx(value[-1], rel=1e-9)
        assert found[0, 3] == pytest.approx(np.abs(np.diff(held, prepend=0.0)).sum(), rel=1e-9)
        assert found[1, 2] > 0

    def test_a_forecast_that_warms_up_is_refused(self, hours: tuple[np.ndarray, np.ndarray]) -> None:
        forecast = forecast_path(*hours, half_life_h=84.0, calibration_h=504.0, floor=0.01, warm_up_h=168)
        with pytest.raises(ValueError, match="warming up"):
            measure_targeting(*hours, forecast, target=0.2, cap=2.0, band_of_target=0.05, from_s=int(hours[0][10]))


@pytest.mark.parametrize("symbol", ["BTCUSDT", "ETHUSDT"])
def test_the_bar_of_volatility_targeting(data_folder: Path, symbol: str) -> None:
    """Issue 6: target 20 %, cap 2 x, from 2021 on: median <= 3 %, worst <= 11 %, >= 62 % saved, < 1 % tracking."""
    file = data_folder / "binance" / "spot" / f"{symbol}-1h.parquet"
    found = compare_targeting(file, 1_609_459_200)["calibrated EWMA, band 6.25 %"]
    assert len(found.quarters) == 10
    assert found.median_miss <= 0.03
    assert found.worst_miss <= 0.11
    assert found.turnover_saved >= 0.62
    assert found.tracking_error < 0.01
