"""Faults 13 to 22 of exchange data: what a venue gets wrong inside an answer, fed in over HTTP and seen as its code.

Every answer goes through a real server, an untouched ccxt and the adapter; a field that is turned away never becomes a
reading, and one venue's field never touches the other venues'.
"""

import asyncio
import time
from typing import Any

import pytest
from asking import ask, codes, observe, reading, values
from venue_answers import HOUR_MS, Answers, next_settlement, serve, settlements

from agent.market.exchanges.adapter import ALL
from agent.market.exchanges.intervals import interval_from_settlements
from agent.market.exchanges.venues import VENUES
from agent.market.reading import Quantity
from agent.reasons import Code
from agent.units import Rate

PREMIUM = "GET /fapi/v1/premiumIndex?symbol=ETHUSDT"
CONTRACT = "GET /api/v4/futures/usdt/contracts/ETH_USDT"


def now_ms() -> int:
    return time.time_ns() // 1_000_000


@pytest.mark.parametrize("hours", [1, 2, 4, 8])
def test_fault_13_binances_interval_is_learnt_from_its_settlements_and_never_assumed(hours: int) -> None:
    def every(answers: Answers) -> None:
        now = now_ms()
        answers[PREMIUM]["nextFundingTime"] = next_settlement(now, hours)
        answers["GET /fapi/v1/fundingRate"] = [
            {"symbol": "ETHUSDT", "fundingTime": at, "fundingRate": "0.0001", "markPrice": "1"}
            for at in settlements(now, hours)
        ]

    answer, server = ask("binance", every, quantities=[Quantity.FUNDING_RATE])
    assert reading(answer, Quantity.FUNDING_RATE).interval_h == hours
    assert "GET /fapi/v1/fundingInfo" not in server.requests  # it lists the adjusted symbols only


def test_fault_13_an_interval_that_cannot_be_learnt_drops_the_source() -> None:
    def one_settlement(answers: Answers) -> None:
        del answers["GET /fapi/v1/fundingRate"][:3]

    answer, _ = ask("binance", one_settlement, quantities=[Quantity.FUNDING_RATE])
    assert answer.readings == ()
    assert codes(answer) == {Quantity.FUNDING_RATE: Code.FUNDING_INTERVAL_UNKNOWN}


def test_fault_14_a_rate_is_the_same_per_hour_after_the_interval_flips_from_eight_to_four_to_one_hour() -> None:
    annual = []
    for hours in (8, 4, 1):

        def flip(answers: Answers, hours: int = hours) -> None:
            now = now_ms()
            due = next_settlement(now, hours)
            answers["GET /api/v5/public/funding-rate"]["data"][1] |= {
                "fundingRate": str(0.00002 * hours),
                "fundingTime": str(due),
                "nextFundingTime": str(due + hours * HOUR_MS),
            }

        answer, _ = ask("okx", flip, quantities=[Quantity.FUNDING_RATE])
        told = reading(answer, Quantity.FUNDING_RATE)
        assert told.interval_h == hours
        annual.append(Rate(told.value, told.interval_h).annualised())
    assert annual == pytest.approx([0.00002 * 8760] * 3)


def test_fault_14_binances_flip_is_seen_at_the_first_shorter_settlement_that_is_due() -> None:
    hour = HOUR_MS
    assert interval_from_settlements([0, 8 * hour, 16 * hour, 24 * hour]) == 8
    assert interval_from_settlements([0, 8 * hour, 16 * hour, 20 * hour]) == 4
    assert interval_from_settlements([0, 8 * hour, 16 * hour, 17 * hour]) == 1


def test_fault_14_a_missing_settlement_is_not_mistaken_for_a_longer_interval() -> None:
    hour = HOUR_MS
    assert interval_from_settlements([0, 4 * hour, 8 * hour, 16 * hour]) is None


def test_fault_15_okxs_next_funding_rate_is_never_the_current_one() -> None:
    answer, _ = ask("okx")
    current, after = reading(answer, Quantity.FUNDING_RATE), reading(answer, Quantity.PREDICTED_FUNDING_RATE)
    assert (current.value, after.value) == (0.00011, 0.00077)
    due = next_settlement(now_ms(), 8)
    assert values(answer)[Quantity.NEXT_SETTLEMENT] == due / 1_000


