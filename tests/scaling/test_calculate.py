"""`ballast calculate`: formulas on typed numbers, and what it says to mistakes."""

import io

import pytest
from rich.console import Console
from typer.testing import CliRunner

from agent.calculate import calculate, report_calculation
from agent.cli.main import app
from agent.reasons import Code, Refusal
from agent.scaling import Greeks
from agent.scaling.formulas import FORMULAS


def refusal(formula: str, *typed: str) -> Code:
    with pytest.raises(Refusal) as refused:
        calculate(formula, typed)
    (reason,) = refused.value.reasons
    return reason.code


def test_answers_numbers_lists_matrices_and_records() -> None:
    assert calculate("kelly_fraction", ["mean=.10", "volatility=0.20"]) == pytest.approx(2.5)
    assert calculate("average_entry", ["amounts=[1,1,1]", "prices=[100,80,50]"]) == pytest.approx(70.588235)
    assert calculate("minimum_variance_weights", ["covariance=[[0.01,0],[0,0.04]]"]) == pytest.approx((0.8, 0.2))
    assert calculate("total_greeks", ["legs=[[1,0.1],[2]]"]) == Greeks(3.0, 0.1)
    trades = calculate("hedge_trades", ["position=[5,-0.2]", "target=[0]", "instruments=[[1],[0.5,0.1]]"])
    assert trades == pytest.approx((-6, 2))
    orders = ["orders=[[99,1]]", "high=[100]", "low=[98]", "volume=[50]"]
    assert calculate("simulate_fills", orders)[0].quantity == 1
    assert calculate("ladder_levels", ["spacing=fibonacci", "first=0.01", "steps=3"]) == (0.01, 0.02, 0.03)


def test_refuses_with_a_code_for_each_mistake() -> None:
    assert refusal("kely_fraction", "mean=0.1") is Code.CONFIG_UNKNOWN_KEY
    assert refusal("kelly_fraction", "mean=0.1") is Code.CONFIG_MISSING
    assert refusal("kelly_fraction", "maen=0.1", "volatility=0.2") is Code.CONFIG_UNKNOWN_KEY
    assert refusal("kelly_fraction", "mean=0.1", "mean=0.2", "volatility=0.2") is Code.CONFIG_DUPLICATE_KEY
    assert refusal("kelly_fraction", "mean", "volatility=0.2") is Code.CONFIG_SYNTAX
    assert refusal("kelly_fraction", "mean=a", "volatility=0.2") is Code.CONFIG_NOT_A_NUMBER
    for nonsense in ("NaN", "Infinity", "-Infinity", "1e999", "[1,2]", "null", "true", "0", "-1"):
        assert refusal("kelly_fraction", "mean=0.1", f"volatility={nonsense}") in (
            Code.CONFIG_OUT_OF_RANGE,
            Code.CONFIG_NOT_A_NUMBER,
        ), nonsense


def test_shows_the_formula_with_its_answer_and_lists_all_of_them() -> None:
    text = io.StringIO()
    console = Console(file=text, width=120)
    assert report_calculation("twap", ["quantity=70", "duration_s=60", "interval_s=10"], console) == 0
    assert "duration // interval + 1" in text.getvalue()
    assert text.getvalue().count("quantity 10") == 7
    assert report_calculation(None, [], console) == 0
    assert all(name in text.getvalue() for name in FORMULAS)


def test_the_command_answers_and_refuses_by_its_exit_code() -> None:
    good = CliRunner().invoke(app, ["calculate", "cppi_exposure", "value=100", "floor=80", "multiplier=3"])
    assert (good.exit_code, good.stdout.strip().splitlines()[-1]) == (0, "60")
    assert (
        CliRunner().invoke(app, ["calculate", "cppi_exposure", "value=-1", "floor=80", "multiplier=3"]).exit_code == 2
    )
