"""What readers of several venues share: finding the row, the book, and amounts of coins."""

from collections.abc import Iterable, Sequence
from typing import Any

from agent.market.exchanges import door
from agent.market.exchanges.facts import Facts
from agent.market.reading import Quantity
from agent.reasons import Code

MIDDLE_BPS = 10_000


def row_of(facts: Facts, rows: Iterable[Any], key: str, name: str | None = None) -> Any:
    """The row about this market, in an answer about many. Raises TurnedAway when there is none, or two."""
    wanted = facts.market.id if name is None else name
    found = [row for row in rows if row[key] == wanted]
    if len(found) != 1:
        message = f"{facts.market.venue} sent {len(found)} rows about {wanted}"
        raise door.turned_away(Code.DATA_DUPLICATE if found else Code.DATA_MISSING, message)
    return found[0]


def book(
    facts: Facts,
    bids: Sequence[Any],
    asks: Sequence[Any],
    at_ms: int | None,
    depth_bps: float,
    *,
    price: int | str = 0,
    size: int | str = 1,
    unit: str = "coins",
) -> None:
    """Best prices, and dollars resting within `depth_bps` of the middle; a book that ends before is a lower bound.

    `price` and `size` say where a level has them; `unit` is what sizes count: "coins", "contracts" or "dollars".
    """
    contract = facts.market.contract_size if unit == "contracts" else 1.0
    sides: dict[str, list[tuple[float, float]]] = {}
    for side, levels in (("bid", bids), ("ask", asks)):
        sides[side] = [(door.positive(side, one[price]), door.number(side, one[size])) for one in levels]
        if not sides[side]:
            raise door.turned_away(Code.DATA_MISSING, f"{facts.market.venue} {facts.market.id}: no {side} in the book")
    best_bid, best_ask = max(sides["bid"])[0], min(sides["ask"])[0]
    facts.put_price(Quantity.BEST_BID, best_bid, at_ms)
    facts.put_price(Quantity.BEST_ASK, best_ask, at_ms)
    middle = (best_bid + best_ask) / 2
    reach = middle * depth_bps / MIDDLE_BPS
    for side, quantity in (("bid", Quantity.BID_DEPTH_USD), ("ask", Quantity.ASK_DEPTH_USD)):
        inside = [(at, amount) for at, amount in sides[side] if abs(at - middle) <= reach]
        if any(amount < 0 for _, amount in inside):
            facts.reject(quantity, door.turned_away(Code.DATA_NOT_POSITIVE, f"a negative {side} size").reason)
            continue
        resting = sum(amount * (1 if unit == "dollars" else at * contract) for at, amount in inside)
        facts.put(quantity, resting, at_ms, lower_bound=len(inside) == len(sides[side]))


def base_amount(facts: Facts, raw: object, at_ms: int | None, *, contracts: bool = False) -> None:
    """Open interest in coins, or in contracts of so many coins."""
    factor = facts.market.multiplier * (facts.market.contract_size if contracts else 1.0)
    facts.put(Quantity.OPEN_INTEREST, raw, at_ms, factor=factor)


def spot_middle(facts: Facts, name: object, bid_raw: object, ask_raw: object, at_ms: int | None) -> None:
    """The middle of the best bid and ask of the venue's spot market."""
    if name != facts.market.spot_id:
        message = f"asked {facts.market.venue} for {facts.market.spot_id}, the answer is about {door.quoted(name)}"
        raise door.turned_away(Code.WRONG_MARKET, message)
    bid, ask = door.positive("best bid", bid_raw), door.positive("best ask", ask_raw)
    if bid >= ask:
        raise door.turned_away(
            Code.DATA_INCONSISTENT, "the spot book is crossed: best bid at or above best ask", bid, ask
        )
    # A spot market may trade another multiple of the coin than the perpetual; those have no spot_id.
    facts.put(Quantity.SPOT_PRICE, (bid + ask) / 2, at_ms)
