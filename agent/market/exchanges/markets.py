"""Finds a venue's perpetual of an asset, whatever the venue calls it, and suggests names when there is none."""

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

from agent.market.exchanges import door
from agent.market.exchanges.door import TurnedAway
from agent.market.exchanges.market import Market
from agent.market.exchanges.venues import VENUES, Venue
from agent.reasons import Code, Reason, Refusal

# How venues write a multiple of a coin whose price is tiny.
SMALL_K = "K{}"  # as ccxt spells it
MULTIPLES = (("{}", 1.0), ("1000{}", 1e3), (SMALL_K, 1e3), ("10000{}", 1e4), ("1000000{}", 1e6), ("1M{}", 1e6))
FOREVER_MS = 50 * 365 * 24 * door.MS_PER_HOUR
# Coins that changed their name one for one; the old market settles and the new name is another market.
RENAMED = {"MATIC": "POL", "FTM": "S", "RNDR": "RENDER", "EOS": "A", "KLAY": "KAIA"}


def venue_named(name: str) -> Venue:
    """The row of a venue. Raises Refusal with the nearest names for an unknown one."""
    if name in VENUES:
        return VENUES[name]
    raise Refusal(Reason(Code.VENUE_UNKNOWN, f"no venue {door.quoted(name)}; known: {nearest(name, VENUES)}"))


def nearest(name: str, known: Iterable[str]) -> str:
    """The names most like `name`, or all of them when there are few and none is like it."""
    names = sorted(set(known))
    close = difflib.get_close_matches(name.upper(), [one.upper() for one in names], n=3, cutoff=0.5)
    likely = [one for one in names if one.upper() in close]
    return ", ".join(likely or names[:8]) or "none"


def find_market(venue: Venue, markets: Mapping[str, Any], base: str, now_ms: int) -> Market:
    """The venue's perpetual of `base` in the preferred dollar. Raises TurnedAway when there is none, or it is closing.

    Dated futures, options and markets in other currencies are no perpetual of the asset and are never taken.
    """
    perpetuals = {name: one for name, one in markets.items() if one.get("swap")}
    closing = None
    for pattern, multiplier in MULTIPLES:
        for quote in venue.quotes:
            found = _market_of(perpetuals, pattern, base, quote)
            if found is None:
                continue
            if found.get("active") is False or _expires(found, now_ms):
                closing = closing or found
                continue
            return _described(venue, found, base, quote, multiplier)
    if closing is not None:
        message = f"{venue.name} {door.quoted(closing.get('id'))} is settling, suspended or delisted{_renamed(base)}"
        raise door.turned_away(Code.MARKET_CLOSED, message)
    known = {str(one.get("base")) for one in perpetuals.values()}
    message = f"{venue.name} has no perpetual of {door.quoted(base)}{_renamed(base)}; nearest: {nearest(base, known)}"
    raise door.turned_away(Code.MARKET_UNKNOWN, message)


def _expires(market: Mapping[str, Any], now_ms: int) -> bool:
    """Whether a perpetual has been given a last day; Deribit writes the year 3000 for none."""
    expiry = market.get("expiry")
    return isinstance(expiry, int | float) and expiry < now_ms + FOREVER_MS


def _renamed(base: str) -> str:
    return f" ({base} is now {RENAMED[base]})" if base in RENAMED else ""


def _market_of(perpetuals: Mapping[str, Any], pattern: str, base: str, quote: str) -> Any:
    name = pattern.format(base)
    for settle in (quote, name):  # linear first, then inverse
        found = perpetuals.get(f"{name}/{quote}:{settle}")
        # Hyperliquid's kPEPE is a thousand PEPE, but KAVA is no thousand AVA: the venue's own small k tells.
        if found is not None and (pattern != SMALL_K or found.get("baseName") == f"k{base}"):
            return found
    return None


def _described(venue: Venue, found: Mapping[str, Any], base: str, quote: str, multiplier: float) -> Market:
    name = found.get("baseName") if venue.name == "hyperliquid" else found.get("id")
    base_id, quote_id = found.get("baseId"), found.get("quoteId")
    if not isinstance(name, str) or not name:
        raise door.turned_away(Code.SOURCE_MALFORMED, f"{venue.name} {door.quoted(found.get('symbol'))} has no name")
    try:
        contract_size = door.positive("contract size", found.get("contractSize"))
    except TurnedAway as away:
        raise door.turned_away(away.reason.code, f"{venue.name} {door.quoted(name)}: {away.reason.message}") from None
    return Market(
        venue=venue.name,
        base=base,
        id=name,
        symbol=str(found["symbol"]),
        pair=f"{base_id}-{quote_id}",
        spot_id=None if venue.spot_name is None else venue.spot_name.format(base=base, quote=quote),
        settle=str(found.get("settleId") or quote).lower(),
        contract_size=contract_size,
        inverse=bool(found.get("inverse")),
        multiplier=multiplier,
    )
