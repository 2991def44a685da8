"""The page of a backtest says what the backtest found, and needs nothing but itself."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from agent.config import Config
from agent.config.file import LoadedConfig, load_config
from agent.market.period import parse_period
from agent.report.words import percent
from agent.research.backtest import Market, load_period
from agent.research.report.page import write_page
from agent.research.report.sensitivity import FACTORS, sensitivity
from agent.research.report.study import Study, study
from agent.research.search.space import grid_points, parse_space, with_values
from agent.research.validation.report import validate

CONFIGS = Path(__file__).parents[2] / "configs"


def market_of(config: Config, first: str, last: str) -> Market:
    return load_period(config, None, parse_period(first, last), seed=7)


@pytest.fixture(scope="module")
def loaded() -> LoadedConfig:
    return load_config(CONFIGS / "eth-carry.yaml")


@pytest.fixture(scope="module")
def found(loaded: LoadedConfig) -> Study:
    return study(loaded.config, loaded.config_hash, market_of(loaded.config, "2023-02-01", "2023-04-30"))


@pytest.fixture(scope="module")
def page(found: Study, tmp_path_factory: pytest.TempPathFactory) -> str:
    return write_page(tmp_path_factory.mktemp("page") / "deep" / "out.html", found).read_text()


class TestStudy:
    def test_every_measure_lies_in_its_interval_and_the_block_is_told(self, found: Study) -> None:
        assert list(found.intervals) == [
            "annual return",
            "annual volatility",
            "Sharpe ratio",
            "Sortino ratio",
            "worst drawdown",
        ]
        for name in ("annual return", "annual volatility", "Sharpe ratio"):
            one = found.intervals[name]
            assert one.low < one.value < one.high
            assert one.block >= 1

    def test_months_multiply_to_the_whole_return(self, found: Study) -> None:
        assert [month.name for month in found.months] == ["2023-02", "2023-03", "2023-04"]
        whole = float(np.prod([1 + month.gained for month in found.months]) - 1)
        assert whole == pytest.approx(found.done.measures["total_return"])

    def test_the_walk_ends_where_the_backtest_ends(self, found: Study) -> None:
        assert found.walked.equity_usd[-1] == found.done.run.equity_usd[-1]
        assert found.walked.funding_usd[-1] == pytest.approx(found.done.measures["funding_usd"])

    def test_too_few_days_have_no_interval_instead_of_a_wrong_one(self, loaded: LoadedConfig, tmp_path: Path) -> None:
        short = study(loaded.config, loaded.config_hash, market_of(loaded.config, "2023-02-01", "2023-02-14"))
        assert short.intervals == {}
        assert "at least 30 are needed" in write_page(tmp_path / "short.html", short).read_text()


class TestSensitivity:
    def test_the_files_own_numbers_give_the_backtest(self, found: Study) -> None:
        column = FACTORS.index(1.0)
        assert np.allclose(found.sensitivity.sharpe[:, column], found.done.measures["sharpe"])
        assert np.allclose(found.sensitivity.annual_return[:, column], found.done.measures["annual_return"])

    def test_a_number_that_matters_changes_the_result(self, found: Study) -> None:
        row = found.sensitivity.keys.index("strategy.sizing.max_exposure")
        known = found.sensitivity.annual_return[row][np.isfinite(found.sensitivity.annual_return[row])]
        assert np.ptp(known) > 0.001

    def test_numbers_that_would_contradict_each_other_are_left_out(self, spot: Config) -> None:
        """Twice a largest exposure of 0.90 is more than the policy's gross leverage of 1."""
        of = sensitivity(spot, market_of(spot, "2023-02-01", "2023-03-15"))
        row = of.keys.index("strategy.sizing.max_exposure")
        assert np.isnan(of.sharpe[row, FACTORS.index(2.0)])
        assert np.isfinite(of.sharpe[row, FACTORS.index(0.5)])


class TestPage:
    def test_it_needs_no_network_and_no_other_file(self, page: str) -> None:
        addresses = re.findall(r'(?:src|href)="([^"]*)"', page)
        assert len(addresses) == 8, "six pictures of the run and two of its numbers"
        assert all(address.startswith("data:image/svg+xml;base64,") for address in addresses)
        assert "<script" not in page

    def test_it_says_that_a_made_up_market_is_made_up(self, page: str) -> None:
        assert "SYNTHETIC" in page

    def test_it_shows_the_numbers_of_the_backtest(self, page: str, found: Study) -> None:
        measures = found.done.measures
        assert percent(measures["total_return"], signed=True) in page
        assert found.config_hash in page
        for one in found.stressed:
            assert one.name.capitalize() in page
            assert percent(one.done.measures["annual_return"], signed=True) in page

    def test_every_picture_is_described_for_those_who_cannot_see_it(self, page: str) -> None:
        described = re.findall(r'<img alt="([^"]*)"', page)
        assert len(described) == 8
        assert min(len(text) for text in described) > 30

    def test_a_validation_adds_what_the_search_around_it_explains(
        self, loaded: LoadedConfig, found: Study, page: str, tmp_path: Path
    ) -> None:
        space = parse_space(loaded.config, ["strategy.sizing.band=0.05,0.13,0.2"])
        tried = [with_values(loaded.config, space, point) for point in grid_points(space, 3)]
        market = market_of(loaded.config, "2023-02-01", "2023-04-30")
        validated = validate(loaded.config, [one for one in tried if one is not None], market)
        text = write_page(tmp_path / "validated.html", found, validated).read_text()
        assert "Chosen again and again" in text
        assert "Chosen again and again" not in page
        for one in validated.schemes:
            assert one.name.capitalize() in text
        assert f"{validated.snooping.p_value:.3f}" in text

    def test_a_stopped_strategy_is_said_to_be_stopped(self, loaded: LoadedConfig, tmp_path: Path) -> None:
        policy = loaded.config.policy.model_copy(update={"max_daily_loss": 0.0002})
        config = loaded.config.model_copy(update={"policy": policy})
        stopped = study(config, loaded.config_hash, market_of(config, "2023-02-01", "2023-03-15"))
        assert stopped.walked.vault.latched_s is not None
        assert "A loss limit stopped it on" in write_page(tmp_path / "stopped.html", stopped).read_text()

    def test_a_name_with_markup_in_it_stays_text(self, found: Study, tmp_path: Path) -> None:
        odd = replace(found, done=replace(found.done, strategy="<b>x</b>"))
        text = write_page(tmp_path / "odd.html", odd).read_text()
        assert "<b>x</b>" not in text
        assert "&lt;b&gt;x" in text
