"""The venues, each with its requests and its wire format."""

from agent.market.replay_server.venues import (
    binance,
    bybit,
    deribit,
    dydx,
    gate,
    hyperliquid,
    krakenfutures,
    okx,
)
from agent.market.replay_server.venues.venue import Venue

VENUES: dict[str, Venue] = {
    module.VENUE.name: module.VENUE for module in (binance, bybit, okx, hyperliquid, dydx, deribit, gate, krakenfutures)
}
"""Every venue that is served, by the name ccxt has for it."""
