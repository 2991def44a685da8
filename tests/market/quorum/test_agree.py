"""One number out of several, or the reason why there is none."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rounds import NOW_MS, VENUES, prices, reading

from agent.config import ObserveConfig
from agent.market.quorum import Memory, Round, agree
from agent.market.reading import Quantity, Reading
from agent.reasons import Code

BOUNDS = ObserveConfig()


def judge(readings: list[Reading], memory: Memory | None = None, now_ms: int = NOW_MS) -> Round:
    return agree(readings, now_ms, BOUNDS, memory or Memory())


def codes(round_: Round) -> dict[str, Code]:
    return {rejection.source: rejection.reason.code for rejection in round_.rejections}


def test_the_median_of_sources_that_agree_is_the_value() -> None:
    found = judge(prices(2_000.0, 2_001.0, 1_999.5, 2_000.5, 2_000.2)).find("ETH", Quantity.MARK_PRICE)
    assert found is not None
    assert (found.value, found.sources, found.asked) == (2_000.2, tuple(sorted(VENUES)), 5)
    assert found.spread == pytest.approx(1.5 / 2_000.2)


def test_a_believed_value_names_its_oldest_source() -> None:
    readings = [*prices(2_000.0, 2_000.0), reading("okx", 2_000.0, age_ms=9_000)]
    found = judge(readings).find("ETH", Quantity.MARK_PRICE)
    assert found is not None
    assert found.oldest_at_ms == NOW_MS - 9_000


def test_one_far_from_the_others_is_left_out() -> None:
    result = judge(prices(2_000.0, 2_001.0, 1_999.0, 2_060.0))
    assert codes(result) == {"hyperliquid": Code.SOURCE_OUTLIER}
    assert result.agreements[0].value == 2_000.0


def test_equal_prices_do_not_make_an_outlier_of_a_neighbour() -> None:
    result = judge(prices(2_000.0, 2_000.0, 2_000.0, 2_000.4))
    assert not result.rejections


def test_two_sources_are_too_few() -> None:
    result = judge(prices(2_000.0, 2_000.0))
    assert codes(result) == {"quorum": Code.QUORUM_TOO_FEW}
    assert not result.agreements


def test_what_nobody_tells_is_a_rejection_and_no_agreement() -> None:
    result = agree([], NOW_MS, BOUNDS, Memory(), [("ETH", Quantity.MARK_PRICE)])
    assert codes(result) == {"quorum": Code.QUORUM_TOO_FEW}


def test_sources_without_a_common_price_agree_on_nothing() -> None:
    result = judge(prices(2_000.0, 2_100.0, 2_200.0))
    assert codes(result) == {"quorum": Code.QUORUM_SPREAD}
    assert not result.agreements


def test_two_camps_without_a_majority_agree_on_nothing() -> None:
    result = judge(prices(2_000.0, 2_000.0, 2_100.0, 2_100.0))
    assert not result.agreements
    assert codes(result)["quorum"] in (Code.QUORUM_NO_MAJORITY, Code.QUORUM_SPREAD)


def test_a_jump_is_believed_when_the_next_round_confirms_it() -> None:
    calm = judge(prices(2_000.0, 2_000.0, 2_000.0))
    first = judge(prices(1_600.0, 1_601.0, 1_600.0), calm.memory)
    assert codes(first) == {"quorum": Code.QUORUM_JUMP}
    second = judge(prices(1_590.0, 1_590.0, 1_591.0), first.memory)
    assert second.agreements[0].value == 1_590.0


def test_a_jump_that_goes_back_was_never_believed() -> None:
    calm = judge(prices(2_000.0, 2_000.0, 2_000.0))
    spike = judge(prices(3_000.0, 3_000.0, 3_000.0), calm.memory)
    back = judge(prices(2_001.0, 2_001.0, 2_001.0), spike.memory)
    assert not spike.agreements
    assert back.agreements[0].value == 2_001.0


def test_a_second_jump_elsewhere_confirms_nothing() -> None:
    calm = judge(prices(2_000.0, 2_000.0, 2_000.0))
    up = judge(prices(3_000.0, 3_000.0, 3_000.0), calm.memory)
    down = judge(prices(1_000.0, 1_000.0, 1_000.0), up.memory)
    assert codes(down) == {"quorum": Code.QUORUM_JUMP}


def test_rates_are_compared_per_hour() -> None:
    rate = Quantity.FUNDING_RATE
    readings = [
        reading("binance", 0.0008, rate, interval_h=8.0),
        reading("bybit", 0.0004, rate, interval_h=4.0),
        reading("hyperliquid", 0.0001, rate, interval_h=1.0),
    ]
    found = judge(readings).find("ETH", rate)
    assert found is not None
    assert found.value == pytest.approx(0.0001)
    assert found.unit == "decimal per hour"


def test_a_rate_in_per_cent_is_left_out() -> None:
    rate = Quantity.FUNDING_RATE
    readings = [reading(venue, 0.0001, rate, interval_h=8.0) for venue in VENUES[:4]]
    result = judge([*readings, reading("dydx", 0.01, rate, interval_h=1.0)])
    assert codes(result) == {"dydx": Code.SOURCE_OUTLIER}


def test_a_negative_rate_and_a_zero_rate_are_legal() -> None:
    rate = Quantity.FUNDING_RATE
    values = zip(VENUES, (0.0, -0.00001, -0.00002), strict=False)
    found = judge([reading(venue, value, rate, interval_h=1.0) for venue, value in values]).find("ETH", rate)
    assert found is not None
    assert found.value == -0.00001


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        (reading("dydx", math.nan), Code.DATA_NOT_FINITE),
        (reading("dydx", math.inf), Code.DATA_NOT_FINITE),
        (reading("dydx", 0.0), Code.DATA_NOT_POSITIVE),
        (reading("dydx", -2_000.0), Code.DATA_NOT_POSITIVE),
        (reading("dydx", 0.0001, Quantity.FUNDING_RATE), Code.FUNDING_INTERVAL_UNKNOWN),
        (reading("dydx", 0.0001, Quantity.FUNDING_RATE, interval_h=math.nan), Code.FUNDING_INTERVAL_UNKNOWN),
    ],
)
def test_one_reading_that_is_none_keeps_nobody_else_from_agreeing(bad: Reading, code: Code) -> None:
    if bad.quantity is Quantity.FUNDING_RATE:
        others = [reading(one, 0.0001, Quantity.FUNDING_RATE, interval_h=8.0) for one in VENUES[:3]]
    else:
        others = prices(2_000.0, 2_000.0, 2_000.0)
    result = judge([bad, *others])
    assert codes(result) == {"dydx": code}
    assert len(result.agreements) == 1


def test_a_source_that_tells_a_price_three_times_is_one_source() -> None:
    result = judge([reading("binance", 2_000.0), reading("binance", 2_000.1), reading("binance", 2_000.2)])
    assert codes(result) == {"binance": Code.SOURCE_MALFORMED, "quorum": Code.QUORUM_TOO_FEW}


def test_two_that_agree_are_too_few_however_many_answered() -> None:
    result = judge(prices(2_000.0, 2_000.0, 2_900.0))
    assert codes(result) == {"okx": Code.SOURCE_OUTLIER, "quorum": Code.QUORUM_TOO_FEW}


def test_open_interest_is_each_venues_own() -> None:
    assert not judge([reading("binance", 5.0, Quantity.OPEN_INTEREST)]).rejections


@given(
    st.lists(st.floats(min_value=1e-6, max_value=1e9), min_size=0, max_size=8),
    st.floats(min_value=1e-6, max_value=1e9),
)
def test_whatever_comes_an_agreement_lies_among_its_sources(values: list[float], last: float) -> None:
    memory = Memory(agreed={("ETH", Quantity.MARK_PRICE): last})
    readings = [reading(f"venue{number}", value) for number, value in enumerate(values)]
    result = judge(readings, memory)
    for found in result.agreements:
        kept = [one.value for one in readings if one.source in found.sources]
        assert math.isfinite(found.value)
        assert min(kept) <= found.value <= max(kept)
        assert len(kept) * 2 > len(values)
        assert found.spread <= BOUNDS.max_price_spread
    if not result.agreements and values:
        assert "quorum" in codes(result)


@given(st.permutations(list(VENUES)), st.lists(st.floats(1_990.0, 2_010.0), min_size=5, max_size=5))
def test_the_order_of_answers_does_not_matter(order: list[str], values: list[float]) -> None:
    by_venue = dict(zip(VENUES, values, strict=True))
    one = judge([reading(venue, by_venue[venue]) for venue in VENUES])
    other = judge([reading(venue, by_venue[venue]) for venue in order])
    assert one.agreements == other.agreements
    assert codes(one) == codes(other)
