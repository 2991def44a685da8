"""`ballast check` shows every mistake with its code and line, or what the file says and its hash."""

from io import StringIO

import pytest
from rich.console import Console
from strategy_file import CONFIGS, StrategyFile

from agent.check import check, report_check
from agent.config.file import load_config


def shown(path: object) -> tuple[int, str]:
    output = StringIO()
    code = report_check(str(path), Console(file=output, width=100))
    return code, output.getvalue()


def test_a_good_file_shows_its_summary_and_hash() -> None:
    path = CONFIGS / "btc-carry.yaml"
    code, text = shown(path)
    assert code == 0
    assert check(path) == []
    assert load_config(path).config_hash in text
    assert "max_gross_leverage" in text
    assert "funding.round_trip_cost" in text


@pytest.mark.parametrize(("name", "per_cent"), [("eth-carry", "0.97"), ("avax-carry", "0.99")])
def test_a_good_file_says_what_a_stolen_key_could_cost(name: str, per_cent: str) -> None:
    _, text = shown(CONFIGS / f"{name}.yaml")
    line = f"a stolen agent key can lose at most {per_cent} % of net asset value in its worst 24 hours"
    assert line in text.splitlines()


def test_the_cost_of_a_stolen_key_follows_the_files_budgets(carry: StrategyFile) -> None:
    wide = carry.change("policy.loss_budget", "0.02").change("policy.emergency_loss_budget", "0.015")
    wide.load()
    assert "at most 4.00 % of net asset value" in shown(wide.path)[1]


def test_a_bad_file_shows_every_code_and_line_and_exits_with_2(carry: StrategyFile) -> None:
    broken = carry.change("policy.max_gross_leverage", "12.0").remove("policy.max_drawdown")
    reasons = broken.reasons()
    code, text = shown(broken.path)
    assert code == 2
    assert list(reasons) == check(broken.path)
    for reason in reasons:
        assert f"{reason.code}  {reason.message} ({reason.where})" in text
    assert "2 mistakes" in text


def test_markup_in_the_file_is_shown_as_text(carry: StrategyFile) -> None:
    broken = carry.change("name", '"[red]x[/red]"')
    broken.reasons()
    assert "[red]x[/red]" in shown(broken.path)[1]
