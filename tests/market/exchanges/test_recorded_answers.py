"""The readers on answers that the venues really gave: every market of Binance USD-M, and Hyperliquid's cassettes."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import ccxt
import pytest
import yaml

from agent.market.exchanges import rows, settlements
from agent.market.exchanges.adapter import ALL
from agent.market.exchanges.door import TurnedAway
from agent.market.exchanges.facts import Facts
from agent.market.exchanges.finish import finish
from agent.market.exchanges.intervals import interval_from_settlements
from agent.market.exchanges.market import Market
from agent.market.exchanges.markets import find_market
from agent.market.exchanges.read import read
from agent.market.exchanges.venues import VENUES
from agent.market.reading import Quantity
from agent.reasons import Code

Binance = tuple[dict[str, Any], list[dict[str, Any]], dict[str, int]]


def recorded(folder: Path, name: str) -> Any:
    return json.loads((folder / "http/binance" / f"fapi-v1-{name}.json").read_text())


@pytest.fixture(scope="module")
def binance(data_folder: Path) -> Binance:
    """ccxt's markets of the recorded exchangeInfo, the recorded premiumIndex, and hours of the adjusted symbols."""
    exchange = ccxt.binance({"options": dict(VENUES["binance"].options)})
    exchange.has["fetchCurrencies"] = False
    listed = recorded(data_folder, "exchangeInfo")
    exchange.fetch = lambda *asked, **more: listed
    hours = {row["symbol"]: row["fundingIntervalHours"] for row in recorded(data_folder, "fundingInfo")}
    return exchange.load_markets(), recorded(data_folder, "premiumIndex"), hours


def test_every_market_of_the_day_is_read_or_turned_away_with_a_code(binance: Binance) -> None:
    markets, premium, _ = binance
    told = {row["symbol"]: row for row in premium}
    now_ms = max(row["time"] for row in premium) + 50
    seen: Counter[str] = Counter()
    bases = sorted({one["base"] for one in markets.values() if one["swap"]})
    assert len(bases) > 500
    for base in bases:
        try:
            market = find_market(VENUES["binance"], markets, base, now_ms)
        except TurnedAway as away:
            seen[away.reason.code] += 1
            continue
        facts = Facts(market, now_ms)
        read(VENUES["binance"].calls[0], told[market.id], facts, 10.0)
        answer = finish(facts, ALL)
        prices = {one.quantity for one in answer.readings} & {Quantity.MARK_PRICE, Quantity.INDEX_PRICE}
        seen["read" if len(prices) == 2 else answer.rejections[0].reason.code] += 1
        # Without settlements no rate has an interval, and none is assumed.
        assert Quantity.FUNDING_RATE not in {one.quantity for one in answer.readings}
    assert seen["read"] > 500
    assert set(seen) <= {
        "read",
        Code.MARKET_CLOSED,
        Code.MARKET_UNKNOWN,
        Code.DATA_NOT_POSITIVE,
        Code.DATA_INCONSISTENT,
    }


def test_a_thousandfold_market_of_the_day_is_per_coin(binance: Binance) -> None:
    markets, premium, _ = binance
    told = {row["symbol"]: row for row in premium}
    now_ms = told["1000PEPEUSDT"]["time"]
    market = find_market(VENUES["binance"], markets, "PEPE", now_ms)
    facts = Facts(market, now_ms)
    rows.binance_premium(told["1000PEPEUSDT"], facts, 10.0)
    price = facts.readings[Quantity.MARK_PRICE].value
    assert price == pytest.approx(float(told["1000PEPEUSDT"]["markPrice"]) / 1_000)


def test_most_of_the_days_markets_do_not_settle_every_eight_hours(binance: Binance) -> None:
    """Why eight hours are never assumed."""
    markets, _, hours = binance
    active = Counter(
        hours[one["id"]] for one in markets.values() if one["swap"] and one["active"] and one["id"] in hours
    )
    assert active[4] > active[8] > 0


def test_the_days_settlements_of_btc_show_eight_hours(data_folder: Path) -> None:
    answer = recorded(data_folder, "fundingRate-BTCUSDT-limit10")
    market = Market("binance", "BTC", "BTCUSDT", "BTC/USDT:USDT", "BTC-USDT", "BTCUSDT", "usdt", 1.0)
    found = list(settlements.binance_rows(answer, market))
    assert interval_from_settlements([at for at, _ in found]) == 8
    assert found[0] == (1782777600000, 0.00006175)


def cassette(folder: Path, name: str, kind: str) -> tuple[Any, Any]:
    """Request body and answer of one recorded interaction."""
    for interaction in yaml.safe_load((folder / "http/hyperliquid" / name).read_text())["interactions"]:
        asked = json.loads(interaction["request"]["body"])
        if asked["type"] == kind:
            return asked, json.loads(interaction["response"]["body"]["string"])
    raise AssertionError(f"{name} holds no {kind}")


def hyperliquid(coin: str) -> Market:
    return Market("hyperliquid", coin, coin, f"{coin}/USDC:USDC", "1-USDC", None, "usdc", 1.0)


def test_hyperliquids_recorded_book_is_a_lower_bound_of_twenty_levels(data_folder: Path) -> None:
    asked, answer = cassette(data_folder, "test_get_l2_snapshot.yaml", "l2Book")
    facts = Facts(hyperliquid(asked["coin"]), answer["time"] + 20)
    rows.hyperliquid_book(answer, facts, 10_000.0)
    assert len(answer["levels"][0]) == len(answer["levels"][1]) == 20
    assert facts.readings[Quantity.BEST_BID].value == float(answer["levels"][0][0]["px"])
    assert facts.readings[Quantity.BEST_BID].value < facts.readings[Quantity.BEST_ASK].value
    assert facts.readings[Quantity.BID_DEPTH_USD].lower_bound
    assert facts.readings[Quantity.BID_DEPTH_USD].value == pytest.approx(
        sum(float(level["px"]) * float(level["sz"]) for level in answer["levels"][0])
    )


def test_hyperliquids_recorded_settlements_are_hourly_since_june_2023(data_folder: Path) -> None:
    asked, answer = cassette(data_folder, "test_get_funding_history[None].yaml", "fundingHistory")
    found = list(settlements.hyperliquid_rows(answer, hyperliquid(asked["coin"])))
    times = [at for at, _ in found]
    assert len(found) > 100
    assert interval_from_settlements(times[-5:]) == 1
    assert all(abs(rate) < 0.01 for _, rate in found)


def test_a_recorded_answer_for_another_coin_is_never_accepted(data_folder: Path) -> None:
    _, answer = cassette(data_folder, "test_get_funding_history[None].yaml", "fundingHistory")
    with pytest.raises(TurnedAway) as away:
        list(settlements.hyperliquid_rows(answer, hyperliquid("DOGE")))
    assert away.value.reason.code is Code.WRONG_MARKET
