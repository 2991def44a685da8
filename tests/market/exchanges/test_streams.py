"""Streams against a real WebSocket server in Binance's and Bybit's formats, through an untouched ccxt.pro."""

import asyncio
from typing import Any

import pytest
from asking import codes, reading, values
from stream_server import FORCE_TOPIC, MARK_TOPIC, StreamServer, forced, mark, now_ms, until
from streaming import latest, run, sees
from venue_answers import Server, next_settlement, serve

from agent.market.exchanges.adapter import Exchanges
from agent.market.exchanges.stamps import Order, Stamps
from agent.market.exchanges.streams import Streams
from agent.market.reading import Quantity
from agent.reasons import Code, Refusal


def test_a_mark_price_message_brings_the_readings_that_a_poll_brings() -> None:
    async def test(streams: Streams, sockets: StreamServer, server: Server) -> None:
        at = now_ms()
        await sockets.say(MARK_TOPIC, mark(at, "3003.25"))
        answer = await sees(streams, Quantity.MARK_PRICE, 3003.25)
        told = values(answer)
        assert told[Quantity.INDEX_PRICE] == 3000.40
        assert reading(answer, Quantity.MARK_PRICE).at_ms == at
        rate = reading(answer, Quantity.FUNDING_RATE)
        assert (rate.value, rate.interval_h) == (0.00023456, 8.0)  # the interval came by REST
        assert told[Quantity.OPEN_INTEREST] == 650000.125  # from the snapshot, with its own stamp

    run(test)


def test_a_late_message_is_dropped_with_its_code_and_a_repeated_one_changes_nothing() -> None:
    async def test(streams: Streams, sockets: StreamServer, server: Server) -> None:
        at = now_ms()
        await sockets.say(MARK_TOPIC, mark(at, "3003.25"))
        await sees(streams, Quantity.MARK_PRICE, 3003.25)
        await sockets.say(MARK_TOPIC, mark(at, "2222.00"))
        await sockets.say(MARK_TOPIC, mark(at - 500, "2000.00"))
        await until(lambda: Code.SOURCE_GAP in codes(latest(streams)).values())
        assert values(latest(streams))[Quantity.MARK_PRICE] == 3003.25

    run(test)


def test_a_gap_is_closed_by_asking_again() -> None:
    async def test(streams: Streams, sockets: StreamServer, server: Server) -> None:
        follower = streams.followers["binance", "ETH"]
        await sockets.say(MARK_TOPIC, mark(now_ms() - 30_000, "3001.75"))
        await sees(streams, Quantity.MARK_PRICE, 3001.75)
        before = follower.snapshots
        await sockets.say(MARK_TOPIC, mark(now_ms(), "3003.25"))
        await sees(streams, Quantity.MARK_PRICE, 3003.25)
        assert follower.snapshots == before + 1

    run(test)


def test_a_message_about_another_market_or_with_a_mad_price_is_no_reading() -> None:
    async def test(streams: Streams, sockets: StreamServer, server: Server) -> None:
        await sockets.say(MARK_TOPIC, mark(now_ms(), "NaN"))
        await until(lambda: codes(latest(streams)).get(Quantity.MARK_PRICE) is Code.DATA_NOT_FINITE)
        await sockets.say(MARK_TOPIC, mark(now_ms() + 1, "3004.00"))
        await sees(streams, Quantity.MARK_PRICE, 3004.00)

    run(test)


@pytest.mark.parametrize(
    "message",
    [
        {"e": "markPriceUpdate"},
        {"e": "markPriceUpdate", "E": "soon", "s": "ETHUSDT", "p": "1"},
        {"e": "markPriceUpdate", "E": None, "s": None, "p": [], "i": {}, "r": None, "T": None},
        [1, 2, 3],
        "text",
    ],
)
def test_a_message_of_another_shape_does_not_end_the_stream_for_good(message: Any) -> None:
    async def test(streams: Streams, sockets: StreamServer, server: Server) -> None:
        await sockets.say(MARK_TOPIC, message)
        for _ in range(60):  # ccxt may be deaf until the silence has been noticed
            await sockets.say(MARK_TOPIC, mark(now_ms(), "3004.50"))
            await asyncio.sleep(0.1)
            if values(latest(streams)).get(Quantity.MARK_PRICE) == 3004.50:
                return
        raise AssertionError("the stream did not come back")

    run(test, silence_s=0.5)


def test_a_settlement_asks_again_for_rate_and_interval() -> None:
    async def test(streams: Streams, sockets: StreamServer, server: Server) -> None:
        follower = streams.followers["binance", "ETH"]
        before = follower.snapshots
        await sockets.say(MARK_TOPIC, mark(now_ms(), "3004.00", T=next_settlement(now_ms(), 8) + 8 * 3_600_000))
        await until(lambda: follower.snapshots == before + 1)

    run(test)


