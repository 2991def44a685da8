"""What research cannot judge is refused with its reason, before any work starts."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from backtest_markets import HOUR
from recorded_files import write_market
from rich.console import Console

from agent.config.file import LoadedConfig, load_config
from agent.market.choose import history_hours
from agent.market.period import parse_period
from agent.market.synthetic import synthetic_market
from agent.market.table import Candles, MarketTable
from agent.reasons import Code, Refusal
from agent.research.commands import run_backtest
from agent.research.validation import Fold

CONFIG = Path(__file__).parents[2] / "configs" / "avax-carry.yaml"
DATES = ("2023-01-01", "2023-01-31")


@pytest.fixture(scope="module")
def loaded() -> LoadedConfig:
    return load_config(CONFIG)


@pytest.fixture(scope="module")
def table(loaded: LoadedConfig) -> MarketTable:
    window = history_hours(loaded.config)
    start_s, _ = parse_period(*DATES)
    return synthetic_market(7, start_s - window * HOUR, window + 32 * 24, "AVAXUSDT")


def refused(folder: Path, out: Path, dates: tuple[str, str] = DATES) -> Code:
    with pytest.raises(Refusal) as caught:
        run_backtest(CONFIG, dates, folder, 7, 1e6, False, out, out / "page.html", Console(quiet=True))
    assert not out.exists(), "nothing was written, so nothing was computed"
    return caught.value.reasons[0].code


def test_a_clean_market_is_judged(table: MarketTable, tmp_path: Path) -> None:
    folder, out = write_market(tmp_path / "data", table), tmp_path / "out"
    run_backtest(CONFIG, DATES, folder, 7, 1e6, False, out, None, Console(quiet=True))
    assert (out / "backtest.json").exists()


def test_refuses_fewer_than_ten_days(table: MarketTable, tmp_path: Path) -> None:
    folder = write_market(tmp_path / "data", table)
    assert refused(folder, tmp_path / "out", ("2023-01-01", "2023-01-09")) is Code.DATA_MISSING


def test_refuses_a_price_that_never_moves(table: MarketTable, tmp_path: Path) -> None:
    assert table.mark is not None
    still = np.full(len(table.spot.close), 20.0)
    flat = Candles("flat", table.spot.time_s, still, still, still)
    folder = write_market(tmp_path / "data", replace(table, spot=flat, mark=replace(flat, source="perp")))
    assert refused(folder, tmp_path / "out") is Code.DATA_STALE


def test_refuses_a_carry_without_funding(table: MarketTable, tmp_path: Path) -> None:
    folder = write_market(tmp_path / "data", table)
    (folder / "binance/funding/AVAXUSDT.parquet").unlink()
    assert refused(folder, tmp_path / "out") is Code.DATA_MISSING


def test_refuses_funding_that_ended_before_the_period(table: MarketTable, tmp_path: Path) -> None:
    assert table.funding is not None
    start_s, _ = parse_period(*DATES)
    kept = table.funding.time_s < start_s
    settled = table.funding
    ended = replace(settled, time_s=settled.time_s[kept], rate=settled.rate[kept], interval_h=settled.interval_h[kept])
    assert (
        refused(write_market(tmp_path / "data", replace(table, funding=ended)), tmp_path / "out") is Code.DATA_MISSING
    )


@pytest.mark.parametrize(
    "make",
    [
        lambda: Fold(np.arange(10), np.arange(9, 12)),
        lambda: Fold(np.array([3, 1, 2]), np.array([2])),
    ],
)
def test_refuses_folds_that_overlap(make: Callable[[], Fold]) -> None:
    with pytest.raises(Refusal, match="1 rows are trained on and judged"):
        make()
