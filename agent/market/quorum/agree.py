"""One round: readings of several sources in, agreements and coded rejections out; pure."""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from types import MappingProxyType

from agent.config import ObserveConfig
from agent.market.quorum.memory import Key, Memory, Repeated, SourceKey
from agent.market.quorum.rules import COMPARED, FUTURE_TOLERANCE_MS, MAD_TO_SIGMA, PRICES, RATES, Rules
from agent.market.reading import UNITS, Agreement, Quantity, Reading, Rejection
from agent.reasons import Code, Reason

MAJORITY = 0.5


@dataclass(frozen=True, slots=True)
class Round:
    """Everything that came of one round. What has no agreement has a rejection that says why."""

    agreements: tuple[Agreement, ...]
    rejections: tuple[Rejection, ...]
    memory: Memory

    def find(self, base: str, quantity: Quantity) -> Agreement | None:
        """The agreement on a quantity of an asset, or None."""
        return next((one for one in self.agreements if (one.base, one.quantity) == (base, quantity)), None)


def agree(
    readings: Iterable[Reading],
    now_ms: int,
    config: ObserveConfig,
    memory: Memory,
    wanted: Iterable[tuple[str, Quantity]] = (),
) -> Round:
    """Judges the readings of every asset and every quantity that venues must agree about.

        kept = readings with |value - median| <= outlier_sigmas * max(1.4826 * MAD, least scale)

    A value counts as agreed when at least `min_sources` that answered in time are kept, more than half of those that
    answered are, what is kept lies within the largest spread, and the median did not jump from the last one. A jump
    that the next round confirms is the market's and is accepted then.

    Parameters
    ----------
    readings : what the sources told; quantities that differ from venue to venue are passed over
    now_ms : the instant of the round, unix milliseconds
    config : the bounds
    memory : of the round before
    wanted : pairs of asset and quantity that must come to an agreement: without any reading they are a rejection

    Returns
    -------
    Agreements, rejections and the memory for the next round.
    """
    grouped: dict[Key, list[Reading]] = defaultdict(list)
    for key in wanted:
        grouped[key] = []
    for reading in readings:
        if reading.quantity in COMPARED:
            grouped[reading.base, reading.quantity].append(reading)
    agreements, rejections = [], []
    agreed, unconfirmed = dict(memory.agreed), {}
    repeated: dict[SourceKey, Repeated] = {}
    for key, group in grouped.items():
        judged = _judge(key, group, now_ms, Rules.of(key[1], config), memory)
        rejections += judged.rejections
        repeated |= judged.repeated
        if judged.agreement is not None:
            agreements.append(judged.agreement)
            agreed[key] = judged.agreement.value
        elif judged.jumped_to is not None:
            unconfirmed[key] = judged.jumped_to
    after = Memory(MappingProxyType(agreed), MappingProxyType(unconfirmed), MappingProxyType(repeated))
    return Round(tuple(agreements), tuple(rejections), after)


@dataclass(frozen=True, slots=True)
class _Judged:
    agreement: Agreement | None
    rejections: list[Rejection]
    repeated: Mapping[SourceKey, Repeated]
    jumped_to: float | None = None


