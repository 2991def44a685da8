"""Faults 1, 2 and 3: every mistake in a strategy file is refused with its code, its line and what to write instead."""

from pathlib import Path

import pytest
from strategy_file import CONFIGS, StrategyFile

from agent.config.file import load_config
from agent.policy import Policy
from agent.reasons import Code, Refusal

LIMITS = list(Policy.model_fields)
NUMBERS = [limit for limit in LIMITS if limit != "latch_mode"]
MAY_BE_NOTHING = "flow_buffer"  # the one number that may be 0: those who stay then pay what moving the money costs


def test_fault_01_refuses_a_misspelt_limit_and_suggests_the_right_name(carry: StrategyFile) -> None:
    misspelt = carry.replace("  max_drawdown:", "  max_drawdwon:")
    missing, unknown = sorted(misspelt.reasons(), key=lambda reason: reason.code)
    assert (missing.code, unknown.code) == (Code.CONFIG_MISSING, Code.CONFIG_UNKNOWN_KEY)
    assert "did you mean policy.max_drawdown?" in unknown.message
    assert unknown.where == f"{carry.path}, line {carry.line('policy.max_drawdown')}"


def test_fault_01_suggests_the_block_that_a_misplaced_key_belongs_to(carry: StrategyFile) -> None:
    assert "did you mean strategy.sizing.band?" in carry.add("policy", "band: 0.1").reason().message


def test_fault_01_refuses_unknown_keys_at_every_level(carry: StrategyFile) -> None:
    for block in ("market", "vault", "strategy", "strategy.volatility", "strategy.sizing", "execution", "policy"):
        reason = carry.add(block, "qwxyz: 1").reason()
        assert (reason.code, reason.where) == (
            Code.CONFIG_UNKNOWN_KEY,
            f"{carry.path}, line {carry.line(block) + 1}",
        ), block


@pytest.mark.parametrize("limit", LIMITS)
def test_fault_02_refuses_a_missing_limit(carry: StrategyFile, limit: str) -> None:
    reason = carry.remove(f"policy.{limit}").reason()
    assert reason.code is Code.CONFIG_MISSING
    assert f"policy.{limit}" in reason.message
    assert reason.where.endswith(f"line {carry.line('policy')}")


@pytest.mark.parametrize("limit", NUMBERS)
def test_fault_02_refuses_every_limit_that_is_empty_or_true_or_not_a_number(carry: StrategyFile, limit: str) -> None:
    key = f"policy.{limit}"
    assert carry.change(key, "").reason().code is Code.CONFIG_MISSING
    assert carry.change(key, "true").reason().code is Code.CONFIG_NOT_A_NUMBER
    assert carry.change(key, ".nan").reason().code is Code.CONFIG_NOT_A_NUMBER


@pytest.mark.parametrize("limit", NUMBERS)
def test_fault_02_takes_no_zero_for_a_limit_that_is_not_there(carry: StrategyFile, limit: str) -> None:
    nothing = carry.change(f"policy.{limit}", "0")
    if limit == MAY_BE_NOTHING:
        assert nothing.load().config.policy.flow_buffer == 0
    else:
        assert nothing.reason().code is Code.CONFIG_OUT_OF_RANGE


@pytest.mark.parametrize(
    ("value", "code"),
    [("", Code.CONFIG_MISSING), ("active", Code.CONFIG_OUT_OF_RANGE), ("1", Code.CONFIG_OUT_OF_RANGE)],
)
def test_fault_02_refuses_a_latch_that_would_not_stop_the_vault(carry: StrategyFile, value: str, code: Code) -> None:
    reason = carry.change("policy.latch_mode", value).reason()
    assert reason.code is code
    assert "policy.latch_mode" in reason.message


