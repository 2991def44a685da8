"""Every fact of the table of venues, proved by an answer in the venue's documented shape through an untouched ccxt.

The answers hold another value in every field, so that reading a neighbour cannot go unnoticed.
"""

import asyncio
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ccxt
import pytest
from asking import ask, codes, observe, reading, values
from venue_answers import ANSWERS, Answers, serve

from agent.market.exchanges.adapter import ALL
from agent.market.exchanges.venues import VENUES
from agent.market.reading import Quantity, VenueAnswer
from agent.reasons import Code

EXPECTED = {
    "binance": {
        Quantity.MARK_PRICE: 3001.50,
        Quantity.INDEX_PRICE: 3000.25,
        Quantity.SPOT_PRICE: 2999.90,
        Quantity.FUNDING_RATE: 0.00012345,
        Quantity.SETTLED_FUNDING_RATE: 0.00006,
        Quantity.OPEN_INTEREST: 650000.125,
        Quantity.OPEN_INTEREST_USD: 650000.125 * 3001.50,
        Quantity.BEST_BID: 3001.0,
        Quantity.BEST_ASK: 3002.0,
        Quantity.BID_DEPTH_USD: 3001 * 2 + 3000 * 10,
        Quantity.ASK_DEPTH_USD: 3002 * 3 + 3003 * 20,
        Quantity.LONG_SHORT_RATIO: 1.8105,
    },
    "bybit": {
        Quantity.MARK_PRICE: 3002.10,
        Quantity.INDEX_PRICE: 3000.40,
        Quantity.SPOT_PRICE: 3000.00,
        Quantity.FUNDING_RATE: -0.000034,
        Quantity.SETTLED_FUNDING_RATE: -0.00005,
        Quantity.OPEN_INTEREST: 401234.5,
        Quantity.OPEN_INTEREST_USD: 1204546092.45,
        Quantity.BEST_BID: 3001.95,
        Quantity.BEST_ASK: 3002.25,
        Quantity.BID_DEPTH_USD: 3001.95 * 12,
        Quantity.ASK_DEPTH_USD: 3002.25 * 11,
        Quantity.LONG_SHORT_RATIO: 1.5,
    },
    "okx": {
        Quantity.MARK_PRICE: 3000.9,
        Quantity.INDEX_PRICE: 2999.7,
        Quantity.SPOT_PRICE: 2999.5,
        Quantity.FUNDING_RATE: 0.00011,
        Quantity.PREDICTED_FUNDING_RATE: 0.00077,
        Quantity.SETTLED_FUNDING_RATE: 0.00008,
        Quantity.OPEN_INTEREST: 500000.0,
        Quantity.OPEN_INTEREST_USD: 1500450000.0,
        Quantity.BEST_BID: 3000.5,
        Quantity.BEST_ASK: 3001.5,
        Quantity.BID_DEPTH_USD: (3000.5 * 40 + 2998.5 * 60) * 0.1,  # contracts of 0.1 ETH
        Quantity.ASK_DEPTH_USD: (3001.5 * 50 + 3003.5 * 70) * 0.1,
        Quantity.LONG_SHORT_RATIO: 2.41,
    },
    "hyperliquid": {
        Quantity.MARK_PRICE: 3000.7,
        Quantity.INDEX_PRICE: 3000.2,
        Quantity.FUNDING_RATE: 0.0000125,
        Quantity.SETTLED_FUNDING_RATE: 0.0000114,
        Quantity.OPEN_INTEREST: 520000.25,
        Quantity.OPEN_INTEREST_USD: 520000.25 * 3000.7,
        Quantity.BEST_BID: 3000.5,
        Quantity.BEST_ASK: 3000.9,
        Quantity.BID_DEPTH_USD: 3000.5 * 4 + 3000.0 * 6,
        Quantity.ASK_DEPTH_USD: 3000.9 * 5 + 3001.4 * 7,
    },
    "dydx": {
        Quantity.INDEX_PRICE: 3000.33,
        Quantity.FUNDING_RATE: 0.00000875,
        Quantity.SETTLED_FUNDING_RATE: 0.00000873,
        Quantity.OPEN_INTEREST: 12052.5,
        Quantity.OPEN_INTEREST_USD: 12052.5 * 3000.33,
        Quantity.BEST_BID: 3000.0,
        Quantity.BEST_ASK: 3001.0,
        Quantity.BID_DEPTH_USD: 3000 * 1.5,
        Quantity.ASK_DEPTH_USD: 3001 * 2.5,
    },
    "deribit": {
        Quantity.MARK_PRICE: 3000.61,
        Quantity.INDEX_PRICE: 3000.11,
        Quantity.FUNDING_RATE: 0.0000412,
        Quantity.SETTLED_FUNDING_RATE: 0.0000261,
        Quantity.OPEN_INTEREST: 320_000_000.0 / 3000.61,  # an inverse perpetual counts dollars
        Quantity.OPEN_INTEREST_USD: 320_000_000.0,
        Quantity.BEST_BID: 3000.5,
        Quantity.BEST_ASK: 3000.55,
        Quantity.BID_DEPTH_USD: 1_500_000.0,
        Quantity.ASK_DEPTH_USD: 1_700_000.0,
    },
    "gate": {
        Quantity.MARK_PRICE: 3000.95,
        Quantity.INDEX_PRICE: 3000.05,
        Quantity.SPOT_PRICE: 3000.2,
        Quantity.FUNDING_RATE: 0.000087,
        Quantity.SETTLED_FUNDING_RATE: 0.000083,
        Quantity.OPEN_INTEREST: 20_000_011 * 0.01,  # contracts of 0.01 ETH
        Quantity.OPEN_INTEREST_USD: 600_190_000.0,
        Quantity.BEST_BID: 3000.9,
        Quantity.BEST_ASK: 3001.0,
        Quantity.BID_DEPTH_USD: 3000.9 * 600 * 0.01,
        Quantity.ASK_DEPTH_USD: 3001.0 * 700 * 0.01,
        Quantity.LONG_SHORT_RATIO: 1.21,
        Quantity.LIQUIDATED_LONGS_USD: 12 * 1000.0 + 66,
        Quantity.LIQUIDATED_SHORTS_USD: 12 * 500.0,
    },
    "krakenfutures": {
        Quantity.MARK_PRICE: 3000.0,
        Quantity.INDEX_PRICE: 3000.5,
        Quantity.FUNDING_RATE: 0.03 / 3000.0,  # dollars per contract become a decimal
        Quantity.PREDICTED_FUNDING_RATE: 0.045 / 3000.0,
        Quantity.SETTLED_FUNDING_RATE: 0.000012,
        Quantity.OPEN_INTEREST: 31_000.5,
        Quantity.OPEN_INTEREST_USD: 31_000.5 * 3000.0,
        Quantity.BEST_BID: 2999.6,
        Quantity.BEST_ASK: 2999.9,
        Quantity.BID_DEPTH_USD: 2999.6 * 4.5,
        Quantity.ASK_DEPTH_USD: 2999.9 * 4.7,
    },
}
# Hours that a rate of the venue is for, in these answers.
INTERVAL_H = {
    "binance": 8,
    "bybit": 4,
    "okx": 8,
    "hyperliquid": 1,
    "dydx": 1,
    "deribit": 8,
    "gate": 8,
    "krakenfutures": 1,
}


