"""The instruments of OKX: swaps, an inverse one, a suspended one, a dated future, pairs and indexes."""

from typing import Any

from agent.market.replay_server.matching import Query
from agent.market.replay_server.view import View
from agent.market.replay_server.wire import Kind, Listing, by_id, date_text, next_quarter_ms

LISTINGS = (
    Listing("BTC-USDT-SWAP", "BTC", contract=0.01, more={"tick": "0.1", "worth": "0.01"}),
    Listing("ETH-USDT-SWAP", "ETH", contract=0.1, more={"tick": "0.01", "worth": "0.1"}),
    Listing("SOL-USDT-SWAP", "SOL", contract=1, more={"tick": "0.001", "worth": "1"}),
    Listing("AVAX-USDT-SWAP", "AVAX", contract=1, more={"tick": "0.001", "worth": "1"}),
    Listing("USDC-USDT-SWAP", "USDC", contract=10, more={"tick": "0.0001", "worth": "10"}),
    Listing("PEPE-USDT-SWAP", "PEPE", contract=10_000_000, more={"tick": "0.000000001", "worth": "10000000"}),
    Listing("BTC-USD-SWAP", "BTC", Kind.INVERSE, contract=100, more={"tick": "0.1", "worth": "100"}),
    Listing("BTC-USDT", "BTC", Kind.SPOT, more={"tick": "0.1"}),
    Listing("ETH-USDT", "ETH", Kind.SPOT, more={"tick": "0.01"}),
    Listing("SOL-USDT", "SOL", Kind.SPOT, more={"tick": "0.01"}),
    Listing("AVAX-USDT", "AVAX", Kind.SPOT, more={"tick": "0.001"}),
    Listing("USDC-USDT", "USDC", Kind.SPOT, more={"tick": "0.0001"}),
)
SWAPS, PAIRS = by_id(LISTINGS, Kind.LINEAR, Kind.INVERSE), by_id(LISTINGS, Kind.SPOT)
# OKX writes BTC-USD for the index of the inverse market.
INDEXES = PAIRS | {
    "BTC-USD": Listing("BTC-USD", "BTC", Kind.SPOT),
    "PEPE-USDT": Listing("PEPE-USDT", "PEPE", Kind.SPOT),
}


def enveloped(data: Any) -> dict[str, Any]:
    """Data as every answer wraps it."""
    return {"code": "0", "msg": "", "data": data}


def family(listing: Listing) -> str:
    """The pair a swap is of, which is the name of its index too."""
    return listing.id.removesuffix("-SWAP")


def _contract(listing: Listing, **changes: Any) -> dict[str, Any]:
    inverse = listing.kind is Kind.INVERSE
    return {
        "alias": "",
        "auctionEndTime": "",
        "baseCcy": "",
        "category": "1",
        "ctMult": "1",
        "ctType": "inverse" if inverse else "linear",
        "ctVal": listing.more["worth"],
        "ctValCcy": "USD" if inverse else listing.base,
        "expTime": "",
        "instFamily": family(listing),
        "instId": listing.id,
        "instType": "SWAP",
        "lever": "100",
        "listTime": "1573557408000",
        "lotSz": "1",
        "maxLmtSz": "100000000",
        "maxMktSz": "30000",
        "minSz": "1",
        "optType": "",
        "quoteCcy": "",
        "ruleType": "normal",
        "settleCcy": listing.base if inverse else "USDT",
        "state": "live",
        "stk": "",
        "tickSz": listing.more["tick"],
        "uly": family(listing),
    } | changes


def _pair(listing: Listing) -> dict[str, Any]:
    spot = {"instType": "SPOT", "baseCcy": listing.base, "quoteCcy": "USDT", "settleCcy": "", "ctVal": "", "uly": ""}
    spot |= {"ctType": "", "ctValCcy": "", "ctMult": "", "instFamily": "", "lotSz": "0.00000001", "minSz": "0.00001"}
    return _contract(Listing(listing.id, listing.base, more=listing.more | {"worth": ""}), lever="10", **spot)


def instruments(view: View, query: Query) -> Any:
    """The instruments of a type; there are no options."""
    kind = query["instType"]
    found: list[dict[str, Any]] = []
    if kind == "SPOT":
        found = [_pair(listing) for listing in PAIRS.values()]
    elif kind == "SWAP":
        found = [_contract(listing) for listing in SWAPS.values()]
        changes = {"instId": "FTM-USDT-SWAP", "instFamily": "FTM-USDT", "uly": "FTM-USDT", "ctValCcy": "FTM"}
        found.append(_contract(LISTINGS[3], state="suspend", **changes))
    elif kind == "FUTURES":
        expiry_ms = next_quarter_ms(view.now_ms)
        name = f"BTC-USDT-{date_text(expiry_ms, '%y%m%d')}"
        changes = {"instId": name, "instType": "FUTURES", "alias": "quarter", "expTime": str(expiry_ms)}
        found = [_contract(LISTINGS[0], **changes)]
    if query["instId"] is not None:
        found = [one for one in found if one["instId"] == query["instId"]]
    if query["uly"] is not None:
        found = [one for one in found if one["uly"] == query["uly"]]
    return enveloped(found)


def known(view: View) -> list[Listing]:
    """The swaps that anything is known of yet."""
    return [listing for listing in SWAPS.values() if view.knows(listing.base)]