@pytest.mark.parametrize("limit", ["max_drawdown", "cooldown_s"])
@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("null", Code.CONFIG_MISSING),
        ("~", Code.CONFIG_MISSING),
        ("", Code.CONFIG_MISSING),
        (".nan", Code.CONFIG_NOT_A_NUMBER),
        ("NaN", Code.CONFIG_NOT_A_NUMBER),
        (".inf", Code.CONFIG_NOT_A_NUMBER),
        ("1e400", Code.CONFIG_NOT_A_NUMBER),
        ("true", Code.CONFIG_NOT_A_NUMBER),
        ("5%", Code.CONFIG_NOT_A_NUMBER),
        ('"0.05"', Code.CONFIG_NOT_A_NUMBER),
        ("0x10", Code.CONFIG_NOT_A_NUMBER),
        ("[0.05]", Code.CONFIG_NOT_A_NUMBER),
        ("9_" * 2_000 + "9", Code.CONFIG_NOT_A_NUMBER),
        ("-1", Code.CONFIG_OUT_OF_RANGE),
        ("0", Code.CONFIG_OUT_OF_RANGE),
    ],
)
def test_fault_02_refuses_a_limit_that_is_no_number(carry: StrategyFile, limit: str, value: str, code: Code) -> None:
    reason = carry.change(f"policy.{limit}", value).reason()
    assert reason.code is code
    assert f"policy.{limit}" in reason.message
    assert reason.where.endswith(f"line {carry.line(f'policy.{limit}')}")
    assert len(reason.message) < 250


def test_fault_02_tells_how_to_write_a_percentage(carry: StrategyFile) -> None:
    assert "write 0.05" in carry.change("policy.max_drawdown", "5%").reason().message


@pytest.mark.parametrize(
    ("limit", "value", "message"),
    [
        ("max_gross_leverage", "12.0", "policy.max_gross_leverage: 12.0 is above the contract's 3.0"),
        ("max_gross_leverage", "12", "policy.max_gross_leverage: 12.0 is above the contract's 3.0"),
        ("max_net_delta", "1.01", "policy.max_net_delta: 1.01 is above the contract's 1.0"),
        ("max_slippage", "0.06", "policy.max_slippage: 0.06 is above the contract's 0.05"),
        ("max_loss_per_plan", "0.06", "policy.max_loss_per_plan: 0.06 is above the contract's 0.05"),
        ("max_daily_loss", "0.21", "policy.max_daily_loss: 0.21 is above the contract's 0.2"),
        ("max_weekly_loss", "0.31", "policy.max_weekly_loss: 0.31 is above the contract's 0.3"),
        ("max_drawdown", "0.51", "policy.max_drawdown: 0.51 is above the contract's 0.5"),
        ("max_growth", "1.1", "policy.max_growth: 1.1 is above the contract's 1.0"),
        ("flow_buffer", "0.011", "policy.flow_buffer: 0.011 is above the contract's 0.01"),
        ("min_liquidation_distance", "0.02", "policy.min_liquidation_distance: 0.02 is below the contract's 0.03"),
        ("min_health", "1.04", "policy.min_health: 1.04 is below the contract's 1.05"),
        ("min_health", "6.1", "policy.min_health: 6.1 is above the contract's 6.0"),
        ("cooldown_s", "29", "policy.cooldown_s: 29 is below the contract's 30"),
        ("max_oracle_age_s", "86401", "policy.max_oracle_age_s: 86401 is above the contract's 86400"),
        ("max_silence_s", "604801", "policy.max_silence_s: 604801 is above the contract's 604800"),
        ("max_turnover", "20.1", "policy.max_turnover: 20.1 is above the contract's 20.0"),
        ("loss_budget", "0.051", "policy.loss_budget: 0.051 is above the contract's 0.05"),
        ("emergency_loss_budget", "0.051", "policy.emergency_loss_budget: 0.051 is above the contract's 0.05"),
    ],
)
def test_fault_03_refuses_a_limit_looser_than_the_contract(
    carry: StrategyFile, limit: str, value: str, message: str
) -> None:
    # As wide as may be, so that no loss limit is above the next one as well.
    wide = carry.change("policy.max_weekly_loss", "0.30").change("policy.max_drawdown", "0.50")
    reason = wide.change(f"policy.{limit}", value).reason()
    assert (reason.code, reason.message) == (Code.CONFIG_LOOSER_THAN_CONTRACT, message)
    assert reason.where == f"{carry.path}, line {carry.line(f'policy.{limit}')}"