@pytest.fixture(scope="module")
def observed() -> Iterator[tuple[dict[str, VenueAnswer], dict[str, list[str]]]]:
    with serve(*ANSWERS) as servers:
        answers = asyncio.run(observe(servers, "ETH"))
        yield {answer.source: answer for answer in answers}, {name: one.requests for name, one in servers.items()}


@pytest.mark.parametrize("venue", VENUES)
def test_every_field_is_read_for_what_the_venue_documents_it_to_be(
    venue: str, observed: tuple[dict[str, VenueAnswer], dict[str, list[str]]]
) -> None:
    answer = observed[0][venue]
    assert answer.rejections == ()
    told = values(answer)
    told.pop(Quantity.NEXT_SETTLEMENT, None)
    assert told == pytest.approx(EXPECTED[venue], rel=1e-12)


@pytest.mark.parametrize("venue", VENUES)
def test_what_a_venue_lacks_is_absent_and_everything_else_is_there(
    venue: str, observed: tuple[dict[str, VenueAnswer], dict[str, list[str]]]
) -> None:
    assert ALL - set(values(observed[0][venue])) == VENUES[venue].lacks


@pytest.mark.parametrize("venue", VENUES)
def test_every_rate_carries_the_interval_of_its_venue(
    venue: str, observed: tuple[dict[str, VenueAnswer], dict[str, list[str]]]
) -> None:
    rates = [one for one in observed[0][venue].readings if "funding_rate" in one.quantity]
    assert rates
    assert {one.interval_h for one in rates} == {INTERVAL_H[venue]}
    others = [one for one in observed[0][venue].readings if "funding_rate" not in one.quantity]
    assert {one.interval_h for one in others} == {None}


