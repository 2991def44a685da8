"""The report of a run: one HTML file that needs no network and no other file."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent.ledger.attribution import PARTS
from agent.ledger.files import write_text
from agent.ledger.store import DecisionRow
from agent.report import findings, words
from agent.report.plots import PART_COLOURS, plots
from agent.report.series import curves

if TYPE_CHECKING:
    from pandas import DataFrame

REPORT_FILE = "report.html"
EXPLAINED = {
    "funding": "paid by the perp venue every hour",
    "interest": "of the collateral at Aave, less that of the loan",
    "price": "both legs over the move of the oracle price",
    "basis": "the perp over the move of its mark against the oracle price",
    "fees": "pool fee and perp venue's fee",
    "slippage": "fills against the price of valuation, before fees",
    "liquidation": "forced closes, beyond the move of the mark",
    "gas": "paid by the agent's own account",
    "deposits": "depositors' money in",
    "withdrawals": "depositors' money out",
    "unexplained": "what the parts above leave over: rounding",
}


def write_report(folder: Path, result: dict[str, Any], cycles: "DataFrame", decisions: Sequence[DecisionRow]) -> Path:
    """Write report.html into `folder`, whole or not at all, and return its path.

    Parameters
    ----------
    result : what `summarise` gave, or result.json
    cycles : `Ledger.cycles_table()`, or cycles.parquet
    decisions : `Ledger.largest_decisions()`, largest first
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("agent.report", "."), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.globals.update(words=words, findings=findings)
    page = environment.get_template("report.html").render(
        result=result,
        strategy=result["strategy"],
        synthetic=result["synthetic"],
        summary=findings.summary(result),
        first_s=int(cycles["time_s"].iloc[0]),
        last_s=int(cycles["time_s"].iloc[-1]),
        plots=plots(curves(cycles, result["volatility_interval_h"]), result),
        parts=[_part(part, result) for part in PARTS],
        months=_months(cycles),
        month_parts=[part for part in PART_COLOURS if result["attribution"][part]],
        decisions=decisions,
        headline=_headline(result),
    )
    return write_text(folder / REPORT_FILE, page)


def _headline(result: dict[str, Any]) -> list[tuple[str, str, str, str]]:
    """Label, value, remark and state ("good", "bad" or "") of each headline number."""
    change = result["share_price_end"] / result["share_price_start"] - 1
    costs = result["trading_fees"] + result["slippage_paid"] + result["gas_paid_usd"]
    breached = len(result["breached_limits"])
    drawdown_limit = result["max_drawdown_limit"]
    adds_up = result["attribution_adds_up"]
    percent, usd = words.percent, words.usd
    return [
        (
            "Share price",
            percent(change, signed=True),
            f"{percent(result['return_annualised'], signed=True)} a year",
            "",
        ),
        ("Net asset value", usd(result["nav_end"]), f"from {usd(result['nav_start'])}, net of gas", ""),
        (
            "Realised volatility",
            percent(result["realised_volatility"]),
            f"target {percent(result['target_volatility'])}, from {result['volatility_interval_h']} h returns, a year",
            "",
        ),
        (
            "Deepest drawdown",
            percent(result["max_drawdown"]),
            f"limit {percent(drawdown_limit)}",
            "bad" if result["max_drawdown"] > drawdown_limit else "",
        ),
        ("Largest net delta", percent(result["max_abs_net_delta"]), "of NAV, either way", ""),
        ("Gross leverage", _times(result["max_gross_leverage"]), "largest, both legs over NAV", ""),
        (
            words.income(result),
            usd(result["funding_received"] + result["interest_received"]),
            f"costs {usd(costs)}: fees, slippage, gas",
            "",
        ),
        (
            "Plans",
            f"{result['plans']:,}",
            f"{words.count(result['transactions'], 'transaction')}, {usd(result['traded_usd'])} traded",
            "",
        ),
        (
            "Limits breached",
            f"{breached}",
            words.count(result["liquidations"], "liquidation"),
            "bad" if breached or result["liquidations"] else "good",
        ),
        (
            "Attribution",
            "adds up" if adds_up else "does NOT add up",
            f"{usd(result['attribution']['unexplained'], 6)} unexplained",
            "good" if adds_up else "bad",
        ),
    ]


def _times(value: float | None) -> str:
    return words.UNKNOWN if value is None else f"{value:.2f}x"


def _part(part: str, result: dict[str, Any]) -> dict[str, Any]:
    value = result["attribution"][part]
    start = result["nav_start"]
    digits = 6 if part == "unexplained" else 2
    return {
        "name": words.name(part).capitalize(),
        "explained": EXPLAINED[part],
        "usd": words.usd(value, digits, signed=True),
        "share": words.percent(value / start, 3, signed=True) if start else "",
        "colour": PART_COLOURS.get(part, "transparent"),
    }


def _months(cycles: "DataFrame") -> list[dict[str, Any]]:
    """Every calendar month (UTC): return of the share price, and the parts of the attribution in USD."""
    import pandas as pd

    month = pd.to_datetime(cycles["time_s"], unit="s").dt.strftime("%Y-%m")
    opening = cycles["share_price"].iloc[0]
    rows = []
    for label, rows_of_month in cycles.groupby(month, sort=True):
        closing = rows_of_month["share_price"].iloc[-1]
        sums = {part: words.usd(float(rows_of_month[f"{part}_usd"].sum()), signed=True) for part in PARTS}
        rows.append({"month": label, "return": words.percent(closing / opening - 1, signed=True), "parts": sums})
        opening = closing
    return rows
