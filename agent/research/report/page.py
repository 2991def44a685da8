"""Writes the page of a backtest: one HTML file that needs no network and no other file."""

import math
from collections.abc import Iterator
from pathlib import Path

from agent.config import CarryStrategy
from agent.ledger.files import write_text
from agent.report import words
from agent.research.promotion.stages import MOST_DEGRADATION
from agent.research.report.pictures import pictures, sensitivity_pictures
from agent.research.report.study import Study
from agent.research.validation.report import Validation

Headline = tuple[str, str, str, str]  # label, value, remark, and state: "good", "bad" or ""


def write_page(path: Path, found: Study, validated: Validation | None = None) -> Path:
    """Write the page, whole or not at all, and return its path.

    Parameters
    ----------
    validated : of the same strategy and market; adds what the search around it explains
    """
    from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

    loader = ChoiceLoader([PackageLoader("agent.research.report", "."), PackageLoader("agent.report", ".")])
    environment = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    environment.globals.update(words=words)
    time_s = found.walked.time_s
    page = environment.get_template("backtest.html").render(
        study=found,
        strategy=found.done.strategy,
        synthetic=found.done.synthetic,
        first_s=int(time_s[0]),
        last_s=int(time_s[-1]),
        headline=list(_headline(found)),
        plots=pictures(found),
        varied=sensitivity_pictures(found),
        intervals=list(_intervals(found)),
        conditions=list(_conditions(found)),
        summary=_summary(found),
        split=(_ratio(found.split.first), _ratio(found.split.rest)),
        most_degradation=MOST_DEGRADATION,
        schemes=[] if validated is None else list(_schemes(validated)),
        luck="" if validated is None else _luck(validated),
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    return write_text(path, page)


def _summary(found: Study) -> str:
    """The backtest in two or three sentences."""
    measures = found.done.measures
    sharpe = found.intervals.get("Sharpe ratio")
    known = (
        "too few days for an interval"
        if sharpe is None
        else f"95 % interval {_ratio(sharpe.low)} to {_ratio(sharpe.high)}"
    )
    text = f"Sharpe ratio {_ratio(measures['sharpe'])} a year ({known})"
    if math.isfinite(found.split.lost):
        side = "less" if found.split.lost > 0 else "more"
        text += f"; {words.percent(abs(found.split.lost), 0)} {side} on the last 40 % than on the first 60 %"
    latched = found.walked.vault.latched_s
    stopped = "" if latched is None else f" A loss limit stopped it on {words.day(latched)}, for good."
    return f"{text}.{stopped}"


def _headline(found: Study) -> Iterator[Headline]:
    measures, policy = found.done.measures, found.config.policy
    percent, usd = words.percent, words.usd
    total, yearly = percent(measures["total_return"], signed=True), percent(measures["annual_return"], signed=True)
    yield "Return", total, f"{yearly} a year, after all costs", ""
    yield "Net asset value", usd(measures["final_usd"]), "at the end", ""
    yield "Sharpe ratio", _ratio(measures["sharpe"]), "a year, of daily returns", ""
    yield "Volatility", percent(measures["annual_volatility"]), "a year, of daily returns", ""
    worst = found.walked.vault.worst_fall
    state = "bad" if worst > policy.max_drawdown else ""
    yield "Deepest drawdown", percent(worst), f"hour by hour; limit {percent(policy.max_drawdown)}", state
    yield "Lost out of sample", *_lost(found)
    yield "In the market", percent(measures["time_in_market"], 0), "of all hours", ""
    costs = usd(measures["costs_usd"] + measures["gas_usd"])
    if isinstance(found.config.strategy, CarryStrategy):
        yield "Funding", usd(measures["funding_usd"]), f"costs {costs}", ""
    else:
        yield "Costs", costs, "fees, slippage, gas", ""
    yield "Plans", f"{measures['plans']:,.0f}", f"{measures['turnover_per_year']:.1f}x NAV traded a year", ""
    hurt = measures["liquidations"] > 0 or found.walked.vault.latched_s is not None
    stopped = "no loss limit touched" if found.walked.vault.latched_s is None else "stopped by a loss limit"
    yield "Liquidations", f"{measures['liquidations']:.0f}", stopped, "bad" if hurt else "good"


def _lost(found: Study) -> tuple[str, str, str]:
    """Value, remark and state of what the last 40 % of the days did not confirm."""
    lost, wanted = found.split.lost, f"of the Sharpe ratio; below {words.percent(MOST_DEGRADATION, 0)} is wanted"
    if not math.isfinite(lost):
        return words.UNKNOWN, "the first 60 % of the days had no gain to lose", ""
    value = "nothing" if lost <= 0 else words.percent(lost, 0)
    return value, wanted, "good" if lost < MOST_DEGRADATION else "bad"


def _intervals(found: Study) -> Iterator[tuple[str, str, str, str, str]]:
    """Name, value, lower and upper end, and the mean block length."""
    for name, one in found.intervals.items():
        show = _ratio if name.endswith("ratio") else words.percent
        yield name.capitalize(), show(one.value), show(one.low), show(one.high), words.count(one.block, "day")


def _conditions(found: Study) -> Iterator[tuple[str, str, str, str, str]]:
    """Name, return, Sharpe ratio, drawdown and costs under each condition."""
    for one in found.stressed:
        measures = one.done.measures
        costs = measures["costs_usd"] + measures["gas_usd"]
        shown = words.percent(measures["annual_return"], signed=True), _ratio(measures["sharpe"])
        yield one.name.capitalize(), *shown, words.percent(measures["max_drawdown"]), words.usd(costs)


def _schemes(validated: Validation) -> Iterator[tuple[str, str, str, str, str]]:
    """Name, folds, part with a gain, median and worst Sharpe ratio of each way to choose again and again."""
    for one in validated.schemes:
        scores = _ratio(one.median_sharpe), _ratio(one.worst_sharpe)
        yield one.name.capitalize(), str(one.folds), words.percent(one.positive, 0), *scores


def _luck(validated: Validation) -> str:
    """What the search itself explains of the best one's score."""
    count = len(validated.snooping.superior)
    likely = "more than 99.9 %" if validated.deflated > 0.999 else words.percent(validated.deflated, 1)
    stand = {0: "none beats", 1: "one beats"}.get(count, f"{count} beat")
    return (
        f"The best of {validated.tried} tried is better than the best of as many worthless ones with a probability of "
        f"{likely} (deflated Sharpe ratio). Against cash, SPA gives p = "
        f"{validated.snooping.p_value:.3f}, and {stand} it after correction for all of them (StepM)."
    )


def _ratio(value: float) -> str:
    return f"{value:.2f}".replace("-", words.MINUS) if math.isfinite(value) else words.UNKNOWN