@pytest.mark.parametrize("venue", VENUES)
def test_a_round_sends_the_requests_of_the_table_and_no_others(
    venue: str, observed: tuple[dict[str, VenueAnswer], dict[str, list[str]]]
) -> None:
    sent = set(observed[1][venue])
    listed = {re.sub(r"\{market\}", "ETH[-_A-Z]*", call.http) for call in VENUES[venue].calls}
    listed |= set(VENUES[venue].markets_http)
    assert all(
        any(re.fullmatch(pattern, one.partition(" /info")[0] or one) for pattern in listed) or "/info" in one
        for one in sent
    )
    for call in VENUES[venue].calls:
        kind = f" {call.params['type']}" if call.http.startswith("POST") else ""
        wanted = re.sub(r"\{market\}", "ETH[-_A-Z]*", call.http + kind)
        assert sum(bool(re.fullmatch(wanted, one)) for one in observed[1][venue]) >= 1, call.http


def test_unstamped_answers_say_so(observed: tuple[dict[str, VenueAnswer], dict[str, list[str]]]) -> None:
    answers = observed[0]
    for venue in ("hyperliquid", "dydx", "gate"):
        assert not reading(answers[venue], Quantity.INDEX_PRICE).stamped
    for venue in ("binance", "bybit", "okx", "deribit", "krakenfutures"):
        assert reading(answers[venue], Quantity.INDEX_PRICE).stamped


def test_a_book_that_ends_inside_the_bound_is_a_lower_bound(
    observed: tuple[dict[str, VenueAnswer], dict[str, list[str]]],
) -> None:
    assert reading(observed[0]["hyperliquid"], Quantity.BID_DEPTH_USD).lower_bound
    assert not reading(observed[0]["binance"], Quantity.BID_DEPTH_USD).lower_bound


def test_the_same_coin_has_comparable_open_interest_in_coins_whatever_the_venue_counts(
    observed: tuple[dict[str, VenueAnswer], dict[str, list[str]]],
) -> None:
    for answer in observed[0].values():
        told = values(answer)
        price = told.get(Quantity.MARK_PRICE, told[Quantity.INDEX_PRICE])
        assert told[Quantity.OPEN_INTEREST] * price == pytest.approx(told[Quantity.OPEN_INTEREST_USD], rel=0.01)


def test_a_linear_perpetual_of_deribit_counts_coins() -> None:
    answer, _ = ask("deribit", base="SOL")
    told = values(answer)
    assert told[Quantity.OPEN_INTEREST] == 150_000.0
    assert told[Quantity.OPEN_INTEREST_USD] == pytest.approx(150_000.0 * 3000.61)
    # Amounts of Deribit's linear books are coins as well; the contract size of 0.1 only rounds orders.
    assert told[Quantity.BID_DEPTH_USD] == pytest.approx(3000.5 * 20.0)


def test_deribits_two_rates_of_an_hour_are_one_rate_per_hour_and_per_eight(data_folder: Path) -> None:
    from pyarrow import parquet

    table = parquet.read_table(data_folder / "deribit/SOL-1h.parquet").to_pydict()
    pairs = zip(table["funding_rate_1h_deribit"], table["funding_rate_8h_deribit"], strict=True)
    told = [(hourly, eight) for hourly, eight in pairs if hourly is not None and eight is not None]
    assert len(told) > 20_000
    assert all(8 * hourly == pytest.approx(eight, rel=1e-6, abs=1e-15) for hourly, eight in told)


# Where ccxt's unified parsers agree with the table, and where they do not.


