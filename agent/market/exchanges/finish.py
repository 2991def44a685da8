"""Closes what was collected of one market: numbers that contradict each other go, intervals and dollars come in."""

from collections.abc import Collection

from agent.market.exchanges import door
from agent.market.exchanges.door import TurnedAway
from agent.market.exchanges.facts import Facts
from agent.market.exchanges.intervals import interval_from_settlements
from agent.market.reading import Quantity, Reading, VenueAnswer
from agent.reasons import Code, Reason


def finish(facts: Facts, wanted: Collection[Quantity]) -> VenueAnswer:
    """Everything that one venue says of one asset and that can be used, limited to what is wanted."""
    if facts.closed is not None:
        facts.rejections.clear()
        facts.reject(None, facts.closed)
        return VenueAnswer(facts.market.venue, facts.market.base, (), tuple(facts.rejections))
    _prices(facts)
    _open_interest(facts)
    _funding(facts)
    readings = tuple(reading for quantity, reading in facts.readings.items() if quantity in wanted)
    rejections = tuple(one for one in facts.rejections if one.quantity is None or one.quantity in wanted)
    return VenueAnswer(facts.market.venue, facts.market.base, readings, rejections)


def _drop(facts: Facts, reason: Reason, *quantities: Quantity) -> None:
    for quantity in quantities:
        if facts.readings.pop(quantity, None) is not None:
            facts.reject(quantity, reason)


def _value(facts: Facts, quantity: Quantity) -> float | None:
    reading = facts.readings.get(quantity)
    return None if reading is None else reading.value


def _prices(facts: Facts) -> None:
    bid, ask = _value(facts, Quantity.BEST_BID), _value(facts, Quantity.BEST_ASK)
    if bid is not None and ask is not None and bid >= ask:
        reason = Reason(Code.DATA_INCONSISTENT, "the book is crossed: best bid (value) at or above best ask", bid, ask)
        _drop(facts, reason, Quantity.BEST_BID, Quantity.BEST_ASK, Quantity.BID_DEPTH_USD, Quantity.ASK_DEPTH_USD)
    mark, index = _value(facts, Quantity.MARK_PRICE), _value(facts, Quantity.INDEX_PRICE)
    if mark is not None and index is not None and not door.agree(mark, index):
        reason = Reason(Code.DATA_INCONSISTENT, "mark price (value) and index price contradict each other", mark, index)
        _drop(facts, reason, Quantity.MARK_PRICE, Quantity.INDEX_PRICE)


def _open_interest(facts: Facts) -> None:
    """Coins and dollars must tell of the same positions; what the venue does not say itself follows from its price."""
    base, usd = facts.readings.get(Quantity.OPEN_INTEREST), facts.readings.get(Quantity.OPEN_INTEREST_USD)
    price = facts.readings.get(Quantity.MARK_PRICE) or facts.readings.get(Quantity.INDEX_PRICE)
    if price is None or (base is None and usd is None):
        return
    if base is not None and usd is not None:
        if not door.agree(base.value * price.value, usd.value):
            reason = Reason(
                Code.DATA_INCONSISTENT,
                "open interest in coins times the price (value) is not open interest in dollars",
                base.value * price.value,
                usd.value,
            )
            _drop(facts, reason, Quantity.OPEN_INTEREST, Quantity.OPEN_INTEREST_USD)
        return
    told = base or usd
    if told is None:
        return
    missing = Quantity.OPEN_INTEREST_USD if told is base else Quantity.OPEN_INTEREST
    value = told.value * price.value if told is base else told.value / price.value
    facts.put(missing, value, told.at_ms if told.stamped else None)


def _funding(facts: Facts) -> None:
    interval_h = _interval(facts)
    _settled(facts)
    for quantity, (value, at_ms, stamped) in facts.rates.items():
        if facts.funding_is_void:
            continue
        if interval_h is None:
            message = f"{facts.market.venue} does not say how often {facts.market.id} settles, nor do its settlements"
            facts.reject(quantity, Reason(Code.FUNDING_INTERVAL_UNKNOWN, message))
            continue
        try:
            door.rate(quantity, value, interval_h)
        except TurnedAway as away:
            facts.reject(quantity, away.reason)
            continue
        facts.readings[quantity] = facts.reading(quantity, value, at_ms if stamped else None, interval_h=interval_h)
    if facts.next_settlement_ms is not None:
        facts.readings[Quantity.NEXT_SETTLEMENT] = facts.reading(
            Quantity.NEXT_SETTLEMENT, facts.next_settlement_ms / 1_000, None
        )


def _interval(facts: Facts) -> float | None:
    """As the venue says it; else as its settlements, with the one that is due, show it."""
    if facts.interval_h is not None:
        return facts.interval_h
    times_ms = list(facts.settlements)
    if facts.next_settlement_ms is not None:
        times_ms.append(facts.next_settlement_ms)
    return interval_from_settlements(times_ms)


def _settled(facts: Facts) -> None:
    """The last settlement, with the interval that it closed."""
    if not facts.settlements or Quantity.SETTLED_FUNDING_RATE in facts.readings:
        return
    at_ms = max(facts.settlements)
    interval_h = interval_from_settlements(list(facts.settlements))
    if interval_h is None:
        message = f"{facts.market.venue} {facts.market.id}: the last settlements do not say how long their interval was"
        facts.reject(Quantity.SETTLED_FUNDING_RATE, Reason(Code.FUNDING_INTERVAL_UNKNOWN, message))
        return
    try:
        value = door.rate(Quantity.SETTLED_FUNDING_RATE, facts.settlements[at_ms], interval_h)
    except TurnedAway as away:
        facts.reject(Quantity.SETTLED_FUNDING_RATE, away.reason)
        return
    reading: Reading = facts.reading(Quantity.SETTLED_FUNDING_RATE, value, at_ms, interval_h=interval_h)
    facts.readings[Quantity.SETTLED_FUNDING_RATE] = reading
