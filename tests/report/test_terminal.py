"""The terminal tells the headline numbers, and colours what broke."""

import io
from typing import Any

from rich.console import Console

from agent.report.terminal import progress, summary_table


def shown(result: dict[str, Any]) -> str:
    written = io.StringIO()
    console = Console(file=written, width=140, force_terminal=True, color_system="standard")
    console.print(summary_table(result))
    return written.getvalue()


def test_headline_numbers_have_their_units(run: Any) -> None:
    text = shown(run.result)
    assert "$12,186,228" in text
    assert "SYNTHETIC" in text
    assert "limit 8.00 %" in text
    assert "\x1b[32madds up" in text


def test_money_of_depositors_does_not_look_like_a_gain(run: Any) -> None:
    flows = run.result["attribution"] | {"deposits": 454_848.37, "withdrawals": -54_724.98}
    assert "$454,848 deposited, $54,725 redeemed" in shown(run.result | {"attribution": flows})
    assert "deposited" not in shown(run.result | {"attribution": flows | {"deposits": 0.0, "withdrawals": 0.0}})


def test_what_broke_is_red_and_named(run: Any) -> None:
    breach = {"limit": "net_delta", "cycles": 3, "worst_headroom": -0.25, "first": "2025-07-01T00:00:00Z"}
    text = shown(run.result | {"breached_limits": [breach], "attribution_adds_up": False, "liquidations": 1})
    assert text.count("\x1b[1;31m") == 3
    assert "net_delta (3 cycles)" in text


def test_progress_counts_cycles() -> None:
    bar = progress(10, "Replaying")
    bar.advance(bar.task_ids[0], 4)
    assert (bar.tasks[0].completed, bar.tasks[0].total) == (4, 10)
