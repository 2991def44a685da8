"""Faults 7 and 11: a hostile or broken file is refused within a second, and a private key is never repeated."""

from pathlib import Path

import pytest
from strategy_file import StrategyFile

from agent.config.file import load_config
from agent.reasons import Code, Reason, Refusal

NESTED_ALIASES = "a: &a [x, x, x]\nb: &b [*a, *a, *a]\nc: &c [*b, *b, *b]\nd: [*c, *c, *c]\n"


def refusal_of(path: Path, content: bytes) -> tuple[Reason, ...]:
    path.write_bytes(content)
    with pytest.raises(Refusal) as refusal:
        load_config(path)
    return refusal.value.reasons


def test_fault_11_refuses_a_key_written_twice_with_both_lines(carry: StrategyFile) -> None:
    reason = carry.add("policy", "max_drawdown: 0.50").reason()
    first = carry.line("policy") + 1
    assert reason.code is Code.CONFIG_DUPLICATE_KEY
    assert f"policy.max_drawdown is written twice, first on line {first}" in reason.message
    assert reason.where.endswith(f"line {carry.line('policy.max_drawdown') + 1}")


def test_fault_11_refuses_a_block_written_twice(carry: StrategyFile) -> None:
    assert Code.CONFIG_DUPLICATE_KEY in carry.replace("policy:", "policy:\n  cooldown_s: 1\npolicy:").codes()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a: 1\n" * 60_000, "at most 64 KB"),
        (b"# " + b"x" * 11_000_000, "at most 64 KB"),
        (NESTED_ALIASES.encode(), "aliases"),
        (b"a: &x 1\nb: *x\n", "anchors"),
        (b"[" * 60_000, "brackets"),
        (b"{a: " * 15_000, "brackets"),
        (b"\n".join(b" " * n + b"a:" for n in range(300)), "levels"),
        (b"- " * 30_000, "block of keys"),
        (b"a:\n  " + b"- " * 30_000, "levels"),
        (b"".join(b"k%d: 1\n" % n for n in range(5_000)), "YAML elements"),
        (b"a: '" + b"x " * 30_000 + b"'", "unknown"),
        (b"name: \xff\xfe\n", "UTF-8"),
        ("name: eth".encode("utf-16"), "UTF-8"),
        (b"name: \x00\n", "not YAML"),
        (b"name: eth\n\tchain: local\n", "not YAML"),
        (b"name: 'eth\n", "not YAML"),
        (b"", "empty"),
        (b"# nothing\n", "empty"),
        (b"42\n", "block of keys"),
        (b"name: a\n---\nname: b\n", "second one"),
        (b"name: !!python/object/apply:os.system [ls]\n", "tags"),
        (b"? [a, b]\n: 1\n", "name before the colon"),
    ],
)
def test_fault_11_refuses_hostile_text(tmp_path: Path, content: bytes, message: str) -> None:
    reasons = refusal_of(tmp_path / "hostile.yaml", content)
    assert any(message in reason.message for reason in reasons), [str(reason) for reason in reasons]


def test_fault_11_tells_the_line_of_a_syntax_error(carry: StrategyFile) -> None:
    line = carry.line("policy.max_drawdown")
    reason = carry.change("policy.max_drawdown", "0.08: 0.09").reason()
    assert (reason.code, reason.where) == (Code.CONFIG_SYNTAX, f"{carry.path}, line {line}")


@pytest.mark.parametrize("prefix", ["", "0x"])
def test_fault_07_refuses_a_private_key_without_repeating_it(carry: StrategyFile, prefix: str) -> None:
    secret = "4f3edf983ac636a65a842ce7c78d9aa706d3b113bce9c46f30d7d21715b23b1d"
    for text in (carry.change("name", prefix + secret), carry.add("policy", f"# {prefix}{secret}")):
        reason = text.reason()
        assert "private key" in reason.message
        assert secret[:8] not in str(reason)


def test_text_from_the_file_is_shown_escaped_and_short(carry: StrategyFile) -> None:
    reason = carry.change("name", '"\\e[31m' + "x" * 1_000 + '"').reason()
    assert "\x1b" not in reason.message
    assert len(reason.message) < 200


def test_a_byte_order_mark_is_no_mistake(carry: StrategyFile) -> None:
    carry.path.write_bytes(b"\xef\xbb\xbf" + carry.text.encode())
    assert load_config(carry.path).config.name == "eth-carry"
