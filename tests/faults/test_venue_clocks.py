"""Faults 25 and 30 of exchange data: stamps that cannot be true, and a clock of ours that a venue refuses."""

from typing import Any

import pytest
from aiohttp import web
from asking import ask, codes, reading, values
from stream_server import now_ms
from two_venues import MARK, PREMIUM, two
from venue_answers import HOUR_MS, Answers, iso

from agent.market.reading import Quantity
from agent.reasons import Code


@pytest.mark.parametrize(
    ("stamp", "code"),
    [
        (lambda now: now + 60_000, Code.SOURCE_FUTURE),
        (lambda now: now + 2_600, Code.SOURCE_FUTURE),
        (lambda now: now // 1_000, Code.DATA_CLOCK),  # seconds
        (lambda now: now * 1_000, Code.SOURCE_FUTURE),  # microseconds
        (lambda now: now - 25 * HOUR_MS, Code.DATA_CLOCK),
        (lambda now: 0, Code.DATA_CLOCK),
        (lambda now: -1, Code.DATA_CLOCK),
        (lambda now: None, Code.DATA_MISSING),
        (lambda now: "yesterday", Code.SOURCE_MALFORMED),
    ],
)
def test_fault_25_a_stamp_that_cannot_be_true_drops_the_answer(stamp: Any, code: Code) -> None:
    def change(answers: Answers) -> None:
        answers[PREMIUM]["time"] = stamp(now_ms())

    answer, _ = ask("binance", change, quantities=MARK)
    assert answer.readings == ()
    assert codes(answer) == {Quantity.MARK_PRICE: code}


def test_fault_25_a_stamp_a_second_ahead_is_a_clock_and_not_a_fault() -> None:
    def ahead(answers: Answers) -> None:
        answers[PREMIUM]["time"] = now_ms() + 1_000

    answer, _ = ask("binance", ahead, quantities=MARK)
    assert Quantity.MARK_PRICE in values(answer)


@pytest.mark.parametrize("stamp", [lambda now: iso(now).removesuffix("Z"), lambda now: now, lambda now: "9" * 80])
def test_fault_25_a_moment_without_a_zone_or_of_another_kind_is_turned_away(stamp: Any) -> None:
    def change(answers: Answers) -> None:
        answers["GET /derivatives/api/v3/tickers"]["serverTime"] = stamp(now_ms())

    answer, _ = ask("krakenfutures", change, quantities=MARK)
    assert codes(answer) == {Quantity.MARK_PRICE: Code.DATA_CLOCK}


def test_fault_25_an_old_stamp_travels_with_the_moving_value_for_the_quorum_to_judge() -> None:
    old = now_ms() - 10 * 60_000

    def change(answers: Answers) -> None:
        answers[PREMIUM]["time"] = old

    answer, _ = ask("binance", change, quantities=MARK)
    assert reading(answer, Quantity.MARK_PRICE).at_ms == old


@pytest.mark.parametrize(("recovers", "code"), [(True, None), (False, Code.SOURCE_CLOCK)])
def test_fault_30_our_clock_is_compared_once_and_then_the_source_is_out(recovers: bool, code: Code | None) -> None:
    hits: list[str] = []

    async def skewed(request: web.Request) -> web.Response | None:
        hits.append(request.path)
        if request.path.endswith("/time"):
            return None
        if recovers and hits.count("/fapi/v1/premiumIndex") > 1:
            return None
        body = {"code": -1021, "msg": "Timestamp for this request is outside of the recvWindow."}
        return web.json_response(body, status=400)

    binance, _, _ = two(skewed, rounds=1)
    assert [path.rsplit("/", 1)[1] for path in hits] == ["premiumIndex", "time", "premiumIndex"]
    if code is None:
        assert values(binance) == {Quantity.MARK_PRICE: 3001.50}
    else:
        assert codes(binance) == {Quantity.MARK_PRICE: code}