def _judge(key: Key, group: list[Reading], now_ms: int, rules: Rules, memory: Memory) -> _Judged:
    rejections: list[Rejection] = []
    usable: list[Reading] = []
    for reading in group:
        reason = _unusable(reading, [one.source for one in usable])
        if reason is None:
            usable.append(reading)
        else:
            rejections.append(Rejection(reading.source, key[0], key[1], reason))
    values = {reading.source: _comparable(reading) for reading in usable}
    repeated = _repetitions(key, values, memory) if key[1] in PRICES else {}
    timely: list[Reading] = []
    for reading in usable:
        reason = _untimely(reading, now_ms, rules) or _frozen(key, reading, values, repeated, rules)
        if reason is None:
            timely.append(reading)
        else:
            rejections.append(Rejection(reading.source, key[0], key[1], reason))

    def none(code: Code, message: str, value: float, bound: float, where: str, jump: float | None = None) -> _Judged:
        reason = Reason(code, f"{key[0]} {key[1]}: {message}", value, bound, f"{rules.where}.{where}")
        return _Judged(None, [*rejections, Rejection("quorum", key[0], key[1], reason)], repeated, jump)

    if len(timely) < rules.min_sources:
        return none(
            Code.QUORUM_TOO_FEW, "too few sources answered in time", len(timely), rules.min_sources, "min_sources"
        )
    middle = median(values[reading.source] for reading in timely)
    deviation = median(rules.distance(values[reading.source], middle) for reading in timely)
    bound = rules.outlier_sigmas * max(MAD_TO_SIGMA * deviation, rules.least_scale)
    kept = []
    for reading in timely:
        distance = rules.distance(values[reading.source], middle)
        if distance <= bound:
            kept.append(reading)
        else:
            message = f"{values[reading.source]:g} is far from the median {middle:g}"
            reason = Reason(Code.SOURCE_OUTLIER, message, distance, bound, f"{rules.where}.outlier_sigmas")
            rejections.append(Rejection(reading.source, key[0], key[1], reason))
    if len(kept) < rules.min_sources:
        return none(Code.QUORUM_TOO_FEW, "too few sources agree", len(kept), rules.min_sources, "min_sources")
    if len(kept) <= MAJORITY * len(timely):
        return none(Code.QUORUM_NO_MAJORITY, "no majority agrees", len(kept), MAJORITY * len(timely), "outlier_sigmas")
    agreed = [values[reading.source] for reading in kept]
    value = median(agreed)
    spread = rules.distance(max(agreed), value) + rules.distance(min(agreed), value)
    if spread > rules.max_spread:
        name = "max_price_spread" if rules.relative else "max_funding_spread_1h"
        return none(Code.QUORUM_SPREAD, "the sources are too far apart", spread, rules.max_spread, name)
    last = memory.agreed.get(key)
    jump = 0.0 if last is None else rules.distance(value, last)
    if last is not None and jump > rules.max_jump:
        candidate = memory.unconfirmed.get(key)
        if candidate is None or rules.distance(value, candidate) > rules.max_jump:
            name = "max_price_jump" if rules.relative else "max_funding_jump_1h"
            message = f"{value:g} after {last:g}; believed when the next round says so too"
            return none(Code.QUORUM_JUMP, message, jump, rules.max_jump, name, value)
    agreement = Agreement(
        base=key[0],
        quantity=key[1],
        value=value,
        unit="decimal per hour" if key[1] in RATES else UNITS[key[1]],
        sources=tuple(sorted(reading.source for reading in kept)),
        asked=len(group),
        spread=spread,
        oldest_at_ms=min(reading.at_ms for reading in kept),
    )
    return _Judged(agreement, rejections, repeated)


def _unusable(reading: Reading, heard: Sequence[str]) -> Reason | None:
    """Why a reading cannot be compared at all; readers refuse most of this at the door."""
    where = f"{reading.source}: {reading.market}"
    if reading.source in heard:
        return Reason(Code.SOURCE_MALFORMED, "a source counts once, and this one told the quantity twice", where=where)
    if not math.isfinite(reading.value):
        return Reason(Code.DATA_NOT_FINITE, f"the value is {reading.value}", where=where)
    if reading.quantity in PRICES and reading.value <= 0:
        return Reason(Code.DATA_NOT_POSITIVE, "a price of zero or less", reading.value, 0.0, where)
    if reading.quantity in RATES and not (reading.interval_h is not None and 0 < reading.interval_h < math.inf):
        return Reason(Code.FUNDING_INTERVAL_UNKNOWN, "a rate without its interval", reading.interval_h, where=where)
    return None


def _comparable(reading: Reading) -> float:
    """The value as venues can be compared: rates per hour."""
    return reading.value if reading.interval_h is None else reading.value / reading.interval_h


def _untimely(reading: Reading, now_ms: int, rules: Rules) -> Reason | None:
    age_ms = now_ms - reading.at_ms
    if age_ms > rules.max_age_ms:
        age, most = age_ms / 1_000, rules.max_age_ms / 1_000
        return Reason(Code.SOURCE_STALE, f"stamped {age:.1f} s ago", age, most, f"{rules.where}.max_age_s")
    if age_ms < -FUTURE_TOLERANCE_MS:
        ahead = -age_ms / 1_000
        return Reason(Code.SOURCE_FUTURE, f"stamped {ahead:.1f} s ahead", ahead, FUTURE_TOLERANCE_MS / 1_000)
    return None


def _repetitions(key: Key, values: Mapping[str, float], memory: Memory) -> dict[SourceKey, Repeated]:
    found = {}
    for source, value in values.items():
        before = memory.repeated.get((source, *key))
        if before is not None and before.value == value:
            found[source, *key] = Repeated(value, before.rounds + 1, before.others_then)
        else:
            others = [other for name, other in values.items() if name != source]
            found[source, *key] = Repeated(value, 1, median(others) if others else value)
    return found


def _frozen(
    key: Key, reading: Reading, values: Mapping[str, float], repeated: Mapping[SourceKey, Repeated], rules: Rules
) -> Reason | None:
    """A fresh stamp on an old value: it stood still for several rounds while the others moved."""
    seen = repeated.get((reading.source, *key))
    others = [value for name, value in values.items() if name != reading.source]
    if seen is None or seen.rounds < rules.frozen_polls or not others:
        return None
    moved = rules.distance(median(others), seen.others_then)
    if moved <= rules.least_scale:
        return None
    message = f"{seen.value:g} in {seen.rounds} rounds while the others moved by {moved:.2%}"
    return Reason(Code.SOURCE_FROZEN, message, float(seen.rounds), float(rules.frozen_polls), "observe.frozen_polls")
