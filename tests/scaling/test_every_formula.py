"""What holds of every formula alike: nonsense is refused, and an answer is finite or there is none."""

import dataclasses
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent.reasons import Reason
from agent.scaling import Greeks
from agent.scaling.formulas import FORMULAS
from agent.scaling.slicing import MakerOrder

BARS = {"high": [100.0, 101.0], "low": [99.0, 98.0], "volume": [50.0, 50.0]}
BOOK = [(100.0, 1.0), (101.0, 2.0)]
LEG, NEUTRAL = Greeks(5.0, -0.2, 1.0), Greeks(0.0, 0.0, 0.0)
OPTION = {"kind": "call", "price": 2_000.0, "strike": 2_100.0, "years": 0.25, "volatility": 0.6, "rate": 0.02}
RANGE = {"liquidity": 1_000.0, "price": 2_000.0, "lower": 1_500.0, "upper": 2_500.0}
PYRAMID = {"step": 0.1, "ratio": 0.5, "adds": 3, "stop_distance": 0.08}
SCHEDULE = {"start_s": 0, "interval_s": 100, "instalments": 10}

# One good call of each formula.
GOOD: dict[str, dict[str, Any]] = {
    "volatility_target": {"forecast": 0.5, "target": 0.1},
    "linear_step": {"held": 0.1, "target": 0.9, "increment": 0.2, "least_trade": 0.05},
    "linear_schedule": {"held": 0.1, "target": 0.9, "increment": 0.2},
    "inverse_variance_weights": {"volatilities": [0.1, 0.2]},
    "inverse_volatility_weights": {"volatilities": [0.1, 0.2]},
    "minimum_variance_weights": {"covariance": np.array([[0.01, 0.005], [0.005, 0.04]]), "shrinkage": 0.2},
    "vega_neutral_quantity": {"quantity": 10.0, "vega": 0.3, "hedge_vega": 0.15},
    "variance_target": {"forecast": 0.4, "target": 0.2},
    "kelly_fraction": {"mean": 0.1, "volatility": 0.2, "rate": 0.01},
    "growth_rate": {"exposure": 1.0, "mean": 0.1, "volatility": 0.2, "rate": 0.01},
    "kelly_shrinkage": {"sharpe": 0.5, "years": 4.0},
    "kelly_exposure": {"mean": 0.1, "volatility": 0.2, "years": 36.0, "fraction": 0.5, "least_t": 2.0},
    "binary_kelly": {"probability": 0.6, "odds": 1.0},
    "binary_growth": {"fraction": 0.2, "probability": 0.6, "odds": 1.0},
    "martingale_share": {"outcomes": [1.0, -1.0], "bets": 4},
    "martingale_capital": {"bets": 10},
    "ruin_probability": {"win_probability": 0.5, "bets": 10},
    "martingale_expectation": {"win_probability": 0.5, "bets": 10},
    "average_price": {"prices": [100.0, 101.0], "units": [1.0, 2.0]},
    "pyramid": {"entry": 100.0, **PYRAMID},
    "pyramid_state": {"prices": [100.0, 111.0, 120.0], **PYRAMID},
    "ladder_levels": {"spacing": "linear", "first": 0.01, "steps": 3, "last": 0.03},
    "average_entry": {"amounts": [1.0, 2.0], "prices": [100.0, 80.0]},
    "scale_out": {"entry": 100.0, "quantity": 10.0, "targets": [0.1, 0.2], "parts": [0.5, 0.5]},
    "rungs": {"signal": [0.0, 0.03], "price": [100.0, 97.0], "levels": [0.02, 0.05], "exit_part": 0.0},
    "mean_reversion_share": {"z": -1.0, "full_z": 2.0, "stop_z": 4.0},
    "instalments_due": {"time_s": 250, **SCHEDULE},
    "is_instalment_cycle": {"time_s": 205, **SCHEDULE, "cycle_s": 10},
    "quantity_due": {"amount": 50.0, "prices": [100.0, 80.0]},
    "quantity_limit": {
        "held": 10.0,
        "due": 30.0,
        "instalment": 5.0,
        "first_cycle": False,
        "missed": "caught_up",
        "dear": False,
    },
    "option_value": OPTION,
    "option_greeks": OPTION,
    "spot_greeks": {"quantity": 2.0},
    "perp_greeks": {"size": -2.0},
    "loan_greeks": {"debt": 5.0, "collateral": 1.0},
    "total_greeks": {"legs": [LEG, NEUTRAL]},
    "range_value": RANGE,
    "range_greeks": RANGE,
    "hedge_gap": {"spot": 10.0, "ratio": 1.0, "short": 8.0},
    "hedge_is_due": {
        "gap": 2.0,
        "price": 2_000.0,
        "least_notional": 100.0,
        "since_last_s": 60.0,
        "cooldown_s": 30.0,
    },
    "hedge_trades": {"position": LEG, "target": NEUTRAL, "instruments": [Greeks(1.0), Greeks(0.5, 0.1)]},
    "relative_band": {"target": -10.0, "part": 0.05, "least": 0.1},
    "whalley_wilmott_band": {
        "gamma": 7.05,
        "price": 1.0,
        "cost": 1e-4,
        "risk_aversion": 1.0,
        "rate": 0.02,
        "years": 0.1,
    },
    "cost_variance_band": {"cost": 0.001, "drift_volatility": 0.3, "volatility": 0.6, "risk_aversion": 5.0},
    "gamma_scalp_interval": {
        "gamma": 7.05,
        "price": 1.0,
        "volatility": 0.2,
        "cost": 1e-4,
        "risk_aversion": 1.0,
    },
    "no_trade_band": {"current": 8.0, "target": 10.0, "half_width": 1.0},
    "drawdown_factor": {"drawdown": 0.05, "start": 0.02, "limit": 0.08},
    "cppi_exposure": {"value": 100.0, "floor": 80.0, "multiplier": 3.0},
    "depth_factor": {"depth": 300.0, "thin": 100.0, "full": 500.0, "floor": 0.5},
    "liquidation_price": {"price": 2_000.0, "size": 10.0, "margin": 4_000.0, "max_leverage": 25},
    "liquidation_distance": {"margin_ratio": 0.4, "side": -1, "max_leverage": 25},
    "loan_liquidation_distance": {"margin_ratio": 0.9, "liquidation_threshold": 0.78},
    "liquidation_factor": {
        "distance_at_target": 0.36,
        "distance_now": 0.2,
        "daily_sigma": 0.04,
        "wanted_sigma": 6.0,
    },
    "gross_cap": {"max_leverage": 1.6, "legs": 2, "band": 0.1},
    "cash_cap": {"min_idle": 0.05, "target_margin": 0.4},
    "square_root_impact": {
        "quantity": 1e6,
        "daily_volume": 1e8,
        "daily_volatility": 0.04,
        "coefficient": 1.0,
    },
    "quantity_for_cost": {"cost": 0.004, "daily_volume": 1e8, "daily_volatility": 0.04, "coefficient": 1.0},
    "participation_cap": {"daily_volume": 2.4e7, "participation": 0.05, "hours": 1.0},
    "almgren_impact": {
        "quantity": 0.1,
        "daily_volume": 1.0,
        "daily_volatility": 0.0157,
        "outstanding": 263.0,
        "days": 0.1,
    },
    "depth_walk": {"levels": BOOK, "quantity": 2.0},
    "twap": {"quantity": 100, "duration_s": 60, "interval_s": 10},
    "almgren_chriss": {
        "quantity": 1e6,
        "horizon": 5.0,
        "intervals": 5,
        "volatility": 0.95,
        "permanent": 2.5e-7,
        "temporary": 2.5e-6,
        "fixed": 0.0625,
        "risk_aversion": 1e-6,
    },
    "risk_aversion_for": {"half_life": 10.0, "volatility": 0.95, "temporary": 2.5e-6},
    "schedule_step": {"held": 0.1, "target": 0.9, "half_life": 6.0, "interval": 1.0, "least_trade": 0.05},
    "maker_ladder": {"middle": 100.0, "quantity": -3.0, "levels": [0.01, 0.02], "weights": [1.0, 2.0]},
    "simulate_fills": {"orders": [MakerOrder(99.5, 1.0)], **BARS, "share_of_volume": 0.1, "fee": 0.001},
    "risk_overlay": {"risks": [0.2, 0.8], "limits": [2.0, 4.0], "target": 0.1},
    "fixed_risk_quantity": {
        "equity": 1e6,
        "risk": 0.001,
        "entry": 1.5,
        "stop": 1.4,
        "commission": 0.001,
        "exchange_rate": 1.0,
        "batch": 10.0,
        "most": 1e5,
    },
    "risked_capital": {"capital": 1e4, "risk": 0.01, "loss_per_unit": 0.7, "price": 8.6},
    "fixed_risk_exposure": {"risk": 0.02, "stop_distance": 0.08},
    "daily_cash_volatility": {"capital": 1e5, "target": 0.16, "year_root": 16.0},
    "position_chain": {
        "cash_volatility": 1_000.0,
        "price": 98.0,
        "point_value": 2_500.0,
        "daily_percent": 0.06,
        "exchange_rate": 0.66,
        "forecast": 2.5,
    },
    "forecast_buffer": {"volatility_scalar": 100.0, "weight": 0.5, "diversification": 2.0, "size": 0.1},
    "position_buffer": {"position": -10.0, "size": 0.1},
    "reduce_only": {"position": 10.0, "trade": -15.0},
    "overridden_trade": {"position": 10.0, "trade": 5.0, "override": 0.5},
}
ANY_NUMBER = st.floats(allow_nan=False, allow_infinity=False)


