"""What the server of Deribit answers."""

from typing import Any

from venue_answers.shared import Answers


def deribit(now: int) -> Answers:
    def answer(result: Any) -> dict[str, Any]:
        return {
            "jsonrpc": "2.0",
            "result": result,
            "usIn": now * 1_000,
            "usOut": now * 1_000 + 9,
            "usDiff": 9,
            "testnet": False,
        }

    def instrument(name: str, base: str, inverse: bool) -> dict[str, Any]:
        settled = base if inverse else "USDC"
        return {
            "instrument_name": name,
            "kind": "future",
            "instrument_type": "reversed" if inverse else "linear",
            "future_type": "reversed" if inverse else "linear",
            "base_currency": base,
            "quote_currency": "USD" if inverse else "USDC",
            "counter_currency": "USD" if inverse else "USDC",
            "settlement_currency": settled,
            "settlement_period": "perpetual",
            "contract_size": 1 if inverse else 0.1,
            "tick_size": 0.05,
            "min_trade_amount": 1,
            "taker_commission": 0.0005,
            "maker_commission": 0.0,
            "is_active": True,
            "creation_timestamp": 1552568454000,
            "expiration_timestamp": 32503708800000,
            "max_leverage": 50,
            "price_index": "eth_usd",
            "state": "open",
        }

    def book(name: str, interest: float, levels: tuple[float, float]) -> dict[str, Any]:
        return {
            "timestamp": now - 6,
            "stats": {"volume": 60627.5, "low": 2900.5, "high": 3111.5, "price_change": 1.1, "volume_usd": 1000.0},
            "state": "open",
            "settlement_price": 2993.21,
            "open_interest": interest,
            "min_price": 2955.0,
            "max_price": 3055.5,
            "mark_price": 3000.61,
            "last_price": 3000.15,
            "instrument_name": name,
            "index_price": 3000.11,
            "funding_8h": 0.0000261,
            "current_funding": 0.0000412,
            "change_id": 14214947552,
            "best_bid_price": 3000.5,
            "best_bid_amount": levels[0],
            "best_ask_price": 3000.55,
            "best_ask_amount": levels[1],
            "bids": [[3000.5, levels[0]], [2800.0, 5_000_000.0]],
            "asks": [[3000.55, levels[1]], [3200.0, 5_000_000.0]],
        }

    return {
        "GET /api/v2/public/get_instruments": answer(
            [instrument("ETH-PERPETUAL", "ETH", True), instrument("SOL_USDC-PERPETUAL", "SOL", False)]
        ),
        "GET /api/v2/public/get_order_book?instrument_name=ETH-PERPETUAL": answer(
            book("ETH-PERPETUAL", 320_000_000.0, (1_500_000.0, 1_700_000.0))
        ),
        "GET /api/v2/public/get_order_book?instrument_name=SOL_USDC-PERPETUAL": answer(
            book("SOL_USDC-PERPETUAL", 150_000.0, (20.0, 30.0))
        ),
    }
