"""A run in the terminal: its headline numbers in one table, and the bar while it lasts."""

from typing import TYPE_CHECKING, Any

from agent.report import findings
from agent.report.words import count, income, percent, usd

if TYPE_CHECKING:
    from rich.progress import Progress
    from rich.table import Table

GOOD, BAD = "green", "bold red"


def summary_table(result: dict[str, Any]) -> "Table":
    """Headline numbers of `result` with their units; what is breached is red, what holds is green."""
    from rich.table import Table

    table = Table(title=_title(result), title_justify="left", show_header=False, box=None, padding=(0, 2, 0, 0))
    table.add_column(style="dim")
    table.add_column(justify="right")
    table.add_column(style="dim")
    yearly = percent(result["return_annualised"], signed=True)
    change = result["share_price_end"] / result["share_price_start"] - 1
    breaches = result["breached_limits"]
    adds_up = result["attribution_adds_up"]
    deep = result["max_drawdown"] > result["max_drawdown_limit"]
    broken = ", ".join(f"{breach['limit']} ({count(breach['cycles'], 'cycle')})" for breach in breaches)
    target = percent(result["target_volatility"])
    rows = [
        ("Share price", percent(change, signed=True), f"{yearly} a year"),
        ("Net asset value", usd(result["nav_end"]), f"from {usd(result['nav_start'])}, {_flows(result)}net of gas"),
        ("Realised volatility", percent(result["realised_volatility"]), f"a year, target {target}"),
        ("Deepest drawdown", _coloured(percent(result["max_drawdown"]), not deep), f"limit {_limit(result)}"),
        ("Largest net delta", percent(result["max_abs_net_delta"]), "of NAV"),
        (income(result), usd(result["funding_received"] + result["interest_received"]), ""),
        ("Fees, slippage, gas", usd(_costs(result)), f"{usd(result['gas_paid_usd'], 2)} of it gas"),
        ("Plans", f"{result['plans']:,}", f"{count(result['transactions'], 'transaction')}, {_speed(result)}"),
        ("Refusals", f"{sum(result['refusals'].values()):,}", findings.refusals(result)),
        ("Limits breached", _coloured(str(len(breaches)), not breaches), broken or findings.headroom(result)),
        ("Liquidations", _coloured(str(result["liquidations"]), not result["liquidations"]), ""),
        ("Attribution", _coloured("adds up" if adds_up else "does not add up", adds_up), _unexplained(result)),
    ]
    for row in rows:
        table.add_row(*row)
    return table


def progress(cycles: int, title: str) -> "Progress":
    """A bar over `cycles` steps; use as a context manager and call `advance(bar.task_ids[0])` after each."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    bar = Progress(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    bar.add_task(title, total=cycles)
    return bar


def _flows(result: dict[str, Any]) -> str:
    """What depositors brought and took: without it their money would look like a gain."""
    brought, took = result["attribution"]["deposits"], -result["attribution"]["withdrawals"]
    return f"{usd(brought)} deposited, {usd(took)} redeemed, " if brought or took else ""


def _title(result: dict[str, Any]) -> str:
    market = "[black on yellow] SYNTHETIC [/] " if result["synthetic"] else ""
    return f"[bold]{result['strategy']}[/]  {market}{result['from'][:10]} to {result['to'][:10]}"


def _coloured(text: str, good: bool) -> str:
    return f"[{GOOD if good else BAD}]{text}[/]"


def _costs(result: dict[str, Any]) -> float:
    return float(result["trading_fees"] + result["slippage_paid"] + result["gas_paid_usd"])


def _limit(result: dict[str, Any]) -> str:
    return percent(result["max_drawdown_limit"])


def _speed(result: dict[str, Any]) -> str:
    speed = result["cycles_per_second"]
    return f"{result['wall_seconds']:.1f} s" + ("" if speed is None else f", {speed:.1f} cycles a second")


def _unexplained(result: dict[str, Any]) -> str:
    return f"{usd(result['attribution']['unexplained'], 6)} unexplained"
