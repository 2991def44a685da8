"""Strategy files that the compiled twin does not know are tested through the live functions."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from backtest_markets import market, source
from recorded_files import write_market
from rich.console import Console

from agent.config import Config
from agent.config.file import load_config
from agent.decision import Approved, Decision
from agent.market.choose import history_hours
from agent.market.observation import Observation
from agent.market.period import parse_period
from agent.market.table import Candles, MarketTable, Series, Settlements
from agent.reasons import Code, Refusal
from agent.research import live
from agent.research.backtest import load_period
from agent.research.bars import Market, bars_of
from agent.research.commands import run_backtest
from agent.research.kernel import Run, run
from agent.research.parameters import charges_of, parameter_row
from agent.research.runners import Job, run_job, runner_note, statistics_of
from agent.research.search import parse_space, run_sweep
from agent.research.search.commands import sweep as sweep_command
from agent.research.search.commands import tune as tune_command
from agent.research.search.commands import validation as validate_command
from agent.research.search.space import grid_points
from agent.research.stress.cascade import Crowd, run_cascade
from agent.research.stress.commands import stress as stress_command
from agent.research.stress.walk import walk
from agent.risk import check
from agent.strategies import decide

ROOT = Path(__file__).parents[2]
DOCUMENTED = yaml.safe_load((ROOT / "docs" / "scaling.md").read_text().split("```yaml")[1].split("```")[0])
DCA = {"method": "dca", "amount_usd": 20_000.0, "interval_h": 24, "instalments": 40, "start": "2023-01-20"}
BLOCKS: dict[str, tuple[str, list[dict[str, Any]]]] = {
    "documented": ("spot", DOCUMENTED["strategy"]["scaling"]),
    "dca": ("spot", [DCA]),
    "pyramid": (
        "spot",
        [{"method": "pyramid", "window_h": 168, "step": 0.01, "ratio": 0.5, "adds": 3, "stop": 0.05}],
    ),
    "kelly": ("spot", [{"method": "kelly", "window_h": 336, "fraction": 0.5, "least_t": 1.0, "exit_t": 0.0}]),
    "band": ("spot", [{"method": "band", "rule": "relative", "width": 0.02, "least": 0.001}]),
    "carry, dca and impact": (
        "carry",
        [DCA, {"method": "impact", "daily_volume_usd": 5e8, "max_cost": 0.001}],
    ),
}
FIRST, CUT, LAST = 1_000, 1_150, 1_250  # rows; the documented ladder reads 888 of them


def with_scaling(config: Config, block: Sequence[dict[str, Any]]) -> Config:
    values = config.model_dump(exclude_none=True)
    values["strategy"] |= {"scaling": list(block)}
    # what a short synthetic market can show: quick forecasts, and no crowd
    values["strategy"]["volatility"] |= {"half_life_h": 24.0, "warm_up_h": 100, "floor": 0.02}
    values["strategy"].pop("open_interest", None)
    return Config.model_validate(values)


def shown(table: MarketTable, config: Config) -> Market:
    found = source(table, history_hours(config))
    return Market(found, bars_of(found), FIRST, LAST, synthetic=True)


@pytest.fixture(scope="module")
def tables() -> dict[str, MarketTable]:
    return {"spot": market(5, 1_300, False), "carry": market(5, 1_300, True, 8.0)}


@pytest.fixture(scope="module")
def plain(spot: Config, carry: Config) -> dict[str, Config]:
    return {"spot": with_scaling(spot, []), "carry": with_scaling(carry, [])}


@pytest.mark.parametrize("name", BLOCKS)
def test_the_backtest_does_what_the_live_decide_says_and_never_more_than_without_the_block(
    name: str, plain: dict[str, Config], tables: dict[str, MarketTable], monkeypatch: pytest.MonkeyPatch
) -> None:
    kind, block = BLOCKS[name]
    config = with_scaling(plain[kind], block)
    seen: list[tuple[Observation, Decision]] = []

    def watched(observation: Observation, asked: Config) -> Decision:
        seen.append((observation, decide(observation, asked)))
        return seen[-1][1]

    monkeypatch.setattr(live, "decide", watched)
    done = run_job(shown(tables[kind], config), Job(config, charges_of(config)))
    assert len(seen) == len(done.time_s), "the live functions see every row"
    assert done.spot_lots.max() > 0, "nothing was traded, so nothing is compared"
    assert np.isfinite(done.equity_usd).all()
    lots, lot = 0, 10 ** (config.vault.base_decimals - config.vault.size_decimals)
    for row, (observation, decision) in enumerate(seen):
        verdict = check(decision, observation, config)
        if isinstance(verdict, Approved) and not decision.refusals:
            lots += verdict.item.spot_base_delta // lot
        assert done.spot_lots[row] == lots
        without = decide(observation, plain[kind])
        if decision.target is not None:
            assert without.target is not None
            assert decision.target.exposure <= without.target.exposure


@pytest.mark.parametrize("name", BLOCKS)
def test_shuffling_the_future_changes_nothing_that_was_decided_before(
    name: str, plain: dict[str, Config], tables: dict[str, MarketTable]
) -> None:
    kind, block = BLOCKS[name]
    config = with_scaling(plain[kind], block)
    before, after = (
        run_job(shown(table, config), Job(config, charges_of(config)))
        for table in (tables[kind], shuffled(tables[kind], int(shown(tables[kind], config).bars.time_s[CUT])))
    )
    kept = CUT - FIRST
    assert before.spot_lots[:kept].max() > 0
    assert (before.equity_usd[:kept] == after.equity_usd[:kept]).all()
    assert (before.spot_lots[:kept] == after.spot_lots[:kept]).all()
    assert (before.equity_usd[kept:] != after.equity_usd[kept:]).any()


def shuffled(table: MarketTable, from_s: int) -> MarketTable:
    """The same market up to a moment; from then on its rows in another order."""
    draw = np.random.default_rng(9)

    def mixed(series: Any, *columns: str) -> Any:
        first = int(np.searchsorted(series.time_s, from_s))
        order = np.concatenate((np.arange(first), first + draw.permutation(len(series.time_s) - first)))
        return replace(series, **{name: getattr(series, name)[order] for name in columns})

    spot: Candles = mixed(table.spot, "close", "high", "low")
    if table.mark is None or table.funding is None:
        return replace(table, spot=spot)
    mark: Candles = mixed(table.mark, "close", "high", "low")
    funding: Settlements = mixed(table.funding, "rate")
    interest: Series | None = None if table.open_interest is None else mixed(table.open_interest, "value")
    return replace(table, spot=spot, mark=mark, funding=funding, open_interest=interest)


@pytest.mark.parametrize("kind", ["spot", "carry"])
class TestABlockThatChangesNothing:
    """A band as wide as the strategy's own: the live functions must then do what the twin of the bare file does."""

    def test_trades_as_the_twin_does(self, kind: str, plain: dict[str, Config], tables: dict[str, MarketTable]) -> None:
        twin, config, period = self.both(kind, plain, tables)
        kernel = run(period.bars, parameter_row(twin, charges_of(twin)), FIRST, LAST)
        late = replace(charges_of(config), delay_bars=1)
        assert same(run_job(period, Job(config, charges_of(config))), kernel)
        assert same(run_job(period, Job(config, late)), run(period.bars, parameter_row(twin, late), FIRST, LAST))

    def test_scores_as_the_twin_does(self, kind: str, plain: dict[str, Config], tables: dict[str, MarketTable]) -> None:
        twin, config, period = self.both(kind, plain, tables)
        by_twin, by_live = (statistics_of(period, [one], FIRST, LAST) for one in (twin, config))
        assert by_live == pytest.approx(by_twin, rel=1e-9)

    def test_meets_stress_as_the_twin_does(
        self, kind: str, plain: dict[str, Config], tables: dict[str, MarketTable]
    ) -> None:
        twin, config, period = self.both(kind, plain, tables)
        walks = [walk(period, one, charges_of(one)) for one in (twin, config)]
        assert walks[0].traded_usd[-1] > 0
        assert np.array_equal(walks[0].equity_usd, walks[1].equity_usd)
        crowds = [run_cascade(Crowd("two", one, agents=2, jitter_slots=2)) for one in (twin, config)]
        assert crowds[0].traded_usd > 0
        assert crowds[1].traded_usd == pytest.approx(crowds[0].traded_usd, rel=1e-6)
        assert crowds[1].worst_drawdowns == pytest.approx(crowds[0].worst_drawdowns, rel=1e-6)

    def both(
        self, kind: str, plain: dict[str, Config], tables: dict[str, MarketTable]
    ) -> tuple[Config, Config, Market]:
        width = plain[kind].strategy.sizing.band
        config = with_scaling(plain[kind], [{"method": "band", "rule": "fixed", "width": width, "least": 0.0}])
        assert runner_note(plain[kind]) is None
        assert "strategy.scaling: every hour goes through the live functions" in str(runner_note(config))
        return plain[kind], config, shown(tables[kind], config)


