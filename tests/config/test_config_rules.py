"""Values that are right alone and wrong together are refused, with the value that would do."""

import pytest
from strategy_file import StrategyFile

from agent.reasons import Code

WIDE = {"policy.loss_budget": "0.02", "policy.emergency_loss_budget": "0.02"}


@pytest.mark.parametrize(
    ("changes", "blamed", "message"),
    [
        (
            {"strategy.liquidation.low_margin": "0.40"},
            "strategy.liquidation.low_margin",
            "below strategy.liquidation.target",
        ),
        (
            {"strategy.liquidation.high_margin": "0.40"},
            "strategy.liquidation.target_margin",
            "below strategy.liquidation.high",
        ),
        (
            {"strategy.open_interest.start_z": "4.0"},
            "strategy.open_interest.start_z",
            "below strategy.open_interest.full_z",
        ),
        ({"strategy.drawdown.start": "0.08"}, "strategy.drawdown.start", "below policy.max_drawdown"),
        (
            {"policy.max_gross_leverage": "1.29"},
            "strategy.sizing.max_exposure",
            "make 1.3, above policy.max_gross_leverage",
        ),
        (
            {"strategy.sizing.max_exposure": "0.68"} | WIDE,
            "strategy.sizing.max_exposure",
            "max_exposure can be 0.6785 at most",
        ),
        ({"strategy.sizing.band": "0.33"}, "strategy.sizing.band", "more than half of strategy.sizing.max_exposure"),
        ({"strategy.sizing.delta_band": "0.05"}, "strategy.sizing.delta_band", "below policy.max_net_delta"),
        ({"execution.order_tolerance": "0.01"} | WIDE, "execution.order_tolerance", "below policy.max_slippage"),
        ({"execution.swap_tolerance": "0.01"} | WIDE, "execution.swap_tolerance", "below policy.max_slippage"),
        ({"policy.min_liquidation_distance": "0.28"}, "policy.min_liquidation_distance", "must be below 0.2745"),
        ({"policy.cooldown_s": "3601"}, "policy.cooldown_s", "longer than the hourly cycle"),
        ({"policy.max_oracle_age_s": "3600"}, "policy.max_oracle_age_s", "must be above 3600 s"),
        ({"policy.max_silence_s": "107999"}, "policy.max_silence_s", "107999 s must be at least 108000"),
        ({"policy.max_daily_loss": "0.051"}, "policy.max_daily_loss", "at most policy.max_weekly_loss, which is 0.05"),
        ({"policy.max_weekly_loss": "0.081"}, "policy.max_weekly_loss", "at most policy.max_drawdown, which is 0.08"),
        ({"policy.max_turnover": "2.5"}, "policy.max_turnover", "below 2.6, which opening and closing everything"),
        ({"policy.loss_budget": "0.0038"}, "policy.loss_budget", "below 0.0039, what opening 1.3 of the vault"),
        ({"policy.emergency_loss_budget": "0.0038"}, "policy.emergency_loss_budget", "below 0.0039, what closing 1.3"),
        ({"policy.min_idle": "0.026"}, "policy.min_idle", "at most 0.025, half of strategy.sizing.min_idle"),
        ({"policy.max_trade_usd": "500"}, "strategy.sizing.min_trade_usd", "below policy.max_trade_usd"),
        (
            {"strategy.volatility.return_interval_h": "168"},
            "strategy.volatility.return_interval_h",
            "below strategy.vol",
        ),
    ],
)
def test_carry_refuses_values_that_contradict_each_other(
    carry: StrategyFile, changes: dict[str, str], blamed: str, message: str
) -> None:
    for key, value in changes.items():
        carry = carry.change(key, value)
    reason = carry.reason()
    assert reason.code is Code.CONFIG_OUT_OF_RANGE
    assert reason.message.startswith(f"{blamed}: ")
    assert message in reason.message
    assert reason.where.endswith(f"line {carry.line(blamed)}")


def test_the_largest_feasible_exposure_of_the_message_is_accepted(carry: StrategyFile) -> None:
    for key, value in WIDE.items():
        carry = carry.change(key, value)
    assert carry.change("strategy.sizing.max_exposure", "0.6785").load()


def test_loss_limits_may_be_equal_and_a_silence_may_be_the_least(carry: StrategyFile) -> None:
    equal = carry.change("policy.max_daily_loss", "0.08").change("policy.max_weekly_loss", "0.08")
    assert equal.change("policy.max_silence_s", "108000").load()


@pytest.mark.parametrize("key", ["market.perp", "market.funding", "vault.perp_index", "market.open_interest"])
def test_carry_refuses_to_start_without_what_it_stands_on(carry: StrategyFile, key: str) -> None:
    reason = carry.remove(key).reason()
    assert reason.code is Code.CONFIG_MISSING
    assert key in reason.message


def test_the_tolerance_that_just_fits_the_budgets_is_accepted(carry: StrategyFile) -> None:
    assert carry.change("policy.loss_budget", "0.0039").change("policy.emergency_loss_budget", "0.0039").load()


def test_the_default_tolerances_are_checked_against_the_policy_too(carry: StrategyFile) -> None:
    start = carry.line("execution") - 1
    lines = carry.text.splitlines(keepends=True)
    without = carry.replace("".join(lines[start : carry.line("policy") - 1]), "")
    wide = without.change("policy.loss_budget", "0.006").change("policy.emergency_loss_budget", "0.006")
    assert "execution.order_tolerance: 0.003 must be below" in (
        wide.change("policy.max_slippage", "0.002").reason().message
    )


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("policy.max_net_delta", "0.89", "at most policy.max_net_delta"),
        ("policy.max_gross_leverage", "0.89", "at most policy.max_gross_leverage"),
        ("strategy.sizing.max_exposure", "0.96", "max_exposure can be 0.95 at most"),
        ("strategy.drawdown.start", "0.30", "below policy.max_drawdown"),
        ("policy.loss_budget", "0.0008", "below 0.0009, what opening 0.9 of the vault can lose at 0.001"),
        ("policy.max_turnover", "1.7", "below 1.8"),
    ],
)
def test_volatility_target_refuses_values_that_contradict_each_other(
    spot: StrategyFile, key: str, value: str, message: str
) -> None:
    assert message in spot.change(key, value).reason().message


@pytest.mark.parametrize(
    "line", ["perp: binance/perp", "funding: binance/funding", "open_interest: bybit/open_interest"]
)
def test_volatility_target_refuses_data_it_would_never_use(spot: StrategyFile, line: str) -> None:
    assert "holds spot only" in spot.add("market", line).reason().message
