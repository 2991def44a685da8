"""What each plot shows, in one sentence: a title says the finding, not the name of the axis."""

from typing import Any

from agent.report.words import count, name, percent, usd_short

Result = dict[str, Any]


def summary(result: Result) -> str:
    """The run in two sentences."""
    breaches = result["breached_limits"]
    limits = (
        f"{count(len(breaches), 'limit was', 'limits were')} breached: {', '.join(name(b['limit']) for b in breaches)}."
        if breaches
        else "No limit was breached."
    )
    books = "" if result["attribution_adds_up"] else " The attribution does NOT add up: trust no figure of this run."
    return f"{share_price(result)} {limits}{books}"


def share_price(result: Result) -> str:
    """How the share price moved, and what of the change of NAV was depositors' money."""
    change = result["share_price_end"] / result["share_price_start"] - 1
    verb = "rose" if change > 0 else "fell" if change < 0 else "stayed"
    moved = f"Share price {verb}" + (f" {percent(abs(change))}" if change else " where it was")
    yearly = result["return_annualised"]
    return f"{moved}." if yearly is None else f"{moved}, which is {percent(yearly, signed=True)} a year."


def net_asset_value(result: Result) -> str:
    """From where to where, and how much of it came from depositors."""
    flows = result["attribution"]["deposits"] + result["attribution"]["withdrawals"]
    path = f"NAV went from {usd_short(result['nav_start'])} to {usd_short(result['nav_end'])}"
    if flows == 0:
        return f"{path}."
    return f"{path}; depositors {'brought' if flows > 0 else 'took'} {usd_short(abs(flows))} of that."


def exposure(result: Result) -> str:
    """How well the legs offset each other."""
    delta, leverage = result["max_abs_net_delta"], result["max_gross_leverage"]
    if delta is None:
        return "The vault was empty."
    return f"Net delta stayed within {percent(delta)} of NAV at up to {leverage:.2f}x gross leverage."


def volatility(result: Result) -> str:
    """Realised against target."""
    realised, target = result["realised_volatility"], result["target_volatility"]
    if realised is None:
        return "Too few days since the first plan for a volatility."
    if target is None:
        return f"Volatility was {percent(realised)} a year."
    side = "above" if realised > target else "below"
    return f"Volatility was {percent(realised)} a year, {side} the target of {percent(target)}."


def attribution(result: Result) -> str:
    """What earned most and what cost most, depositors' money apart."""
    parts = {key: value for key, value in result["attribution"].items() if key not in ("deposits", "withdrawals")}
    best, worst = max(parts, key=lambda key: parts[key]), min(parts, key=lambda key: parts[key])
    gained = f"{name(best).capitalize()} earned {usd_short(parts[best])}" if parts[best] > 0 else "Nothing earned"
    lost = f"{name(worst)} cost most, {usd_short(-parts[worst])}" if parts[worst] < 0 else "nothing cost"
    return f"{gained}; {lost}."


def drawdown(result: Result) -> str:
    """The deepest one against the limit."""
    deepest, limit = result["max_drawdown"], result["max_drawdown_limit"]
    return f"The deepest drawdown was {percent(deepest)}, {percent(deepest / limit, 0)} of what the policy allows."


def headroom(result: Result) -> str:
    """The limit that came closest."""
    smallest = {limit: value for limit, value in result["limit_headroom"].items() if value is not None}
    if not smallest:
        return "No limit was measured."
    closest = min(smallest, key=lambda limit: smallest[limit])
    if smallest[closest] < 0:
        return f"The limit on {name(closest)} was breached."
    return f"{name(closest).capitalize()} came closest to its limit, with {percent(smallest[closest], 0)} of it left."


def refusals(result: Result) -> str:
    """How many, and the most frequent one."""
    counts: dict[str, int] = result["refusals"]
    if not counts:
        return "Nothing was refused."
    most = max(counts, key=lambda code: counts[code])
    return f"{count(sum(counts.values()), 'refusal')}, most often {name(most)}."
