"""A strategy file whose short leg is a loan: what it needs, what it may not have, and when it contradicts itself."""

from pathlib import Path

import pytest
from strategy_file import CONFIGS, StrategyFile

from agent.config import LendingNeutralStrategy
from agent.reasons import Code
from agent.scaling import loan_liquidation_distance


@pytest.fixture
def lending(tmp_path: Path) -> StrategyFile:
    return StrategyFile(tmp_path / "lending.yaml", (CONFIGS / "eth-lending-neutral.yaml").read_text())


def test_the_threshold_of_the_collateral_is_not_implied(lending: StrategyFile) -> None:
    without = lending.remove("vault.aave.liquidation_threshold").remove("vault.aave")
    (reason,) = without.reasons()
    assert reason.code is Code.CONFIG_MISSING
    assert "vault.aave.liquidation_threshold is missing" in reason.message


@pytest.mark.parametrize(
    ("block", "line"),
    [
        ("vault", "perp_index: 1"),
        ("market", "perp: binance/perp"),
        ("market", "funding: binance/funding"),
        ("market", "open_interest: bybit/open_interest"),
    ],
)
def test_a_second_short_leg_or_its_data_are_refused(lending: StrategyFile, block: str, line: str) -> None:
    (reason,) = lending.add(block, line).reasons()
    assert reason.code is Code.CONFIG_OUT_OF_RANGE
    assert "has its short leg at Aave and would never use it" in reason.message


def test_a_perp_strategy_and_a_spot_strategy_may_not_name_a_loan(carry: StrategyFile, spot: StrategyFile) -> None:
    for file, why in ((carry, "has its short leg on HyperCore"), (spot, "holds spot only")):
        (reason,) = file.add("vault", "aave:\n    liquidation_threshold: 0.78").reasons()
        assert reason.code is Code.CONFIG_OUT_OF_RANGE
        assert why in reason.message


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("policy.min_health", "1.33", "must be below 1.326, what it is at strategy.liquidation.low_margin 0.7"),
        ("policy.min_liquidation_distance", "0.33", "must be below 0.326"),
        ("vault.aave.liquidation_threshold", "0.70", "policy.min_health: 1.2 must be below 1.19"),
        ("strategy.lending.exit_annual", "0.02", "below strategy.lending.full_annual"),
        ("strategy.lending.entry_annual", "0.03", "at most strategy.lending.full_annual"),
        ("strategy.liquidation.low_margin", "0.9", "below strategy.liquidation.target_margin"),
        ("strategy.sizing.max_exposure", "0.51", "max_exposure can be 0.5 at most"),
        ("policy.loss_budget", "0.0005", "what opening 0.96 of the vault can lose at 0.001 of notional"),
    ],
)
def test_numbers_that_contradict_each_other_are_refused(
    lending: StrategyFile, key: str, value: str, message: str
) -> None:
    assert any(message in reason.message for reason in lending.change(key, value).reasons())


def test_a_volatility_target_is_unknown_because_the_legs_leave_nothing_to_vary(lending: StrategyFile) -> None:
    assert lending.add("strategy.volatility", "target: 0.04").codes() == [Code.CONFIG_UNKNOWN_KEY]


def test_the_liquidation_distances_in_the_comments_are_true(lending: StrategyFile) -> None:
    config = lending.load().config
    assert isinstance(config.strategy, LendingNeutralStrategy)
    assert config.vault.aave is not None
    margins, threshold = config.strategy.liquidation, config.vault.aave.liquidation_threshold
    for margin, comment in ((margins.target_margin, "48 %"), (margins.low_margin, "33 %")):
        assert f"{loan_liquidation_distance(margin, threshold):.0%}".replace("%", " %") == comment
        assert comment in lending.text