def with_number(value: object, number: float) -> object:
    """The same argument with `number` in its first place that holds one; None when it holds none."""
    if isinstance(value, (bool, str)):
        return None
    if isinstance(value, float):
        return number
    if isinstance(value, np.ndarray):
        return np.full_like(value, number)
    if isinstance(value, (list, tuple)):
        inner = with_number(value[0], number)
        return None if inner is None else type(value)([inner, *value[1:]])
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.replace(value, **{dataclasses.fields(value)[0].name: number})
    return None


def spoiled(number: float) -> list[tuple[str, dict[str, Any]]]:
    """Every good call with one of its numbers replaced."""
    found = []
    for name, call in GOOD.items():
        for argument, value in call.items():
            other = with_number(value, number)
            if other is not None:
                found.append((name, {**call, argument: other}))
    return found


def is_finite(answer: object) -> bool:
    if isinstance(answer, (float, int)):
        return math.isfinite(answer)
    if isinstance(answer, tuple):
        return all(is_finite(one) for one in answer)
    assert dataclasses.is_dataclass(answer)
    return isinstance(answer, Reason) or all(
        is_finite(getattr(answer, field.name)) for field in dataclasses.fields(answer)
    )


def test_every_formula_has_a_good_call() -> None:
    assert set(GOOD) == set(FORMULAS)
    for name, call in GOOD.items():
        assert is_finite(FORMULAS[name](**call)), name


