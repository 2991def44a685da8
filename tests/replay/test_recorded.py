"""Recorded weeks that teach something: an outage, the FTX weeks, a year of falling prices."""

from pathlib import Path

import pytest

from agent.config.file import load_config
from agent.market.choose import choose_market
from agent.replay import parse_period, replay
from agent.replay.run import Replayed

CONFIGS = Path(__file__).parents[2] / "configs"


def run(name: str, period: tuple[str, str], data: Path, out: Path) -> Replayed:
    loaded = load_config(CONFIGS / f"{name}.yaml")
    chosen = choose_market(loaded.config, data, parse_period(*period), seed=7)
    return replay(loaded, chosen.source, parse_period(*period), out, seed=7, synthetic=False)


@pytest.fixture(scope="module")
def outage(data_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Replayed:
    """Three days around 2023-03-24, when the spot exchange stood still for two hours."""
    return run("eth-carry", ("2023-03-23", "2023-03-25"), data_folder, tmp_path_factory.mktemp("outage"))


def test_hours_without_fresh_data_are_refused_by_code_and_not_traded(outage: Replayed) -> None:
    refused = outage.cycles[outage.cycles["refusals"] != ""]
    assert outage.result["refusals"]["DATA_STALE"] == 2
    assert refused["plan"].isna().all()
    assert outage.result["cycles"] == 72


def test_the_vault_goes_on_after_the_outage_without_a_breach(outage: Replayed) -> None:
    assert outage.result["breaches"] == 0
    assert outage.result["attribution_adds_up"]


def test_nothing_is_liquidated_in_the_days_of_ftx(data_folder: Path, tmp_path: Path) -> None:
    result = run("avax-carry", ("2022-11-05", "2022-11-11"), data_folder, tmp_path).result
    assert (result["liquidations"], result["breaches"]) == (0, 0)
    assert result["attribution_adds_up"]


def test_a_spot_vault_holds_less_when_prices_move_more(data_folder: Path, tmp_path: Path) -> None:
    replayed = run("eth-volatility-target", ("2022-06-08", "2022-06-16"), data_folder, tmp_path)
    exposure = replayed.cycles["gross_leverage"]
    assert replayed.result["breaches"] == 0
    assert exposure.iloc[-1] < exposure.max() * 0.9
    assert replayed.cycles["perp_base"].eq(0).all()
