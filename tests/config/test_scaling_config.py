"""The block `strategy.scaling`: its methods by name, every parameter refused with its line, and what `check` shows."""

import io
from pathlib import Path
from typing import get_args

import pytest
from rich.console import Console
from strategy_file import CONFIGS, StrategyFile

from agent.check import report_check
from agent.config import SCALING_METHODS, CarryStrategy, LinearMethod, VolatilityTargetStrategy
from agent.market.choose import history_hours
from agent.reasons import Code, Refusal
from agent.research.parameters import charges_of, parameter_row
from agent.scaling import METHODS

LADDER = """    - method: ladder
      signal: discount
      average_h: 168
      window_h: 336
      spacing: fibonacci
      steps: 5
      first: 0.01
"""
LINEAR = """    - method: linear
      unit: nav
      increment: 0.1
"""


def with_scaling(file: StrategyFile, block: str) -> StrategyFile:
    """The same file with a block of scaling methods before its sizing."""
    return file.replace("  sizing:\n", f"  scaling:\n{block}  sizing:\n")


def test_every_method_has_a_model_and_every_model_a_method() -> None:
    assert set(SCALING_METHODS) == set(METHODS)
    for name, model in SCALING_METHODS.items():
        assert get_args(model.model_fields["method"].annotation) == (name,)


def test_a_file_without_the_block_has_no_methods(carry: StrategyFile, spot: StrategyFile) -> None:
    for file in (carry, spot):
        strategy = file.load().config.strategy
        assert isinstance(strategy, CarryStrategy | VolatilityTargetStrategy)
        assert strategy.scaling == ()


def test_methods_are_read_in_their_order_and_count_in_the_hash(carry: StrategyFile) -> None:
    loaded = with_scaling(carry, LINEAR + LADDER).load()
    assert isinstance(loaded.config.strategy, CarryStrategy)
    assert [one.method for one in loaded.config.strategy.scaling] == ["linear", "ladder"]
    assert loaded.config.strategy.scaling[0] == LinearMethod(method="linear", unit="nav", increment=0.1)
    hashes = {one.load().config_hash for one in (carry, with_scaling(carry, LINEAR), with_scaling(carry, LADDER))}
    assert len({loaded.config_hash, *hashes}) == 4


def test_the_history_reaches_back_as_far_as_the_methods_look(spot: StrategyFile) -> None:
    plain = history_hours(spot.load().config)
    assert history_hours(with_scaling(spot, LADDER.replace("336", "8000")).load().config) > max(plain, 8_168)


def test_an_unknown_method_is_refused_with_the_nearest_name(carry: StrategyFile) -> None:
    file = with_scaling(carry, LINEAR.replace("linear", "lineer"))
    reason = file.reason()
    assert reason.code is Code.CONFIG_OUT_OF_RANGE
    assert reason.message.endswith("got the text 'lineer'; did you mean linear?")
    assert reason.where.endswith(f"line {file.text[: file.text.index('lineer')].count(chr(10)) + 1}")


@pytest.mark.parametrize(
    ("old", "new", "code", "message"),
    [
        ("first: 0.01", "first: 0", Code.CONFIG_OUT_OF_RANGE, "strategy.scaling.0.first: expected a number above 0"),
        ("first: 0.01", "first: .nan", Code.CONFIG_NOT_A_NUMBER, "strategy.scaling.0.first: expected a plain decimal"),
        ("first: 0.01", "first: 1%", Code.CONFIG_NOT_A_NUMBER, "write 0.01"),
        ("steps: 5", "steps: 5.5", Code.CONFIG_NOT_A_NUMBER, "strategy.scaling.0.steps: expected a whole number"),
        ("steps: 5", "steps: 21", Code.CONFIG_OUT_OF_RANGE, "expected a number up to 20"),
        ("steps: 5", "stepps: 5", Code.CONFIG_UNKNOWN_KEY, "did you mean strategy.scaling.0.steps?"),
        ("spacing: fibonacci", "spacing: cubic", Code.CONFIG_OUT_OF_RANGE, "expected 'linear', 'geometric'"),
        ("spacing: fibonacci", "spacing: linear", Code.CONFIG_MISSING, "strategy.scaling.0.last is missing"),
        ("signal: discount", "signal: funding", Code.CONFIG_OUT_OF_RANGE, "has no funding"),
        ("first: 0.01", "first: 0.01\n      last: 0.005", Code.CONFIG_OUT_OF_RANGE, "must be below last"),
    ],
)
def test_every_parameter_is_refused_with_its_place(
    spot: StrategyFile, old: str, new: str, code: Code, message: str
) -> None:
    file = with_scaling(spot, LADDER.replace(old, new))
    reasons = [reason for reason in file.reasons() if message in reason.message]
    assert [reason.code for reason in reasons] == [code]
    line = int(reasons[0].where.rpartition(" ")[2])
    block = file.text.splitlines().index("    - method: ladder") + 1
    assert block <= line < block + 9


