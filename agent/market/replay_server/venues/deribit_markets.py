"""The instruments of Deribit: inverse perps of BTC and ETH, linear ones in USDC, a dated future, and the currencies."""

from typing import Any

from agent.market.replay_server.matching import Query
from agent.market.replay_server.view import View
from agent.market.replay_server.wire import Kind, Listing, by_id, date_text, next_quarter_ms

NEVER_MS = 32_503_708_800_000  # expiration of a perpetual
LISTINGS = (
    Listing("BTC-PERPETUAL", "BTC", Kind.INVERSE, contract=10, more={"tick": 0.5}),
    Listing("ETH-PERPETUAL", "ETH", Kind.INVERSE, contract=1, more={"tick": 0.05}),
    Listing("BTC_USDC-PERPETUAL", "BTC", contract=0.0001, more={"tick": 0.5}),
    Listing("ETH_USDC-PERPETUAL", "ETH", contract=0.001, more={"tick": 0.05}),
    Listing("SOL_USDC-PERPETUAL", "SOL", contract=0.1, more={"tick": 0.01}),
    Listing("AVAX_USDC-PERPETUAL", "AVAX", contract=0.1, more={"tick": 0.001}),
    Listing("BTC_USDC", "BTC", Kind.SPOT, contract=0.0001, more={"tick": 0.5}),
)
MARKETS, PERPS = by_id(LISTINGS), by_id(LISTINGS, Kind.LINEAR, Kind.INVERSE)


def enveloped(view: View, result: Any) -> dict[str, Any]:
    """A result as every answer wraps it; moments in microseconds."""
    micros = view.stamp_ms * 1_000
    return {"jsonrpc": "2.0", "result": result, "usIn": micros, "usOut": micros + 150, "usDiff": 150, "testnet": False}


def _instrument(listing: Listing, **changes: Any) -> dict[str, Any]:
    inverse, spot = listing.kind is Kind.INVERSE, listing.kind is Kind.SPOT
    quote = "USD" if inverse else "USDC"
    return {
        "base_currency": listing.base,
        "block_trade_commission": 0.00025,
        "contract_size": listing.contract,
        "counter_currency": quote,
        "creation_timestamp": 1_534_167_754_000,
        "expiration_timestamp": NEVER_MS,
        "instrument_id": 210_838,
        "instrument_name": listing.id,
        "instrument_type": "reversed" if inverse else "linear",
        "is_active": True,
        "kind": "spot" if spot else "future",
        "maker_commission": 0.0,
        "max_leverage": 50,
        "max_liquidation_commission": 0.0075,
        "min_trade_amount": listing.contract,
        "price_index": f"{listing.base.lower()}_{quote.lower()}",
        "quote_currency": quote,
        "rfq": False,
        "settlement_currency": listing.base if inverse else "USDC",
        "settlement_period": None if spot else "perpetual",
        "taker_commission": 0.0005,
        "tick_size": listing.more["tick"],
        "tick_size_steps": [],
    } | changes


def instruments(view: View, query: Query) -> Any:
    """All instruments, or those of a currency or kind."""
    found = [_instrument(listing) for listing in LISTINGS]
    expiry_ms = next_quarter_ms(view.now_ms)
    name = f"BTC-{date_text(expiry_ms, '%d%b%y').lstrip('0')}"
    found.append(
        _instrument(LISTINGS[0], instrument_name=name, settlement_period="month", expiration_timestamp=expiry_ms)
    )
    if query["currency"] not in (None, "any"):
        found = [one for one in found if query["currency"] in (one["base_currency"], one["settlement_currency"])]
    if query["kind"] is not None:
        found = [one for one in found if one["kind"] == query["kind"]]
    return enveloped(view, found)


def currencies(view: View, query: Query) -> Any:
    """The currencies that can be held."""
    return enveloped(
        view,
        [
            {
                "coin_type": coin_type,
                "currency": currency,
                "currency_long": name,
                "fee_precision": 4,
                "in_cross_collateral_pool": True,
                "min_confirmations": 1,
                "min_withdrawal_fee": 0.0001,
                "withdrawal_fee": 0.0001,
                "withdrawal_priorities": [],
            }
            for currency, name, coin_type in (
                ("BTC", "Bitcoin", "BITCOIN"),
                ("ETH", "Ethereum", "ETHER"),
                ("USDC", "USD Coin", "ERC20"),
            )
        ],
    )
