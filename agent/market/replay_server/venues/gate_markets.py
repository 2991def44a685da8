"""The markets of Gate: contracts in USDT and one in BTC, a dated future, one in delisting, pairs and currencies."""

from typing import Any

from agent.market.replay_server.matching import Query
from agent.market.replay_server.view import View
from agent.market.replay_server.wire import Kind, Listing, by_id, date_text, next_quarter_ms, rate_text

LISTINGS = (
    Listing("BTC_USDT", "BTC", contract=0.0001, more={"tick": "0.1", "quanto": "0.0001"}),
    Listing("ETH_USDT", "ETH", contract=0.01, more={"tick": "0.01", "quanto": "0.01"}),
    Listing("SOL_USDT", "SOL", contract=1, more={"tick": "0.001", "quanto": "1"}),
    Listing("AVAX_USDT", "AVAX", contract=1, more={"tick": "0.001", "quanto": "1"}),
    Listing("USDC_USDT", "USDC", contract=1, more={"tick": "0.0001", "quanto": "1"}),
    Listing("PEPE_USDT", "PEPE", contract=10_000_000, more={"tick": "0.000000001", "quanto": "10000000"}),
)
INVERSE = Listing("BTC_USD", "BTC", Kind.INVERSE, contract=1, more={"tick": "0.1", "quanto": "0"})
PAIRS = by_id(Listing(f"{base}_USDT", base, Kind.SPOT) for base in ("BTC", "ETH", "SOL", "AVAX", "USDC"))
CONTRACTS = {"usdt": by_id(LISTINGS), "btc": by_id((INVERSE,))}


def _contract(view: View, listing: Listing) -> dict[str, Any]:
    quote = view.quote(listing.base)
    return {
        "name": listing.id,
        "type": "inverse" if listing.kind is Kind.INVERSE else "direct",
        "quanto_multiplier": listing.more["quanto"],
        "ref_discount_rate": "0",
        "order_price_deviate": "0.2",
        "maintenance_rate": "0.004",
        "mark_type": "index",
        "last_price": listing.price(quote.last),
        "mark_price": listing.price(quote.mark),
        "index_price": listing.price(quote.index),
        "funding_rate": rate_text(quote.funding_rate, 6),
        "funding_rate_indicative": rate_text(quote.funding_rate, 6),
        "mark_price_round": "0.01",
        "funding_offset": 0,
        "in_delisting": False,
        "risk_limit_base": "500000",
        "interest_rate": "0.0003",
        "order_price_round": listing.more["tick"],
        "order_size_min": 1,
        "order_size_max": 1_000_000,
        "enable_decimal": False,
        "ref_rebate_rate": "0.2",
        "funding_interval": quote.interval_h * 3_600,
        "funding_next_apply": quote.next_settlement_ms // 1_000,
        "funding_cap_ratio": "0.75",
        "funding_rate_limit": "0.003",
        "risk_limit_step": "499500000",
        "risk_limit_max": "500000000",
        "leverage_min": "1",
        "leverage_max": "125",
        "cross_leverage_default": "10",
        "maker_fee_rate": "-0.0001",
        "taker_fee_rate": "0.00075",
        "funding_impact_value": "60000",
        "orders_limit": 100,
        "short_users": 9_100,
        "long_users": 11_300,
        "config_change_time": 1_609_899_548,
        "create_time": 1_546_905_600,
        "launch_time": 1_546_905_600,
        "trade_size": 1_500_000_000,
        "position_size": int(listing.contracts(quote.open_interest, quote.mark)),
        "trade_id": 1,
        "orderbook_id": view.now_ms,
        "status": "trading",
        "enable_bonus": True,
        "enable_credit": True,
        "is_pre_market": False,
    }


def contracts(view: View, query: Query) -> Any:
    """The perps of a settlement currency with their present, and one in delisting."""
    found = [_contract(view, one) for one in CONTRACTS[query["settle"]].values() if view.knows(one.base)]
    if query["settle"] == "usdt" and found:
        found.append(found[0] | {"name": "FTM_USDT", "in_delisting": True, "status": "suspend"})
    return found


def one_contract(view: View, query: Query) -> Any:
    """One perp with its present."""
    return _contract(view, query["contract"])


def dated(view: View, query: Query) -> Any:
    """A dated future on BTC."""
    expiry_ms = next_quarter_ms(view.now_ms)
    name = f"BTC_USDT_{date_text(expiry_ms, '%Y%m%d')}"
    added = {"name": name, "underlying": "BTC_USDT", "cycle": "QUARTERLY", "expire_time": expiry_ms // 1_000}
    return [_contract(view, LISTINGS[0]) | added] if view.knows("BTC") else []


def pairs(view: View, query: Query) -> Any:
    """The spot pairs."""
    return [
        {
            "id": pair.id,
            "base": pair.base,
            "base_name": pair.base,
            "quote": "USDT",
            "quote_name": "Tether",
            "fee": "0.2",
            "min_base_amount": "0.0001",
            "min_quote_amount": "3",
            "max_quote_amount": "5000000",
            "amount_precision": 6,
            "precision": 2,
            "trade_status": "tradable",
            "sell_start": 0,
            "buy_start": 0,
            "type": "normal",
        }
        for pair in PAIRS.values()
    ]


def currencies(view: View, query: Query) -> Any:
    """The currencies that can be held."""
    return [
        {"currency": coin, "name": coin, "delisted": False, "withdraw_disabled": False, "withdraw_delayed": False}
        | {"deposit_disabled": False, "trade_disabled": False, "chain": coin, "chains": []}
        for coin in ("BTC", "ETH", "SOL", "AVAX", "USDT")
    ]
