"""The simulated vault: payments to the cent, liquidation, grids that are many single runs, stress and files."""

import json
from dataclasses import replace
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path

import numpy as np
import pytest
from backtest_markets import HOUR, market, source

import agent.research.layout as at
from agent.config import Config
from agent.config.file import load_config
from agent.market.choose import history_hours
from agent.market.period import parse_period
from agent.reasons import Refusal
from agent.research import kernel
from agent.research.backtest import Market, backtest, daily_returns, load_period
from agent.research.bars import Bars, bars_of
from agent.research.files import write_backtest
from agent.research.kernel import DEVIATION, FINAL, FUNDING, MEAN, PLANS, run, run_grid
from agent.research.parameters import INDEX, charges_of, parameter_row
from agent.research.recorded import funding_series
from agent.research.validation import stress
from agent.research.world import funding_payment, new_vault, pass_row
from agent.scaling import liquidation_price

CONFIGS = Path(__file__).parents[2] / "configs"


@pytest.fixture(scope="module")
def carry_bars(carry: Config) -> Bars:
    return bars_of(source(market(2, 900, True, 8.0), history_hours(carry)))


def test_funding_is_quantity_times_mark_times_rate_at_each_settlement_to_the_cent(data_folder: Path) -> None:
    """Binance: amount = position x mark price x rate, on every recorded settlement of 2020 to 2024 (issue 6)."""
    series = next(one for one in funding_series(data_folder) if one.source == "binance BTCUSDT")
    mark, quantity = 30_123.45, 3.25
    total = Decimal(0)
    for rate in series.rate.tolist():
        exact = Decimal(repr(quantity)) * Decimal(repr(mark)) * Decimal(repr(rate))
        paid = Decimal(int(funding_payment(quantity, mark, rate))) / at.USD
        assert abs(paid - exact) <= Decimal("0.000001")
        assert paid.quantize(Decimal("0.01"), ROUND_HALF_EVEN) - exact.quantize(Decimal("0.01")) == 0
        total += paid
    yearly = {2020: 0.17240, 2021: 0.30608, 2022: 0.04165, 2023: 0.07866}
    for year, expected in yearly.items():
        inside = series.time_s.astype("M8[s]").astype("M8[Y]").astype(int) + 1970 == year
        assert float(series.rate[inside].sum()) == pytest.approx(expected, abs=5e-6)


def test_a_published_payment() -> None:
    """freqtrade's test: 10 units at 2.0 and a rate of .0001 pay a short 0.002 (formulas.md, section 8)."""
    assert funding_payment(10.0, 2.0, 0.0001) == 2_000


def test_each_settlement_is_paid_once_whatever_its_interval(carry_bars: Bars) -> None:
    table = market(2, 900, True, 8.0)
    assert table.funding is not None
    inside = (table.funding.time_s > carry_bars.time_s[0]) & (table.funding.time_s <= carry_bars.time_s[-1])
    assert carry_bars.paid.sum() == pytest.approx(table.funding.rate[inside].sum())
    assert (carry_bars.paid != 0).mean() < 0.3, "hours between settlements pay nothing"


def test_what_the_run_tallies_is_what_moved_the_vault(carry: Config, carry_bars: Bars) -> None:
    strategy = carry.strategy.model_copy(update={"open_interest": None})
    p = parameter_row(carry.model_copy(update={"strategy": strategy}), charges_of(carry))
    done = run(carry_bars, p, 250, len(carry_bars) - 1)
    assert done.short_lots.max() > 0
    quantity = done.short_lots[:-1] * p[INDEX["lot_base"]]
    expected = float((quantity * carry_bars.mark[251:] * carry_bars.paid[251:]).sum())
    assert done.tally[at.FUNDING_USD] == pytest.approx(expected, abs=0.01)
    spot, mark = carry_bars.spot[250:], carry_bars.mark[250:]
    price = float((done.spot_lots[:-1] * p[INDEX["lot_base"]] * np.diff(spot) - quantity * np.diff(mark)).sum())
    costs = done.tally[at.SPOT_COST_USD] + done.tally[at.PERP_COST_USD] + done.tally[at.GAS_USD]
    assert done.equity_usd[-1] == pytest.approx(1e6 + price + expected - costs, abs=0.05)


@pytest.mark.parametrize(("away", "liquidated"), [(-0.5, False), (0.5, True)])
def test_a_short_is_liquidated_where_the_venue_would(carry: Config, away: float, liquidated: bool) -> None:
    p = parameter_row(carry, charges_of(carry))
    s, f, tally = new_vault(p)
    s[at.SHORT], s[at.EQUITY] = 10_000, 270 * at.USD  # one coin
    high = liquidation_price(1_000.0, -1.0, 270.0, 25) + away
    pass_row(p, s, f, tally, HOUR, 0, 1_000.0, 1_000.0, 1_000.0, high, 0.0, 0)
    assert bool(s[at.SHORT] == 0) is liquidated
    assert s[at.EQUITY] == (0 if liquidated else 270 * at.USD)
    assert s[at.LIQUIDATIONS] == int(liquidated)


