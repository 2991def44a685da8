"""Rules between the values of `strategy.scaling`, and between them and the rest of the strategy."""

from collections.abc import Iterator, Mapping

from agent.reasons import Code, Reason

Values = Mapping[str, object]  # dotted key to value, for every key that is valid by itself

LONGEST_DCA_H = 2 * 365 * 24
# method, the key that must be smaller, the key that must be larger, and why
ORDERED = (
    ("mean_reversion", "full_z", "stop_z", "the stop lies beyond full size"),
    ("depth", "thin_usd", "full_usd", "the factor rises between them"),
    ("ladder", "first", "last", "the steps lie between them"),
)
NEEDED = {
    ("band", "fixed"): ("width",),
    ("band", "relative"): ("width",),
    ("band", "cost_variance"): ("cost", "risk_aversion"),
    ("ladder", "linear"): ("last",),
}


def scaling_inconsistencies(values: Values) -> Iterator[Reason]:
    """Everything in `strategy.scaling` that contradicts something else; `where` holds the dotted key to change."""
    for place in dict.fromkeys(".".join(key.split(".")[:3]) for key in values if key.startswith("strategy.scaling.")):
        method = values.get(f"{place}.method")
        for name, smaller, larger, why in ORDERED:
            low, high = _number(values, f"{place}.{smaller}"), _number(values, f"{place}.{larger}")
            if method == name and low is not None and high is not None and not low < high:
                message = f"{low:g} must be below {larger}, which is {high:g}: {why}"
                yield _contradiction(f"{place}.{smaller}", message, low, high)
        chosen = values.get(f"{place}.rule" if method == "band" else f"{place}.spacing")
        for needed in NEEDED.get((str(method), str(chosen)), ()):
            if f"{place}.{needed}" not in values:
                key = f"{place}.{needed}"
                yield Reason(Code.CONFIG_MISSING, f"{key} is missing; {method} by {chosen} needs it", where=key)
        yield from _against_the_strategy(place, str(method), values)


def _against_the_strategy(place: str, method: str, values: Values) -> Iterator[Reason]:
    kind, widest = values.get("strategy.kind"), _number(values, "strategy.sizing.band")
    if method == "ladder" and values.get(f"{place}.signal") == "funding" and kind != "carry":
        message = f"{place}.signal: a strategy of kind {kind} has no funding; use discount or momentum"
        yield Reason(Code.CONFIG_OUT_OF_RANGE, message, where=f"{place}.signal")
    if method == "dca" and values.get(f"{place}.missed") == "lost" and kind == "carry":
        # The first cycle brings margin, a later one the legs: the instalment would be lost in between, every time.
        message = f"{place}.missed: the legs of carry follow their margin some cycles later; use caught_up"
        yield Reason(Code.CONFIG_OUT_OF_RANGE, message, where=f"{place}.missed")
    interval, instalments = _number(values, f"{place}.interval_h"), _number(values, f"{place}.instalments")
    if method == "dca" and interval is not None and instalments is not None and interval * instalments > LONGEST_DCA_H:
        message = (
            f"{instalments:g} intervals of {interval:g} h are longer than the two years that a decision looks back"
        )
        yield _contradiction(f"{place}.instalments", message, interval * instalments, LONGEST_DCA_H)
    least = _number(values, f"{place}.least")
    if method == "band" and least is not None and widest is not None and least > widest:
        message = f"{least:g} must be at most strategy.sizing.band, which is {widest:g}: a method only narrows the band"
        yield _contradiction(f"{place}.least", message, least, widest)


def _number(values: Values, key: str) -> float | None:
    value = values.get(key)
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _contradiction(key: str, message: str, value: float, bound: float) -> Reason:
    return Reason(Code.CONFIG_OUT_OF_RANGE, f"{key}: {message}", value, bound, key)
