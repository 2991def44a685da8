"""What is being collected of one venue's market: readings that passed the door, and what was turned away."""

from collections.abc import Iterable

from agent.market.exchanges import door
from agent.market.exchanges.door import TurnedAway
from agent.market.exchanges.market import Market
from agent.market.reading import Quantity, Reading, Rejection
from agent.reasons import Code, Reason

OLDEST_SETTLEMENT_H = 8 * 24


def same_market(market: Market, name: object) -> None:
    """Raises TurnedAway when an answer is about another market than the one asked about."""
    if name != market.id:
        message = f"asked {market.venue} for {market.id}, the answer is about {door.quoted(name)}"
        raise door.turned_away(Code.WRONG_MARKET, message)


class Facts:
    """Filled by the functions of `rows`, one per answer, then closed by `finish.finish`.

    Parameters
    ----------
    market : what is asked about
    now_ms : our clock when the answers arrived, unix milliseconds
    """

    def __init__(self, market: Market, now_ms: int) -> None:
        self.market = market
        self.now_ms = now_ms
        self.readings: dict[Quantity, Reading] = {}
        self.rejections: list[Rejection] = []
        self.rates: dict[Quantity, tuple[float, int, bool]] = {}  # value, stamp, stamped; the interval comes last
        self.interval_h: float | None = None
        self.settlements: dict[int, float] = {}  # rate charged, by stamp
        self.next_settlement_ms: int | None = None
        self.funding_is_void = False
        self.closed: Reason | None = None

    def reject(self, quantity: Quantity | None, reason: Reason) -> None:
        """Record why the venue's word is not used."""
        self.rejections.append(Rejection(self.market.venue, self.market.base, quantity, reason))

    def tells(self, quantity: Quantity) -> bool:
        """Whether an answer has told this quantity, or was turned away for it."""
        if quantity in self.readings or quantity in self.rates:
            return True
        if quantity is Quantity.NEXT_SETTLEMENT and self.next_settlement_ms is not None:
            return True
        if quantity is Quantity.SETTLED_FUNDING_RATE and self.settlements:
            return True
        return any(rejection.quantity == quantity for rejection in self.rejections)

    def same_market(self, name: object) -> None:
        """Raises TurnedAway when an answer is about another market than the one asked about."""
        same_market(self.market, name)

    def stamp(self, raw: object, unit: str = "ms") -> int:
        """The venue's stamp of an answer, in unix milliseconds. Raises TurnedAway when it cannot be true."""
        return door.recent(
            f"{self.market.venue}'s stamp", door.milliseconds(f"{self.market.venue}'s stamp", raw, unit), self.now_ms
        )

    def number(self, quantity: Quantity, raw: object) -> float | None:
        """A number on the way to a quantity; None, with the rejection recorded, when it is none."""
        try:
            return door.number(quantity, raw)
        except TurnedAway as away:
            self.reject(quantity, away.reason)
            return None

    def put(
        self,
        quantity: Quantity,
        raw: object,
        at_ms: int | None,
        *,
        factor: float = 1.0,
        lower_bound: bool = False,
    ) -> None:
        """Take one field as a reading, times `factor`; `at_ms` None means that the venue stamps nothing."""
        try:
            value = door.within(quantity, door.number(quantity, raw) * factor)
        except TurnedAway as away:
            self.reject(quantity, away.reason)
            return
        self.readings[quantity] = self.reading(quantity, value, at_ms, lower_bound=lower_bound)

    def put_price(self, quantity: Quantity, raw: object, at_ms: int | None) -> None:
        """Take a price of the venue's unit as a price of one coin."""
        self.put(quantity, raw, at_ms, factor=1 / self.market.multiplier)

    def put_rate(self, quantity: Quantity, raw: object, at_ms: int | None, *, divisor: float = 1.0) -> None:
        """Take a funding rate; zero and negative are legal. Its interval is resolved when everything is in."""
        value = self.number(quantity, raw)
        if value is not None:
            self.rates[quantity] = (value / divisor, self.now_ms if at_ms is None else at_ms, at_ms is not None)

    def put_interval(self, raw: object, *, hours_per_unit: float = 1.0) -> None:
        """Take the interval as the venue says it; a bad one voids the rates that it belongs to."""
        try:
            self.interval_h = door.interval(
                "the funding interval", door.number("the funding interval", raw) * hours_per_unit
            )
        except TurnedAway as away:
            self.void_funding(away.reason)

    def put_next_settlement(self, raw: object, unit: str = "ms") -> None:
        """Take when the next settlement is due; a missing or past one voids the rate that it belongs to."""
        try:
            due_ms = door.milliseconds("the next settlement", raw, unit)
            if not self.now_ms < due_ms <= self.now_ms + door.MAX_INTERVAL_H * door.MS_PER_HOUR:
                raise door.turned_away(
                    Code.DATA_CLOCK,
                    "the next settlement is past, or further than a day away (hours from now)",
                    (due_ms - self.now_ms) / door.MS_PER_HOUR,
                    door.MAX_INTERVAL_H,
                )
        except TurnedAway as away:
            self.reject(Quantity.NEXT_SETTLEMENT, away.reason)
            self.void_funding(away.reason)
            return
        self.next_settlement_ms = due_ms

    def put_settlements(self, rows: Iterable[tuple[int, float]]) -> None:
        """Take the last settlements as (unix milliseconds, rate charged). Raises TurnedAway for an old one."""
        oldest_ms = OLDEST_SETTLEMENT_H * door.MS_PER_HOUR
        self.settlements = {door.recent("a settlement", at_ms, self.now_ms, oldest_ms): rate for at_ms, rate in rows}

    def put_charged(self, raw: object, at_ms: int, interval_h: float) -> None:
        """Take what was charged over the last `interval_h` hours, from a venue that charges all the time."""
        try:
            value = door.rate("the rate charged", door.number("the rate charged", raw), interval_h)
        except TurnedAway as away:
            self.reject(Quantity.SETTLED_FUNDING_RATE, away.reason)
            return
        reading = self.reading(Quantity.SETTLED_FUNDING_RATE, value, at_ms, interval_h=interval_h)
        self.readings[Quantity.SETTLED_FUNDING_RATE] = reading

    def void_funding(self, reason: Reason) -> None:
        """The rates of the running and of later intervals are not used."""
        if not self.funding_is_void:
            self.funding_is_void = True
            self.reject(Quantity.FUNDING_RATE, reason)

    def close(self, message: str) -> None:
        """The venue says that the market is settling, suspended or delisted."""
        self.closed = Reason(Code.MARKET_CLOSED, f"{self.market.venue} {self.market.id}: {message}")

    def reading(
        self,
        quantity: Quantity,
        value: float,
        at_ms: int | None,
        *,
        interval_h: float | None = None,
        lower_bound: bool = False,
    ) -> Reading:
        """A reading of this market."""
        return Reading(
            quantity,
            value,
            self.market.venue,
            self.market.base,
            self.market.id,
            self.now_ms if at_ms is None else at_ms,
            self.now_ms,
            interval_h,
            stamped=at_ms is not None,
            lower_bound=lower_bound,
        )