def test_a_loan_pays_interest_on_what_is_short(carry: Config) -> None:
    p = parameter_row(carry, replace(charges_of(carry), borrow_annual=0.0876))
    s, f, tally = new_vault(p)
    s[at.SHORT], s[at.EQUITY] = 10_000, 500 * at.USD
    pass_row(p, s, f, tally, 10 * HOUR, 0, 1_000.0, 1_000.0, 1_000.0, 1_000.0, 0.0, 0)
    assert tally[at.INTEREST_USD] == pytest.approx(1_000 * 0.0876 * 10 / 8_760)
    assert s[at.EQUITY] == 500 * at.USD - 100_000


def test_a_grid_is_many_single_runs(carry: Config, spot: Config, carry_bars: Bars) -> None:
    spot_bars = bars_of(source(market(4, 900, False), history_hours(spot)))
    for config, bars in ((carry, carry_bars), (spot, spot_bars)):
        strategy = config.strategy.model_copy(update={"open_interest": None}) if config is carry else config.strategy
        p = parameter_row(config.model_copy(update={"strategy": strategy}), charges_of(config))
        rows = np.tile(p, (40, 1))
        rows[:, INDEX["target"]] = np.linspace(0.01, 0.5, 40)
        rows[:, INDEX["half_life_h"]] = np.linspace(12, 200, 40)
        rows[:, INDEX["band"]] = np.linspace(0.0, 0.1, 40)
        found = run_grid(bars, rows, 260, len(bars) - 1)
        for row, statistics in zip(rows, found, strict=True):
            alone = run(bars, row, 260, len(bars) - 1)
            assert statistics[FINAL] == pytest.approx(alone.equity_usd[-1] / 1e6, rel=1e-12)
            assert statistics[FUNDING] == pytest.approx(alone.tally[at.FUNDING_USD], rel=1e-12, abs=1e-9)
            assert statistics[PLANS] == alone.amounts[at.PLANS]
            assert statistics[DEVIATION] >= 0
            assert np.isfinite(statistics[MEAN])
        assert len(np.unique(found[:, FINAL])) > 5


@pytest.mark.parametrize("limits", [{}, {"delay": 1.0}, {"daily_bps": 5.0, "drawdown_bps": 20.0, "calm": 0.999}])
def test_a_run_in_pieces_is_the_run_in_one(
    carry: Config, limits: dict[str, float], monkeypatch: pytest.MonkeyPatch
) -> None:
    bars = bars_of(source(market(2, 6_000, True, 4.0), history_hours(carry)))
    p = parameter_row(carry, charges_of(carry))
    for name, value in limits.items():
        p[INDEX[name]] = value
    whole = run(bars, p, 3_500, len(bars) - 1)
    assert whole.amounts[at.PLANS] > 5
    assert (whole.latched_row >= 0) is ("calm" in limits)
    for rows in (1, 57):
        monkeypatch.setattr(kernel, "PIECE", rows)
        pieces = run(bars, p, 3_500, len(bars) - 1)
        assert np.array_equal(pieces.amounts, whole.amounts)
        assert np.array_equal(pieces.spot_lots, whole.spot_lots)
        assert np.array_equal(pieces.short_lots, whole.short_lots)
        assert np.allclose(pieces.equity_usd, whole.equity_usd, rtol=1e-12)
        assert pieces.latched_row == whole.latched_row


def test_stress_costs_money(spot: Config) -> None:
    shown = source(market(4, 900, False), history_hours(spot))
    bars = bars_of(shown)
    quick = spot.strategy.model_copy(
        update={"volatility": spot.strategy.volatility.model_copy(update={"floor": 0.05, "method": "ewma"})}
    )
    config = spot.model_copy(update={"strategy": quick})
    found = {one.name: one.done for one in stress(config, Market(shown, bars, 300, len(bars) - 1, True))}
    assert found["costs x 2"].measures["costs_usd"] > 1.9 * found["as charged"].measures["costs_usd"] > 0
    assert found["one bar late"].measures["final_usd"] != found["as charged"].measures["final_usd"]


def test_a_whole_backtest_leaves_numbers_that_json_knows(spot: Config, tmp_path: Path) -> None:
    loaded = load_config(CONFIGS / "eth-volatility-target.yaml")
    found = load_period(loaded.config, None, parse_period("2023-02-01", "2023-03-31"), 7)
    done = backtest(loaded.config, found)
    assert done.synthetic
    assert len(daily_returns(done.run, 1e6)) == 59
    assert float(np.prod(1 + done.daily)) == pytest.approx(done.measures["final_usd"] / 1e6)
    written = json.loads(write_backtest(tmp_path, done, loaded.config_hash).read_text())
    assert written["measures"]["final_usd"] == done.measures["final_usd"]
    assert written["config_hash"] == loaded.config_hash
    assert (tmp_path / "backtest.parquet").exists()


def test_refuses_what_it_cannot_judge(spot: Config, carry: Config) -> None:
    with pytest.raises(Refusal, match="DATA_MISSING"):
        load_period(spot, None, parse_period("2023-02-01", "2023-02-03"), 7)
    lending = load_config(CONFIGS / "eth-lending-neutral.yaml").config
    with pytest.raises(Refusal, match="Aave"):
        parameter_row(lending, charges_of(lending))
    har = spot.strategy.volatility.model_copy(update={"method": "har"})
    with pytest.raises(Refusal, match="har"):
        parameter_row(
            spot.model_copy(update={"strategy": spot.strategy.model_copy(update={"volatility": har})}),
            charges_of(spot),
        )
    with pytest.raises(Refusal, match="delay"):
        parameter_row(carry, replace(charges_of(carry), delay_bars=3))
