"""A strategy put through every test at once."""

import math

import pytest

from agent.config import Config
from agent.market.period import parse_period
from agent.reasons import Refusal
from agent.research.backtest import Market, load_period
from agent.research.validation.report import validate


@pytest.fixture(scope="module")
def made_up(spot: Config) -> Market:
    return load_period(spot, None, parse_period("2023-01-01", "2023-12-31"), 7)


def with_band(config: Config, band: float) -> Config:
    sizing = config.strategy.sizing.model_copy(update={"band": band})
    return config.model_copy(update={"strategy": config.strategy.model_copy(update={"sizing": sizing})})


def test_every_number_is_there_and_in_its_range(spot: Config, made_up: Market) -> None:
    tried = [with_band(spot, band) for band in (0.01, 0.02, 0.03, 0.05)]
    found = validate(spot, tried, made_up)
    assert found.sharpe.low < found.sharpe.value < found.sharpe.high
    assert found.tried == 4
    assert 0 <= found.deflated <= 1
    assert 0 <= found.snooping.p_value <= 1
    assert [one.name for one in found.schemes][2] == "combinatorial, purged"
    assert found.schemes[2].folds == 15
    for one in found.schemes:
        assert 0 <= one.positive <= 1
        assert math.isfinite(one.worst_sharpe)
        assert one.worst_sharpe <= one.median_sharpe
    assert [one.name for one in found.stressed][1] == "costs x 2"


def test_one_point_is_no_search(spot: Config, made_up: Market) -> None:
    with pytest.raises(Refusal, match="fewer than two"):
        validate(spot, [spot], made_up)


def test_a_strategy_that_never_trades_cannot_be_judged(spot: Config, made_up: Market) -> None:
    sizing = spot.strategy.sizing.model_copy(update={"min_trade_usd": 5e6})
    idle = spot.model_copy(update={"strategy": spot.strategy.model_copy(update={"sizing": sizing})})
    with pytest.raises(Refusal, match="never held"):
        validate(idle, [idle, spot], made_up)
