"""What the server of Gate answers."""

from venue_answers.shared import Answers, next_settlement, settlements


def gate(now: int) -> Answers:
    contract = {
        "name": "ETH_USDT",
        "type": "direct",
        "quanto_multiplier": "0.01",
        "order_price_deviate": "0.5",
        "maintenance_rate": "0.005",
        "mark_type": "index",
        "last_price": "3000.8",
        "mark_price": "3000.95",
        "index_price": "3000.05",
        "funding_rate_indicative": "0.000999",
        "mark_price_round": "0.01",
        "funding_offset": 0,
        "in_delisting": False,
        "status": "trading",
        "risk_limit_base": "1000000",
        "interest_rate": "0.0003",
        "order_price_round": "0.05",
        "order_size_min": 1,
        "order_size_max": 1000000,
        "funding_interval": 28800,
        "leverage_min": "1",
        "leverage_max": "100",
        "maker_fee_rate": "-0.00025",
        "taker_fee_rate": "0.00075",
        "funding_rate": "0.000087",
        "funding_next_apply": next_settlement(now, 8) // 1_000,
        "short_users": 977,
        "config_change_time": 1609899548,
        "create_time": 1609899548,
        "trade_size": 28530850594,
        "position_size": 5223816,
        "long_users": 455,
        "orders_limit": 50,
        "trade_id": 10851092,
        "orderbook_id": 2129638396,
    }
    first_s = now // 300_000 * 300 - 11 * 300
    statistics = [
        {
            "time": first_s + place * 300,
            "lsr_taker": 9.37,
            "lsr_account": 1.10 + place / 100,
            "long_liq_size": 100,
            "long_liq_amount": 1.0,
            "long_liq_usd": 1000.0 + place,
            "short_liq_size": 200,
            "short_liq_amount": 2.0,
            "short_liq_usd": 500.0,
            "open_interest": 20_000_000 + place,
            "open_interest_usd": 600_190_000.0,
            "top_lsr_account": 1.9,
            "top_lsr_size": 1.7,
            "mark_price": 3000.9,
        }
        for place in range(12)
    ]
    return {
        "GET /api/v4/futures/usdt/contracts": [dict(contract)],
        "GET /api/v4/futures/usdt/contracts/ETH_USDT": contract,
        "GET /api/v4/futures/usdt/contract_stats": statistics,
        "GET /api/v4/futures/usdt/funding_rate": [
            {"t": at // 1_000, "r": f"0.00008{place}"} for place, at in enumerate(settlements(now, 8))
        ][::-1],
        "GET /api/v4/futures/usdt/order_book": {
            "current": now / 1_000 - 0.012,
            "update": now / 1_000 - 0.020,
            "asks": [{"p": "3001.0", "s": 700}, {"p": "3400", "s": 1}],
            "bids": [{"p": "3000.9", "s": 600}, {"p": "2600", "s": 1}],
        },
        "GET /api/v4/spot/tickers": [
            {
                "currency_pair": "ETH_USDT",
                "last": "3000.0",
                "lowest_ask": "3000.3",
                "highest_bid": "3000.1",
                "base_volume": "1",
            }
        ],
    }