def test_fault_15_an_empty_next_rate_is_absent_and_the_current_one_stands() -> None:
    def empty(answers: Answers) -> None:
        answers["GET /api/v5/public/funding-rate"]["data"][1]["nextFundingRate"] = ""

    answer, _ = ask("okx", empty, quantities=[Quantity.FUNDING_RATE, Quantity.PREDICTED_FUNDING_RATE])
    assert set(values(answer)) == {Quantity.FUNDING_RATE}
    assert answer.rejections == ()


@pytest.mark.parametrize("due", [None, "", 0, -1, "NaN", lambda now: now - 1, lambda now: now + 25 * HOUR_MS])
def test_fault_16_a_missing_negative_or_past_settlement_time_drops_the_rate(due: Any) -> None:
    def change(answers: Answers) -> None:
        answers[PREMIUM]["nextFundingTime"] = due(now_ms()) if callable(due) else due

    answer, _ = ask(
        "binance", change, quantities=[Quantity.FUNDING_RATE, Quantity.NEXT_SETTLEMENT, Quantity.MARK_PRICE]
    )
    assert set(values(answer)) == {Quantity.MARK_PRICE}
    assert {Quantity.FUNDING_RATE, Quantity.NEXT_SETTLEMENT} <= codes(answer).keys()


@pytest.mark.parametrize(
    ("venue", "spoil"),
    [
        ("binance", lambda answers: answers[PREMIUM].update(lastFundingRate="1.79e9")),
        ("bybit", lambda answers: answers["GET /v5/market/tickers?category=linear"]["result"]["list"][0].update(
            fundingRate="401234.5")),
        ("okx", lambda answers: answers["GET /api/v5/public/funding-rate"]["data"][1].update(fundingRate="500000")),
        ("hyperliquid", lambda answers: answers["POST /info metaAndAssetCtxs"][1][1].update(funding="520000.25")),
        ("dydx", lambda answers: answers["GET /v4/perpetualMarkets"]["markets"]["ETH-USD"].update(
            nextFundingRate="12052.5")),
        ("deribit", lambda answers: answers["GET /api/v2/public/get_order_book?instrument_name=ETH-PERPETUAL"][
            "result"].update(current_funding=320_000_000.0)),
        ("gate", lambda answers: answers[CONTRACT].update(funding_rate="5223816")),
        ("krakenfutures", lambda answers: answers["GET /derivatives/api/v3/tickers"]["tickers"][1].update(
            fundingRate=31000.5)),
    ],
)  # fmt: skip
def test_fault_17_open_interest_in_the_funding_field_is_out_of_range(venue: str, spoil: Any) -> None:
    answer, _ = ask(venue, spoil)
    assert Quantity.FUNDING_RATE not in values(answer)
    assert codes(answer)[Quantity.FUNDING_RATE] is Code.DATA_OUT_OF_RANGE
    assert Quantity.OPEN_INTEREST in values(answer)


def test_fault_17_a_venues_own_cap_passes_the_range() -> None:
    def cap(answers: Answers) -> None:
        answers["POST /info metaAndAssetCtxs"][1][1]["funding"] = "-0.04"

    answer, _ = ask("hyperliquid", cap)
    assert values(answer)[Quantity.FUNDING_RATE] == -0.04


def test_fault_18_the_same_coin_in_coins_agrees_across_venues_that_count_otherwise() -> None:
    """Contracts of 0.1 (OKX) and 0.01 (Gate), dollars (Deribit's inverse), coins: each against its own dollars."""
    with serve(*VENUES) as servers:
        answers = asyncio.run(observe(servers, "ETH"))
    for answer in answers:
        told = values(answer)
        price = told.get(Quantity.MARK_PRICE, told[Quantity.INDEX_PRICE])
        assert 0.5 < told[Quantity.OPEN_INTEREST] * price / told[Quantity.OPEN_INTEREST_USD] < 2


def test_fault_18_a_contract_size_that_turned_into_1000_contradicts_the_dollars_and_is_dropped() -> None:
    """As with NEIRO: the venue's list says 1,000 coins a contract where it was 0.01."""

    def thousand(answers: Answers) -> None:
        answers["GET /api/v4/futures/usdt/contracts"][0]["quanto_multiplier"] = "1000"

    answer, _ = ask("gate", thousand)
    assert not {Quantity.OPEN_INTEREST, Quantity.OPEN_INTEREST_USD} & values(answer).keys()
    assert codes(answer)[Quantity.OPEN_INTEREST] is Code.DATA_INCONSISTENT


