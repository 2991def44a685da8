"""Faults 26 and 33 of exchange data: what a venue leaves out, repeats or sends late."""

import asyncio
from typing import Any

import pytest
from asking import codes, values
from stream_server import MARK_TOPIC, StreamServer, mark, now_ms, until
from streaming import latest, run, sees
from venue_answers import HOUR_MS, Answers, Server, serve

from agent.market.exchanges.adapter import Exchanges
from agent.market.exchanges.streams import Streams
from agent.market.exchanges.venues import VENUES
from agent.market.reading import Quantity
from agent.reasons import Code


def test_fault_26_the_table_says_whose_liquidations_are_snapshots() -> None:
    assert VENUES["binance"].snapshot_liquidations
    assert not VENUES["bybit"].snapshot_liquidations


def test_fault_26_a_sum_of_snapshots_is_always_a_lower_bound_and_a_full_one_after_an_hour_is_not() -> None:
    from agent.market.exchanges.facts import Facts
    from agent.market.exchanges.liquidations import LastHour, Liquidation
    from agent.market.exchanges.market import Market

    market = Market("bybit", "ETH", "ETHUSDT", "ETH/USDT:USDT", "ETH-USDT", None, "usdt", 1.0)
    begin = 1_700_000_000_000
    told = {}
    for snapshots in (True, False):
        for minutes in (30, 61):
            hour = LastHour(snapshots, begin)
            hour.add(Liquidation(begin + 60_000 * minutes - 1, True, 5_000.0, (minutes,)))
            facts = Facts(market, begin + 60_000 * minutes)
            hour.put(facts)
            told[snapshots, minutes] = facts.readings[Quantity.LIQUIDATED_LONGS_USD]
    assert {key: one.lower_bound for key, one in told.items()} == {
        (True, 30): True,
        (True, 61): True,
        (False, 30): True,
        (False, 61): False,
    }
    assert {one.value for one in told.values()} == {5_000.0}


def test_fault_33_a_page_of_settlements_that_repeats_or_skips_is_complete_or_refused() -> None:
    """Duplicates collapse; rows from beyond the page, which a venue sends when it ignores a bound, refuse the page."""
    from agent.reasons import Refusal

    hour = HOUR_MS

    def page(times: list[int]) -> Any:
        def change(answers: Answers) -> None:
            answers["GET /fapi/v1/fundingRate"] = [
                {"symbol": "ETHUSDT", "fundingTime": at, "fundingRate": "0.0001", "markPrice": "1"} for at in times
            ]

        with serve("binance") as servers:
            servers["binance"].change = change

            async def fetch() -> Any:
                async with Exchanges(["binance"], base_urls={"binance": servers["binance"].url}) as exchanges:
                    return await exchanges.funding_history("binance", "ETH", begin, 4)

            return asyncio.run(fetch())

    begin = now_ms() // hour * hour - 100 * hour
    repeated = page([begin, begin, begin + 8 * hour, begin + 8 * hour])
    assert [row[0] for row in repeated.rows] == [begin, begin + 8 * hour]
    assert repeated.next_ms == begin + 8 * hour + 1
    disordered = page([begin + 8 * hour, begin])
    assert [row[0] for row in disordered.rows] == [begin, begin + 8 * hour]
    with pytest.raises(Refusal) as refused:
        page([begin, now_ms() + hour])
    assert refused.value.reasons[0].code is Code.DATA_PAGES


def test_fault_33_a_duplicate_or_late_message_is_dropped_and_a_gap_asks_again() -> None:
    async def test(streams: Streams, sockets: StreamServer, server: Server) -> None:
        follower = streams.followers["binance", "ETH"]
        at = now_ms()
        await sockets.say(MARK_TOPIC, mark(at - 20_000, "3002.00"))
        await sees(streams, Quantity.MARK_PRICE, 3002.00)
        snapshots = follower.snapshots
        await sockets.say(MARK_TOPIC, mark(at - 20_000, "3002.00"))
        await sockets.say(MARK_TOPIC, mark(at - 21_000, "1.00"))
        await until(lambda: Code.SOURCE_GAP in codes(latest(streams)).values())
        assert (follower.snapshots, values(latest(streams))[Quantity.MARK_PRICE]) == (snapshots, 3002.00)
        await sockets.say(MARK_TOPIC, mark(at, "3003.00"))
        await sees(streams, Quantity.MARK_PRICE, 3003.00)
        assert follower.snapshots == snapshots + 1

    run(test)