def parsed(venue: str, key: str) -> tuple[ccxt.Exchange, Any]:
    """A ccxt exchange whose next answers are the documented ones, and one of them."""
    answers: Answers = ANSWERS[venue](time.time_ns() // 1_000_000)
    exchange = getattr(ccxt, venue)({"options": dict(VENUES[venue].options)})
    exchange.has["fetchCurrencies"] = False
    (markets,) = VENUES[venue].markets_http
    exchange.fetch = lambda *asked, **more: answers[markets]
    exchange.load_markets()
    return exchange, answers[key]


def test_binances_misnamed_last_funding_rate_is_the_next_one_for_ccxt_too() -> None:
    exchange, row = parsed("binance", "GET /fapi/v1/premiumIndex?symbol=ETHUSDT")
    unified = exchange.parse_funding_rate(row)
    assert unified["fundingRate"] == EXPECTED["binance"][Quantity.FUNDING_RATE]
    assert unified["fundingTimestamp"] > time.time() * 1_000
    assert unified["interval"] is None


def test_okxs_next_funding_rate_settles_after_the_one_that_is_due() -> None:
    exchange, answer = parsed("okx", "GET /api/v5/public/funding-rate")
    unified = exchange.parse_funding_rate(answer["data"][1])
    assert unified["fundingRate"] == EXPECTED["okx"][Quantity.FUNDING_RATE]
    assert unified["nextFundingRate"] == EXPECTED["okx"][Quantity.PREDICTED_FUNDING_RATE]
    assert unified["nextFundingTimestamp"] - unified["fundingTimestamp"] == 8 * 3_600_000


def test_ccxt_gives_okxs_open_interest_in_contracts_where_the_table_has_coins() -> None:
    exchange, answer = parsed("okx", "GET /api/v5/public/open-interest")
    unified = exchange.parse_open_interest(answer["data"][1])
    assert unified["openInterestAmount"] == 5_000_000  # contracts of 0.1 ETH
    assert unified["openInterestAmount"] * 0.1 == EXPECTED["okx"][Quantity.OPEN_INTEREST]


def test_ccxt_calls_what_deribit_charged_in_the_past_the_funding_rate() -> None:
    exchange = ccxt.deribit()
    unified = exchange.parse_funding_rate({"result": 0.0000261})
    assert unified["fundingRate"] == EXPECTED["deribit"][Quantity.SETTLED_FUNDING_RATE]


def test_krakens_rates_become_decimals_as_ccxt_has_them() -> None:
    exchange, answer = parsed("krakenfutures", "GET /derivatives/api/v3/tickers")
    unified = exchange.parse_funding_rate(answer["tickers"][1])
    assert unified["fundingRate"] == pytest.approx(EXPECTED["krakenfutures"][Quantity.FUNDING_RATE])
    assert unified["nextFundingRate"] == pytest.approx(EXPECTED["krakenfutures"][Quantity.PREDICTED_FUNDING_RATE])


def test_gates_indicative_rate_is_not_mistaken_for_a_prediction() -> None:
    exchange, row = parsed("gate", "GET /api/v4/futures/usdt/contracts/ETH_USDT")
    assert exchange.parse_funding_rate(row)["nextFundingRate"] == 0.000999  # deprecated by the venue
    assert Quantity.PREDICTED_FUNDING_RATE in VENUES["gate"].lacks


# The table against a hostile world.


@pytest.mark.parametrize("venue", ["binance", "hyperliquid", "dydx", "krakenfutures"])
def test_without_settlements_no_interval_is_assumed(venue: str) -> None:
    def empty(answers: Answers) -> None:
        for key in list(answers):
            if ("undingRate" in key and "/fapi" in key) or "fundingHistory" in key:
                answers[key] = []
            elif "historicalFunding" in key:
                answers[key] = {"historicalFunding": []}
            elif "historicalfundingrates" in key:
                answers[key] = {"result": "success", "rates": []}

    answer, _ = ask(venue, empty)
    assert Quantity.FUNDING_RATE not in values(answer)
    assert codes(answer)[Quantity.FUNDING_RATE] is Code.FUNDING_INTERVAL_UNKNOWN


def test_one_request_tells_of_all_assets_where_the_venue_has_one() -> None:
    with serve("krakenfutures", "okx", "hyperliquid") as servers:
        asyncio.run(observe(servers, "ETH", "BTC", quantities=[Quantity.MARK_PRICE]))
        assert servers["krakenfutures"].requests.count("GET /derivatives/api/v3/tickers") == 1
        assert servers["okx"].requests.count("GET /api/v5/public/mark-price") == 1
        assert servers["hyperliquid"].requests.count("POST /info metaAndAssetCtxs") == 2  # markets and observation


def test_the_page_about_exchanges_says_what_the_table_says() -> None:
    page = (Path(__file__).parents[3] / "docs/exchanges.md").read_text()
    rows = {cells[1].strip(): cells for cells in (line.split("|") for line in page.splitlines()) if len(cells) == 8}
    assert rows.keys() - {"venue", "---"} == VENUES.keys()
    for name, venue in VENUES.items():
        assert rows[name][6].strip().split(", ") == sorted(quantity.value for quantity in venue.lacks)
        assert ("learnt" in rows[name][4]) == (venue.interval == "learnt")
