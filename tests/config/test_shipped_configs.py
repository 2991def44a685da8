"""The strategy files that users copy are valid, and say in comments what their numbers come to."""

from pathlib import Path

import pytest

from agent.config import CarryStrategy
from agent.config.file import load_config
from agent.scaling import liquidation_distance

DAY_S = 86_400
CONFIGS = sorted((Path(__file__).parents[2] / "configs").glob("*.yaml"))


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_every_shipped_file_is_valid_and_named_after_itself(path: Path) -> None:
    assert load_config(path).config.name == path.stem


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_every_number_has_its_reason_beside_it(path: Path) -> None:
    text = path.read_text()
    numbers = [line for line in text.splitlines() if line.rstrip().endswith(tuple("0123456789"))]
    obvious = ("base_decimals", "full_z", "max_fee_gwei")
    assert [line for line in numbers if "#" not in line and not line.strip().startswith(obvious)] == []


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_a_stolen_key_loses_at_most_one_per_cent_in_any_day(path: Path) -> None:
    assert load_config(path).config.policy.worst_loss(DAY_S) <= 0.01


def test_the_markets_of_the_project_are_there() -> None:
    names = ["avax-carry", "btc-carry", "eth-carry", "eth-lending-neutral", "eth-volatility-target"]
    assert [path.stem for path in CONFIGS] == names


@pytest.mark.parametrize(("name", "target", "low"), [("eth", 0.37, 0.27), ("btc", 0.38, 0.28), ("avax", 0.52, 0.38)])
def test_the_liquidation_distances_in_the_comments_are_true(name: str, target: float, low: float) -> None:
    path = next(path for path in CONFIGS if path.stem == f"{name}-carry")
    config = load_config(path).config
    assert isinstance(config.strategy, CarryStrategy)
    margins = config.strategy.liquidation
    assert liquidation_distance(margins.target_margin, -1, config.vault.max_perp_leverage) == pytest.approx(
        target, abs=0.005
    )
    assert liquidation_distance(margins.low_margin, -1, config.vault.max_perp_leverage) == pytest.approx(low, abs=0.005)
    assert f"{target:.0%}".replace("%", " %") in path.read_text()
    assert f"{low:.0%}".replace("%", " %") in path.read_text()


def test_avax_that_has_no_recorded_open_interest_does_not_scale_by_it() -> None:
    config = load_config(next(path for path in CONFIGS if path.stem == "avax-carry")).config
    assert isinstance(config.strategy, CarryStrategy)
    assert config.strategy.open_interest is None
    assert config.market.open_interest is None
