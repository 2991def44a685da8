"""What sources say of an asset at one moment: readings, what was turned away, and what they agree about."""

from dataclasses import dataclass
from enum import StrEnum

from agent.reasons import Reason


class Quantity(StrEnum):
    """What a reading is a reading of; the unit follows from it (`UNITS`)."""

    MARK_PRICE = "mark_price"
    INDEX_PRICE = "index_price"
    SPOT_PRICE = "spot_price"  # last price or mid of the venue's spot market
    FUNDING_RATE = "funding_rate"  # what the next settlement will charge as things stand, per interval_h
    SETTLED_FUNDING_RATE = "settled_funding_rate"  # what the last settlement charged, per interval_h
    PREDICTED_FUNDING_RATE = "predicted_funding_rate"  # the venue's word for the settlement after the next one
    NEXT_SETTLEMENT = "next_settlement"
    OPEN_INTEREST = "open_interest"
    OPEN_INTEREST_USD = "open_interest_usd"
    BEST_BID = "best_bid"
    BEST_ASK = "best_ask"
    BID_DEPTH_USD = "bid_depth_usd"  # resting within `depth_bps` of the middle
    ASK_DEPTH_USD = "ask_depth_usd"
    LIQUIDATED_LONGS_USD = "liquidated_longs_usd"  # over the last hour
    LIQUIDATED_SHORTS_USD = "liquidated_shorts_usd"
    LONG_SHORT_RATIO = "long_short_ratio"  # accounts


UNITS = {
    Quantity.MARK_PRICE: "quote per base",
    Quantity.INDEX_PRICE: "quote per base",
    Quantity.SPOT_PRICE: "quote per base",
    Quantity.FUNDING_RATE: "decimal per interval",
    Quantity.SETTLED_FUNDING_RATE: "decimal per interval",
    Quantity.PREDICTED_FUNDING_RATE: "decimal per interval",
    Quantity.NEXT_SETTLEMENT: "unix seconds",
    Quantity.OPEN_INTEREST: "base",
    Quantity.OPEN_INTEREST_USD: "USD",
    Quantity.BEST_BID: "quote per base",
    Quantity.BEST_ASK: "quote per base",
    Quantity.BID_DEPTH_USD: "USD",
    Quantity.ASK_DEPTH_USD: "USD",
    Quantity.LIQUIDATED_LONGS_USD: "USD in the last hour",
    Quantity.LIQUIDATED_SHORTS_USD: "USD in the last hour",
    Quantity.LONG_SHORT_RATIO: "longs per short",
}


@dataclass(frozen=True, slots=True)
class Reading:
    """One number as one source tells it. A source that does not publish a quantity has no reading of it.

    `at_ms` is the source's own stamp (unix milliseconds; the arrival when the source stamps nothing and `stamped` is
    False), `received_ms` when the answer arrived. `interval_h` is set for rates and for nothing else.
    """

    quantity: Quantity
    value: float
    source: str  # the venue, for example "binance"
    base: str  # the asset, for example "ETH"
    market: str  # the venue's own name of the market
    at_ms: int
    received_ms: int
    interval_h: float | None = None
    stamped: bool = True
    lower_bound: bool = False  # the stream is known to leave events out


@dataclass(frozen=True, slots=True)
class Rejection:
    """What a source said and why it is not used; `quantity` is None when the whole answer was turned away."""

    source: str
    base: str
    quantity: Quantity | None
    reason: Reason


@dataclass(frozen=True, slots=True)
class VenueAnswer:
    """Everything one venue told of one asset in one round."""

    source: str
    base: str
    readings: tuple[Reading, ...]
    rejections: tuple[Rejection, ...]


@dataclass(frozen=True, slots=True)
class Agreement:
    """The median of the sources that agree. Rates are per hour, whatever the sources' intervals are."""

    base: str
    quantity: Quantity
    value: float
    unit: str
    sources: tuple[str, ...]  # that agree
    asked: int  # that answered, agreeing or not
    spread: float  # between the outermost of them, in the rules' measure
    oldest_at_ms: int
