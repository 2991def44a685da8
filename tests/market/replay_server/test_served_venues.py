"""An untouched ccxt loads the markets of every venue and reads what an observation needs."""

from collections.abc import Callable
from typing import Any

import pytest

from agent.market.replay_server import Histories, ReplayServer
from agent.market.replay_server.series import HOUR_MS
from agent.market.replay_server.venues import VENUES

from .conftest import NOW_MS, Ask

Perp = Callable[[Any, str], str]
HAS_FUNDING_RATE = [venue for venue in VENUES if venue != "dydx"]
HAS_OPEN_INTEREST = ("binance", "bybit", "okx", "hyperliquid")


@pytest.mark.parametrize("venue", VENUES)
def test_ccxt_loads_the_markets_of_every_venue(venue: str, ask: Ask, perp: Perp, server: ReplayServer) -> None:
    async def markets(exchange: Any) -> set[str]:
        return {perp(exchange, base) for base in ("BTC", "ETH", "SOL", "AVAX")}

    assert len(ask(venue, markets)) == 4
    assert server.missed == 0


@pytest.mark.parametrize("venue", HAS_FUNDING_RATE)
def test_the_running_funding_rate_is_near_the_last_settled_one(
    venue: str, ask: Ask, perp: Perp, histories: Histories
) -> None:
    async def rate(exchange: Any) -> Any:
        return await exchange.fetch_funding_rate(perp(exchange, "ETH"))

    history = histories.of(venue, "ETH")
    row = int((history.funding.time_ms <= NOW_MS).sum()) - 1
    settled = history.funding.value.item(row)
    if venue == "deribit":  # what the last eight hours charged
        settled = float(history.funding.value[row - 7 : row + 1].sum())
    assert ask(venue, rate)["fundingRate"] == pytest.approx(settled, rel=0.06, abs=2e-6)


@pytest.mark.parametrize("venue", HAS_OPEN_INTEREST)
def test_open_interest_comes_in_the_units_of_each_venue(venue: str, ask: Ask, perp: Perp, histories: Histories) -> None:
    async def interest(exchange: Any) -> Any:
        symbol = perp(exchange, "ETH")
        return await exchange.fetch_open_interest(symbol), exchange.market(symbol)

    told, market = ask(venue, interest)
    points = histories.of(venue, "ETH").open_interest
    coins = points.value.item(int((points.time_ms <= NOW_MS).sum()) - 1)
    contract = market["contractSize"] if venue == "okx" else 1
    assert told["openInterestAmount"] * contract == pytest.approx(coins, rel=1e-3)


def test_the_inverse_perp_of_deribit_counts_dollars(ask: Ask, histories: Histories) -> None:
    async def interest(exchange: Any) -> Any:
        return await exchange.fetch_open_interest("BTC/USD:BTC")

    history = histories.of("deribit", "BTC")
    row = int((history.open_interest.time_ms <= NOW_MS).sum()) - 1
    dollars = history.open_interest.value.item(row) * history.mark.close.item(row)
    assert ask("deribit", interest)["openInterestValue"] == pytest.approx(dollars, rel=0.02)


@pytest.mark.parametrize("venue", VENUES)
def test_hourly_candles_are_the_history_and_the_last_one_still_runs(
    venue: str, ask: Ask, perp: Perp, histories: Histories
) -> None:
    async def candles(exchange: Any) -> Any:
        return await exchange.fetch_ohlcv(perp(exchange, "BTC"), "1h", limit=24)

    rows = ask(venue, candles)
    bars = histories.of(venue, "BTC").perp
    closes = dict(zip(bars.open_ms.tolist(), bars.close.tolist(), strict=True))
    assert rows[-1][0] == NOW_MS // HOUR_MS * HOUR_MS
    assert [row[4] for row in rows[:-1]] == pytest.approx([closes[row[0]] for row in rows[:-1]], rel=3e-5)


@pytest.mark.parametrize("venue", VENUES)
def test_books_are_sorted_not_crossed_and_deep(venue: str, ask: Ask, perp: Perp) -> None:
    async def book(exchange: Any) -> Any:
        return await exchange.fetch_order_book(perp(exchange, "SOL"))

    told = ask(venue, book)
    bids, asks = [level[0] for level in told["bids"]], [level[0] for level in told["asks"]]
    assert bids == sorted(bids, reverse=True)
    assert asks == sorted(asks)
    assert bids[0] < asks[0]
    assert min(level[1] for level in told["bids"] + told["asks"]) > 0


@pytest.mark.parametrize("venue", ["binance", "bybit", "okx"])
def test_long_short_ratios_where_the_venue_publishes_them(venue: str, ask: Ask, perp: Perp) -> None:
    async def ratios(exchange: Any) -> Any:
        return await exchange.fetch_long_short_ratio_history(perp(exchange, "BTC"), "1h", limit=10)

    told = ask(venue, ratios)
    assert len(told) == 10
    assert all(0.3 < row["longShortRatio"] < 5 for row in told)


def test_venues_agree_within_ten_basis_points_and_no_two_say_the_same(histories: Histories) -> None:
    closes = [histories.of(venue, "BTC").mark.close.item(500) for venue in VENUES]
    assert len(set(closes)) == len(VENUES)
    assert max(closes) / min(closes) - 1 < 1e-3


