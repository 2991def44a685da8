"""`ballast check` shows every mistake with its code and line, or what the file says and its hash."""

from io import StringIO

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
    assert "funding.entry_annual" in text


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
