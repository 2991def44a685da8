"""The summary of a run: complete, strict, and in agreement with itself."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from carry_run import RUN, carry_result, carry_run

from agent.ledger import summarise, write_result
from agent.ledger.statistics import annualised_return, drawdown, realised_volatility, sampled_returns

PROMISED = {
    "config_hash",
    "data_source",
    "from",
    "to",
    "cycles",
    "plans",
    "refusals",
    "transactions",
    "gas_used",
    "nav_start",
    "nav_end",
    "return_annualised",
    "realised_volatility",
    "target_volatility",
    "max_abs_net_delta",
    "max_gross_leverage",
    "max_drawdown",
    "funding_received",
    "trading_fees",
    "slippage_paid",
    "gas_paid_usd",
    "attribution",
    "limit_headroom",
    "breaches",
    "breached_limits",
    "wall_seconds",
    "cycles_per_second",
    "deterministic_digest",
    "seed",
    "strategy",
    "volatility_interval_h",
    "liquidations",
    "nav_on_chain_end",
}


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Any:
    finished = carry_run(tmp_path_factory.mktemp("run") / "ledger.sqlite")
    yield finished.ledger.cycles_table()
    finished.ledger.close()


def result_of(table: Any) -> dict[str, Any]:
    return summarise(RUN, table, liquidations=0, wall_seconds=2.0, deterministic_digest="ab")


def test_result_has_every_promised_key(table: Any) -> None:
    assert set(result_of(table)) >= PROMISED


def test_attribution_adds_up_to_the_change_of_net_asset_value(table: Any) -> None:
    result = result_of(table)
    change = result["nav_end"] - result["nav_start"]
    assert sum(result["attribution"].values()) == pytest.approx(change, abs=1e-6)
    assert abs(result["attribution"]["unexplained"]) < 1e-4
    assert result["attribution_adds_up"] is True
    assert result["nav_start"] == 10_000_000


def test_a_missing_cycle_breaks_the_attribution(table: Any) -> None:
    busiest = table["slippage_usd"].idxmin()
    result = result_of(table.drop(index=busiest))
    assert result["attribution_adds_up"] is False


def test_a_step_that_cancels_another_does_not_hide(table: Any) -> None:
    wrong = table.copy()
    wrong.loc[[300, 301], "unexplained_usd"] = [500.0, -500.0]
    assert result_of(wrong)["attribution_adds_up"] is False


def test_a_breach_names_its_limit_and_its_moment(table: Any) -> None:
    wrong = table.copy()
    wrong.loc[[400, 401], "headroom_net_delta"] = [-0.2, -0.1]
    result = result_of(wrong)
    assert result["limit_headroom"]["net_delta"] == -0.2
    assert [(b["limit"], b["cycles"], b["worst_headroom"]) for b in result["breached_limits"]] == [
        ("net_delta", 2, -0.2)
    ]
    assert result_of(table)["breaches"] == 0


def test_flows_touch_neither_return_nor_volatility(table: Any) -> None:
    moved = table.copy()
    moved["nav_usd"] *= np.linspace(1, 3, len(moved))
    for key in ("return_annualised", "realised_volatility", "max_drawdown"):
        assert result_of(moved)[key] == result_of(table)[key]


def test_undefined_figures_are_null_and_never_nan(table: Any, tmp_path: Path) -> None:
    result = result_of(table.head(10))
    assert result["return_annualised"] is None
    assert result["realised_volatility"] is None
    written = write_result(tmp_path, result).read_text()
    assert json.loads(written)["realised_volatility"] is None
    assert "NaN" not in written


def test_not_a_number_is_refused_and_leaves_no_file(table: Any, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        write_result(tmp_path, result_of(table) | {"nav_end": float("nan")})
    assert list(tmp_path.iterdir()) == []


def test_refuses_a_run_without_cycles(table: Any) -> None:
    with pytest.raises(ValueError, match="without cycles"):
        result_of(table.head(0))


def test_the_same_run_gives_the_same_figures(tmp_path: Path) -> None:
    runs = [carry_run(tmp_path / name, days=9) for name in ("first.sqlite", "second.sqlite")]
    first, second = (carry_result(run) for run in runs)
    assert first == second


def test_volatility_of_known_returns() -> None:
    hours = np.arange(0, 24 * 5 + 1)
    daily = np.array([1.0, 1.01, 1.01 * 0.99, 1.01 * 0.99 * 1.02, 1.01 * 0.99 * 1.02, 1.01 * 0.99 * 1.02 * 0.98])
    price = np.interp(hours, np.arange(6) * 24, daily)
    time_s = hours.astype(np.int64) * 3_600
    expected = np.std([0.01, -0.01, 0.02, 0.0, -0.02], ddof=1) * np.sqrt(365)
    assert realised_volatility(time_s, price) == pytest.approx(expected)
    ends, returns = sampled_returns(time_s, price, 24)
    assert list(ends) == [86_400 * day for day in range(1, 6)]
    assert returns[0] == pytest.approx(0.01)


def test_return_compounds_over_a_year_of_365_days() -> None:
    time_s = np.array([0, 73 * 86_400], dtype=np.int64)
    assert annualised_return(time_s, np.array([1.0, 1.02])) == pytest.approx(1.02**5 - 1)


def test_drawdown_is_measured_from_the_highest_price_so_far() -> None:
    assert drawdown(np.array([1.0, 0.5, 1.0, 11.0, 10.0])).max() == 0.5
    assert drawdown(np.array([1.0, 2.0, 1.5]))[-1] == 0.25