def test_no_two_fields_of_a_premium_index_hold_the_same_number(ask: Ask) -> None:
    async def premium(exchange: Any) -> Any:
        return await exchange.fapiPublicGetPremiumIndex({"symbol": "BTCUSDT"})

    told = ask("binance", premium)
    assert len({told[name] for name in ("markPrice", "indexPrice", "estimatedSettlePrice")}) == 3


@pytest.mark.parametrize(
    ("venue", "trap", "field", "value"),
    [
        ("binance", "1000PEPE/USDT:USDT", "base", "1000PEPE"),
        ("binance", "FTM/USDT:USDT", "active", False),
        ("binance", "ETH/USDC:USDC", "quote", "USDC"),
        ("binance", "BTC/USD:BTC", "contractSize", 100.0),
        ("bybit", "FTM/USDT:USDT", "active", False),
        ("bybit", "BTC/USD:BTC", "inverse", True),
        ("okx", "BTC/USDT:USDT", "contractSize", 0.01),
        ("hyperliquid", "MATIC/USDC:USDC", "active", False),
        ("dydx", "MATIC/USDC:USDC", "active", False),
        ("gate", "FTM/USDT:USDT", "active", False),
        ("gate", "ETH/USDT:USDT", "contractSize", 0.01),
        ("krakenfutures", "BTC/USD:BTC", "inverse", True),
    ],
)
def test_the_market_lists_hold_their_traps(venue: str, trap: str, field: str, value: object, ask: Ask) -> None:
    async def market(exchange: Any) -> Any:
        return exchange.market(trap)[field]

    assert ask(venue, market) == value


@pytest.mark.parametrize("venue", ["binance", "bybit", "okx", "deribit", "gate", "krakenfutures"])
def test_a_dated_future_stands_beside_the_perps(venue: str, ask: Ask) -> None:
    async def dated(exchange: Any) -> Any:
        return [market["expiry"] for market in exchange.markets.values() if market["future"]]

    assert all(NOW_MS < expiry < NOW_MS + 100 * 24 * HOUR_MS for expiry in ask(venue, dated))


def test_a_thousandfold_market_is_priced_a_thousandfold(ask: Ask, histories: Histories) -> None:
    async def candles(exchange: Any) -> Any:
        return await exchange.fetch_ohlcv("1000PEPE/USDT:USDT", "1h", limit=2)

    bars = histories.of("binance", "PEPE").perp
    row = int((bars.open_ms < NOW_MS - HOUR_MS).sum()) - 1
    assert ask("binance", candles)[0][4] == pytest.approx(1_000 * bars.close.item(row), rel=1e-4)


@pytest.mark.parametrize("venue", ["binance", "bybit", "okx", "gate"])
def test_a_dollar_stays_a_dollar(venue: str, histories: Histories) -> None:
    history = histories.of(venue, "USDC")
    for bars in (history.index, history.mark, history.spot):
        assert bars.low.min() > 0.99
        assert bars.high.max() < 1.01


@pytest.mark.parametrize("venue", ["binance", "bybit", "okx", "gate"])
def test_spot_candles_and_books_are_those_of_the_pair(venue: str, ask: Ask, histories: Histories) -> None:
    async def spot(exchange: Any) -> Any:
        return await exchange.fetch_ohlcv("BTC/USDT", "1h", limit=5), await exchange.fetch_order_book("BTC/USDT")

    candles, book = ask(venue, spot)
    bars = histories.of(venue, "BTC").spot
    closes = dict(zip(bars.open_ms.tolist(), bars.close.tolist(), strict=True))
    assert [row[4] for row in candles[:-1]] == pytest.approx([closes[row[0]] for row in candles[:-1]])
    assert book["bids"][0][0] < book["asks"][0][0] == pytest.approx(candles[-2][4], rel=1e-3)


DAY_MS = 24 * HOUR_MS
LIQUIDATIONS: dict[str, Callable[[Any], Any]] = {
    "gate": lambda one: one.publicFuturesGetSettleLiqOrders(
        {"settle": "usdt", "contract": "ETH_USDT", "from": (NOW_MS - 20 * DAY_MS) // 1_000, "limit": 100}
    ),
    "deribit": lambda one: one.publicGetGetLastSettlementsByInstrument(
        {
            "instrument_name": "ETH-PERPETUAL",
            "type": "bankruptcy",
            "count": 100,
            "search_start_timestamp": NOW_MS - 20 * DAY_MS,
        }
    ),
}


@pytest.mark.parametrize("venue", LIQUIDATIONS)
def test_liquidations_come_newest_first_and_from_the_past_only(venue: str, ask: Ask) -> None:
    answer = ask(venue, LIQUIDATIONS[venue])
    if venue == "gate":
        stamps = [int(one["time"]) * 1_000 for one in answer]
    else:
        stamps = [int(one["timestamp"]) for one in answer["result"]["settlements"]]
    assert len(stamps) > 5
    assert stamps == sorted(stamps, reverse=True)
    assert NOW_MS - 20 * DAY_MS <= stamps[-1] <= stamps[0] <= NOW_MS
