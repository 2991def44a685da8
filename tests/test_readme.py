"""What README.md and docs show must be what the program does: every command and option, and the mistakes it prints."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from agent.cli.main import app

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "configs/README.md", *sorted((ROOT / "docs").glob("*.md"))]


def shown_commands() -> list[tuple[str, str]]:
    """Every line of a block and every piece of code in a sentence that begins with `ballast`, with its page."""
    found = []
    for page in PAGES:
        text = page.read_text().replace("\\\n", " ")
        found += [(page.name, line) for line in re.findall(r"^ballast (?! )(.+)$", text, re.MULTILINE)]
        found += [(page.name, line) for line in re.findall(r"`ballast ([^`\n]+)`", text)]
    return found


def command_of(words: list[str]) -> tuple[Any, list[str]]:
    """The command that the first words name, and the words after them."""
    command: Any = typer.main.get_command(app)
    while words and words[0] in getattr(command, "commands", {}):
        command, words = command.commands[words[0]], words[1:]
    return command, words


@pytest.mark.parametrize(("page", "line"), shown_commands())
def test_every_command_and_option_that_is_shown_exists(page: str, line: str) -> None:
    words = shlex.split(line, comments=True)
    command, rest = command_of(words)
    assert len(rest) < len(words), f"{page}: ballast has no command {words[0]}"
    known = {name for option in command.params for name in (*option.opts, *option.secondary_opts)}
    assert {word for word in rest if word.startswith("--")} <= known | {"--help"}, page


def test_enough_is_shown() -> None:
    assert len(shown_commands()) > 80


def test_the_mistakes_of_the_readme_are_what_check_prints(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (ROOT / "configs/eth-carry.yaml").read_text()
    text = re.sub(r"max_gross_leverage: \S+", "max_gross_leverage: 12.0", text).replace(
        "max_drawdown:", "max_drawdwon:"
    )
    (tmp_path / "configs").mkdir()
    (tmp_path / "configs/yours.yaml").write_text(text)
    monkeypatch.chdir(tmp_path)
    printed = CliRunner().invoke(app, ["check", "configs/yours.yaml"]).output.strip()
    assert f"```\n{printed}\n```" in (ROOT / "README.md").read_text()