@pytest.mark.parametrize("nonsense", [math.nan, math.inf, -math.inf])
def test_every_formula_refuses_what_is_no_number(nonsense: float) -> None:
    calls = spoiled(nonsense)
    assert len(calls) > 2 * len(FORMULAS)
    for name, call in calls:
        try:
            answer = FORMULAS[name](**call)
        except ValueError:
            continue
        raise AssertionError(f"{name} answered {answer} to {call}")


@given(number=ANY_NUMBER)
@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow], deadline=None)
def test_every_formula_answers_with_finite_numbers_or_refuses(number: float) -> None:
    for name, call in spoiled(number):
        try:
            answer = FORMULAS[name](**call)
        except ValueError:
            continue
        assert is_finite(answer), (name, call, answer)


POSITIVE_ONLY = [
    ("volatility_target", "forecast"),
    ("linear_step", "increment"),
    ("inverse_variance_weights", "volatilities"),
    ("kelly_fraction", "volatility"),
    ("kelly_shrinkage", "years"),
    ("binary_kelly", "odds"),
    ("pyramid", "entry"),
    ("pyramid", "step"),
    ("ladder_levels", "first"),
    ("average_entry", "prices"),
    ("mean_reversion_share", "full_z"),
    ("quantity_due", "amount"),
    ("option_greeks", "volatility"),
    ("option_greeks", "years"),
    ("range_greeks", "price"),
    ("whalley_wilmott_band", "risk_aversion"),
    ("cost_variance_band", "volatility"),
    ("cppi_exposure", "multiplier"),
    ("square_root_impact", "daily_volume"),
    ("quantity_for_cost", "daily_volatility"),
    ("almgren_impact", "days"),
    ("depth_walk", "quantity"),
    ("almgren_chriss", "temporary"),
    ("maker_ladder", "middle"),
    ("risk_overlay", "target"),
    ("fixed_risk_quantity", "equity"),
    ("fixed_risk_exposure", "stop_distance"),
    ("position_chain", "price"),
]


@pytest.mark.parametrize(("name", "argument"), POSITIVE_ONLY)
@pytest.mark.parametrize("bad", [0.0, -1.0])
def test_refuses_zero_and_negative_where_they_mean_nothing(name: str, argument: str, bad: float) -> None:
    with pytest.raises(ValueError, match=r"."):
        FORMULAS[name](**{**GOOD[name], argument: with_number(GOOD[name][argument], bad)})
