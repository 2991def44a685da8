"""One venue's market of one asset: what has to be known of it before its numbers can be read."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Market:
    """A perpetual at one venue.

    `multiplier` is how many coins of `base` the venue's own unit holds: 1,000 for 1000PEPEUSDT asked for as PEPE. A
    price of the venue is divided by it and a size multiplied, so that readings of all venues are per one coin.
    """

    venue: str
    base: str  # as the caller names the asset
    id: str  # as the venue names the market in its answers
    symbol: str  # ccxt's unified symbol
    pair: str  # base and quote as the venue writes them, joined by a dash; OKX names its index so
    spot_id: str | None  # the venue's spot market of the same pair, if it has one
    settle: str  # currency of margin, as the venue writes it
    contract_size: float
    inverse: bool = False
    multiplier: float = 1.0