def test_a_missing_method_and_an_entry_that_is_no_block_are_told_apart(carry: StrategyFile) -> None:
    file = with_scaling(carry, "    - increment: 0.1\n    - 7\n")
    missing, no_block = file.reasons()
    assert (missing.code, no_block.code) == (Code.CONFIG_MISSING, Code.CONFIG_SYNTAX)
    assert "strategy.scaling.0.method is missing" in missing.message
    assert "strategy.scaling.1: expected a block of keys, got 7" in no_block.message


def test_a_day_that_no_calendar_has_is_refused(spot: StrategyFile) -> None:
    dca = "    - method: dca\n      amount_usd: 1000\n      interval_h: 24\n      instalments: 9\n"
    dca += "      start: 2023-02-30\n"
    assert "a day of the calendar, as 2023-02-01" in with_scaling(spot, dca).reason().message
    loaded = with_scaling(spot, dca.replace("02-30", "02-28")).load()
    assert isinstance(loaded.config.strategy, VolatilityTargetStrategy)


def test_a_schedule_longer_than_a_decision_looks_back_is_refused(spot: StrategyFile) -> None:
    dca = "    - method: dca\n      amount_usd: 1000\n      interval_h: 168\n      instalments: 200\n"
    assert "two years" in with_scaling(spot, dca + "      start: 2023-02-01\n").reason().message


def test_a_band_that_the_limits_leave_no_room_for_is_refused(spot: StrategyFile) -> None:
    band = "    - method: band\n      rule: fixed\n      width: 0.02\n      least: 0.5\n"
    assert "at most strategy.sizing.band" in with_scaling(spot, band).reason().message
    assert (
        "width is missing"
        in with_scaling(spot, band.replace("      width: 0.02\n", "").replace("0.5", "0.01")).reason().message
    )


def test_carry_cannot_lose_an_instalment_between_margin_and_legs(carry: StrategyFile) -> None:
    dca = "    - method: dca\n      amount_usd: 1000\n      interval_h: 24\n      instalments: 9\n"
    dca += "      start: 2023-02-01\n"
    assert "use caught_up" in with_scaling(carry, dca + "      missed: lost\n").reason().message
    with_scaling(carry, dca).load()


def test_the_compiled_twin_refuses_what_it_does_not_know(carry: StrategyFile) -> None:
    config = with_scaling(carry, LINEAR).load().config
    with pytest.raises(Refusal, match=r"does not know strategy\.scaling"):
        parameter_row(config, charges_of(config))


def test_lending_has_no_such_block(tmp_path: Path) -> None:
    lending = StrategyFile(tmp_path / "lending.yaml", (CONFIGS / "eth-lending-neutral.yaml").read_text())
    assert with_scaling(lending, LINEAR).reason().code is Code.CONFIG_UNKNOWN_KEY


def test_check_shows_every_method_with_its_parameters(spot: StrategyFile) -> None:
    file = with_scaling(spot, LINEAR + LADDER)
    file.load()
    text = io.StringIO()
    assert report_check(Path(file.path), Console(file=text, width=160)) == 0
    shown = text.getvalue()
    assert all(
        key in shown for key in ("scaling.0.method", "scaling.0.increment", "scaling.1.method", "scaling.1.steps")
    )


def test_the_example_of_the_documentation_is_valid(spot: StrategyFile) -> None:
    text = (CONFIGS.parent / "docs" / "scaling.md").read_text()
    block = text.split("```yaml")[1].split("```")[0].split("scaling:")[1].split("\n", 1)[1]
    strategy = with_scaling(spot, block).load().config.strategy
    assert isinstance(strategy, VolatilityTargetStrategy)
    assert [method.method for method in strategy.scaling] == ["fixed_risk", "ladder", "impact"]


def test_the_documentation_names_every_method_and_every_parameter() -> None:
    text = (CONFIGS.parent / "docs" / "scaling.md").read_text()
    rows = {row.split("|")[1].strip(" `"): row for row in text.splitlines() if row.startswith("| `")}
    for name, model in SCALING_METHODS.items():
        assert METHODS[name].role in rows[name].split("|")[2]
        assert [key for key in model.model_fields if key != "method" and f"`{key}`" not in rows[name]] == []