def test_refuses_everything_wrong_at_once_in_the_order_of_the_lines(carry: StrategyFile) -> None:
    broken = (
        carry.change("policy.max_gross_leverage", "12.0")
        .change("policy.cooldown_s", "600.5")
        .change("strategy.sizing.max_exposure", "0.9")
        .remove("market.funding")
        .change("vault.pool_fee", "400")
        .change("strategy.drawdown.start", "0.09")
    )
    reasons = broken.reasons()
    assert {reason.code for reason in reasons} == {
        Code.CONFIG_LOOSER_THAN_CONTRACT,
        Code.CONFIG_NOT_A_NUMBER,
        Code.CONFIG_OUT_OF_RANGE,
        Code.CONFIG_MISSING,
    }
    assert len(reasons) == 7  # the large exposure also trades more in a day than the policy allows
    lines = [int(reason.where.rpartition(" ")[2]) for reason in reasons]
    assert lines == sorted(lines)


@pytest.mark.parametrize(
    ("key", "value", "code", "expected"),
    [
        ("chain", "mainnet", Code.CONFIG_OUT_OF_RANGE, "expected 'local', got the text 'mainnet'"),
        ("name", "3", Code.CONFIG_SYNTAX, "expected text, got 3"),
        ("name", "Eth Carry", Code.CONFIG_OUT_OF_RANGE, "expected text of the form"),
        ("market.spot", "../../secrets", Code.CONFIG_OUT_OF_RANGE, "expected text of the form"),
        ("market.spot", "/etc", Code.CONFIG_OUT_OF_RANGE, "expected text of the form"),
        ("vault.base_decimals", "24", Code.CONFIG_OUT_OF_RANGE, "expected a number up to 18, got 24"),
        ("vault.base_decimals", "0", Code.CONFIG_OUT_OF_RANGE, "expected a number from 6 on, got 0"),
        ("strategy.kind", "carrry", Code.CONFIG_OUT_OF_RANGE, "expected carry or volatility_target"),
        ("strategy.sizing.band", "-0.1", Code.CONFIG_OUT_OF_RANGE, "expected a number from 0 on, got -0.1"),
        ("strategy.open_interest.window_h", "720.0", Code.CONFIG_NOT_A_NUMBER, "expected a whole number, got 720.0"),
        ("policy.max_trade_usd", "1e13", Code.CONFIG_OUT_OF_RANGE, "expected a number up to 1e+12"),
        ("policy.venue_cap", "101", Code.CONFIG_OUT_OF_RANGE, "expected a number up to 100"),
        ("policy.latch_mode", "stopped", Code.CONFIG_OUT_OF_RANGE, "expected 'reduce_only' or 'halted'"),
    ],
)
def test_says_what_was_expected_and_what_came(
    carry: StrategyFile, key: str, value: str, code: Code, expected: str
) -> None:
    reason = carry.change(key, value).reason()
    assert reason.code is code
    assert expected in reason.message
    assert reason.where.endswith(f"line {carry.line(key)}")


@pytest.mark.parametrize("block", ["market", "vault", "strategy", "policy"])
def test_refuses_a_block_that_is_missing_or_no_block(carry: StrategyFile, block: str) -> None:
    lines = carry.text.splitlines(keepends=True)
    start = carry.line(block) - 1
    end = next((n for n in range(start + 1, len(lines)) if lines[n][0] not in " #\n"), len(lines))
    body = "".join(lines[start:end])
    assert Code.CONFIG_MISSING in carry.replace(body, "").codes()
    assert Code.CONFIG_SYNTAX in carry.replace(body, f"{block}: 5\n").codes()


def test_accepts_whole_numbers_where_a_fraction_is_expected(carry: StrategyFile) -> None:
    as_integer = carry.change("policy.max_gross_leverage", "2").load()
    as_float = carry.change("policy.max_gross_leverage", "2.0").load()
    assert as_integer.config_hash == as_float.config_hash


def test_a_missing_file_names_those_that_exist() -> None:
    with pytest.raises(Refusal) as refusal:
        load_config(CONFIGS / "eth-cary.yaml")
    (reason,) = refusal.value.reasons
    assert reason.code is Code.CONFIG_MISSING
    assert "eth-carry.yaml" in reason.message
    assert reason.where.startswith(str(CONFIGS / "eth-cary.yaml"))


def test_a_folder_is_no_strategy_file(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="expected a strategy file"):
        load_config(tmp_path)