def same(one: Run, other: Run) -> bool:
    assert other.spot_lots.max() > 0
    return (
        bool((one.spot_lots == other.spot_lots).all() and (one.short_lots == other.short_lots).all())
        and np.abs(one.equity_usd / other.equity_usd - 1).max() < 1e-9
    )


def test_a_forecast_that_the_twin_does_not_know_is_tested_live(
    plain: dict[str, Config], tables: dict[str, MarketTable]
) -> None:
    volatility = plain["spot"].strategy.volatility.model_copy(update={"method": "realised", "half_life_h": 48.0})
    config = plain["spot"].model_copy(
        update={"strategy": plain["spot"].strategy.model_copy(update={"volatility": volatility})}
    )
    assert "strategy.volatility.method realised" in str(runner_note(config))
    done = run_job(shown(tables["spot"], config), Job(config, charges_of(config)))
    assert done.spot_lots.max() > 0


def test_a_number_of_a_method_is_searched_on_all_cores(spot: Config, tmp_path: Path) -> None:
    config = with_scaling(spot, [{"method": "linear", "unit": "nav", "increment": 0.1}])
    space = parse_space(config, ["strategy.scaling.0.increment=0.05,0.6"])
    data = (None, parse_period("2023-02-01", "2023-02-14"), 7)
    found = run_sweep(config, space, grid_points(space, 2), data, tmp_path)
    assert sorted(part.name for part in tmp_path.glob("part-*.npy")) == ["part-0000000.npy", "part-0000001.npy"]
    assert found.train[0] != found.train[1], "small steps are another strategy than large ones"