def test_fault_18_contracts_read_as_coins_would_be_seen() -> None:
    def contracts(answers: Answers) -> None:
        row = answers["GET /api/v5/public/open-interest"]["data"][1]
        row["oiCcy"] = row["oi"]

    answer, _ = ask("okx", contracts)
    assert codes(answer)[Quantity.OPEN_INTEREST] is Code.DATA_INCONSISTENT


@pytest.mark.parametrize("contract_size", [None, "", "0x", "-1", "NaN"])
def test_fault_18_a_market_without_a_sane_contract_size_is_not_read(contract_size: Any) -> None:
    def spoil(answers: Answers) -> None:
        answers["GET /api/v4/futures/usdt/contracts"][0]["quanto_multiplier"] = contract_size

    answer, _ = ask("gate", spoil)
    assert answer.readings == ()
    assert set(codes(answer).values()) <= {
        Code.DATA_MISSING,
        Code.DATA_NOT_POSITIVE,
        Code.DATA_NOT_FINITE,
        Code.SOURCE_MALFORMED,
    }


def test_fault_19_a_renamed_coin_is_refused_with_its_new_name_and_the_new_name_is_found() -> None:
    """Binance's MATIC market settles; FTM is delisted at Hyperliquid. The leg's rules make of it "only reduce"."""
    with serve("binance", "hyperliquid", "dydx") as servers:
        matic, *_ = asyncio.run(observe({"binance": servers["binance"]}, "MATIC"))
        ftm, *_ = asyncio.run(observe({"hyperliquid": servers["hyperliquid"]}, "FTM"))
        gone, *_ = asyncio.run(observe({"dydx": servers["dydx"]}, "MATIC"))
    for answer, code, name in (
        (matic, Code.MARKET_CLOSED, "POL"),
        (ftm, Code.MARKET_CLOSED, "S"),
        (gone, Code.MARKET_UNKNOWN, "POL"),
    ):
        assert answer.readings == ()
        (rejection,) = answer.rejections
        assert rejection.quantity is None
        assert rejection.reason.code is code
        assert f"is now {name}" in rejection.reason.message


def test_fault_20_a_thousandfold_market_is_read_per_coin() -> None:
    answer, _ = ask("binance", base="PEPE", quantities=[Quantity.MARK_PRICE, Quantity.OPEN_INTEREST])
    told = values(answer)
    assert told[Quantity.MARK_PRICE] == pytest.approx(0.0000121)
    assert told[Quantity.OPEN_INTEREST] == 9_000_000 * 1_000
    assert reading(answer, Quantity.MARK_PRICE).market == "1000PEPEUSDT"
    other, _ = ask("hyperliquid", base="PEPE", quantities=[Quantity.MARK_PRICE])
    assert values(other)[Quantity.MARK_PRICE] == pytest.approx(0.000012)
    assert reading(other, Quantity.MARK_PRICE).market == "kPEPE"


def test_fault_20_a_name_that_only_looks_like_a_multiple_is_another_coin() -> None:
    def kava(answers: Answers) -> None:
        answers["POST /info metaAndAssetCtxs"][0]["universe"][2]["name"] = "KAVA"

    answer, _ = ask("hyperliquid", kava, base="AVA")
    assert answer.readings == ()
    assert codes(answer) == {None: Code.MARKET_UNKNOWN}


def test_fault_20_an_expiring_future_is_never_taken_for_the_perpetual() -> None:
    def only_dated(answers: Answers) -> None:
        listed = answers["GET /fapi/v1/exchangeInfo"]["symbols"]
        listed[:] = [one for one in listed if one["symbol"] == "ETHUSDT_261225"]

    answer, _ = ask("binance", only_dated)
    assert answer.readings == ()
    assert codes(answer) == {None: Code.MARKET_UNKNOWN}


def test_fault_20_each_venue_is_asked_in_its_own_dollar() -> None:
    with serve(*VENUES) as servers:
        answers = asyncio.run(observe(servers, "ETH", quantities=[Quantity.INDEX_PRICE]))
    assert {answer.source: answer.readings[0].market for answer in answers} == {
        "binance": "ETHUSDT",
        "bybit": "ETHUSDT",
        "okx": "ETH-USDT-SWAP",
        "hyperliquid": "ETH",
        "dydx": "ETH-USD",
        "deribit": "ETH-PERPETUAL",
        "gate": "ETH_USDT",
        "krakenfutures": "PF_ETHUSD",
    }