def test_after_repeated_failures_polling_takes_over_and_the_stream_comes_back() -> None:
    async def test(streams: Streams, sockets: StreamServer, server: Server) -> None:
        follower = streams.followers["binance", "ETH"]
        sockets.refuse = True
        await sockets.hang_up()
        await until(lambda: follower.polling, 10)
        assert values(latest(streams))[Quantity.MARK_PRICE] == 3001.50  # the REST server's
        assert Quantity.LIQUIDATED_LONGS_USD not in values(latest(streams))
        sockets.refuse = False
        await sockets.say(MARK_TOPIC, mark(now_ms(), "3007.50"))
        await until(lambda: not follower.polling, 10)

    run(test, silence_s=1.0)


def test_binances_liquidations_are_summed_by_side_once_each_and_are_a_lower_bound() -> None:
    async def test(streams: Streams, sockets: StreamServer, server: Server) -> None:
        at = now_ms()
        await sockets.say(FORCE_TOPIC, forced(at, "SELL", "2", "3000"))  # a long is closed by selling
        await sockets.say(FORCE_TOPIC, forced(at + 1, "BUY", "1", "3010"))
        await sockets.say(FORCE_TOPIC, forced(at, "SELL", "2", "3000"))  # told twice
        await sockets.say(FORCE_TOPIC, forced(at + 2, "SELL", "3", "2990"))
        answer = await sees(streams, Quantity.LIQUIDATED_LONGS_USD, 2 * 3000 + 3 * 2990)
        assert values(answer)[Quantity.LIQUIDATED_SHORTS_USD] == 3010
        assert reading(answer, Quantity.LIQUIDATED_LONGS_USD).lower_bound

    run(test)


def test_bybit_tells_the_side_of_the_position_and_several_events_in_one_message() -> None:
    async def test(streams: Streams, sockets: StreamServer, server: Server) -> None:
        at = now_ms()
        rows = [
            {"T": at, "s": "ETHUSDT", "S": "Buy", "v": "2", "p": "3000"},  # a long was closed
            {"T": at + 1, "s": "ETHUSDT", "S": "Sell", "v": "5", "p": "3000"},
        ]
        await sockets.say(
            "allLiquidation.ETHUSDT", {"topic": "allLiquidation.ETHUSDT", "type": "snapshot", "ts": at, "data": rows}
        )
        answer = await sees(streams, Quantity.LIQUIDATED_LONGS_USD, 6000)
        assert values(answer)[Quantity.LIQUIDATED_SHORTS_USD] == 15_000

    run(test, "bybit")


def test_bybits_changes_are_added_to_its_snapshot() -> None:
    async def test(streams: Streams, sockets: StreamServer, server: Server) -> None:
        topic, at = "tickers.ETHUSDT", now_ms()
        row = {
            "symbol": "ETHUSDT",
            "lastPrice": "3003.30",
            "indexPrice": "3000.40",
            "markPrice": "3002.60",
            "openInterest": "401000.5",
            "openInterestValue": "1204043901.30",
            "fundingRate": "-0.000035",
            "nextFundingTime": str(next_settlement(at, 4)),
            "fundingIntervalHour": "4",
            "bid1Price": "3001.95",
            "ask1Price": "3002.25",
        }
        await sockets.say(topic, {"topic": topic, "type": "snapshot", "data": row, "cs": 1, "ts": at})
        await sees(streams, Quantity.MARK_PRICE, 3002.60)
        change = {"symbol": "ETHUSDT", "fundingRate": "-0.000036"}
        await sockets.say(topic, {"topic": topic, "type": "delta", "data": change, "cs": 2, "ts": at + 100})
        answer = await sees(streams, Quantity.FUNDING_RATE, -0.000036)
        assert values(answer)[Quantity.MARK_PRICE] == 3002.60
        assert reading(answer, Quantity.FUNDING_RATE).interval_h == 4

    run(test, "bybit")


def test_stamps_are_placed_in_their_order() -> None:
    stamps = Stamps(max_gap_ms=1_000)
    assert [stamps.place(at) for at in (5_000, 6_000, 6_000, 5_500, 7_001, 7_002)] == [
        Order.NEXT,
        Order.NEXT,
        Order.REPEATED,
        Order.LATE,
        Order.GAP,
        Order.NEXT,
    ]


def test_refuses_a_venue_without_a_stream_and_names_those_that_have_one() -> None:
    async def body(server: Server) -> None:
        async with Exchanges(["dydx"], base_urls={"dydx": server.url}) as exchanges:
            with pytest.raises(Refusal, match="binance, bybit"):
                Streams(exchanges, ["dydx"], ["ETH"])

    with serve("dydx") as servers:
        asyncio.run(body(servers["dydx"]))