class TestRefusals:
    """Before any work: nothing is written and no line about the runner is printed."""

    @pytest.fixture
    def depth(self, tmp_path: Path) -> Path:
        text = (ROOT / "configs" / "eth-volatility-target.yaml").read_text()
        block = "  scaling:\n    - method: depth\n      thin_usd: 1.0\n      full_usd: 2.0\n      floor: 0.1\n"
        path = tmp_path / "depth.yaml"
        path.write_text(text.replace("\nexecution:", f"{block}\nexecution:"))
        return path

    def test_a_method_that_needs_order_books_says_what_to_assume(self, depth: Path, tmp_path: Path) -> None:
        out, console = tmp_path / "out", Console(quiet=True)
        params, dates = ["strategy.sizing.band=0.01,0.02"], ("2023-02", "2023-03")
        commands: list[Callable[[], int]] = [
            lambda: run_backtest(depth, dates, None, 7, 1e6, False, out, None, console),
            lambda: run_backtest(depth, dates, None, 7, 1e6, True, out, None, console),
            lambda: sweep_command(depth, params, dates, None, 7, 2, 0, None, out, console),
            lambda: tune_command(depth, params, dates, None, 7, 2, None, None, out, console),
            lambda: validate_command(depth, params, dates, None, 7, 2, out, console),
            lambda: stress_command(depth, None, 7, 2, out, console),
        ]
        for command in commands:
            with pytest.raises(Refusal, match="name the depth to assume") as refused:
                command()
            assert refused.value.reasons[0].where == "strategy.scaling.0.assumed_usd"
        assert not out.exists()

    def test_a_past_that_is_too_short_for_a_method_is_too_little_data(
        self, spot: Config, tmp_path: Path, tables: dict[str, MarketTable]
    ) -> None:
        table = tables["carry"]
        folder = write_market(tmp_path, table)
        there = spot.model_copy(update={"market": spot.market.model_copy(update={"symbol": "AVAXUSDT"})})
        long = with_scaling(there, [{"method": "kelly", "window_h": 2_160}])
        period = (int(table.spot.time_s[400]), int(table.spot.time_s[-1]))
        with pytest.raises(Refusal, match="read 2,160 hours") as refused:
            load_period(long, folder, period, 7)
        assert refused.value.reasons[0].code is Code.DATA_MISSING
        load_period(with_scaling(there, BLOCKS["kelly"][1]), folder, period, 7)


def test_the_shipped_files_still_take_the_kernel() -> None:
    known = [load_config(path).config for path in sorted((ROOT / "configs").glob("*.yaml"))]
    assert len(known) > 2
    assert all(runner_note(config) is None for config in known)