@pytest.mark.parametrize(
    ("venue", "base", "settle"),
    [
        ("binance", "ETH", lambda a: a["GET /fapi/v1/exchangeInfo"]["symbols"][0].update(status="SETTLING")),
        ("okx", "ETH", lambda a: a["GET /api/v5/public/instruments"]["data"][0].update(state="suspend")),
        ("gate", "ETH", lambda a: a[CONTRACT].update(in_delisting=True)),
        ("dydx", "LUNA", lambda a: None),
        ("dydx", "ETH", lambda a: a["GET /v4/perpetualMarkets"]["markets"]["ETH-USD"].update(status="PAUSED")),
        ("deribit", "ETH", lambda a: a["GET /api/v2/public/get_order_book?instrument_name=ETH-PERPETUAL"][
            "result"].update(state="closed")),
        ("krakenfutures", "ETH", lambda a: a["GET /derivatives/api/v3/tickers"]["tickers"][1].update(suspended=True)),
    ],
)  # fmt: skip
def test_fault_21_a_settling_or_delisted_market_gives_no_number_and_its_code(
    venue: str, base: str, settle: Any
) -> None:
    answer, _ = ask(venue, settle, base=base)
    assert answer.readings == ()
    assert codes(answer) == {None: Code.MARKET_CLOSED}


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (None, Code.DATA_MISSING),
        ("", Code.DATA_MISSING),
        ("NaN", Code.DATA_NOT_FINITE),
        ("Infinity", Code.DATA_NOT_FINITE),
        ("1e400", Code.DATA_NOT_FINITE),
        (10**400, Code.SOURCE_MALFORMED),  # not JSON for a strict parser: the whole answer goes
        ("9" * 400, Code.SOURCE_MALFORMED),
        (True, Code.SOURCE_MALFORMED),
        ([3000], Code.SOURCE_MALFORMED),
        ({"price": 3000}, Code.SOURCE_MALFORMED),
        ("3_000", Code.SOURCE_MALFORMED),
        ("\uff13\uff10\uff10\uff10", Code.SOURCE_MALFORMED),
        ("0", Code.DATA_NOT_POSITIVE),
        ("-3000", Code.DATA_NOT_POSITIVE),
        ("1e12", Code.DATA_OUT_OF_RANGE),
        ("1850.0", Code.DATA_INCONSISTENT),  # half of the index price
    ],
)  # fmt: skip
def test_fault_22_a_price_that_is_none_is_dropped_with_its_code(raw: Any, code: Code) -> None:
    def spoil(answers: Answers) -> None:
        answers[PREMIUM]["markPrice"] = raw
        if raw == "1850.0":
            answers[PREMIUM]["markPrice"] = "1499.0"

    answer, _ = ask("binance", spoil, quantities=[Quantity.MARK_PRICE, Quantity.OPEN_INTEREST])
    assert Quantity.MARK_PRICE not in values(answer)
    assert codes(answer)[Quantity.MARK_PRICE] is code
    assert values(answer)[Quantity.OPEN_INTEREST] == 650000.125


def test_fault_22_a_crossed_book_is_dropped_with_all_that_follows_from_it() -> None:
    def cross(answers: Answers) -> None:
        answers["GET /fapi/v1/depth"]["bids"][0][0] = "3002.00"

    answer, _ = ask("binance", cross)
    dropped = {Quantity.BEST_BID, Quantity.BEST_ASK, Quantity.BID_DEPTH_USD, Quantity.ASK_DEPTH_USD}
    assert not dropped & values(answer).keys()
    assert {codes(answer)[quantity] for quantity in dropped} == {Code.DATA_INCONSISTENT}
    assert Quantity.MARK_PRICE in values(answer)


@pytest.mark.parametrize("rate", ["0", "-0.0003", "0.00000000"])
def test_fault_22_a_rate_of_zero_or_below_is_legal(rate: str) -> None:
    def change(answers: Answers) -> None:
        answers[PREMIUM]["lastFundingRate"] = rate

    answer, _ = ask("binance", change, quantities=[Quantity.FUNDING_RATE])
    assert values(answer) == {Quantity.FUNDING_RATE: float(rate)}
    assert answer.rejections == ()


def test_fault_22_zero_open_interest_is_missing_and_not_a_number() -> None:
    def zero(answers: Answers) -> None:
        answers["GET /fapi/v1/openInterest?symbol=ETHUSDT"]["openInterest"] = "0.000"

    answer, _ = ask("binance", zero, quantities=ALL)
    assert not {Quantity.OPEN_INTEREST, Quantity.OPEN_INTEREST_USD} & values(answer).keys()
    assert codes(answer)[Quantity.OPEN_INTEREST] is Code.DATA_NOT_POSITIVE
