"""A strategy file that tests change line by line, starting from a shipped one."""

from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from agent.config.file import LoadedConfig, load_config
from agent.reasons import Code, Reason, Refusal

CONFIGS = Path(__file__).parents[2] / "configs"


@dataclass(frozen=True)
class StrategyFile:
    """A strategy file in the making: its text, and where it is written to be loaded."""

    path: Path
    text: str

    def change(self, key: str, value: str) -> "StrategyFile":
        """The same file with another value at one dotted key."""
        line = self.text.splitlines()[self.line(key) - 1]
        return self.replace(line, line[: line.index(":") + 1] + f" {value}")

    def remove(self, key: str) -> "StrategyFile":
        """The same file without the line of one dotted key."""
        return self.replace(self.text.splitlines(keepends=True)[self.line(key) - 1], "")

    def add(self, block: str, line: str) -> "StrategyFile":
        """The same file with one more line right below a block's first line."""
        head = self.text.splitlines(keepends=True)[self.line(block) - 1]
        return self.replace(head, f"{head}{'  ' * len(block.split('.'))}{line}\n")

    def replace(self, old: str, new: str) -> "StrategyFile":
        """The same file with one piece of text replaced."""
        if self.text.count(old) != 1:
            raise ValueError(f"expected {old!r} once, found it {self.text.count(old)} times")
        return replace(self, text=self.text.replace(old, new))

    def line(self, key: str) -> int:
        """Line of a dotted key, found by indentation alone."""
        lines, number = self.text.splitlines(), 0
        for depth, part in enumerate(key.split(".")):
            while not lines[number].startswith(f"{'  ' * depth}{part}:"):
                number += 1
        return number + 1

    def load(self) -> LoadedConfig:
        """The configuration, when the file is good."""
        self.path.write_text(self.text, encoding="utf-8")
        return load_config(self.path)

    def reasons(self) -> tuple[Reason, ...]:
        """Everything that the file is refused for."""
        with pytest.raises(Refusal) as refusal:
            self.load()
        return refusal.value.reasons

    def codes(self) -> list[Code]:
        """The codes of everything that the file is refused for."""
        return [reason.code for reason in self.reasons()]

    def reason(self) -> Reason:
        """The one thing that the file is refused for."""
        reasons = self.reasons()
        assert len(reasons) == 1, [str(reason) for reason in reasons]
        return reasons[0]
